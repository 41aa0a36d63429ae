package instance_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render/cache"
	"github.com/krowave/krowave/render/definition"
	"github.com/krowave/krowave/render/delegation"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/instance"
	"github.com/krowave/krowave/render/internal/source"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/override"
	"github.com/krowave/krowave/render/policy"
)

// A Shop renders a Web, which renders a Disk. A Late waits for what only a cluster knows.
const definitions = `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: shop}
spec:
  schema: {apiVersion: v1, kind: Shop, spec: {size: integer}}
  resources:
  - {id: first, template: {apiVersion: v1, kind: ConfigMap, metadata: {name: "${schema.metadata.name}"}}}
  - {id: web, template: {apiVersion: kro.run/v1, kind: Web, metadata: {name: "${schema.metadata.name}-web"}, spec: {size: "${schema.spec.size}"}}}
---
apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: web}
spec:
  schema: {apiVersion: v1, kind: Web, spec: {size: integer | maximum=10}}
  resources:
  - {id: disk, template: {apiVersion: kro.run/v1, kind: Disk, metadata: {name: "${schema.metadata.name}-disk"}}}
---
apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: disk}
spec:
  schema: {apiVersion: v1, kind: Disk, spec: {size: integer | default=1}}
  resources:
  - {id: last, template: {apiVersion: v1, kind: ConfigMap, metadata: {name: "${schema.metadata.name}"}, data: {size: "${string(schema.spec.size)}"}}}
---
apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: late}
spec:
  schema: {apiVersion: v1, kind: Late, spec: {size: integer}}
  resources:
  - {id: service, template: {apiVersion: v1, kind: Service, metadata: {name: s}, spec: {ports: [{port: 80}]}}}
  - {id: config, template: {apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {ip: "${service.spec.clusterIP}"}}}
`

func read(t *testing.T, name, text string) []*source.Document {
	t.Helper()
	docs, diags, err := source.Reader{Cache: cache.New[any](1 << 20)}.Read(t.Context(), []manifest.File{{Name: name, Data: []byte(text)}})
	if err != nil || len(diags) > 0 {
		t.Fatal(err, diags)
	}
	return docs
}

// expander expands instances of the definitions above.
func expander(t *testing.T, edit func(*instance.Options)) *instance.Expander {
	t.Helper()
	set, diags, err := definition.Define(t.Context(), definition.Documents{Definitions: read(t, "rgds", definitions)}, definition.Options{})
	if err != nil || len(diags) > 0 {
		t.Fatal(err, diags)
	}
	opts := instance.Options{Project: "p", Namespace: "default", MaxChainDepth: 5}
	if edit != nil {
		edit(&opts)
	}
	return &instance.Expander{Set: set, Plan: delegation.New(set, false, manifest.Limits{}), Options: opts}
}

func expand(t *testing.T, e *instance.Expander, text string) (*instance.Instance, diag.List) {
	t.Helper()
	doc := read(t, "web.yaml", text)[0]
	i, diags, err := e.Expand(t.Context(), doc, e.Set.Graph(doc.GVK))
	if err != nil {
		t.Fatal(err)
	}
	return i, diags
}

func instanceOf(kind, spec string) string {
	return "apiVersion: kro.run/v1\nkind: " + kind + "\nmetadata: {name: a}\nspec:\n  " + spec + "\n"
}

