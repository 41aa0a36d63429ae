package graph

import (
	"slices"
	"strings"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
)

// linkNodes finds what each expression refers to, and with that the
// dependencies of nodes (S6). Every mention is an edge, taken or not (S12.96).
func (c *compiler) linkNodes() {
	known := append(sortedKeys(c.byID), SchemaVar, EachVar, RuntimeVar)
	l := &linker{compiler: c, inspector: expr.NewInspector(known)}
	for _, n := range c.nodes {
		l.link(n)
	}
	if c.diags.HasErrors() {
		return
	}
	for _, n := range c.nodes {
		for _, dep := range n.Dependencies {
			c.byID[dep].IsRead = true
		}
	}
	l.findCycles()
}

type linker struct {
	*compiler
	inspector *expr.Inspector
}

func (l *linker) link(n *Node) {
	var iterators []string
	for _, d := range n.ForEach {
		iterators = append(iterators, d.Name)
	}
	inIdentity := map[string]bool{}
	var base, iteration, include, forEach []*Expression
	for _, f := range n.Fields {
		used := l.references(n, f.Expr, iterators)
		if f.Iteration = len(used) > 0; f.Iteration {
			iteration = append(iteration, f.Expr)
		} else {
			base = append(base, f.Expr)
		}
		if path := f.Path.String(); path == "metadata.name" || path == "metadata.namespace" && n.Kind.Namespaced {
			for _, m := range used {
				inIdentity[m.Name] = true
			}
		}
	}
	for _, d := range n.ForEach {
		if used := l.references(n, d.Expr, iterators); len(used) > 0 {
			l.exprErrorf(d.Expr, used[0].Offset, "foreach-iterator", "forEach cannot read the iterator %s: dimensions are independent of each other", used[0].Name)
		}
		if !inIdentity[d.Name] {
			l.keyErrorf(d.Expr.Path, "foreach-identity", "iterator %s must be used in metadata.name%s, so that every item has a name of its own",
				d.Name, orNamespace(n))
		}
		forEach = append(forEach, d.Expr)
	}
	for _, e := range n.IncludeWhen {
		l.references(n, e, nil)
		include = append(include, e)
	}
	slices.Sort(n.Dependencies)
	n.BaseScope, n.IterationScope = scope(base), scope(iteration)
	n.ForEachScope, n.IncludeScope = scope(forEach), scope(include)
	l.checkIdentityOmit(n)
}

func orNamespace(n *Node) string {
	if n.Kind.Namespaced {
		return " or metadata.namespace"
	}
	return ""
}

