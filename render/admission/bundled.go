package admission

import (
	"embed"
	"maps"
	"slices"
	"strings"
	"sync"

	"sigs.k8s.io/yaml"
)

//go:embed azure-service-operator.yaml config-connector.yaml config-connector-iam.yaml
var files embed.FS

// tables are the files of bundled rules.
func tables() []string {
	return []string{"azure-service-operator.yaml", "config-connector.yaml", "config-connector-iam.yaml"}
}

// table is one of them: one field of many kinds.
type table struct {
	Name, Source, Field, Value string
	Kinds                      map[string][]string // by group
}

// Bundled returns the rules that come with krowave, each with the module and
// version that it was read from. An error means that the binary is broken.
func Bundled() ([]Rule, error) { return bundled() }

var bundled = sync.OnceValues(func() ([]Rule, error) {
	var out []Rule
	for _, name := range tables() {
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var t table
		if err := yaml.UnmarshalStrict(text, &t); err != nil {
			return nil, err
		}
		for _, group := range slices.Sorted(maps.Keys(t.Kinds)) {
			out = append(out, Rule{Group: group, Kinds: t.Kinds[group], Field: strings.Split(t.Field, "."), Value: t.Value, Source: t.Source, bundled: true})
		}
	}
	return out, nil
})
