package graph

import (
	"maps"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/expr"
)

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
			e.references = append(e.references, m.Name)
		}
	}
	return e, used
}

// cycles reports each cycle of a frame once, in the order in which kro looks at nodes (G43).
func (g *native) cycles(f *nativeFrame) {
	dependencies := func(id string) []string { return f.ids[id].dependencies }
	for _, cycle := range cyclesOf(slices.Sorted(maps.Keys(f.ids)), dependencies) {
		g.errorf(f.ids[cycle[0]].at.With("id"), "cycle", "nodes depend on each other: %s", strings.Join(cycle, " -> "))
	}
}
