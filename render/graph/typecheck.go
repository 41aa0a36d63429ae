package graph

import (
	"fmt"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/schema"
)

// checker type-checks expressions against the schemas (S5) and plans their
// evaluation.
type checker struct {
	*compiler
	types *schema.Types
	env   *cel.Env
}

func (c *compiler) check(l *linked) *typed {
	roots := map[string]*schema.Schema{SchemaVar: l.instance}
	for _, n := range l.nodes {
		roots[n.id] = n.kind.Schema
		if n.typ.IsCollection() {
			roots[n.id] = schema.List(n.kind.Schema)
		}
	}
	ch := c.checker(roots)
	if ch == nil {
		return nil
	}
	out := &typed{linked: l, checker: ch}
	for _, n := range l.nodes {
		out.nodes = append(out.nodes, ch.node(n))
	}
	if c.diags.HasErrors() {
		return nil
	}
	return out
}

// checker makes the CEL environment with a variable per schema.
func (c *compiler) checker(roots map[string]*schema.Schema) *checker {
	types := schema.NewTypes(roots)
	typed := expr.Typed
	if c.native {
		typed = expr.TypedGraph
	}
	env, err := typed(types, types.Variables())
	if err != nil {
		c.errorf(nil, "internal", "%v", err)
		return nil
	}
	return &checker{compiler: c, types: types, env: env}
}

func (c *checker) node(l *linkedNode) *typedNode {
	n := &typedNode{linkedNode: l}
	var env *cel.Env
	if n.checked.forEach, env = c.forEach(l, c.env); env != nil {
		n.checked.fields = c.fields(l, env)
	}
	for _, e := range l.links.includeWhen {
		n.checked.includeWhen = append(n.checked.includeWhen, c.condition(e, "includeWhen"))
	}
	n.ready = c.readyWhen(l)
	return n
}

// forEach checks a node's dimensions and returns the environment of its
// template, which is the given one with the iterators; nil when an iterator has no type.
func (c *checker) forEach(n *linkedNode, template *cel.Env) ([]dimension[typedExpr], *cel.Env) {
	if len(n.links.forEach) == 0 {
		return nil, template
	}
	var out []dimension[typedExpr]
	var vars []cel.EnvOption
	for _, d := range n.links.forEach {
		if d.expr.usesOmit {
			c.errorf(d.expr.Path, "omit-place", "omit() can be used only in templates")
			continue
		}
		e, ok := c.program(c.env, d.expr)
		if !ok {
			continue
		}
		elem, ok := expr.ListElem(e.typ)
		if !ok {
			c.exprErrorf(e.source, 0, "foreach-type", "forEach needs a list; the expression gives %s", typeName(e.typ))
			continue
		}
		vars = append(vars, cel.Variable(d.name, elem))
		out = append(out, dimension[typedExpr]{name: d.name, expr: e})
	}
	env, err := template.Extend(vars...)
	if err != nil {
		c.errorf(n.at.With("forEach"), "internal", "%v", err)
		return out, nil
	}
	if len(vars) < len(n.links.forEach) {
		return out, nil // reported; the template would only complain of missing iterators
	}
	return out, env
}

func (c *checker) fields(n *linkedNode, env *cel.Env) []field[typedExpr] {
	var out []field[typedExpr]
	for _, f := range n.links.fields {
		e, ok := c.value(env, f.expr)
		if !ok {
			continue
		}
		want := c.fieldType(n, f)
		if ok, why := c.types.Compatible(e.typ, want); !ok {
			c.misfit(env, f, e.typ, want, why)
		}
		c.nextField(f.path, e)
		out = append(out, field[typedExpr]{path: f.path, steps: f.steps, expr: e})
	}
	return out
}

// misfit reports an expression whose type its field does not take.
func (c *checker) misfit(env *cel.Env, f field[linkedExpr], got, want *cel.Type, why string) {
	message := fmt.Sprintf("the expression gives %s, but %s needs %s", typeName(got), f.path, typeName(want))
	if why != typeName(got)+" is not "+typeName(want) {
		message += ": " + why
	}
	hint := expr.Remedy(env, got, want, f.expr.Source)
	c.exprError(f.expr.source, &expr.Error{Message: message, Hint: hint, Fix: expr.Rewrite(hint, f.expr.Source)}, "cel-type")
	if last := &c.diags[len(c.diags)-1]; last.Sensitive {
		last.Hint = expr.Remedy(env, got, want, "...")
	}
}

