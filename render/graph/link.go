package graph

import (
	"container/heap"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
)

// link finds what each expression refers to, and with that the dependencies of
// nodes and their order (S6). Every mention is an edge, taken or not (S12.96).
func (c *compiler) link(p *parsed) *linked {
	l := c.linker(append(p.ids(), SchemaVar, EachVar, RuntimeVar))
	out := &linked{parsed: p, read: map[string]bool{}}
	for _, n := range p.nodes {
		node := l.node(n)
		for _, dep := range node.dependencies {
			out.read[dep] = true
		}
		out.nodes = append(out.nodes, node)
	}
	if c.diags.HasErrors() {
		return nil
	}
	c.findCycles(out.nodes)
	if c.diags.HasErrors() {
		return nil
	}
	out.nodes = topological(out.nodes)
	return out
}

// linker links expressions in which the names of known may stand.
type linker struct {
	*compiler
	known     []string
	inspector *expr.Inspector
}

func (c *compiler) linker(known []string) *linker {
	return &linker{compiler: c, known: known, inspector: expr.NewInspector(known)}
}

func (l *linker) node(p *parsedNode) *linkedNode {
	n := &linkedNode{parsedNode: p}
	var iterators []string
	for _, d := range p.texts.forEach {
		iterators = append(iterators, d.name)
	}
	before := len(l.diags)
	inIdentity := l.fields(n, iterators)
	misspelt := slices.ContainsFunc(l.diags[before:], func(d diag.Diagnostic) bool { return d.Rule == "cel-reference" })
	for _, d := range p.texts.forEach {
		e, used := l.expression(n, d.expr, iterators)
		if len(used) > 0 {
			l.exprErrorf(d.expr, used[0].Offset, "foreach-iterator", "forEach cannot read the iterator %s: dimensions are independent of each other", used[0].Name)
		}
		if !inIdentity[d.name] && !misspelt {
			l.keyErrorf(d.expr.Path, "foreach-identity", "iterator %s must be used in metadata.name%s, so that every item has its own name",
				d.name, orNamespace(n))
		}
		n.links.forEach = append(n.links.forEach, dimension[linkedExpr]{name: d.name, expr: e})
		n.forEach = union(n.forEach, e.references)
	}
	for _, text := range p.texts.includeWhen {
		e, _ := l.expression(n, text, nil)
		n.links.includeWhen = append(n.links.includeWhen, e)
		n.include = union(n.include, e.references)
	}
	slices.Sort(n.dependencies)
	l.checkIdentityOmit(n)
	return n
}

// fields links the expressions of a template. It returns the iterators that are
// used in the object's name.
func (l *linker) fields(n *linkedNode, iterators []string) map[string]bool {
	inIdentity := map[string]bool{}
	for _, f := range n.texts.fields {
		e, used := l.expression(n, f.expr, iterators)
		e.iterates = len(used) > 0
		if e.iterates {
			n.iteration = union(n.iteration, e.references)
		} else {
			n.base = union(n.base, e.references)
		}
		if path := f.path.String(); path == "metadata.name" || path == "metadata.namespace" && n.kind.Namespaced {
			for _, m := range used {
				inIdentity[m.Name] = true
			}
		}
		n.links.fields = append(n.links.fields, field[linkedExpr]{path: f.path, steps: f.steps, expr: e})
	}
	return inIdentity
}

func orNamespace(n *linkedNode) string {
	if n.kind.Namespaced {
		return " or metadata.namespace"
	}
	return ""
}

// union adds names to a sorted list.
func union(list, names []string) []string {
	for _, name := range names {
		if at, found := slices.BinarySearch(list, name); !found {
			list = slices.Insert(list, at, name)
		}
	}
	return list
}

