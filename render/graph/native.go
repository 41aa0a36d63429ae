package graph

import (
	"slices"
	"strings"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/krowave/krowave/render/compat"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/schema"
)

// CompileNative compiles an object of kind Graph, which kro 0.10 expands in the cluster:
// its nodes, ids, modifiers, references and types (G3-G38). It returns the same form as Compile,
// or nil and at least one error for what kro would refuse.
func CompileNative(doc *manifest.Document, catalog *schema.Catalog, opts Options) (*Graph, diag.List) {
	opts.Kro, opts.Next = compat.Of(compat.V0_10), compat.Behaviors{}
	rgd := &RGD{Name: object.Name(doc.Object), GVK: object.GVK(doc.Object), Doc: doc}
	c := &compiler{rgd: rgd, catalog: catalog, opts: opts, native: true}
	spec, ok := doc.Object["spec"].(map[string]any)
	if !ok {
		c.errorf(diag.Path{"spec"}, "graph-shape", "a Graph needs spec, a mapping with nodes")
		return nil, c.diags
	}
	n := &native{c}
	n.keys(spec, diag.Path{"spec"}, "nodes", "serviceAccountName")
	if account, ok := spec["serviceAccountName"]; ok {
		text, isText := account.(string)
		if !isText || text != "" && len(validation.IsDNS1123Subdomain(text)) > 0 {
			c.errorf(diag.Path{"spec", "serviceAccountName"}, "graph-shape", "serviceAccountName needs the name of a service account: lower-case letters, digits, - and ., at most 253 characters") // G4
		}
	}
	if c.tooMany(len(listAt(spec, "nodes")), diag.Path{"spec", "nodes"}) {
		return nil, c.diags
	}
	top := n.frame(nil, spec["nodes"], diag.Path{"spec", "nodes"})
	if c.diags.HasErrors() {
		return nil, c.diags
	}
	return &Graph{RGD: rgd, Kro: opts.Kro, Native: &Native{KindOf: c.kindNamed}, Nodes: n.bind(top)}, c.diags
}

type native struct{ *compiler }

// kindNamed returns the kind of an object whose kind was an expression, nil when nothing is
// known of it.
func (c *compiler) kindNamed(gvk k8sschema.GroupVersionKind) *schema.Kind {
	if kind, ok := c.catalog.Lookup(gvk); ok {
		return kind
	}
	if c.opts.Lenient || object.IsGraphKind(gvk) {
		return &schema.Kind{GVK: gvk, Namespaced: true}
	}
	return nil
}

// nativeFrame is a list of nodes whose names one scope holds (G35).
type nativeFrame struct {
	outer  *nativeFrame
	nodes  []*nativeNode
	ids    map[string]*nativeNode
	prefix string // of ids in the whole Graph
}

type nativeNode struct {
	*linkedNode
	typed     *typedNode // nil before types are checked
	what      string     // template, ref, def, patch or graph
	iterators []string
	value     *schema.Schema // nil for any value
	inner     *nativeFrame
	captured  map[string]bool // ids of this frame that an inner frame reads
}

// keys reports unknown fields (G6).
func (g *native) keys(m map[string]any, path diag.Path, known ...string) {
	for _, key := range sortedKeys(m) {
		if slices.Contains(known, key) {
			continue
		}
		at := path.With(key)
		g.keyErrorf(at, "unknown-field", "%s is not a field of a Graph", at)
		last := &g.diags[len(g.diags)-1]
		*last = last.With(diag.Meant(key, known))
	}
}

// frame checks a list of nodes.
func (g *native) frame(outer *nativeFrame, raw any, path diag.Path) *nativeFrame {
	list, _ := raw.([]any)
	if len(list) == 0 {
		g.errorf(path, "graph-shape", "a Graph needs nodes, a list with at least one node")
		return nil
	}
	f := &nativeFrame{outer: outer, ids: map[string]*nativeNode{}}
	for i, item := range list {
		m, ok := item.(map[string]any)
		if !ok {
			g.errorf(path.With(i), "graph-shape", "a node is a mapping with an id and one of %s", strings.Join(nodeKinds, ", "))
			continue
		}
		if n := g.node(f, m, path.With(i)); n != nil {
			n.index = i
			f.nodes = append(f.nodes, n)
			f.ids[n.id] = n
		}
	}
	if len(f.nodes) < len(list) {
		return f // what refers to the others would only be said to be missing
	}
	for _, n := range f.nodes { // inner frames see all of this one
		if n.what == "graph" {
			g.inner(f, n, list[n.index].(map[string]any))
		}
	}
	before := len(g.diags)
	for _, n := range f.nodes {
		g.link(f, n)
	}
	if g.diags[before:].HasErrors() {
		return f
	}
	if g.cycles(f); !g.diags[before:].HasErrors() {
		g.types(f)
	}
	return f
}

func (g *native) inner(f *nativeFrame, n *nativeNode, m map[string]any) {
	spec, ok := m["graph"].(map[string]any)
	if !ok {
		g.errorf(n.at.With("graph"), "graph-shape", "graph needs a mapping with nodes")
		return
	}
	g.keys(spec, n.at.With("graph"), "nodes")
	n.inner = g.frame(f, spec["nodes"], n.at.With("graph", "nodes"))
	for _, child := range allOf(n.inner) {
		for id := range child.captured {
			if f.ids[id] != nil && !slices.Contains(n.dependencies, id) {
				if id == n.id {
					g.errorf(child.at.With("id"), "self-reference", "%s refers to the graph node %s that it is in", child.id, id)
					continue
				}
				n.dependencies = append(n.dependencies, id)
			} else if f.ids[id] == nil {
				n.captured[id] = true // of a frame further out
			}
		}
	}
}

func allOf(f *nativeFrame) []*nativeNode {
	if f == nil {
		return nil
	}
	return f.nodes
}

// secretIn reports whether a path leads to a value of a Secret in a node of a Graph.
func secretIn(doc map[string]any, path diag.Path) bool {
	for i := len(path) - 2; i >= 3; i-- {
		if path[i] != any("template") && path[i] != any("patch") {
			continue
		}
		field, _ := path[i+1].(string)
		inner, _ := path[:i+1].In(doc)
		obj, _ := inner.(map[string]any)
		if object.IsSecretField(field) && (object.IsSecret(obj) || strings.Contains(stringAt(obj, "apiVersion")+stringAt(obj, "kind"), "${") && mayBeSecret(obj)) {
			return true
		}
	}
	return false
}
