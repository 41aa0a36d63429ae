package override_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/override"
	"github.com/krowave/krowave/render/schema"
)

func document(t *testing.T, text string) *manifest.Document {
	t.Helper()
	docs, diags := manifest.Read("web.yaml", []byte(text), manifest.Limits{})
	if len(docs) != 1 || len(diags) > 0 {
		t.Fatal(docs, diags)
	}
	return docs[0]
}

// TestApply sets fields of each type, in lists and maps, and refuses what is no path or no
// value; the document stays as it is, and the value reaches no message.
func TestApply(t *testing.T) {
	field := func(kind string) *schema.Schema { return &schema.Schema{Type: kind} }
	port := &schema.Schema{Type: "object", Properties: map[string]*schema.Schema{"name": field("string"), "number": field("integer")}}
	spec := &schema.Schema{Type: "object", Properties: map[string]*schema.Schema{
		"text": field("string"), "count": field("integer"), "ratio": field("number"), "on": field("boolean"),
		"ports":  {Type: "array", Items: port},
		"labels": {Type: "object", AdditionalProperties: field("string")},
		"free":   {Type: "object", PreserveUnknown: true},
	}}
	of := &schema.Schema{Type: "object", Properties: map[string]*schema.Schema{"spec": spec}}
	const written = `{"labels":{"a":"b"},"ports":[{"name":"x"}]}`
	for _, test := range []struct{ path, value, want string }{
		{"text", "7", `{"labels":{"a":"b"},"ports":[{"name":"x"}],"text":"7"}`},
		{"count", "7", `{"count":7,"labels":{"a":"b"},"ports":[{"name":"x"}]}`},
		{"count", "9223372036854775807", `{"count":9223372036854775807,"labels":{"a":"b"},"ports":[{"name":"x"}]}`},
		{"ratio", "2", `{"labels":{"a":"b"},"ports":[{"name":"x"}],"ratio":2}`},
		{"on", "true", `{"labels":{"a":"b"},"on":true,"ports":[{"name":"x"}]}`},
		{"ports[0].number", "80", `{"labels":{"a":"b"},"ports":[{"name":"x","number":80}]}`},
		{"ports[1].name", "y", `{"labels":{"a":"b"},"ports":[{"name":"x"},{"name":"y"}]}`},
		{"ports", "[]", `{"labels":{"a":"b"},"ports":[]}`},
		{`labels["x.y/z"]`, "true", `{"labels":{"a":"b","x.y/z":"true"},"ports":[{"name":"x"}]}`},
		{"labels", `{"c":"d"}`, `{"labels":{"c":"d"},"ports":[{"name":"x"}]}`},
		{"free.a.b", `[1, "s3cret"]`, `{"free":{"a":{"b":[1,"s3cret"]}},"labels":{"a":"b"},"ports":[{"name":"x"}]}`},
		{"free.a", "s3cret", `{"free":{"a":"s3cret"},"labels":{"a":"b"},"ports":[{"name":"x"}]}`},

		{"count", "s3cret", "the value is not an integer"},
		{"count", "9223372036854775808", "the value is not an integer"},
		{"count", "1.0", "the value is not an integer"},
		{"ratio", "Inf", "the value is not a number"},
		{"on", "True", "the value is not true or false"},
		{"ports", `{"s3cret": 1}`, "the value is not a JSON list"},
		{"labels", "s3cret", "the value is not JSON, which a field of type object takes"},
		{"labels", `{} {"s3cret": 1}`, "the value is not JSON, which a field of type object takes"},
		{"ports[2].name", "y", "the list has 1 items, so the next index is [1]"},
		{"ports.name", "y", "the schema has no field ports.name"},
		{"text[0]", "y", "text is not a list"},
		{"text.a", "y", "the schema has no field text.a"},
		{"txet", "y", "the schema has no field txet; did you mean text"},
		{"ports[0].nmae", "y", "the schema has no field ports[0].nmae; did you mean name"},
		{"ports[-1]", "y", `not a path such as image.tag, ports[0].name or labels["a.b"]`},
		{"text.", "y", `not a path such as image.tag, ports[0].name or labels["a.b"]`},
	} {
		t.Run(test.path+"="+test.value, func(t *testing.T) {
			doc := document(t, "kind: Web\nmetadata: {name: a}\nspec: "+written+"\n")
			at := diag.Position{File: "flags", Line: 3, Column: 1}
			obj, diags := override.Apply(doc, []override.Override{{Instance: "a", Values: map[string]string{test.path: test.value}, Position: at}}, of)
			got := ""
			for _, d := range diags {
				got += strings.TrimPrefix(d.Message, "field "+test.path+": ")
				if d.Pos != at || d.Path != "spec."+test.path || strings.Contains(d.Message+d.Hint, "s3cret") {
					t.Errorf("%s: %v", d.Pos, d)
				}
			}
			if len(diags) == 0 {
				got = text(t, obj["spec"])
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if now := text(t, doc.Object["spec"]); now != written {
				t.Errorf("the document became %s", now)
			}
		})
	}
}

func text(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestStray finds the overrides that name no instance or more than one: each has to name
// exactly one, by its kind, namespace and name as far as that is needed.
func TestStray(t *testing.T) {
	var all []override.Candidate
	for _, id := range []string{"Web/apps/a", "Web/apps/b", "Shop/apps/a", "Web/team/c"} {
		part := strings.Split(id, "/")
		doc := document(t, fmt.Sprintf("kind: %s\nmetadata: {name: %s, namespace: %s}\n", part[0], part[2], part[1]))
		all = append(all, override.CandidateOf(doc, object.KeyOf(doc.Object)))
	}
	for name, want := range map[string]string{
		"Web/apps/a": "", "b": "", "team/c": "", "Shop/a": "",
		"a":      "a is the name of 2 instances: Web/apps/a, Shop/apps/a [override]",
		"Web/z":  "no instance is named Web/z; there are Web/apps/a, Web/apps/b, Shop/apps/a, Web/team/c [override-unmatched]",
		"apps/c": "no instance is named apps/c; there are Web/apps/a, Web/apps/b, Shop/apps/a, Web/team/c [override-unmatched]",
	} {
		got := ""
		for _, d := range override.Stray([]override.Override{{Instance: name}}, all) {
			got += fmt.Sprintf("%s [%s]", d.Message, d.Rule)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
		matched := 0
		for _, c := range all {
			matched += len(override.Of([]override.Override{{Instance: name}}, c.Key))
		}
		if (matched == 1) != (want == "") {
			t.Errorf("%s overrides %d instances", name, matched)
		}
	}
}

// TestSets says that a refused value is that of an override, also one within it, and of no
// neighbour whose name begins alike.
func TestSets(t *testing.T) {
	own := []override.Override{{Instance: "Web/a", Values: map[string]string{"image": "{}", "ports[1]": "x"}}}
	for _, test := range []struct {
		path diag.Path
		sets bool
	}{
		{diag.Path{"spec", "image"}, true}, {diag.Path{"spec", "image", "tag"}, true}, {diag.Path{"spec", "ports", 1, "name"}, true},
		{diag.Path{"spec", "images"}, false}, {diag.Path{"spec", "ports"}, false}, {diag.Path{"spec", "ports", 10}, false}, {diag.Path{"spec"}, false},
	} {
		if got := override.Sets(own, test.path); (got == " (set by the override of Web/a)") != test.sets || !test.sets && got != "" {
			t.Errorf("%s: %q", test.path, got)
		}
	}
}