// TestExpand shows what becomes of an instance: the objects of it and of those chained
// below it, and what is said, with its place in the file or in the RGD.
func TestExpand(t *testing.T) {
	runtime := func(p policy.Runtime) func(*instance.Options) {
		return func(o *instance.Options) { o.Runtime = p }
	}
	long := strings.Repeat("a", 64)
	depth := func(n int) func(*instance.Options) { return func(o *instance.Options) { o.MaxChainDepth = n } }
	for _, test := range []struct {
		name, text string
		edit       func(*instance.Options)
		want       string // instances with their objects
		says       string
	}{
		{"chained", instanceOf("Shop", "size: 1"), depth(2), "Shop default/a: ConfigMap default/a [Web default/a-web]\n" +
			"Web default/a-web: [Disk default/a-web-disk]\nDisk default/a-web-disk: ConfigMap default/a-web-disk", ""},
		{"chained too deep", instanceOf("Shop", "size: 1"), depth(1), "Shop default/a: ConfigMap default/a [Web default/a-web]\n" +
			"Web default/a-web: !Disk default/a-web-disk open",
			"error: rgds:16:10: instances chain deeper than 1: Shop -> Web -> Disk (--max-chain-depth) [chain-depth]"},
		{"a chained one is refused", instanceOf("Shop", "size: 11"), nil, "Shop default/a: ConfigMap default/a !Web default/a-web open",
			"error: rgds:8:123: the API server would refuse the Web that web renders: spec.size: invalid value 11: should be less than or equal to 10 [object-schema]"},
		{"refused", instanceOf("Shop", `size: "1"`), nil, "none",
			"error: web.yaml:5:9: must be of type integer, not string [object-schema]"},
		{"unknown field", instanceOf("Disk", "sise: 1"), nil, "Disk default/a: ConfigMap default/a",
			"warning: web.yaml:5:3: field spec.sise is not in the schema of Disk and is dropped [unknown-field]"},
		{"taken out", strings.Replace(instanceOf("Disk", "size: 1"), "{name: a}", `{name: a, annotations: {argocd.argoproj.io/hook: Skip}}`, 1), nil, "none",
			"info: web.yaml:3:60: not rendered: Argo CD skips an object with hook: Skip [instance-left-out]"},
		{"waits, which fails", instanceOf("Late", "size: 1"), nil, "Late default/a: Service default/s waits=config open",
			"error: rgds:33:97: config needs service.spec.clusterIP, which exists only in a cluster [runtime-value]"},
		{"waits, and is left out", instanceOf("Late", "size: 1"), runtime(policy.Withhold), "Late default/a: Service default/s waits=config open",
			"info: rgds:33:97: config needs service.spec.clusterIP, which exists only in a cluster [runtime-value]"},
		{"waits, and is left to kro", instanceOf("Late", "size: 1"), runtime(policy.Delegate), "Late default/a: Service default/s kro=[config] open", ""},
		{"a name that kro cannot write into a label", strings.Replace(instanceOf("Disk", "size: 1"), "name: a", "name: "+long, 1), nil,
			"Disk default/" + long + ": ConfigMap default/" + long,
			"warning: web.yaml:3:18: the name has 64 characters, and kro 0.9 writes it into the label kro.run/instance-name, which may have 63: it could not apply any object of the instance [kro-label]"},
		{"namespace is no text", strings.Replace(instanceOf("Disk", "size: 1"), "name: a", "name: a, namespace: n", 1), nil, "none",
			"error: web.yaml:3:32: must be of type string, not boolean [object-metadata]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			i, diags := expand(t, expander(t, test.edit), test.text)
			if diff := cmp.Diff(test.want, strings.Join(described(i), "\n")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			var says []string
			for _, d := range diags {
				says = append(says, fmt.Sprintf("%s: %s: %s [%s]", d.Severity, d.Pos, d.Message, d.Rule))
			}
			if diff := cmp.Diff(test.says, strings.Join(says, "\n")); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// described are an instance and those below it, with their objects in order: one in brackets
// is expanded in turn, and one after ! is not printed.
func described(top *instance.Instance) (out []string) {
	if top == nil {
		return []string{"none"}
	}
	for _, i := range top.All() {
		line := i.Title() + ":"
		for n, o := range i.Objects {
			switch title := object.KeyOf(o.Object).Title(); {
			case i.Inner(n) != nil:
				line += " [" + i.Inner(n).Title() + "]"
			case i.Withheld(n):
				line += " !" + title
			default:
				line += " " + title
			}
		}
		if i.Residual != nil {
			line += fmt.Sprintf(" kro=%v", i.Residual.Nodes)
		}
		for _, p := range i.Pending {
			line += " waits=" + p.Node.ID
		}
		if i.IsOpen() {
			line += " open"
		}
		out = append(out, line)
	}
	return out
}

// TestChain shows what chained instances know of the one in the file, also once their
// objects are gone.
func TestChain(t *testing.T) {
	top, _ := expand(t, expander(t, nil), strings.Replace(instanceOf("Shop", "size: 1"), "name: a", "name: a, namespace: apps", 1))
	all := top.All()
	disk := all[len(all)-1]
	check := func(i *instance.Instance) {
		t.Helper()
		want := instance.Identity{APIVersion: "kro.run/v1", Kind: "Disk", Namespace: "apps", Name: "a-web-disk", Project: "p", Path: "web.yaml"}
		if diff := cmp.Diff(want, i.Identity()); diff != "" {
			t.Errorf("identity (-want +got):\n%s", diff)
		}
		if i.Origin() != "kro.run/Disk/apps/a-web-disk" || i.Node != "disk" || i.Parent.Node != "web" || i.Top().Title() != "Shop apps/a" {
			t.Errorf("%s of node %s of %s, below %s", i.Origin(), i.Node, i.Parent.Title(), i.Top().Title())
		}
	}
	check(disk)
	done := map[*instance.Instance]*instance.Instance{}
	bare := disk.Bare(done)
	check(bare)
	if len(bare.Objects) > 0 || len(bare.Top().Objects) > 0 || len(disk.Objects) != 1 {
		t.Error("a bare instance has objects, or the original has none")
	}
	if bare.Top() != top.Bare(done) || all[1].Bare(done) != bare.Parent {
		t.Error("one instance is two bare ones")
	}
	if !slices.Equal(disk.Parent.All(), all[1:]) {
		t.Error("parents do not come first")
	}
	if top.Made.Objects != 4 {
		t.Errorf("%d objects were made, with those of chained instances", top.Made.Objects)
	}
}

// TestCache takes an instance from the cache only as long as nothing that it depends on
// changed, with what was said about it.
func TestCache(t *testing.T) {
	shared := cache.New[any](1 << 20)
	with := func(digest, set string) *instance.Expander {
		return expander(t, func(o *instance.Options) {
			o.Cache, o.Digest = shared, digest
			if set != "" {
				o.Overrides = []override.Override{{Instance: set, Values: map[string]string{"size": "7"}}}
			}
		})
	}
	text := instanceOf("Disk", "sise: 1")
	first, said := expand(t, with("1", ""), text)
	for name, test := range map[string]struct {
		e     *instance.Expander
		text  string
		again bool
	}{
		"the same":             {with("1", ""), text, true},
		"other options":        {with("2", ""), text, false},
		"another text":         {with("1", ""), text + "# more\n", false},
		"overridden":           {with("1", "Disk/a"), text, false},
		"another's overridden": {with("1", "Disk/b"), text, true},
	} {
		i, says := expand(t, test.e, test.text)
		if (i == first) != test.again {
			t.Errorf("%s: the same instance: %v", name, i == first)
		}
		if len(says) != len(said) || len(said) != 1 {
			t.Errorf("%s: %v, first %v", name, says, said)
		}
	}
}
