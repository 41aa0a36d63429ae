package admission

import (
	_ "embed"
	"maps"
	"slices"
	"strings"
	"sync"

	"sigs.k8s.io/yaml"
)

//go:embed azure-service-operator.yaml
var azureServiceOperator []byte

// table is a file of bundled rules: one field of many kinds.
type table struct {
	Name, Source, Field, Value string
	Kinds                      map[string][]string // by group
}

// Bundled returns the rules that come with krowave, each with the module and
// version that it was read from. An error means that the binary is broken.
func Bundled() ([]Rule, error) { return bundled() }

var bundled = sync.OnceValues(func() ([]Rule, error) {
	var t table
	if err := yaml.UnmarshalStrict(azureServiceOperator, &t); err != nil {
		return nil, err
	}
	var out []Rule
	for _, group := range slices.Sorted(maps.Keys(t.Kinds)) {
		out = append(out, Rule{Group: group, Kinds: t.Kinds[group], Field: strings.Split(t.Field, "."), Value: t.Value, Source: t.Source, bundled: true})
	}
	return out, nil
})
