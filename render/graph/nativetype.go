package graph

import (
	"maps"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/schema"
)

// What stands for any value: where types are checked, what CEL has no other type for than
// dyn, and where values are read, what takes them as they are.
var (
	dynType  = schema.Schema{IntOrString: true}
	dynValue = schema.Schema{PreserveUnknown: true}
)

// typeOfDef is the type of a literal (G20). dyn is the schema where any value is possible.
func typeOfDef(v any, dyn *schema.Schema) *schema.Schema {
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
			out.Properties[k] = typeOfDef(item, dyn)
		}
		return out
	case []any:
		out := &schema.Schema{Type: "array", Items: dyn}
		for i, item := range v {
			t := typeOfDef(item, dyn)
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

// types checks the expressions of a frame against the schemas of its nodes (G12, G20, G38).
func (g *native) types(f *nativeFrame) {
	roots := map[string]*schema.Schema{}
	var dynamic []string
	for _, name := range f.visible(nil) {
		n := f.ids[name]
		switch {
		case n == nil || n.value == nil:
			dynamic = append(dynamic, name)
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
	full := ch.types.Variables()
	for _, name := range dynamic {
		full[name] = cel.DynType
	}
	if ch.env = g.env(ch, full, nil); ch.env == nil {
		return
	}
	for _, n := range f.nodes {
		n.typed = &typedNode{linkedNode: n.linkedNode}
		checked, env := &n.typed.checked, (*cel.Env)(nil)
		template := ch.env
		if slices.ContainsFunc(n.iterators, func(name string) bool { return full[name] != nil }) {
			if template = g.env(ch, full, n.iterators); template == nil { // which hide nodes of their names (G9)
				return
			}
		}
		if checked.forEach, env = ch.forEach(n.linkedNode, template); env != nil {
			if n.kind != nil && n.what != "ref" {
				checked.fields = ch.fields(n.linkedNode, env)
			} else {
				for _, x := range n.links.fields {
					if e, ok := ch.value(env, x.expr); ok {
						checked.fields = append(checked.fields, field[typedExpr]{path: x.path, steps: x.steps, expr: e})
					}
				}
			}
		}
		for _, e := range n.links.includeWhen {
			checked.includeWhen = append(checked.includeWhen, ch.condition(e, "includeWhen"))
		}
		n.typed.ready = g.ready(ch, n)
	}
}

// env is the environment of a frame, without the nodes that iterators hide; nil when there is
// none, which is reported.
func (g *native) env(ch *checker, variables map[string]*cel.Type, hidden []string) *cel.Env {
	rest := maps.Clone(variables)
	for _, name := range hidden {
		delete(rest, name)
	}
	env, err := expr.TypedGraph(ch.types, rest)
	if err != nil {
		g.errorf(diag.Path{"spec", "nodes"}, "internal", "%v", err)
		return nil
	}
	return env
}

// ready checks conditions that see the node itself, or each of its items (G30).
func (g *native) ready(ch *checker, n *nativeNode) []typedExpr {
	if len(n.readyWhen) == 0 {
		return nil
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
	var out []typedExpr
	for _, s := range n.readyWhen {
		if e, ok := l.restricted(s, "readyWhen"); ok && in != nil {
			out = append(out, in.condition(e, "readyWhen"))
		}
	}
	return out
}