// expression links an expression that decides what a node renders. It adds the
// node's dependencies, and returns the iterators that the expression reads.
func (l *linker) expression(n *linkedNode, s source, iterators []string) (e linkedExpr, used []expr.Mention) {
	e, in := l.inspect(s)
	if in == nil {
		return e, nil
	}
	if in.UsesOmit && !l.opts.CELOmitFunction {
		l.exprErrorf(s, in.OmitOffset, "omit-gate", "omit() needs kro's feature gate CELOmitFunction (--feature-gates=CELOmitFunction=true)")
	}
	for _, m := range in.Mentions {
		switch m.Name {
		case SchemaVar:
		case RuntimeVar:
			l.exprErrorf(s, m.Offset, "cel-reference", "runtime is available only in status.conditions")
		case EachVar:
			l.exprErrorf(s, m.Offset, "cel-reference", "each is available only in readyWhen of a collection")
		case n.id:
			l.exprErrorf(s, m.Offset, "self-reference", "%s refers to itself", n.id)
		default:
			if !slices.Contains(n.dependencies, m.Name) {
				n.dependencies = append(n.dependencies, m.Name)
			}
		}
	}
	for _, m := range in.Unknown {
		if !slices.Contains(iterators, m.Name) {
			l.unknownName(s, m)
		} else if !slices.ContainsFunc(used, func(u expr.Mention) bool { return u.Name == m.Name }) {
			used = append(used, m)
		}
	}
	for _, m := range used {
		e.references = append(e.references, m.Name)
	}
	return e, used
}

// restricted links an expression that may refer to the linker's names only, and
// may not use omit().
func (l *linker) restricted(s source, place string) (linkedExpr, bool) {
	before := len(l.diags)
	e, in := l.inspect(s)
	if in == nil {
		return e, false
	}
	said := map[string]bool{}
	for _, m := range in.Unknown {
		if said[m.Name] {
			continue
		}
		said[m.Name] = true
		l.exprErrorf(s, m.Offset, "cel-reference", "%s may refer only to %s, not to '%s'", place, list(l.known), m.Name)
		if last := &l.diags[len(l.diags)-1]; m.Name == "self" && len(l.known) == 1 {
			last.Hint = "write " + l.known[0]
			for _, other := range in.Unknown { // all of them, or the finding stays
				if other.Name == m.Name {
					at := l.rgd.Doc.Within(s.Path, s.Offset(other.Offset))
					last.Fix = last.Fix.And(diag.ReplaceAt(at, m.Name, l.known[0]))
				}
			}
		} else {
			*last = last.With(diag.Meant(m.Name, l.candidates()))
		}
	}
	if in.UsesOmit {
		l.exprErrorf(s, in.OmitOffset, "omit-place", "omit() can be used only in templates")
	}
	return e, len(l.diags) == before
}

func list(names []string) string {
	if len(names) > 3 {
		return "resources and schema"
	}
	return strings.Join(names, ", ")
}

// inspect parses an expression and reports what is wrong with it in any place:
// its syntax and its functions. The inspection is nil when it cannot be read.
func (l *linker) inspect(s source) (linkedExpr, *expr.Inspection) {
	e := linkedExpr{source: s}
	parsed, errs := expr.ParseAST(s.Source)
	if errs != nil {
		l.syntaxErrors(s, errs)
		return e, nil
	}
	in, errs := l.inspector.InspectAST(parsed)
	if errs != nil {
		l.celErrors(s, errs)
		return e, nil
	}
	for _, m := range in.UnknownFunctions {
		like := expr.SimilarFunction(m.Name)
		l.exprError(s, &expr.Error{Offset: m.Offset, Message: "there is no function " + m.Name, Hint: like.Hint, Fix: like.Fix}, "cel-function")
	}
	e.ast, e.usesOmit, e.references = parsed, in.UsesOmit, slices.Clone(in.References)
	e.reads = expr.Reads(parsed, in.References)
	return e, in
}

func (l *linker) unknownName(e source, m expr.Mention) {
	part := e.PartAt(m.Offset)
	if expr.IsVariable(part.Source) {
		l.variable(e, part, "cel-reference")
		return
	}
	d := diag.Diagnostic{
		Severity: diag.Error, Rule: "cel-reference", Pos: l.rgd.Doc.Within(e.Path, e.Offset(m.Offset)),
		Message: "undeclared reference to '" + m.Name + "'", Path: e.Path.String(), Object: l.rgd.Doc.Title(), Sensitive: e.Sensitive,
	}.With(diag.Meant(m.Name, l.candidates()))
	if m.Name == "spec" || m.Name == "metadata" {
		d = d.With(diag.Remedy{Hint: "did you mean schema." + m.Name + "?", Fix: diag.Replace(m.Name, "schema."+m.Name)})
	}
	if d.Hint == "" && !e.Standalone && !e.Sensitive {
		d.Hint = "if this is not an expression, write " + shortLiteral(part.Source)
	}
	if celTypes[m.Name] {
		d.Fix, d.Hint = nil, "kro treats CEL's type names as resource ids; compare values instead of types"
	}
	l.diags.Add(d)
}

