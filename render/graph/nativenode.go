package graph

import (
	"regexp"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/object"
)

var (
	nativeID    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*$`)
	nativeWords = setOf("apiVersion", "kind", "metadata", "namespace", "spec", "status", "graph", "graphengine", "kro", "each", "item", "items",
		"object", "self", "this", "context", "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function",
		"if", "import", "let", "loop", "package", "return", "var", "void", "while")
	nodeKinds = []string{"template", "ref", "def", "patch", "graph"}
)

// node reads one node: its id, its kind, its modifiers and its texts (G5-G10, G28).
func (g *native) node(f *nativeFrame, m map[string]any, at diag.Path) *nativeNode {
	before := len(g.diags)
	g.keys(m, at, append([]string{"id", "includeWhen", "readyWhen", "forEach"}, nodeKinds...)...)
	id, _ := m["id"].(string)
	switch {
	case !nativeID.MatchString(id):
		g.errorf(at.With("id"), "id-name", "id %q must begin with a letter and contain only letters and digits", id)
	case nativeWords[id]:
		g.errorf(at.With("id"), "reserved-word", "id %q is a reserved word", id)
	case f.ids[id] != nil:
		g.errorf(at.With("id"), "duplicate-id", "id %q is used twice", id)
	}
	var kinds []string
	for _, k := range nodeKinds {
		if m[k] != nil {
			kinds = append(kinds, k)
		}
	}
	if len(kinds) != 1 {
		g.errorf(at, "resource-fields", "a node must have exactly one of %s; this node has %d", strings.Join(nodeKinds, ", "), len(kinds))
		return nil
	}
	n := &nativeNode{what: kinds[0], captured: map[string]bool{}, linkedNode: &linkedNode{parsedNode: &parsedNode{id: id, at: at, typ: Single}}}
	for _, mod := range []struct {
		name string
		on   []string
	}{{"includeWhen", []string{"template", "ref", "def", "patch"}}, {"readyWhen", []string{"template", "ref", "def"}}, {"forEach", []string{"template", "def", "patch"}}} {
		if m[mod.name] != nil && !slices.Contains(mod.on, n.what) {
			g.keyErrorf(at.With(mod.name), "resource-fields", "a %s node has no %s", n.what, mod.name)
		}
	}
	g.modifiers(n, m)
	body, ok := m[n.what].(map[string]any)
	if !ok {
		g.errorf(at.With(n.what), "graph-shape", "%s needs a mapping", n.what)
	} else if n.what != "graph" {
		g.body(n, body)
	}
	if g.diags[before:].HasErrors() {
		return nil
	}
	return n
}

// modifiers reads forEach and the conditions (G9, G29, G32).
func (g *native) modifiers(n *nativeNode, m map[string]any) {
	texts := func(name string) []source {
		if m[name] == nil {
			return nil
		}
		list, ok := m[name].([]any)
		if !ok || len(stringsAt(m, name)) != len(list) {
			g.errorf(n.at.With(name), "graph-shape", "%s needs a list of expressions", name)
			return nil
		}
		return g.standalone(stringsAt(m, name), n.at.With(name))
	}
	n.texts.includeWhen, n.readyWhen = texts("includeWhen"), texts("readyWhen")
	if m["forEach"] == nil {
		return
	}
	at := n.at.With("forEach")
	dims, ok := m["forEach"].([]any)
	if !ok || len(dims) == 0 {
		g.errorf(at, "graph-shape", "forEach needs a list of iterators: - name: ${...}")
		return
	}
	if n.typ = Collection; len(dims) > kroDimensions {
		g.errorf(at, "foreach-dimensions", "forEach has %d dimensions; at most %d are allowed", len(dims), kroDimensions)
	}
	for d, dim := range dims {
		entry, _ := dim.(map[string]any)
		if len(entry) != 1 {
			g.errorf(at.With(d), "graph-shape", "an entry of forEach is one iterator: name: ${...}")
			continue
		}
		for name, raw := range entry {
			g.iterator(n, name, at.With(d, name))
			text, _ := raw.(string)
			if e, ok := g.standaloneAt(text, at.With(d, name)); ok {
				n.texts.forEach = append(n.texts.forEach, dimension[source]{name: name, expr: e})
			}
		}
	}
}

func (g *native) iterator(n *nativeNode, name string, at diag.Path) {
	switch {
	case !nativeID.MatchString(name):
		g.keyErrorf(at, "iterator-name", "iterator %q must begin with a letter and contain only letters and digits", name)
	case nativeWords[name]:
		g.keyErrorf(at, "reserved-word", "iterator %q is a reserved word", name)
	case name == n.id:
		g.keyErrorf(at, "iterator-name", "iterator %q has the name of its node", name)
	case slices.Contains(n.iterators, name):
		g.keyErrorf(at, "iterator-name", "iterator %q is used twice", name)
	}
	n.iterators = append(n.iterators, name)
}

// body reads what a node is about: an object, a reference, or values (G11-G22).
func (g *native) body(n *nativeNode, body map[string]any) {
	root := n.at.With(n.what)
	n.template = body
	s := &scanner{c: g.compiler, root: root}
	defer func() { n.texts.fields = s.fields }()
	switch {
	case n.what == "patch":
		n.typ = Patch
	case n.what == "def" && n.typ.Repeats():
		n.typ = DefCollection
	case n.what == "def":
		n.typ = Def
	}
	if n.what == "def" {
		s.schemaless(body, nil)
		n.value = typeOfDef(body, &dynType)
		return
	}
	if n.what == "ref" {
		meta := mapAt(body, "metadata")
		_, byName := meta["name"]
		selector, bySelector := meta["selector"]
		if byName == bySelector {
			g.errorf(root.With("metadata"), "resource-fields", "exactly one of name and selector must be given")
			return
		}
		g.keys(body, root, "apiVersion", "kind", "metadata")
		g.keys(meta, root.With("metadata"), "name", "namespace", "selector")
		if n.typ = External; bySelector {
			n.typ = ExternalCollection
			g.checkSelector(selector, root.With("metadata", "selector"))
		}
	}
	if n.what == "patch" {
		g.patch(body, root)
	}
	if strings.Contains(stringAt(body, "apiVersion"), "${") || strings.Contains(stringAt(body, "kind"), "${") {
		n.dynamic = true
		s.schemaless(body, nil) // a dynamic type (G26)
		return
	}
	if object.IsGraphKind(object.GVK(body)) {
		s.schemaless(body, nil) // stamped: an object for another loop of kro (G27)
		return
	}
	if n.kind = g.kindOf(body, root); n.kind == nil {
		return
	}
	ns := mapAt(body, "metadata")["namespace"]
	if text, isText := ns.(string); !n.kind.Namespaced && ns != nil && (!isText || text != "") {
		g.errorf(root.With("metadata", "namespace"), "scope", "%s is cluster-scoped and must not set metadata.namespace", n.kind.GVK.Kind)
	}
	n.value = n.kind.Schema
	if n.what == "ref" {
		s.schemaless(body, nil)
		return
	}
	if n.what == "template" {
		g.checkStatus(n.parsedNode, root)
	}
	s.fields = g.scanTemplate(n.parsedNode, root)
}

// patch checks which endpoint of an object a patch writes to (G21, G22).
func (g *native) patch(body map[string]any, root diag.Path) {
	meta := mapAt(body, "metadata")
	if name, _ := meta["name"].(string); name == "" {
		g.errorf(root.With("metadata", "name"), "graph-patch", "a patch needs metadata.name: it changes an object that exists")
	}
	_, status := body["status"]
	var main []string
	for _, key := range sortedKeys(body) {
		if key != "apiVersion" && key != "kind" && key != "metadata" && key != "status" {
			main = append(main, key)
		}
	}
	for _, key := range sortedKeys(meta) {
		switch key {
		case "name", "namespace":
		case "ownerReferences", "finalizers", "deletionTimestamp", "uid":
			g.keyErrorf(root.With("metadata", key), "graph-patch", "a patch must not set metadata.%s", key)
		default:
			main = append(main, "metadata."+key)
		}
	}
	switch {
	case status && len(main) > 0:
		g.errorf(root, "graph-patch", "a patch writes either to status or to the rest of an object, not to both: status and %s", main[0])
		g.diags[len(g.diags)-1].Hint = "write two patch nodes"
	case !status && len(main) == 0:
		g.errorf(root, "graph-patch", "a patch must set at least one field besides apiVersion, kind, name and namespace")
	}
}
