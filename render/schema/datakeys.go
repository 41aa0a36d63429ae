package schema

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/krowave/krowave/render/diag"
)

// dataKeys checks the names of entries of ConfigMaps and Secrets, which the API
// server does in code.
func (c *checker) dataKeys(obj map[string]any) {
	for _, field := range []string{"data", "binaryData", "stringData"} {
		m, _ := obj[field].(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(m)) {
			for _, why := range validation.IsConfigMapKey(key) {
				c.add(diag.Path{field, key}, RuleSchema, "invalid key %s: %s", quoteValue(key), why)
				c.public("this is no valid key: %s", why)
			}
		}
	}
	data, _ := obj["data"].(map[string]any)
	binary, _ := obj["binaryData"].(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(binary)) {
		if _, both := data[key]; both {
			c.add(diag.Path{"binaryData", key}, RuleSchema, "key %s is in data too", quoteValue(key))
			c.public("the key is in data too")
		}
	}
}
