package graph

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"

	"github.com/krowave/krowave/render/compat"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/schema"
)

// CheckNative checks an object of kind Graph, which kro 0.10 expands in the cluster:
// its nodes, ids, modifiers, references and types (G3-G38). It returns findings, and errors
// for what kro would refuse.
func CheckNative(doc *manifest.Document, catalog *schema.Catalog, opts Options) diag.List {
	opts.Kro, opts.Next = compat.Of(compat.V0_10), compat.Behaviors{}
	c := &compiler{rgd: &RGD{Name: object.Name(doc.Object), Doc: doc}, catalog: catalog, opts: opts, native: true}
	spec, ok := doc.Object["spec"].(map[string]any)
	if !ok {
		c.errorf(diag.Path{"spec"}, "graph-shape", "a Graph needs spec, a mapping with nodes")
		return c.diags
	}
	n := &native{c}
	n.keys(spec, diag.Path{"spec"}, "nodes", "serviceAccountName")
	n.frame(nil, spec["nodes"], diag.Path{"spec", "nodes"})
	return c.diags
}

type native struct{ *compiler }

// nativeFrame is a list of nodes whose names one scope holds (G35).
type nativeFrame struct {
	outer *nativeFrame
	nodes []*nativeNode
	ids   map[string]*nativeNode
}

type nativeNode struct {
	*linkedNode
	at        diag.Path
	what      string // template, ref, def, patch or graph
	iterators []string
	value     *schema.Schema // nil for any value
	inner     *nativeFrame
	captured  map[string]bool // ids of this frame that an inner frame reads
}

