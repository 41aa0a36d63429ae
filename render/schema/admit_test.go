package schema

import (
	"fmt"
	"math"
	"math/rand"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"
)

func readCRD(t testing.TB, file string) *apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return parseCRD(t, string(raw))
}

func parseCRD(t testing.TB, text string) *apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	crd, err := DecodeCRD(parseObject(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return crd
}

func parseObject(t testing.TB, text string) map[string]any {
	t.Helper()
	raw, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	obj, _ := decodeJSON(raw).(map[string]any)
	return obj
}

func newAdmitter(t testing.TB, crd *apiextensionsv1.CustomResourceDefinition) *Admitter {
	t.Helper()
	a, err := NewAdmitter(crd, crd.Spec.Versions[0].Name)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

const website = "apiVersion: kro.run/v1alpha1\nkind: Website\n"

func TestAdmit(t *testing.T) {
	a := newAdmitter(t, readCRD(t, "website-crd.yaml"))
	for _, tc := range []struct {
		name, obj, stored string
		pruned            []string
	}{
		{
			name:   "defaults and namespace",
			obj:    website + "metadata: {name: a}",
			stored: website + "metadata: {name: a, namespace: team}\nspec: {tier: small, replicas: 1}",
		},
		{
			name:   "own namespace, empty labels are not stored",
			obj:    website + "metadata: {name: a, namespace: b, labels: {}, annotations: {x: z}}\nspec: {ratio: 1.0}",
			stored: website + "metadata: {name: a, namespace: b, annotations: {x: z}}\nspec: {tier: small, replicas: 1, ratio: 1}",
		},
		{
			name:   "null takes the default, or is dropped",
			obj:    website + "metadata: {name: a}\nspec: {replicas: null, enabled: null, free: {a: null}}",
			stored: website + "metadata: {name: a, namespace: team}\nspec: {tier: small, replicas: 1, free: {a: null}}",
		},
		{
			name:   "unknown fields are pruned, status is dropped",
			obj:    website + "metadata: {name: a, nope: 1}\nspec: {nope: 1, ports: [{name: x, prot: 1}]}\nstatus: {a: 1}",
			stored: website + "metadata: {name: a, namespace: team}\nspec: {tier: small, replicas: 1, ports: [{name: x, port: 80}]}",
			pruned: []string{"metadata.nope", "spec.nope", "spec.ports[0].prot"},
		},
		{
			name:   "more metadata",
			obj:    website + "metadata: {name: a, finalizers: [x/y], creationTimestamp: null}",
			stored: website + "metadata: {name: a, namespace: team, finalizers: [x/y]}\nspec: {tier: small, replicas: 1}",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			obj := parseObject(t, tc.obj)
			stored, pruned, problems := a.Admit(obj, "team")
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			if d := cmp.Diff(parseObject(t, tc.stored), stored); d != "" {
				t.Errorf("stored (-want +got):\n%s", d)
			}
			if d := cmp.Diff(tc.pruned, pruned); d != "" {
				t.Errorf("pruned (-want +got):\n%s", d)
			}
			if d := cmp.Diff(parseObject(t, tc.obj), obj); d != "" {
				t.Errorf("the input was changed (-want +got):\n%s", d)
			}
		})
	}
}

func TestAdmitRefuses(t *testing.T) {
	a := newAdmitter(t, readCRD(t, "website-crd.yaml"))
	long := strings.Repeat("x", 100)
	for _, tc := range []struct{ name, obj, want string }{
		{"type", "metadata: {name: a}\nspec: {replicas: two}", `spec.replicas [object-schema] must be of type integer, not string`},
		{"list index", "metadata: {name: a}\nspec: {ports: [{name: x}, {port: 1}]}", "spec.ports[1].name [object-schema] a value is required"},
		{"dotted key", "metadata: {name: a}\nspec: {labels: {a.b/c: 1}}", `spec.labels["a.b/c"] [object-schema] must be of type string, not integer`},
		{"set", "metadata: {name: a}\nspec: {hosts: [a, a]}", `spec.hosts[1] [object-schema] duplicate value "a"`},
		{"map keys", "metadata: {name: a}\nspec: {ports: [{name: x}, {name: x}]}", `spec.ports[1] [object-schema] duplicate value`},
		{"enum", "metadata: {name: a}\nspec: {tier: tiny}", `spec.tier [object-schema] value "tiny" is not supported`},
		{"long value", "metadata: {name: a}\nspec: {tier: " + long + "}", `spec.tier [object-schema] value "` + long[:63] + "… is not"},
		{"too long", "metadata: {name: a}\nspec: {name: abcdefghi}", "spec.name [object-schema] too long: may not be more than 8 characters"},
		{"name", "metadata: {name: A_b}", `metadata.name [object-metadata] invalid value "A_b"`},
		{"no name", "metadata: {}", "metadata.name [object-metadata] a value is required"},
		{"no metadata", "spec: {}", "metadata.name [object-metadata] a value is required"},
		{"generateName", "metadata: {generateName: A_, name: a}", "metadata.generateName [object-metadata]"},
		{"label key", "metadata: {name: a, labels: {'a b': c}}", `metadata.labels [object-metadata] invalid value "a b"`},
		{"annotations too large", "metadata: {name: a, annotations: {a: " + strings.Repeat("x", 1<<18) + "}}", "metadata.annotations [object-metadata] too long"},
		{"metadata type", "metadata: {name: a, labels: [1]}", "metadata.labels [object-metadata] must be of type object, not array"},
		{"namespace is no string", "metadata: {name: a, namespace: no}", "metadata.namespace [object-metadata] must be of type string, not boolean"},
		{"metadata list", "metadata: [1]", "metadata [object-metadata] metadata is not an object"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			stored, _, problems := a.Admit(parseObject(t, website+tc.obj), "team")
			if stored != nil || len(problems) == 0 {
				t.Fatalf("admitted: %v", stored)
			}
			var got strings.Builder
			for _, p := range problems {
				fmt.Fprintf(&got, "%s [%s] %s\n", p.Path, p.Rule, p.Message)
			}
			if !strings.Contains(got.String(), tc.want) {
				t.Errorf("got %s want %s", got.String(), tc.want)
			}
		})
	}
	if _, _, problems := a.Admit(parseObject(t, "apiVersion: v1\nkind: Website\nmetadata: {name: a}"), ""); len(problems) != 1 || problems[0].Rule != RuleKind {
		t.Errorf("wrong apiVersion: %v", problems)
	}
}