// scope is the union of what expressions read.
func scope(exprs []*Expression) []string {
	var out []string
	for _, e := range exprs {
		for _, r := range e.References {
			if !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	}
	slices.Sort(out)
	return out
}

// references records what an expression reads, adds the node's dependencies,
// and returns the iterators among it.
func (l *linker) references(n *Node, e *Expression, iterators []string) (used []expr.Mention) {
	in := l.inspect(e)
	if in == nil {
		return nil
	}
	if in.UsesOmit && !l.opts.CELOmitFunction {
		l.exprErrorf(e, in.OmitOffset, "omit-gate", "omit() needs kro's feature gate CELOmitFunction (--feature-gates=CELOmitFunction=true)")
	}
	for _, m := range in.Mentions {
		switch m.Name {
		case SchemaVar:
		case RuntimeVar:
			l.exprErrorf(e, m.Offset, "cel-reference", "runtime is there in status.conditions only")
		case EachVar:
			l.exprErrorf(e, m.Offset, "cel-reference", "each is there in the readyWhen of a collection only")
		case n.ID:
			l.exprErrorf(e, m.Offset, "self-reference", "%s refers to itself", n.ID)
		default:
			if !slices.Contains(n.Dependencies, m.Name) {
				n.Dependencies = append(n.Dependencies, m.Name)
			}
		}
	}
	for _, m := range in.Unknown {
		if !slices.Contains(iterators, m.Name) {
			l.unknownName(e, m)
		} else if !slices.ContainsFunc(used, func(u expr.Mention) bool { return u.Name == m.Name }) {
			used = append(used, m)
		}
	}
	e.References = slices.Clone(in.References)
	for _, m := range used {
		e.References = append(e.References, m.Name)
	}
	return used
}

// inspect parses an expression and reports what is wrong with it in any place:
// its syntax and its functions.
func (l *linker) inspect(e *Expression) *expr.Inspection {
	parsed, errs := expr.ParseAST(e.Source)
	if errs != nil {
		l.celErrors(e, errs)
		return nil
	}
	in, errs := l.inspector.InspectAST(parsed)
	if errs != nil {
		l.celErrors(e, errs)
		return nil
	}
	e.ast, e.UsesOmit = parsed, in.UsesOmit
	e.Reads = expr.Reads(parsed, in.References)
	for _, m := range in.UnknownFunctions {
		l.exprErrorf(e, m.Offset, "cel-function", "there is no function %s", m.Name)
	}
	return in
}

func (l *linker) unknownName(e *Expression, m expr.Mention) {
	d := diag.Diagnostic{
		Severity: diag.Error, Rule: "cel-reference", Pos: l.rgd.Doc.Within(e.Path, e.Offset(m.Offset)),
		Message: "undeclared reference to '" + m.Name + "'", Path: e.Path.String(), Object: l.rgd.Doc.Title(), Sensitive: e.Sensitive,
		Hint: suggest(m.Name, append(sortedKeys(l.byID), SchemaVar)),
	}
	if celTypes[m.Name] {
		d.Hint = "kro takes CEL's type names for resource ids; compare values instead of types"
	}
	l.diags.Add(d)
}

// celTypes are names of CEL types, which cannot be used as values (S4.2).
var celTypes = setOf("string", "int", "uint", "double", "bool", "bytes", "list", "map", "null_type", "type")

// checkIdentityOmit keeps omit() off the fields that name an object (S3.7).
func (l *linker) checkIdentityOmit(n *Node) {
	if !l.opts.CELOmitFunction {
		return
	}
	for _, f := range n.Fields {
		path := f.Path.String()
		needed := path == "metadata.name" ||
			path == "metadata.namespace" && n.Kind.Namespaced && l.rgd.ClusterScoped
		if needed && f.Expr.UsesOmit {
			l.errorf(f.Expr.Path, "omit-identity", "omit() cannot leave out %s: the object needs it", path)
		}
	}
}

// findCycles reports each cycle once, from its first node in author order.
func (l *linker) findCycles() {
	const (
		open = 1
		done = 2
	)
	state := map[string]int{}
	var path []string
	var visit func(id string)
	visit = func(id string) {
		state[id] = open
		path = append(path, id)
		for _, dep := range l.byID[id].Dependencies {
			switch state[dep] {
			case open:
				cycle := append(slices.Clone(path[slices.Index(path, dep):]), dep)
				l.errorf(resourcePath(l.byID[dep].Index).With("id"), "cycle", "resources depend on each other: %s", strings.Join(cycle, " -> "))
			case 0:
				visit(dep)
			}
		}
		path = path[:len(path)-1]
		state[id] = done
	}
	for _, n := range l.nodes {
		if state[n.ID] == 0 {
			visit(n.ID)
		}
	}
}

// topological returns the nodes so that each follows its dependencies: always
// the first resource in author order whose dependencies are out (S6.4).
func (c *compiler) topological() []*Node {
	out := make([]*Node, 0, len(c.nodes))
	placed := map[string]bool{}
	for len(out) < len(c.nodes) {
		for _, n := range c.nodes {
			if placed[n.ID] || slices.ContainsFunc(n.Dependencies, func(d string) bool { return !placed[d] }) {
				continue
			}
			placed[n.ID] = true
			out = append(out, n)
			break
		}
	}
	return out
}