var (
	nativeID    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*$`)
	nativeWords = setOf("apiVersion", "kind", "metadata", "namespace", "spec", "status", "graph", "graphengine", "kro", "each", "item", "items",
		"object", "self", "this", "context", "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function",
		"if", "import", "let", "loop", "package", "return", "var", "void", "while")
	nodeKinds = []string{"template", "ref", "def", "patch", "graph"}
)

// keys reports fields that there are not (G6).
func (g *native) keys(m map[string]any, path diag.Path, known ...string) {
	for _, key := range sortedKeys(m) {
		if slices.Contains(known, key) {
			continue
		}
		at := path.With(key)
		g.keyErrorf(at, "unknown-field", "%s is not a field of a Graph", at)
		g.diags[len(g.diags)-1].Hint = suggest(key, known)
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

// node reads one node: its id, its kind, its modifiers and its texts (G5-G10, G28).
func (g *native) node(f *nativeFrame, m map[string]any, at diag.Path) *nativeNode {
	before := len(g.diags)
	g.keys(m, at, append([]string{"id", "includeWhen", "readyWhen", "forEach"}, nodeKinds...)...)
	id, _ := m["id"].(string)
	switch {
	case !nativeID.MatchString(id):
		g.errorf(at.With("id"), "id-name", "id %q is not a name: it begins with a letter, and has letters and digits only", id)
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
		g.errorf(at, "resource-fields", "a node has exactly one of %s; this one has %d", strings.Join(nodeKinds, ", "), len(kinds))
		return nil
	}
	n := &nativeNode{at: at, what: kinds[0], captured: map[string]bool{}, linkedNode: &linkedNode{parsedNode: &parsedNode{id: id, typ: Single}}}
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
		g.keyErrorf(at, "iterator-name", "iterator %q is not a name: it begins with a letter, and has letters and digits only", name)
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
	if n.what == "def" {
		s.schemaless(body, nil)
		n.value = typeOfDef(body)
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
		g.errorf(root, "graph-patch", "a patch has to set a field beside the identity of the object")
	}
}

// typeOfDef is the type of a literal (G20); nil where any value is possible.
func typeOfDef(v any) *schema.Schema {
	dyn := &schema.Schema{IntOrString: true} // which CEL has no other type for than dyn
	switch v := v.(type) {
	case bool:
		return &schema.Schema{Type: "boolean"}
	case int64:
		return &schema.Schema{Type: "integer"}
	case float64:
		return &schema.Schema{Type: "number"}
	case string:
		if !strings.Contains(v, "${") {
			return &schema.Schema{Type: "string"}
		}
	case map[string]any:
		out := &schema.Schema{Type: "object", Properties: map[string]*schema.Schema{}}
		for k, item := range v {
			out.Properties[k] = typeOfDef(item)
		}
		return out
	case []any:
		out := &schema.Schema{Type: "array", Items: dyn}
		for i, item := range v {
			t := typeOfDef(item)
			if i == 0 {
				out.Items = t
			} else if t.Type != out.Items.Type {
				out.Items = dyn
				break
			} else if t.Type == "object" || t.Type == "array" {
				out.Items = &schema.Schema{Type: t.Type, Items: dyn, PreserveUnknown: true}
			}
		}
		return out
	}
	return dyn
}

// link finds what the expressions of a node refer to (G29, G30, G35-G37).
func (g *native) link(f *nativeFrame, n *nativeNode) {
	in := g.linker(f.visible(n.iterators))
	inIdentity := map[string]bool{}
	one := func(s source, iterators []string, place string) (linkedExpr, []expr.Mention) {
		return g.expression(in, f, n, s, iterators, place)
	}
	for _, t := range n.texts.fields {
		e, used := one(t.expr, n.iterators, "")
		e.iterates = len(used) > 0
		if path := t.path.String(); path == "metadata.name" || path == "metadata.namespace" && n.kind != nil && n.kind.Namespaced {
			for _, m := range used {
				inIdentity[m.Name] = true
			}
			if e.usesOmit {
				g.errorf(t.expr.Path, "omit-identity", "omit() cannot leave out %s: the object needs it", path)
			}
		}
		n.links.fields = append(n.links.fields, field[linkedExpr]{path: t.path, steps: t.steps, expr: e})
	}
	dims := g.linker(f.visible(nil))
	for _, d := range n.texts.forEach {
		e, used := g.expression(dims, f, n, d.expr, n.iterators, "forEach")
		if len(used) > 0 {
			g.exprErrorf(d.expr, used[0].Offset, "foreach-iterator", "forEach cannot read the iterator %s: dimensions are independent of each other", used[0].Name)
		}
		if n.what != "def" && !inIdentity[d.name] {
			g.keyErrorf(d.expr.Path, "foreach-identity", "iterator %s must be used in metadata.name or, of a namespaced kind, in metadata.namespace, so that every item has its own name", d.name)
		}
		n.links.forEach = append(n.links.forEach, dimension[linkedExpr]{name: d.name, expr: e})
	}
	for _, s := range n.texts.includeWhen {
		e, _ := g.expression(dims, f, n, s, nil, "includeWhen")
		n.links.includeWhen = append(n.links.includeWhen, e)
	}
	slices.Sort(n.dependencies)
}

// visible are the names that a node of the frame sees, but for its iterators.
func (f *nativeFrame) visible(iterators []string) []string {
	var out []string
	for ; f != nil; f = f.outer {
		for id := range f.ids {
			if !slices.Contains(iterators, id) && !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	slices.Sort(out)
	return out
}

// owner is the frame in which a name is found, nearest first (G35).
func (f *nativeFrame) owner(name string) *nativeFrame {
	for ; f != nil; f = f.outer {
		if f.ids[name] != nil {
			return f
		}
	}
	return nil
}

// expression links one expression. place is empty for a part of the node's body.
func (g *native) expression(l *linker, f *nativeFrame, n *nativeNode, s source, iterators []string, place string) (e linkedExpr, used []expr.Mention) {
	e, in := l.inspect(s)
	if in == nil {
		return e, nil
	}
	if in.UsesOmit && place != "" {
		g.exprErrorf(s, in.OmitOffset, "omit-place", "omit() can be used only in templates")
	} else if in.UsesOmit && !g.opts.CELOmitFunction {
		g.exprErrorf(s, in.OmitOffset, "omit-gate", "omit() needs kro's feature gate CELOmitFunction (--feature-gates=CELOmitFunction=true)")
	}
	var first *nativeFrame
	firstName := ""
	for _, m := range in.Mentions {
		owner := f.owner(m.Name)
		switch target := owner.ids[m.Name]; {
		case owner == f && m.Name == n.id:
			g.exprErrorf(s, m.Offset, "self-reference", "%s refers to itself", n.id)
		case target.what == "patch":
			g.exprErrorf(s, m.Offset, "graph-patch", "%s is a patch, which has no value to refer to", m.Name)
		case first != nil && owner != first:
			g.exprErrorf(s, m.Offset, "graph-frame", "one expression cannot use %s and %s, which are nodes of different graphs", firstName, m.Name)
			g.diags[len(g.diags)-1].Hint = "copy one of them with a def node"
		case owner == f:
			if !slices.Contains(n.dependencies, m.Name) {
				n.dependencies = append(n.dependencies, m.Name)
			}
		default:
			n.captured[m.Name] = true
		}
		if first == nil {
			first, firstName = owner, m.Name
		}
	}
	for _, m := range in.Unknown {
		if !slices.Contains(iterators, m.Name) {
			l.unknownName(s, m)
		} else if !slices.ContainsFunc(used, func(u expr.Mention) bool { return u.Name == m.Name }) {
			used = append(used, m)
		}
	}
	return e, used
}

// cycles reports each cycle of a frame once.
func (g *native) cycles(f *nativeFrame) {
	const (
		open = 1
		done = 2
	)
	state := map[string]int{}
	var path []string
	var visit func(id string)
	visit = func(id string) {
		state[id], path = open, append(path, id)
		for _, dep := range f.ids[id].dependencies {
			switch state[dep] {
			case open:
				cycle := append(slices.Clone(path[slices.Index(path, dep):]), dep)
				g.errorf(f.ids[dep].at.With("id"), "cycle", "nodes depend on each other: %s", strings.Join(cycle, " -> "))
			case 0:
				visit(dep)
			}
		}
		path, state[id] = path[:len(path)-1], done
	}
	for _, id := range slices.Sorted(maps.Keys(f.ids)) { // as kro looks at them (G43)
		if state[id] == 0 {
			visit(id)
		}
	}
}

// types checks the expressions of a frame against the schemas of its nodes (G12, G20, G38).
func (g *native) types(f *nativeFrame) {
	roots := map[string]*schema.Schema{}
	var dynamic []cel.EnvOption
	for _, name := range f.visible(nil) {
		n := f.ids[name]
		switch {
		case n == nil || n.value == nil:
			dynamic = append(dynamic, cel.Variable(name, cel.DynType))
		case n.typ.IsCollection():
			roots[name] = schema.List(n.value)
		default:
			roots[name] = n.value
		}
	}
	for _, n := range f.nodes {
		if n.kind != nil && roots[n.id] == nil {
			roots[n.id] = n.kind.Schema
		}
	}
	ch := g.checker(roots)
	if ch == nil {
		return
	}
	env, err := ch.env.Extend(dynamic...)
	if err != nil {
		g.errorf(diag.Path{"spec", "nodes"}, "internal", "%v", err)
		return
	}
	ch.env = env
	for _, n := range f.nodes {
		if _, env := ch.forEach(n.linkedNode); env != nil {
			if n.kind != nil && n.what != "ref" {
				ch.fields(n.linkedNode, env)
			} else {
				for _, x := range n.links.fields {
					ch.value(env, x.expr)
				}
			}
		}
		for _, e := range n.links.includeWhen {
			ch.condition(e, "includeWhen")
		}
		g.ready(ch, n)
	}
}

// ready checks conditions that see the node itself, or each of its items (G30).
func (g *native) ready(ch *checker, n *nativeNode) {
	if len(n.readyWhen) == 0 {
		return
	}
	sees, in := n.id, ch
	if n.typ.Repeats() {
		if sees = EachVar; n.value != nil {
			in = g.checker(map[string]*schema.Schema{EachVar: n.value})
		} else if env, err := ch.env.Extend(cel.Variable(EachVar, cel.DynType)); err == nil {
			in = &checker{compiler: ch.compiler, types: ch.types, env: env}
		}
	}
	l := g.linker([]string{sees})
	for _, s := range n.readyWhen {
		if e, ok := l.restricted(s, "readyWhen"); ok && in != nil {
			in.condition(e, "readyWhen")
		}
	}
}

// secretIn reports whether a path leads to a value of a Secret in a node of a Graph.
func secretIn(doc map[string]any, path diag.Path) bool {
	for i := len(path) - 2; i >= 3; i-- {
		if path[i] != any("template") && path[i] != any("patch") {
			continue
		}
		field, _ := path[i+1].(string)
		obj, _ := at(doc, path[:i+1]).(map[string]any)
		if object.IsSecretField(field) && object.IsSecret(obj) {
			return true
		}
	}
	return false
}