// candidates are the names that an author may have meant.
func (l *linker) candidates() []string {
	return slices.DeleteFunc(slices.Sorted(slices.Values(l.known)), func(name string) bool { return name == EachVar || name == RuntimeVar })
}

// celTypes are names of CEL types, which cannot be used as values (S4.2).
var celTypes = setOf("string", "int", "uint", "double", "bool", "bytes", "list", "map", "null_type", "type")

// checkIdentityOmit keeps omit() off the fields that name an object (S3.7).
func (l *linker) checkIdentityOmit(n *linkedNode) {
	if !l.opts.CELOmitFunction {
		return
	}
	for _, f := range n.links.fields {
		path := f.path.String()
		if !f.expr.usesOmit {
			continue
		}
		namespace := path == "metadata.namespace" && n.kind.Namespaced
		switch {
		case path == "metadata.name", namespace && l.rgd.ClusterScoped:
			l.errorf(f.expr.Path, "omit-identity", "omit() cannot leave out %s: the object needs it", path)
		case namespace && l.opts.Kro.NeedsNamespaceValue:
			l.errorf(f.expr.Path, "omit-identity", "omit() cannot leave out %s: kro 0.10 accepts the RGD and fails every instance", path)
			l.diags[len(l.diags)-1].Hint = "write schema.metadata.namespace in place of omit()"
		case namespace:
			l.nextNamespace(f.expr.source)
		}
	}
}

// findCycles reports each cycle once, from its first node in author order.
func (c *compiler) findCycles(nodes []*linkedNode) {
	ids := make([]string, len(nodes))
	byID := make(map[string]*linkedNode, len(nodes))
	for i, n := range nodes {
		ids[i], byID[n.id] = n.id, n
	}
	for _, cycle := range cyclesOf(ids, func(id string) []string { return byID[id].dependencies }) {
		c.errorf(resourcePath(byID[cycle[0]].index).With("id"), "cycle", "resources depend on each other: %s", strings.Join(cycle, " -> "))
	}
}

// cyclesOf returns each cycle that a depth-first search meets, once, from the given
// ids in their order. A cycle ends with the id that it begins with.
func cyclesOf(ids []string, dependencies func(id string) []string) [][]string {
	const (
		open = 1
		done = 2
	)
	var cycles [][]string
	var path []string
	state := map[string]int{}
	var visit func(id string)
	visit = func(id string) {
		state[id], path = open, append(path, id)
		for _, dep := range dependencies(id) {
			switch state[dep] {
			case open:
				cycles = append(cycles, append(slices.Clone(path[slices.Index(path, dep):]), dep))
			case 0:
				visit(dep)
			}
		}
		path, state[id] = path[:len(path)-1], done
	}
	for _, id := range ids {
		if state[id] == 0 {
			visit(id)
		}
	}
	return cycles
}

// topological returns nodes without cycles so that each follows its
// dependencies: always the first in author order whose dependencies are out
// (S6.4).
func topological(nodes []*linkedNode) []*linkedNode {
	at := make(map[string]int, len(nodes)) // in author order
	for i, n := range nodes {
		at[n.id] = i
	}
	waits, dependents := make([]int, len(nodes)), make([][]int, len(nodes))
	var ready indexes
	for i, n := range nodes {
		waits[i] = len(n.dependencies)
		for _, dep := range n.dependencies {
			dependents[at[dep]] = append(dependents[at[dep]], i)
		}
		if waits[i] == 0 {
			ready = append(ready, i) // which makes a heap: they are in order
		}
	}
	out := make([]*linkedNode, 0, len(nodes))
	for len(ready) > 0 {
		next := heap.Pop(&ready).(int)
		out = append(out, nodes[next])
		for _, i := range dependents[next] {
			if waits[i]--; waits[i] == 0 {
				heap.Push(&ready, i)
			}
		}
	}
	return out
}

// indexes are a heap.
type indexes []int

func (x indexes) Len() int           { return len(x) }
func (x indexes) Less(i, j int) bool { return x[i] < x[j] }
func (x indexes) Swap(i, j int)      { x[i], x[j] = x[j], x[i] }
func (x *indexes) Push(i any)        { *x = append(*x, i.(int)) }
func (x *indexes) Pop() any {
	last := (*x)[len(*x)-1]
	*x = (*x)[:len(*x)-1]
	return last
}
