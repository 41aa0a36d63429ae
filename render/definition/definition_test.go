package definition_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/cache"
	"github.com/krowave/krowave/render/definition"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/internal/source"
	"github.com/krowave/krowave/render/manifest"
)

// rgd is the text of an RGD whose objects of another kind get its field: size: 3.
func rgd(kind, uses, field string) string {
	return fmt.Sprintf("apiVersion: kro.run/v1alpha1\nkind: ResourceGraphDefinition\nmetadata: {name: %s}\nspec:\n"+
		"  schema: {apiVersion: v1, kind: %s, spec: {size: integer}}\n  resources:\n"+
		"  - {id: a, template: {apiVersion: kro.run/v1, kind: %s, metadata: {name: x}, spec: {%s: 3}}}\n", strings.ToLower(kind), kind, uses, field)
}

func crd(kind, field string) string {
	return fmt.Sprintf(`apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: %[1]ss.kro.run}
spec:
  group: kro.run
  scope: Namespaced
  names: {kind: %[2]s, plural: %[1]ss}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {%[3]s: {type: integer}}}}}}
`, strings.ToLower(kind), kind, field)
}

// read returns the documents of texts; each is a file with the name of its kind and number.
func read(t *testing.T, prefix string, texts ...string) []*source.Document {
	t.Helper()
	var files []manifest.File
	for i, text := range texts {
		files = append(files, manifest.File{Name: fmt.Sprintf("%s%d", prefix, i), Data: []byte(text)})
	}
	docs, diags, err := source.Reader{Cache: cache.New[any](1 << 20)}.Read(t.Context(), files)
	if err != nil || len(diags) > 0 {
		t.Fatal(err, diags)
	}
	return docs
}

func define(t *testing.T, docs definition.Documents) (*definition.Set, diag.List) {
	t.Helper()
	set, diags, err := definition.Define(t.Context(), docs, definition.Options{Cache: cache.New[any](1 << 20)})
	if err != nil {
		t.Fatal(err)
	}
	return set, diags
}

func kind(name string) k8sschema.GroupVersionKind {
	return k8sschema.GroupVersionKind{Group: "kro.run", Version: "v1", Kind: name}
}

// lines are findings as file:line: message [rule].
func lines(diags diag.List) (out []string) {
	for _, d := range diags {
		out = append(out, fmt.Sprintf("%s:%d: %s [%s]", d.Pos.File, d.Pos.Line, d.Message, d.Rule))
	}
	return out
}

func kinds(set *definition.Set) (out []string) {
	for _, g := range set.Graphs {
		out = append(out, g.RGD.GVK.Kind)
	}
	return out
}

// TestEveryOrder defines a chain of RGDs and the CRD at its end in every order: the
// graphs are the same. An edit changes the digests of the kinds that build on what is
// edited, and no others.
func TestEveryOrder(t *testing.T) {
	texts := []string{rgd("Shop", "Web", "size"), rgd("Web", "Disk", "gigabytes"), crd("Disk", "gigabytes"), rgd("Other", "Disk", "gigabytes")}
	digests := func(texts []string) map[string]string {
		set, diags := define(t, definition.Documents{Objects: read(t, "f", texts...)})
		if len(diags) > 0 || len(set.Graphs) != 3 || len(set.RGDs) != 3 {
			t.Fatalf("%q\ngraphs %v, findings %v", texts, kinds(set), lines(diags))
		}
		out := map[string]string{}
		for _, k := range kinds(set) {
			out[k] = set.DigestOf(kind(k))
		}
		return out
	}
	var permute func(head, tail []string)
	permute = func(head, tail []string) {
		if len(tail) == 0 {
			digests(head)
		}
		for i := range tail {
			permute(append(slices.Clone(head), tail[i]), slices.Delete(slices.Clone(tail), i, i+1))
		}
	}
	permute(nil, texts)
	want := digests(texts)
	for edited, expected := range map[int]string{0: "Shop", 1: "Shop Web", 2: "Other Shop Web", 3: "Other"} {
		with := slices.Clone(texts)
		with[edited] += "# edited\n"
		var changed []string
		for k, digest := range digests(with) {
			if digest != want[k] {
				changed = append(changed, k)
			}
		}
		slices.Sort(changed)
		if got := strings.Join(changed, " "); got != expected {
			t.Errorf("an edit of text %d changes the digests of %s, want %s", edited, got, expected)
		}
	}
}