func TestAdmitClusterScoped(t *testing.T) {
	crd := readCRD(t, "website-crd.yaml")
	crd.Spec.Scope = apiextensionsv1.ClusterScoped
	a := newAdmitter(t, crd)
	for _, obj := range []string{"metadata: {name: a, namespace: b}", "metadata: {name: a, namespace: b, finalizers: [x/y]}"} {
		stored, _, problems := a.Admit(parseObject(t, website+obj), "team")
		if _, ok := stored["metadata"].(map[string]any)["namespace"]; ok || len(problems) > 0 {
			t.Errorf("%s: %v %v", obj, stored, problems)
		}
	}
	if stored, _, problems := a.Admit(parseObject(t, website+"metadata: {name: a, namespace: no}"), "team"); stored != nil || len(problems) != 1 {
		t.Errorf("a namespace that is no string: %v %v", stored, problems)
	}
}

func TestAdmitRules(t *testing.T) {
	crd := readCRD(t, "website-crd.yaml")
	spec := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
	spec.XValidations = apiextensionsv1.ValidationRules{{Rule: "self.replicas < 5", Message: "too many"}, {Rule: "self == oldSelf"}}
	crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"] = spec
	a := newAdmitter(t, crd)
	if _, ok := a.admitQuickly(parseObject(t, website+"metadata: {name: a}"), "team"); !ok {
		t.Error("an object that keeps the rules takes the long way")
	}
	_, _, problems := a.Admit(parseObject(t, website+"metadata: {name: a}\nspec: {replicas: 7}"), "team")
	if len(problems) != 1 || problems[0].Rule != RuleValidation || !strings.Contains(problems[0].Message, "too many") {
		t.Errorf("got %v", problems)
	}
}

