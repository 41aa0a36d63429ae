package repo

import (
	"path"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/krowave/krowave/render/diag"
)

// mistypedKustomizations are errors about what stands in a field of a
// kustomization.
var mistypedKustomizations = []knownFailure{
	{regexp.MustCompile(`kind should be Kustomization or Component`), func(f failure, _ []string) (diag.Diagnostic, bool) {
		n, pos, ok := f.field("kind", func(n *yaml.Node) bool { return n.Value != "Kustomization" && n.Value != "Component" })
		return diag.Diagnostic{Pos: pos, Message: "a kustomization has kind Kustomization or Component, not " + n.Value}, ok
	}},
	{regexp.MustCompile(`apiVersion for (\w+) should be ([\w./]+)`), func(f failure, m []string) (diag.Diagnostic, bool) {
		n, pos, ok := f.fieldOf("apiVersion", func(top, n *yaml.Node) bool {
			kind := value(top, "kind")
			return n.Value != m[2] && (kind == nil && m[1] == "Kustomization" || kind != nil && kind.Value == m[1])
		})
		d := diag.Diagnostic{Pos: pos, Message: "a " + m[1] + " has apiVersion " + m[2] + ", not " + n.Value}
		if m[1] == "Kustomization" && strings.HasSuffix(n.Value, "/v1alpha1") {
			d.Hint = "what components lists has this apiVersion and kind: Component"
		}
		return d, ok
	}},
	{regexp.MustCompile(`cannot unmarshal (\w+) into Go struct field \w+\.(\w+) of type (\S+)`), func(f failure, m []string) (diag.Diagnostic, bool) {
		want := "a mapping"
		if m[3][0] == '[' {
			want = "a list"
		} else if m[3] == "string" {
			want = "a string"
		}
		_, pos, ok := f.field(m[2], func(*yaml.Node) bool { return true })
		return diag.Diagnostic{Pos: pos, Message: m[2] + " is " + want + ", not a value of type " + m[1]}, ok
	}},
	{regexp.MustCompile(`Unexpected kind: (\w+)`), func(f failure, m []string) (diag.Diagnostic, bool) {
		pos, ok := f.where(func(_ string, n *yaml.Node) bool { return n.Value == m[1] })
		if !ok {
			op := regexp.MustCompile(`"?op"?: *"?` + m[1] + `\b`)
			pos, ok = f.where(func(_ string, n *yaml.Node) bool { return op.MatchString(n.Value) })
		}
		return diag.Diagnostic{Pos: pos, Message: "a JSON patch has no operation " + m[1] + "; there are add, remove, replace, move, copy and test"}, ok
	}},
	{regexp.MustCompile(`a (configmap|secret) must have a name`), func(f failure, m []string) (diag.Diagnostic, bool) {
		field := map[string]string{"configmap": "configMapGenerator", "secret": "secretGenerator"}[m[1]]
		var item *yaml.Node
		_, pos, ok := f.field(field, func(n *yaml.Node) bool {
			for _, entry := range n.Content {
				if value(entry, "name") == nil {
					item = entry
					return true
				}
			}
			return false
		})
		if ok {
			pos.Line, pos.Column = item.Line, item.Column
		}
		return diag.Diagnostic{Pos: pos, Message: "an entry of " + field + " needs a name"}, ok
	}},
	{regexp.MustCompile(`invalid literal source ([^,]*), expected key=value`), func(f failure, m []string) (diag.Diagnostic, bool) {
		return diag.Diagnostic{Pos: f.scalar(m[1]), Message: "a literal is written as key=value, not as " + m[1]}, true
	}},
	{regexp.MustCompile("fieldPath `([^`]*)` is missing for replacement source ([^.]*)"), func(f failure, m []string) (diag.Diagnostic, bool) {
		return diag.Diagnostic{Pos: f.scalar(m[1]), Message: "the source of a replacement, a " + m[2] + ", has no " + m[1]}, true
	}},
	{regexp.MustCompile(`cycle detected: candidate root '/([^']*)' contains visited root '/([^']*)'`), func(f failure, m []string) (diag.Diagnostic, bool) {
		pos, ok := f.where(func(file string, n *yaml.Node) bool {
			return path.Join(path.Dir(file), n.Value) == m[1] && path.Dir(file) != path.Dir(f.file)
		})
		if !ok {
			pos, ok = f.where(func(file string, n *yaml.Node) bool { return path.Join(path.Dir(file), n.Value) == m[1] })
		}
		return diag.Diagnostic{Pos: pos, Message: "the kustomizations contain each other: " + m[1] + " contains " + path.Dir(pos.File) + ", which lists it here"}, ok
	}},
}

// field is the value of a field at the top of the first kustomization of the build
// in which it is meant.
func (f failure) field(name string, meant func(*yaml.Node) bool) (*yaml.Node, diag.Position, bool) {
	return f.fieldOf(name, func(_, n *yaml.Node) bool { return meant(n) })
}

// fieldOf is field for who has to see the kustomization too.
func (f failure) fieldOf(name string, meant func(top, n *yaml.Node) bool) (*yaml.Node, diag.Position, bool) {
	for _, file := range f.names() {
		var doc yaml.Node
		if !isKustomization(path.Base(file)) || yaml.Unmarshal(f.read[file], &doc) != nil || len(doc.Content) == 0 {
			continue
		}
		if n := value(doc.Content[0], name); n != nil && meant(doc.Content[0], n) {
			return n, at(file, n), true
		}
	}
	return &yaml.Node{}, begin(f.file), false
}

// value is what a mapping has at a key.
func value(m *yaml.Node, key string) *yaml.Node {
	for i := 0; m.Kind == yaml.MappingNode && i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return m.Content[i+1]
		}
	}
	return nil
}