// TestFindings shows what Define says of definitions that do not fit together, and
// which kinds have a graph then.
func TestFindings(t *testing.T) {
	web, shop, disk := rgd("Web", "Disk", "gigabytes"), rgd("Shop", "Web", "size"), crd("Disk", "gigabytes")
	broken, nameless := rgd("Web", "Disk", "gigs"), strings.Replace(rgd("Web", "Disk", "gigabytes"), "metadata: {name: web}", "metadata: {}", 1)
	for _, test := range []struct {
		name                 string
		objects, looked, crd []string
		graphs               string
		want                 []string
	}{
		{"an error and what builds on it", []string{shop, broken, disk}, nil, nil, "", []string{
			"object1:7: field spec.gigs is not in the schema of kro.run/v1 Disk [unknown-field]",
			"object0:7: no schema for kro.run/v1 Web: ResourceGraphDefinition web, which defines it, has errors [unknown-kind]",
		}},
		{"each needs the other", []string{rgd("Web", "Shop", "size"), shop}, nil, nil, "", []string{
			"object0:7: no schema for kro.run/v1 Shop: ResourceGraphDefinition shop, which defines it, depends on the definitions that use it [unknown-kind]",
			"object1:7: no schema for kro.run/v1 Web: ResourceGraphDefinition web, which defines it, depends on the definitions that use it [unknown-kind]",
		}},
		{"each needs the other, whose CRD is there", []string{rgd("Web", "Shop", "size"), shop}, nil, []string{crd("Shop", "size"), crd("Web", "size")}, "Web Shop", nil},
		{"two of one kind", []string{web, strings.Replace(web, "name: web", "name: again", 1), disk}, nil, nil, "Web", []string{
			"object1:5: kind Web of group kro.run is defined twice: here and in object0:1:1 [duplicate-definition]",
		}},
		{"a published CRD is older than the RGD", []string{shop, web}, nil, []string{disk, crd("Web", "old")}, "Shop Web", nil},
		{"a CRD of the input is newer than that for look-up", []string{web, disk}, nil, []string{crd("Disk", "old")}, "Web", nil},
		{"RGDs for look-up", []string{"apiVersion: kro.run/v1\nkind: Web\nmetadata: {name: a}\n"}, []string{shop, web, disk}, nil, "Shop Web", nil},
		{"not well-formed", []string{nameless, disk, "apiVersion: kro.run/v1\nkind: Web\nmetadata: {name: a}\n---\napiVersion: kro.run/v1\nkind: Web\nmetadata: {name: b}\n"}, nil, nil, "", []string{
			"object0:3: a value is required: name or generateName is required [rgd-refused]",
			"object2:2: not rendered (instances: 2): ResourceGraphDefinition, which defines Web, has errors [definition-refused]",
		}},
		{"a kind of kro 0.1", []string{strings.Replace(web, "ResourceGraphDefinition", "ResourceGroup", 1), disk, "apiVersion: kro.run/v1\nkind: Web\nmetadata: {name: a}\n"}, nil, nil, "", []string{
			"object0:2: kind ResourceGroup is from kro 0.1 and no longer exists [rgd-refused]",
			"object2:2: not rendered: ResourceGroup web, which defines Web, is from kro 0.1 [definition-refused]",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			docs := definition.Documents{Objects: read(t, "object", test.objects...), Definitions: read(t, "definition", test.looked...), CRDs: read(t, "crd", test.crd...)}
			set, diags := define(t, docs)
			if got := strings.Join(kinds(set), " "); got != test.graphs {
				t.Errorf("graphs %q, want %q", got, test.graphs)
			}
			if diff := cmp.Diff(test.want, lines(diags)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			for _, name := range []string{"Web", "Disk"} { // also one with errors: its instances are not passed through
				if defines := set.Defines(kind(name)); defines != (name == "Web") {
					t.Errorf("an RGD defines %s: %v", name, defines)
				}
			}
		})
	}
}

// TestOneDocumentTwice gives an RGD for look-up and as a file to render, as --definitions
// of a folder does: it is one definition.
func TestOneDocumentTwice(t *testing.T) {
	docs := read(t, "f", rgd("Web", "Disk", "gigabytes"), crd("Disk", "gigabytes"))
	set, diags := define(t, definition.Documents{Objects: docs, Definitions: docs})
	if len(diags) > 0 || len(set.RGDs) != 1 || len(set.Graphs) != 1 {
		t.Errorf("%d RGDs, graphs %v, findings %v", len(set.RGDs), kinds(set), lines(diags))
	}
	if !set.IsLookedUp(docs[0]) || !set.IsLookedUp(docs[1]) || set.Serves(kind("Disk")) {
		t.Error("a definition for look-up would be handed over, since it is among the files, too")
	}
	if set, _ = define(t, definition.Documents{Objects: docs}); set.IsLookedUp(docs[1]) || !set.Serves(kind("Disk")) || set.Serves(kind("Web")) {
		t.Error("the input brings the CRD of Disk, and kro that of Web")
	}
}

// TestStray tells objects that were meant as instances from those of others.
func TestStray(t *testing.T) {
	set, _ := define(t, definition.Documents{Objects: read(t, "f", rgd("Web", "Disk", "gigabytes"), crd("Disk", "gigabytes"))})
	for text, want := range map[string]string{
		"apiVersion: kro.run/v1\nkind: Disk\n":                                           "",
		"apiVersion: v1\nkind: Pod\n":                                                    "",
		"apiVersion: other.org/v1\nkind: Thing\n":                                        "",
		"apiVersion: mine.org/v1\nkind: Thing\n":                                         "error: nothing defines mine.org/v1 Thing, so none of its objects can be rendered; name the ResourceGraphDefinition of Thing with -d or in krowave.yaml, or delete the instance together with its definition",
		"apiVersion: kro.run/v2\nkind: Web\n":                                            "error: nothing defines kro.run/v2 Web; ResourceGraphDefinition web defines apiVersion: kro.run/v1, kind: Web",
		"apiVersion: kro.run/v1\nkind: web\n":                                            "error: nothing defines kro.run/v1 web; ResourceGraphDefinition web defines apiVersion: kro.run/v1, kind: Web",
		"apiVersion: kro.run/v1\nkind: Wep\n":                                            "error: nothing defines kro.run/v1 Wep, so none of its objects can be rendered; did you mean Web?",
		"apiVersion: other.org/v1\nkind: Web\nmetadata: {name: a}\nspec: {size: 1}\n":    "error: nothing defines other.org/v1 Web; ResourceGraphDefinition web defines apiVersion: kro.run/v1, kind: Web",
		"apiVersion: other.org/v1\nkind: Web\nmetadata: {name: a}\nspec: {color: red}\n": "",
		strings.Replace(rgd("A", "B", "c"), "kro.run/v1alpha1", "kro/v1", 1):             "error: ResourceGraphDefinition is of group kro.run, not kro; write apiVersion: kro.run/v1alpha1",
	} {
		doc := read(t, "stray", text)[0]
		got := ""
		for _, d := range set.Stray(doc, "default", []string{"mine.org"}) {
			got += strings.TrimSuffix(fmt.Sprintf("%s: %s; %s", d.Severity, d.Message, d.Hint), "; ")
		}
		if got != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
}

// TestCRD takes the generated CRD of an RGD as a file: it is one that a cluster takes, and
// serves the kind with the fields of the RGD.
func TestCRD(t *testing.T) {
	set, _ := define(t, definition.Documents{Objects: read(t, "f", rgd("Web", "Disk", "gigabytes"), crd("Disk", "gigabytes"))})
	obj := definition.CRD(set.Graph(kind("Web")))
	text, err := manifest.YAML(obj)
	if err != nil || obj["status"] != nil || strings.Contains(string(text), "creationTimestamp:") {
		t.Fatalf("%v\n%s", err, text)
	}
	again, diags := define(t, definition.Documents{Objects: read(t, "f", rgd("Shop", "Web", "size"), string(text))})
	if len(diags) > 0 || !again.Serves(kind("Web")) || len(again.Graphs) != 1 {
		t.Errorf("findings %v, graphs %v", lines(diags), kinds(again))
	}
}
