// Package randomcase generates conformance cases: ResourceGraphDefinitions with
// an instance, mostly valid, that use SimpleSchema, CEL and kro's node kinds in
// unusual ways. The same seed gives the same case on every machine. Behavior that
// is not deterministic in kro itself, such as the order of a map, is left out.
package randomcase

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"sigs.k8s.io/yaml"
)

// Case is a case folder in memory: rgd.yaml, instance.yaml, and where needed crds/, cluster/ and
// feature-gates.
type Case struct {
	Files map[string]string
	// Broken says what was done to a case that is likely to be refused; empty for the others.
	Broken string
}

// New returns the case of a seed.
func New(seed uint64) Case {
	g := &generator{
		Rand: rand.New(rand.NewPCG(seed, 0x6b726f)), omit: seed%16 == 3, clusterScoped: seed%11 == 5,
		widget: widgets[seed%uint64(len(widgets))],
	}
	c := Case{Files: map[string]string{}}
	g.addDefinition("App", 1+g.IntN(5))
	if g.chance(12) && !g.clusterScoped {
		g.chain()
	}
	instance := g.instance()
	if g.chance(15) {
		c.Broken = g.damage(instance)
	}
	if g.omit {
		c.Files["feature-gates"] = "CELOmitFunction=true\n"
	}
	if g.usesWidget {
		c.Files["crds/widgets.yaml"] = g.widget.crd()
	}
	if g.usesExternal && !g.chance(25) {
		c.Files["cluster/objects.yaml"] = clusterObjects
	}
	c.Files["rgd.yaml"] = documents(g.definitions...)
	c.Files["instance.yaml"] = documents(instance)
	return c
}

type object = map[string]any

// generator holds the case under construction.
type generator struct {
	*rand.Rand
	omit, clusterScoped, usesWidget, usesExternal bool
	widget                                        widget

	definitions []object
	spec        []field // of the definition in work
	scope       []value // what expressions may read
	fresh       int     // numbers comprehension variables and names
}

// chance is true in so many of a hundred calls.
func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

func pick[T any](g *generator, from ...T) T { return from[g.IntN(len(from))] }

func (g *generator) unique(prefix string) string {
	g.fresh++
	return fmt.Sprintf("%s%d", prefix, g.fresh)
}

// addDefinition makes an RGD of so many resources.
func (g *generator) addDefinition(kind string, size int) {
	g.spec = g.fields(3+g.IntN(5), 0)
	schema := object{
		"apiVersion": "v1alpha1", "kind": kind, "group": "random.example.com", "spec": specText(g.spec),
	}
	if types := typesText(g.spec); len(types) > 0 {
		schema["types"] = types
	}
	if g.clusterScoped {
		schema["scope"] = "Cluster"
	}
	g.scope = schemaScope(g.spec, g.clusterScoped)
	var resources []any
	for range size {
		resources = append(resources, g.resource())
	}
	g.Shuffle(len(resources), func(i, j int) { resources[i], resources[j] = resources[j], resources[i] })
	if g.chance(60) {
		schema["status"] = g.status()
	}
	g.definitions = append(g.definitions, object{
		"apiVersion": "kro.run/v1alpha1", "kind": "ResourceGraphDefinition",
		"metadata": object{"name": strings.ToLower(kind)},
		"spec":     object{"schema": schema, "resources": resources},
	})
}

// chain adds an RGD that instantiates the first.
func (g *generator) chain() {
	inner := g.spec
	g.addDefinition("Outer", 1+g.IntN(2))
	id := g.unique("child")
	node := object{"id": id, "template": object{
		"apiVersion": "random.example.com/v1alpha1", "kind": "App",
		"metadata": object{"name": "${schema.metadata.name}-" + id}, "spec": g.structure(inner, 2),
	}}
	if g.chance(25) {
		node["includeWhen"] = []any{"${" + g.boolean(2) + "}"}
	}
	spec := g.definitions[1]["spec"].(object)
	spec["resources"] = append(spec["resources"].([]any), node)
}

func (g *generator) instance() object {
	kind := g.definitions[len(g.definitions)-1]["spec"].(object)["schema"].(object)["kind"]
	metadata := object{"name": pick(g, "demo", "web-1", "x")}
	if !g.clusterScoped && g.chance(70) {
		metadata["namespace"] = pick(g, "default", "team-a")
	}
	if g.chance(30) {
		metadata["labels"] = object{"tier": "gold"}
	}
	out := object{"apiVersion": "random.example.com/v1alpha1", "kind": kind, "metadata": metadata}
	if spec := g.given(g.spec); len(spec) > 0 || g.chance(50) {
		out["spec"] = spec
	}
	return out
}

// status returns leaves that read the schema and the resources.
func (g *generator) status() object {
	defer func(omit bool) { g.omit = omit }(g.omit)
	g.omit = false // is for templates only
	out := object{}
	for range 1 + g.IntN(3) {
		name := g.unique("out")
		switch g.IntN(5) {
		case 0:
			out[name] = "${" + g.integer(2) + "}"
		case 1:
			out[name] = "${" + g.stringList(2) + "}"
		case 2:
			out[name] = object{"nested": "${" + g.boolean(2) + "}"}
		default:
			out[name] = g.text(2)
		}
		if !readsScope(out[name]) {
			out[name] = "${schema.metadata.name}"
		}
	}
	if g.chance(15) {
		out["conditions"] = []any{`${runtime.newCondition({type: "Useful", status: ` + g.boolean(1) + ` ? "True" : "False", message: schema.metadata.name})}`}
	}
	return out
}

// readsScope reports whether a status leaf refers to more than literals, which kro asks of it.
func readsScope(leaf any) bool {
	return strings.Contains(fmt.Sprint(leaf), "schema.")
}

func documents(objects ...object) string {
	var out strings.Builder
	for _, o := range objects {
		raw, err := yaml.Marshal(o)
		if err != nil {
			return err.Error() // a case that nobody can read: both engines must say so
		}
		out.WriteString("---\n")
		out.Write(raw)
	}
	return out.String()
}