// TestQuickIsSafe holds the short way of Admit to the long one.
func TestQuickIsSafe(t *testing.T) {
	crd := readCRD(t, "website-crd.yaml")
	a := newAdmitter(t, crd)
	if a.quick == nil {
		t.Fatal("the schema has no short way")
	}
	r := rand.New(rand.NewSource(1))
	quick, refused := 0, 0
	for range 2500 {
		obj := randomObject(r)
		before := fmt.Sprintf("%#v", obj)
		got, ok := a.admitQuickly(obj, "team")
		if after := fmt.Sprintf("%#v", obj); after != before {
			t.Fatalf("input changed from %s to %s", before, after)
		}
		want, pruned, problems := a.admitSlowly(obj, "team")
		if len(problems) > 0 {
			refused++
		}
		if !ok {
			continue
		}
		quick++
		if len(problems) > 0 || len(pruned) > 0 {
			t.Fatalf("the long way says %v %v of %s", problems, pruned, before)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("stored (-long +short):\n%s", d)
		}
	}
	if quick < 200 || refused < 200 {
		t.Errorf("%d took the short way, %d were refused: the objects are not varied enough", quick, refused)
	}
}

// randomObject makes an instance that is mostly right.
func randomObject(r *rand.Rand) map[string]any {
	meta := map[string]any{"name": pick(r, "a", "web", "a.b", "a", "A", "", strings.Repeat("a", 254))}
	spec := map[string]any{}
	maybe := func(m map[string]any, key string, values ...any) {
		switch n := r.Intn(60); {
		case n < 10:
			m[key] = values[r.Intn(len(values))]
		case n == 11:
			m[key] = odd(r)
		}
	}
	maybe(meta, "namespace", "a", "team", "", "A")
	maybe(meta, "labels", map[string]any{}, map[string]any{"a": "b"}, map[string]any{"x.io/a": ""}, map[string]any{"a": "é"}, map[string]any{"a/": "b"})
	maybe(meta, "annotations", map[string]any{}, map[string]any{"A/b": "é"}, map[string]any{"a b": "c"})
	maybe(meta, "uid", "x")
	maybe(spec, "name", "ab", "éééééééé", "a", "ééééééééé", "a1")
	maybe(spec, "tier", "small", "large", "none")
	maybe(spec, "size", int64(1), 2, 3.0, int64(4))
	maybe(spec, "replicas", int64(0), 10, 10.0, int64(11), -1, 1.5)
	maybe(spec, "ratio", 0.5, 1, 4.0, 4.1, 0.4, int64(4), math.Copysign(0, -1), int64(0), 1<<60, 1e22)
	maybe(spec, "enabled", true, false)
	maybe(spec, "free", map[string]any{"a": []any{nil, 1.0, map[string]any{"b": nil}}}, map[string]any{"a": "\xff"}, map[string]any(nil))
	maybe(spec, "labels", map[string]any{"a": "b"}, map[string]any{"\xff": "b"}, map[string]any{"a": 1}, map[string]any{})
	maybe(spec, "hosts", []any{"a", "b"}, []any{"a", "a"}, []any{"a", "b", "c", "d", "e"}, []any{}, []any(nil), []any{nil})
	maybe(spec, "ports", []any{map[string]any{"name": "a"}, map[string]any{"name": "b", "port": 1}}, []any{map[string]any{}},
		[]any{map[string]any{"name": "a"}, map[string]any{"name": "a"}}, []any{map[string]any{"name": "a", "items": []any{}}},
		[]any{map[string]any{"name": "a", "items": []any{1, 2.0}}}, []any{map[string]any{"name": "a", "x": 1}})
	maybe(spec, "storage", map[string]any{"class": "a", "size": "b"}, map[string]any{"class": "a"}, map[string]any{"size": "a", "type": "b"})
	maybe(spec, "either", map[string]any{"a": "x"}, map[string]any{"b": "x"}, map[string]any{"a": "x", "b": "x"}, map[string]any{})
	maybe(spec, "nope", 1)
	obj := map[string]any{"apiVersion": "kro.run/v1alpha1", "kind": "Website", "metadata": meta}
	if r.Intn(4) > 0 {
		obj["spec"] = spec
	}
	maybe(obj, "status", map[string]any{"a": "b"})
	if r.Intn(40) == 0 {
		delete(obj, []string{"apiVersion", "kind", "metadata"}[r.Intn(3)])
	}
	return obj
}

