package affected_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/affected"
	"github.com/krowave/krowave/render/manifest"
)

// definitionOf is the text of an RGD that renders an object of another kind.
func definitionOf(kind, uses, more string) string {
	return fmt.Sprintf("apiVersion: kro.run/v1alpha1\nkind: ResourceGraphDefinition\nmetadata: {name: %s}\nspec:\n"+
		"  schema: {apiVersion: v1, kind: %s%s}\n  resources:\n  - id: a\n    template: {apiVersion: kro.run/v1, kind: %s, metadata: {name: x}}\n", strings.ToLower(kind), kind, more, uses)
}

func instanceOf(kind, name string) string {
	return "apiVersion: kro.run/v1\nkind: " + kind + "\nmetadata:\n  name: " + name + "\nspec:\n  a: b\n"
}

func inputOf(files, definitions map[string]string) render.Input {
	list := func(m map[string]string) []manifest.File {
		var out []manifest.File
		for name, text := range m {
			out = append(out, manifest.File{Name: name, Data: []byte(text)})
		}
		return out
	}
	return render.Input{Files: list(files), Definitions: list(definitions)}
}

// left lists the names of an input's files.
func left(in render.Input) map[string]bool {
	out := map[string]bool{}
	for _, list := range [][]manifest.File{in.Files, in.Definitions, in.CRDs} {
		for _, f := range list {
			out[f.Name] = true
		}
	}
	return out
}

func TestFindAffected(t *testing.T) {
	files := map[string]string{
		"web": instanceOf("Web", "web"), "shop": instanceOf("Shop", "shop"), "other": instanceOf("Other", "other"),
		"plain": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\n",
	}
	definitions := map[string]string{
		"d/web": definitionOf("Web", "Pod", ""), "d/shop": definitionOf("Shop", "Web", ""), "d/other": definitionOf("Other", "Pod", ""),
		"d/crd": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: {names: {kind: Pod}}\n",
	}
	tests := []struct {
		name string
		edit func(files, definitions map[string]string)
		want string // files that stay on the new side
	}{
		{"nothing", func(_, _ map[string]string) {}, ""},
		{"an instance", func(f, _ map[string]string) { f["web"] += "  c: d\n" }, "d/crd d/web web"},
		{"an instance of a chain", func(f, _ map[string]string) { f["shop"] += "  c: d\n" }, "d/crd d/shop d/web shop"},
		{"an instance in another file", func(f, _ map[string]string) { f["moved"] = f["web"]; delete(f, "web") }, "d/crd d/web moved"},
		{"a plain object", func(f, _ map[string]string) { f["plain"] += "data: {a: b}\n" }, "plain"},
		{"an RGD that nothing builds on", func(_, d map[string]string) { d["d/other"] = definitionOf("Other", "Pod", ", spec: {a: string}") }, "d/crd d/other other"},
		{"an RGD that another builds on", func(_, d map[string]string) { d["d/web"] = definitionOf("Web", "Pod", ", spec: {a: string}") }, "d/crd d/shop d/web shop web"},
		{"a CRD", func(_, d map[string]string) { d["d/crd"] += "metadata: {name: pods}\n" }, "d/crd d/other d/shop d/web other shop web"},
		{"an RGD in another file", func(_, d map[string]string) { d["d/moved"] = d["d/other"]; delete(d, "d/other") }, "d/crd d/moved"},
		{"a comment in an RGD", func(_, d map[string]string) { d["d/other"] += "# more\n" }, "d/crd d/other"},
		{"an RGD is gone", func(_, d map[string]string) { delete(d, "d/other") }, "d/crd other"},
		{"a second RGD for a kind", func(_, d map[string]string) { d["d/twice"] = d["d/other"] }, "d/crd d/other d/twice other"},
		{"an RGD for a kind of another case", func(_, d map[string]string) { d["d/other"] = definitionOf("OTHER", "Pod", "") }, "d/crd d/other other"},
		{"an instance with an escape", func(f, _ map[string]string) { f["web"] = strings.Replace(f["web"], "Web", `"\x57eb"`, 1) }, "d/crd d/other d/shop d/web web"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			old := inputOf(files, definitions)
			f, d := map[string]string{}, map[string]string{}
			for name, text := range files {
				f[name] = text
			}
			for name, text := range definitions {
				d[name] = text
			}
			tt.edit(f, d)
			part := affected.Find(old, inputOf(f, d), render.Options{}, false)
			want := map[string]bool{}
			for _, name := range strings.Fields(tt.want) {
				want[name] = true
			}
			if diff := cmp.Diff(want, left(part.New)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			all := affected.Find(old, inputOf(f, d), render.Options{}, true)
			if got := left(all.New); len(all.Unchanged) > 0 || len(got) < len(f) {
				t.Errorf("all: %v, and %v as unchanged", got, all.Unchanged)
			}
		})
	}
}

func TestFindAffectedObserved(t *testing.T) {
	in := inputOf(map[string]string{"web": instanceOf("Web", "web")}, map[string]string{"d/web": definitionOf("Web", "Pod", "")})
	with := in
	with.Observed = []manifest.File{}
	if got := affected.Find(in, with, render.Options{}, false); len(got.New.Files) != 1 || got.New.Observed == nil {
		t.Errorf("with observed objects: %v", left(got.New))
	}
	if got := affected.Find(with, with, render.Options{}, false); len(got.New.Files) != 0 {
		t.Errorf("with the same observed objects: %v", left(got.New))
	}
}

