package graph_test

import (
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/schema"
)

// TestCompileNativeDamaged takes the Graphs of a script and puts every kind of value
// into every place: there are findings with a place, and nothing else happens.
func TestCompileNativeDamaged(t *testing.T) {
	a, err := txtar.ParseFile("../../testdata/script/validate_graph_kind.txtar")
	if err != nil {
		t.Fatal(err)
	}
	catalog, err := schema.NewCatalog("")
	if err != nil {
		t.Fatal(err)
	}
	runs := 0
	for _, f := range a.Files {
		docs, _ := manifest.File{Name: f.Name, Data: f.Data}.Read(manifest.Limits{})
		if len(docs) == 0 || !object.IsGraphKind(object.GVK(docs[0].Object)) {
			continue
		}
		var damage func(v any, put func(any))
		check := func() {
			runs++
			_, found := graph.CompileNative(docs[0], catalog, graph.Options{})
			for _, d := range found {
				if d.Pos.Line == 0 || d.Message == "" || d.Rule == "internal" {
					t.Fatalf("%+v", d)
				}
			}
		}
		damage = func(v any, put func(any)) {
			for _, other := range []any{nil, "x", "${x}", int64(3), []any{}, []any{"${each}"}, map[string]any{}, map[string]any{"id": "a"}} {
				put(other)
				check()
			}
			put(v)
			switch v := v.(type) {
			case map[string]any:
				for k := range v {
					damage(v[k], func(other any) { v[k] = other })
				}
			case []any:
				for i := range v {
					damage(v[i], func(other any) { v[i] = other })
				}
			}
		}
		damage(docs[0].Object["spec"], func(other any) { docs[0].Object["spec"] = other })
	}
	if runs < 500 {
		t.Errorf("only %d Graphs were checked", runs)
	}
}