func pick(r *rand.Rand, values ...any) any { return values[r.Intn(len(values))] }

func odd(r *rand.Rand) any {
	return pick(r, nil, "", "x", int64(1), 1.5, true, []any{}, map[string]any{}, []any{"a"}, math.MaxInt64, uint8(1), float32(1), "\xff")
}

func TestSimpleNames(t *testing.T) {
	for _, s := range []string{"", "a", "a-b", "-a", "a-", "a.b", "a_b", "A", "_", "é", "a/b", strings.Repeat("a", 63), strings.Repeat("a", 64)} {
		if simple(s, false) && len(validation.IsDNS1123Label(s))+len(validation.IsDNS1123Subdomain(s)) > 0 {
			t.Errorf("%q is no DNS label", s)
		}
		if simple(s, true) && len(validation.IsQualifiedName(s))+len(validation.IsValidLabelValue(s)) > 0 {
			t.Errorf("%q is no label", s)
		}
	}
	if !simple("a-b", false) || !simple("A_b.c", true) {
		t.Error("nothing is simple")
	}
}

func BenchmarkAdmit(b *testing.B) {
	a := newAdmitter(b, readCRD(b, "website-crd.yaml"))
	obj := parseObject(b, website+`
metadata: {name: web, namespace: team, labels: {app: web, tier: front}}
spec: {name: shop, tier: large, replicas: 3, enabled: true, hosts: [a, b], labels: {x: z}, ports: [{name: http, port: 8080}, {name: https}]}`)
	if _, ok := a.admitQuickly(obj, "team"); !ok {
		b.Fatal("takes the long way")
	}
	ways := map[string]func(){"short": func() { a.admitQuickly(obj, "team") }, "long": func() { a.admitSlowly(obj, "team") }}
	for _, name := range []string{"short", "long"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ways[name]()
			}
		})
	}
}

func TestCheckCRD(t *testing.T) {
	setSpec := func(change func(p map[string]apiextensionsv1.JSONSchemaProps)) func(*apiextensionsv1.CustomResourceDefinition) {
		return func(crd *apiextensionsv1.CustomResourceDefinition) {
			change(crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"].Properties)
		}
	}
	raw := func(s string) *apiextensionsv1.JSON { return &apiextensionsv1.JSON{Raw: []byte(s)} }
	const at = "spec.versions[0].schema.openAPIV3Schema.properties.spec.properties."
	for _, tc := range []struct {
		name   string
		change func(*apiextensionsv1.CustomResourceDefinition)
		path   string
	}{
		{"valid", func(*apiextensionsv1.CustomResourceDefinition) {}, ""},
		{"default is no JSON", setSpec(func(p map[string]apiextensionsv1.JSONSchemaProps) {
			p["x"] = apiextensionsv1.JSONSchemaProps{Type: "integer", Default: raw("007")}
		}), at + "x.default"},
		{"default of another type", setSpec(func(p map[string]apiextensionsv1.JSONSchemaProps) {
			p["x"] = apiextensionsv1.JSONSchemaProps{Type: "boolean", Default: raw("1")}
		}), at + "x.default"},
		{"list of maps without keys", setSpec(func(p map[string]apiextensionsv1.JSONSchemaProps) {
			ports := p["ports"]
			ports.XListMapKeys = nil
			p["ports"] = ports
		}), at + "ports.x-kubernetes-list-map-keys"},
		{"rule does not compile", setSpec(func(p map[string]apiextensionsv1.JSONSchemaProps) {
			p["x"] = apiextensionsv1.JSONSchemaProps{Type: "integer", XValidations: apiextensionsv1.ValidationRules{{Rule: "self.nope"}}}
		}), at + "x.x-kubernetes-validations[0].rule"},
		{"name", func(crd *apiextensionsv1.CustomResourceDefinition) { crd.Name = "x" }, "metadata.name"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			crd := readCRD(t, "website-crd.yaml")
			tc.change(crd)
			before := crd.DeepCopy()
			var got []string
			for _, p := range CheckCRD(crd) {
				got = append(got, p.Path.String())
			}
			if tc.path == "" && len(got) > 0 || tc.path != "" && !strings.Contains(strings.Join(got, " ")+" ", tc.path+" ") {
				t.Errorf("got %v, want %s: %v", got, tc.path, CheckCRD(crd))
			}
			if d := cmp.Diff(before, crd); d != "" {
				t.Errorf("the CRD was changed: %s", d)
			}
		})
	}
}

