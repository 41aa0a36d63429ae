package expand

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/schema"
)

func TestWrite(t *testing.T) {
	template := func() map[string]any {
		return map[string]any{
			"data": map[string]any{"a.b": "old", "": "empty", "a[0]": "brackets"},
			"list": []any{"x", map[string]any{"name": "y"}, []any{"deep"}},
		}
	}
	tests := []struct {
		name  string
		steps diag.Path
		at    []any // where the value is then; nil when it cannot be written
	}{
		{"key with a dot", diag.Path{"data", "a.b"}, []any{"data", "a.b"}},
		{"empty key", diag.Path{"data", ""}, []any{"data", ""}},
		{"item", diag.Path{"list", 0}, []any{"list", 0}},
		{"field of an item", diag.Path{"list", 1, "name"}, []any{"list", 1, "name"}},
		{"item of an item", diag.Path{"list", 2, 0}, []any{"list", 2, 0}},
		{"no path", nil, nil},
		{"no such key", diag.Path{"data", "a", 0}, nil},
		{"behind the end", diag.Path{"list", 3}, nil},
		{"key of a list", diag.Path{"list", "name"}, nil},
		{"index into a map", diag.Path{"data", 0}, nil},
		{"below a scalar", diag.Path{"data", "a.b", "c"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, want := template(), template()
			if ok := write(got, tt.steps, "new"); ok != (tt.at != nil) {
				t.Fatalf("written: %v", ok)
			}
			set(want, tt.at, "new")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// set writes a value to a place that is there.
func set(v any, at []any, value any) {
	for i, step := range at {
		last := i == len(at)-1
		switch step := step.(type) {
		case string:
			m := v.(map[string]any)
			if v = m[step]; last {
				m[step] = value
			}
		case int:
			l := v.([]any)
			if v = l[step]; last {
				l[step] = value
			}
		}
	}
}

func TestProduct(t *testing.T) {
	dims := []graph.Dimension{{Name: "a"}, {Name: "b"}, {Name: "c"}}
	var got []string
	for _, item := range product(dims, [][]any{{1, 2}, {"x"}, {true, false}}, 4) {
		got = append(got, fmt.Sprintf("%v %v %v", item["a"], item["b"], item["c"]))
	}
	want := []string{"1 x true", "1 x false", "2 x true", "2 x false"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNormalizeLabels(t *testing.T) {
	meta := func(labels any) map[string]any { return map[string]any{"metadata": map[string]any{"labels": labels}} }
	none := map[string]any{"metadata": map[string]any{}}
	tests := []struct {
		name      string
		obj, want map[string]any
	}{
		{"strings", meta(map[string]any{"a": "b"}), meta(map[string]any{"a": "b"})},
		{"null becomes empty", meta(map[string]any{"a": nil, "b": "c"}), meta(map[string]any{"a": "", "b": "c"})},
		{"a number loses all", meta(map[string]any{"a": "b", "n": int64(1)}), none},
		{"empty", meta(map[string]any{}), none},
		{"null", meta(nil), none},
		{"text", meta("a"), none},
		{"no labels", map[string]any{"metadata": map[string]any{}}, none},
		{"no metadata", map[string]any{}, map[string]any{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			normalizeLabels(tt.obj)
			if diff := cmp.Diff(tt.want, tt.obj); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func configMap(namespace, name, team string) map[string]any {
	meta := map[string]any{"name": name}
	if namespace != "" {
		meta["namespace"] = namespace
	}
	if team != "" {
		meta["labels"] = map[string]any{"team": team}
	}
	return map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}
}

func TestObserved(t *testing.T) {
	o := NewObserved([]Live{
		{Object: configMap("b", "two", "x")}, {Object: configMap("a", "one", "x")}, {Object: configMap("", "plain", "y")}, {Object: configMap("a", "three", "")},
	})
	kind := &schema.Kind{GVK: k8sschema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"}, Namespaced: true}
	n := &graph.Node{ID: "ref", Kind: kind}
	wide := &graph.Node{ID: "ref", Kind: &schema.Kind{GVK: kind.GVK}}
	names := func(objects []map[string]any) []string {
		out := []string{}
		for _, obj := range objects {
			out = append(out, listKey(obj))
		}
		return out
	}
	named := func(n *graph.Node, ref map[string]any) []string {
		if l := o.named(n, ref); l != nil {
			return []string{listKey(l.Object)}
		}
		return []string{}
	}
	for _, tt := range []struct {
		name            string
		node            *graph.Node
		namespace, find string
		want            []string
	}{
		{"by name", n, "a", "one", []string{"a/one"}},
		{"in another namespace", n, "b", "one", []string{}},
		{"without a namespace is in default", n, "default", "plain", []string{"/plain"}},
		{"cluster-scoped", wide, "", "one", []string{"a/one"}},
		{"nothing", n, "a", "none", []string{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, named(tt.node, configMap(tt.namespace, tt.find, ""))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	team := func(name string) any { return map[string]any{"matchLabels": map[string]any{"team": name}} }
	for _, tt := range []struct {
		name, namespace string
		selector        any
		want            []string // nil: an error
	}{
		{"all", "", map[string]any{}, []string{"/plain", "a/one", "a/three", "b/two"}},
		{"no selector", "", nil, []string{"/plain", "a/one", "a/three", "b/two"}},
		{"by label, sorted", "", team("x"), []string{"a/one", "b/two"}},
		{"in a namespace", "b", team("x"), []string{"b/two"}},
		{"nothing", "", team("z"), []string{}},
		{"not a selector", "", team("not a label!"), nil},
	} {
		t.Run("selector "+tt.name, func(t *testing.T) {
			ref := map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{
				"namespace": tt.namespace, "selector": tt.selector,
			}}
			found, err := o.selected(n.Kind, ref)
			if (err != nil) != (tt.want == nil) {
				t.Fatalf("error is %v", err)
			}
			if err != nil {
				return
			}
			if diff := cmp.Diff(tt.want, names(found)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