// typeName spells a type for users.
func typeName(t *cel.Type) string { return expr.TypeName(t.String()) }

// fieldType is what a field takes (S5.5). A selector is no part of the kind's
// schema; its shape is known all the same.
func (c *checker) fieldType(n *linkedNode, f field[linkedExpr]) *cel.Type {
	if n.typ.Selects() {
		switch path := f.path.String(); {
		case path == "metadata.selector":
			return cel.MapType(cel.StringType, cel.DynType)
		case path == "metadata.selector.matchLabels":
			return cel.MapType(cel.StringType, cel.StringType)
		case strings.HasPrefix(path, "metadata.selector.matchLabels."):
			return cel.StringType
		case path == "metadata.selector.matchExpressions":
			return cel.ListType(cel.DynType)
		}
	}
	if f.steps == nil {
		return cel.DynType
	}
	return c.types.FieldType(n.id, n.kind.Schema, f.steps)
}

// condition checks an includeWhen or readyWhen: bool or an optional of it; dyn
// is refused (S12.72).
func (c *checker) condition(e linkedExpr, place string) typedExpr {
	out, ok := c.program(c.env, e)
	if ok && !expr.IsBool(out.typ) {
		c.exprError(e.source, &expr.Error{
			Message: fmt.Sprintf("%s needs a boolean; the expression gives %s", place, typeName(out.typ)),
			Hint:    expr.Remedy(c.env, out.typ, cel.BoolType, e.Source),
		}, "condition-type")
	}
	if ok && place == "includeWhen" {
		c.nextCondition(out)
	}
	return out
}

// readyWhen links and checks conditions that see the node itself, or for a
// collection each of its items (S4.10).
func (c *checker) readyWhen(n *linkedNode) []typedExpr {
	if len(n.readyWhen) == 0 {
		return nil
	}
	sees, in := n.id, c
	if n.typ.Repeats() {
		sees = EachVar
		if in = c.checker(map[string]*schema.Schema{EachVar: n.kind.Schema}); in == nil {
			return nil
		}
	}
	l := c.linker([]string{sees})
	var out []typedExpr
	for _, s := range n.readyWhen {
		if e, ok := l.restricted(s, "readyWhen"); ok {
			out = append(out, in.condition(e, "readyWhen"))
		}
	}
	return out
}

// mapOrder warns of an expression whose value depends on the order in which kro
// walks a map. krowave walks it in the order of its keys.
func (c *checker) mapOrder(e source, offset int, typ *cel.Type) {
	c.exprErrorf(e, offset, "map-order",
		"the result depends on the order in which kro walks this map, which differs from time to time: in a cluster the object would change again and again")
	d := &c.diags[len(c.diags)-1]
	d.Severity, d.Hint = diag.Warning, "sort the list that is made of it, with .sort() or .sortBy(x, x.name)"
	if elem, ok := expr.ListElem(typ); ok && elem.Kind() == types.StringKind {
		d.Hint = "sort the list that is made of it, with .sort()"
	}
}

// value is program for an expression whose result is written into a field.
func (c *checker) value(env *cel.Env, e linkedExpr) (typedExpr, bool) {
	return c.plan(env, e, c.opts.CELOmitFunction && c.opts.Kro.OmitsEmptyOptionals)
}

// program checks an expression and plans it; its errors are reported.
func (c *checker) program(env *cel.Env, e linkedExpr) (typedExpr, bool) {
	return c.plan(env, e, false)
}

func (c *checker) plan(env *cel.Env, e linkedExpr, omitEmpty bool) (typedExpr, bool) {
	out := typedExpr{linkedExpr: e}
	checked, errs := expr.CheckTemplate(env, e.Template, e.ast)
	if errs != nil {
		c.celErrors(e.source, errs)
		return out, false
	}
	program, err := expr.NewProgram(env, checked, expr.ProgramOptions{Text: e.userText(), CostLimit: c.opts.CELCostLimit, OmitEmpty: omitEmpty})
	if err != nil {
		c.exprErrorf(e.source, 0, "cel-type", "%v", err)
		return out, false
	}
	if at, depends := expr.MapOrder(checked); depends {
		c.mapOrder(e.source, at, checked.OutputType())
	}
	out.typ, out.program = checked.OutputType(), program
	c.nextTimes(e.source, checked)
	return out, true
}
