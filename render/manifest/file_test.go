package manifest

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/object"
)

func objectsOf(docs []*Document) []map[string]any {
	var out []map[string]any
	for _, d := range docs {
		out = append(out, d.Object)
	}
	return out
}

// A file of objects is what the file of their text is, but for positions.
func TestFileOfObjectsIsThatOfItsText(t *testing.T) {
	for name, objects := range map[string][]map[string]any{
		"none":     {},
		"one":      {{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "a"}, "data": map[string]any{"x": "y", "z": nil}}},
		"numbers":  {{"kind": "A", "int": 3, "int32": int32(4), "whole": 5.0, "big": 1e22, "part": 0.5, "list": []any{1.0, int64(2), []any{3}}}},
		"a list":   {{"apiVersion": "v1", "kind": "List", "items": []any{map[string]any{"kind": "A"}, map[string]any{"kind": "B", "n": 1.0}}}},
		"no utf-8": {{"kind": "A", "text": "a\xffb"}},
	} {
		t.Run(name, func(t *testing.T) {
			before := object.Copy(any(objectsAsList(objects)))
			var text bytes.Buffer
			if err := EncodeYAML(&text, objects); err != nil {
				t.Fatal(err)
			}
			want, _ := File{Name: "f", Data: text.Bytes()}.Read(Limits{})
			got, found := File{Name: "f", Objects: objects}.Read(Limits{})
			if len(found) > 0 {
				t.Errorf("findings: %v", found)
			}
			if diff := cmp.Diff(objectsOf(want), objectsOf(got)); diff != "" {
				t.Errorf("(-text +objects):\n%s", diff)
			}
			if diff := cmp.Diff(before, any(objectsAsList(objects))); diff != "" {
				t.Errorf("the objects were changed:\n%s", diff)
			}
			for _, d := range got {
				for _, pos := range []diag.Position{d.Start(), d.Position(diag.Path{"kind"}), d.KeyPosition(diag.Path{"kind"}), d.Within(diag.Path{"kind"}, 0)} {
					if pos != (diag.Position{File: "f", Line: 1, Column: 1}) {
						t.Errorf("position %v", pos)
					}
				}
			}
		})
	}
}

func objectsAsList(objects []map[string]any) []any {
	out := []any{}
	for _, o := range objects {
		out = append(out, o)
	}
	return out
}

func TestFileRefusesWhatIsNotJSON(t *testing.T) {
	deep := map[string]any{}
	for range 20 {
		deep = map[string]any{"a": deep}
	}
	for want, obj := range map[string]map[string]any{
		"object-value": {"spec": map[string]any{"items": []any{"x", []string{"a"}}}},
		"yaml-number":  {"spec": map[string]any{"n": math.NaN()}},
		"limit-depth":  deep,
		"limit-nodes":  {"list": make([]any, 50)},
	} {
		docs, found := File{Name: "f", Objects: []map[string]any{obj}}.Read(Limits{Depth: 10, Nodes: 40})
		if len(docs) > 0 || len(found) != 1 || found[0].Rule != want {
			t.Errorf("want %s, got %v and %d documents", want, found, len(docs))
		}
		if want == "object-value" && (found[0].Path != "spec.items[1]" || !strings.Contains(found[0].Message, "[]string")) {
			t.Errorf("got %+v", found[0])
		}
	}
}

func TestFileKey(t *testing.T) {
	key := func(f File) string {
		t.Helper()
		k, err := f.Key()
		if err != nil {
			t.Fatal(err)
		}
		return string(k)
	}
	a := File{Objects: []map[string]any{{"a": "b", "c": int64(1)}}}
	if key(a) != key(File{Objects: []map[string]any{{"c": 1.0, "a": "b"}}}) {
		t.Error("equal objects have different keys")
	}
	if key(a) == key(File{Objects: []map[string]any{{"a": "b"}}}) {
		t.Error("different objects have one key")
	}
}