func BenchmarkCheckCRD(b *testing.B) {
	crd := readCRD(b, "website-crd.yaml")
	b.ReportAllocs()
	for b.Loop() {
		CheckCRD(crd)
	}
}

func TestAdmitRGD(t *testing.T) {
	const head = "apiVersion: kro.run/v1alpha1\nkind: ResourceGraphDefinition\nmetadata: {name: a}\n"
	const good = "spec: {schema: {apiVersion: v1alpha1, kind: Web, spec: {a: string}}, resources: [%s]}"
	for _, tc := range []struct{ name, text, path string }{
		{"template", head + fmt.Sprintf(good, "{id: a, template: {}}"), ""},
		{"externalRef", head + fmt.Sprintf(good, "{id: a, externalRef: {apiVersion: v1, kind: Pod, metadata: {selector: {}}}}"), ""},
		{"neither", head + fmt.Sprintf(good, "{id: a}"), "spec.resources[0]"},
		{"both", head + fmt.Sprintf(good, "{id: a, template: {}, externalRef: {apiVersion: v1, kind: Pod, metadata: {name: x}}}"), "spec.resources[0]"},
		{"null does not count", head + fmt.Sprintf(good, "{id: a, template: {}, externalRef: null}"), ""},
		{"bare true", head + fmt.Sprintf(good, "{id: a, template: {}, includeWhen: [true]}"), "spec.resources[0].includeWhen[0]"},
		{"two dimensions in one entry", head + fmt.Sprintf(good, "{id: a, template: {}, forEach: [{a: x, b: y}]}"), "spec.resources[0].forEach[0]"},
		{"no schema", head + "spec: {}", "spec.schema"},
		{"kind", head + "spec: {schema: {apiVersion: v1, kind: web}}", "spec.schema.kind"},
		{"version", head + "spec: {schema: {apiVersion: kro.run/v1, kind: Web}}", "spec.schema.apiVersion"},
		{"scope", head + "spec: {schema: {apiVersion: v1, kind: Web, scope: World}}", "spec.schema.scope"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			stored, _, problems := AdmitRGD(parseObject(t, tc.text))
			got := ""
			if len(problems) > 0 {
				got = problems[0].Path.String()
			}
			if got != tc.path {
				t.Errorf("got %v, want %s", problems, tc.path)
			}
			if tc.path == "" {
				s := stored["spec"].(map[string]any)["schema"].(map[string]any)
				if s["group"] != "kro.run" || s["scope"] != "Namespaced" {
					t.Errorf("no defaults: %v", s)
				}
			}
		})
	}
	_, pruned, _ := AdmitRGD(parseObject(t, head+fmt.Sprintf(good, "{id: a, template: {}, readywhen: []}")))
	if d := cmp.Diff([]string{"spec.resources[0].readywhen"}, pruned); d != "" {
		t.Errorf("pruned (-want +got):\n%s", d)
	}
	if a, err := rgdAdmitter(); err != nil || a.quick == nil {
		t.Errorf("RGDs have no short way: %v", err)
	}
}

func TestOwnCRDsAreValid(t *testing.T) {
	for _, crd := range ownCRDs() {
		if problems := CheckCRD(crd); len(problems) > 0 {
			t.Errorf("%s: %v", crd.Name, problems)
		}
	}
}