// TestUnchangedIdentities shows which instances are in files that are left out,
// however they are written.
func TestUnchangedIdentities(t *testing.T) {
	web := func(namespace, name string) render.Identity {
		return render.Identity{APIVersion: "kro.run/v1", Kind: "Web", Namespace: namespace, Name: name}
	}
	for text, want := range map[string][]render.Identity{
		instanceOf("Web", "a"): {web("default", "a")},
		"# plain\r\napiVersion: kro.run/v1\r\nkind: Web\r\nmetadata:\r\n  name: a\r\n  namespace: x\r\n  labels:\r\n    name: b\r\n":                        {web("x", "a")},
		"kind: Web\nspec:\n  kind: Other\n  metadata:\n    name: c\nmetadata:\n  labels:\n    app.example.org/name: b\n  name: a\napiVersion: kro.run/v1\n": {web("default", "a")},
		"apiVersion: kro.run/v1\nkind: Web\nmetadata:\n    annotations:\n      text: |\n        name: b\n    name: a\n":                                     {web("default", "a")},
		"apiVersion: kro.run/v1\nkind: Web\nmetadata:\n  name: a\n---\napiVersion: kro.run/v1\nkind: Web\nmetadata: {name: b, namespace: z}\n":              {web("default", "a"), web("z", "b")},
		"apiVersion: v1\nkind: List\nitems:\n- apiVersion: kro.run/v1\n  kind: Web\n  metadata: {name: a}\n":                                                {web("default", "a")},
		"apiVersion: kro.run/v1\nkind: \"\\x57eb\"\nmetadata:\n  name: 'a'\n":                                                                               {web("default", "a")},
		"apiVersion: kro.run/v1\nkind: Web\nmetadata:\n  name: &n a\n  namespace: *n\n":                                                                     {web("a", "a")},
		`{"apiVersion": "kro.run/v1", "kind": "Web", "metadata": {"name": "a"}}`:                                                                            {web("default", "a")},
		"apiVersion: kro.run/v1\nkind: Web\nmetadata:\n  name: a\n    b\n":                                                                                  {web("default", "a b")},
		"apiVersion: kro.run/v1\nkind: Web\nmetadata:\n  name: a\n  namespace: x # of it\n":                                                                 {web("x", "a")},
		"apiVersion: kro.run/v2\nkind: Web\nmetadata:\n  name: a\n":                                                                                         nil,
		"apiVersion: kro.run/v1\nkind: Pod\nmetadata:\n  name: Web\n":                                                                                       nil,
		"apiVersion: kro.run/v1\nkind: Wide\nmetadata:\n  name: a\n  namespace: x\n":                                                                        {{APIVersion: "kro.run/v1", Kind: "Wide", Name: "a"}},
		strings.Repeat(instanceOf("Web", "a")+"---\n", 2):                                                                                                   {web("default", "a")},
	} {
		in := inputOf(map[string]string{"f": text}, map[string]string{"d": definitionOf("Web", "Pod", ""), "e": definitionOf("Wide", "Pod", ", scope: Cluster")})
		got := affected.Find(in, in, render.Options{}, false)
		var ids []render.Identity
		for _, id := range got.Unchanged {
			if id.Path != "f" {
				t.Errorf("%s: in file %q", text, id.Path)
			}
			id.Path = ""
			ids = append(ids, id)
		}
		if diff := cmp.Diff(want, ids); diff != "" {
			t.Errorf("%s\n(-want +got):\n%s", text, diff)
		}
	}
}

func TestAbout(t *testing.T) {
	named := func(name string) string {
		return strings.Replace(definitionOf("Web", "Pod", ""), "name: x", "name: "+name, 1)
	}
	files := map[string]string{
		"one": instanceOf("Web", "one"), "two": instanceOf("Web", "two"), "quoted": instanceOf("Web", `"on"`), "folded": instanceOf("Web", ">-\n    two"),
		"flow": `{"apiVersion": "kro.run/v1", "kind": "Web", "metadata": {"name": "two"}}`, "other": instanceOf("Other", "one"),
	}
	for _, test := range []struct{ name, rgd, question, want string }{
		{"its name is in the object's", named(`"${schema.metadata.name}-x"`), "pod/one-x", "folded one quoted rgd"},
		{"with a namespace", named(`"${schema.metadata.name}"`), "pods.v1/here/two", "flow folded rgd two"},
		{"a short name", named(`"${schema.metadata.name}"`), "po/two", "flow folded rgd two"},
		{"the name may be any", named(`"${schema.spec.a}"`), "pod/one", "flow folded one quoted rgd two"},
		{"an expression that only begins with it", named(`"${schema.metadata.name == 'a' ? 'b' : 'c'}"`), "pod/c", "flow folded one quoted rgd two"},
		{"a node of an instance", named(`"${schema.metadata.name}"`), "web/two/a", "flow folded rgd two"},
		{"a kind that nothing renders", named("x"), "service/x", "all"},
		{"a text that may hide anything", named("x") + `a: "\u0041"`, "pod/x", "all"},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := inputOf(files, map[string]string{"rgd": strings.Replace(test.rgd, "kro.run/v1, kind: Pod", "v1, kind: Pod", 1)})
			part, ok := affected.About(in, test.question, render.Options{})
			got := strings.Join(slices.Sorted(maps.Keys(left(part))), " ")
			if !ok {
				got = "all"
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
