package graph

import (
	"strings"

	"github.com/google/cel-go/cel"

	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/schema"
)

// checkTypes type-checks every expression against the schemas (S5) and plans
// its evaluation.
func (c *compiler) checkTypes() {
	roots := map[string]*schema.Schema{SchemaVar: c.instance}
	for _, n := range c.nodes {
		roots[n.ID] = n.Kind.Schema
		if n.Type.IsCollection() {
			roots[n.ID] = schema.List(n.Kind.Schema)
		}
	}
	if c.types, c.env = c.environment(roots); c.env == nil {
		return
	}
	for _, n := range c.nodes {
		c.checkTemplate(n, c.iterators(n))
		for _, e := range n.IncludeWhen {
			c.checkCondition(c.env, e, "includeWhen")
		}
		c.checkReadyWhen(n)
	}
}

// environment is a CEL environment with a variable per schema.
func (c *compiler) environment(roots map[string]*schema.Schema) (*schema.Types, *cel.Env) {
	types := schema.NewTypes(roots)
	env, err := expr.Typed(types, types.Variables())
	if err != nil {
		c.errorf(nil, "internal", "%v", err)
		return nil, nil
	}
	return types, env
}

// iterators checks a node's forEach and returns the environment of its
// template.
func (c *compiler) iterators(n *Node) *cel.Env {
	if len(n.ForEach) == 0 {
		return c.env
	}
	var vars []cel.EnvOption
	for _, d := range n.ForEach {
		if d.Expr.UsesOmit {
			c.errorf(d.Expr.Path, "omit-place", "omit() can be used in templates only")
			continue
		}
		typ := c.compile(c.env, d.Expr)
		if typ == nil {
			continue
		}
		elem, ok := expr.ListElem(typ)
		if !ok {
			c.exprErrorf(d.Expr, 0, "foreach-type", "forEach needs a list; the expression gives %s", typ)
			continue
		}
		vars = append(vars, cel.Variable(d.Name, elem))
	}
	env, err := c.env.Extend(vars...)
	if err != nil {
		c.errorf(resourcePath(n.Index).With("forEach"), "internal", "%v", err)
		return nil
	}
	if len(vars) < len(n.ForEach) {
		return nil // reported; the template would only complain of missing iterators
	}
	return env
}

func (c *compiler) checkTemplate(n *Node, env *cel.Env) {
	if env == nil {
		return
	}
	for _, f := range n.Fields {
		typ := c.compile(env, f.Expr)
		if typ == nil {
			continue
		}
		want := c.fieldType(n, f)
		if ok, why := c.types.Compatible(typ, want); !ok {
			c.exprErrorf(f.Expr, 0, "cel-type", "the expression gives %s, but %s needs %s: %s",
				typeName(typ), f.Path, typeName(want), public(why))
		}
	}
}

// typeName spells a type for users: kro's internal names of struct types say
// where they come from.
func typeName(t *cel.Type) string { return public(t.String()) }

func public(text string) string { return strings.ReplaceAll(text, "__type_", "") }

// fieldType is what a field takes (S5.5). A selector is no part of the kind's
// schema; its shape is known all the same.
func (c *compiler) fieldType(n *Node, f *Field) *cel.Type {
	if n.Type.Selects() {
		switch path := f.Path.String(); {
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
	if f.Steps == nil {
		return cel.DynType
	}
	return c.types.FieldType(n.ID, n.Kind.Schema, f.Steps)
}

// checkCondition checks an includeWhen or readyWhen: bool or an optional of it;
// dyn is refused (S12.72).
func (c *compiler) checkCondition(env *cel.Env, e *Expression, field string) {
	if typ := c.compile(env, e); typ != nil && !expr.IsBool(typ) {
		c.exprErrorf(e, 0, "condition-type", "%s needs a bool; the expression gives %s", field, typeName(typ))
	}
}

// checkReadyWhen: an expression sees the node itself, or for a collection each
// of its items (S4.10).
func (c *compiler) checkReadyWhen(n *Node) {
	if len(n.ReadyWhen) == 0 {
		return
	}
	allowed, env := n.ID, c.env
	if n.Type.Repeats() {
		allowed = EachVar
		if _, env = c.environment(map[string]*schema.Schema{EachVar: n.Kind.Schema}); env == nil {
			return
		}
	}
	for _, e := range n.ReadyWhen {
		if c.restrict(e, "readyWhen", allowed) {
			c.checkCondition(env, e, "readyWhen")
		}
	}
}

// restrict reports references to anything but the allowed names, and omit().
func (c *compiler) restrict(e *Expression, field string, allowed ...string) bool {
	before := len(c.diags)
	l := &linker{compiler: c, inspector: expr.NewInspector(allowed)}
	in := l.inspect(e)
	if in == nil {
		return false
	}
	for _, m := range in.Unknown {
		l.exprErrorf(e, m.Offset, "cel-reference", "%s may refer to %s only, not to '%s'", field, list(allowed), m.Name)
	}
	if in.UsesOmit {
		l.exprErrorf(e, in.OmitOffset, "omit-place", "omit() can be used in templates only")
	}
	e.References = in.References
	return len(c.diags) == before
}

func list(names []string) string {
	if len(names) > 3 {
		return "resources and schema"
	}
	return strings.Join(names, ", ")
}

// compile checks an expression, plans it, and returns its type; nil when it has
// errors, which are reported.
func (c *compiler) compile(env *cel.Env, e *Expression) *cel.Type {
	checked, errs := expr.Check(env, e.ast)
	if errs != nil {
		c.celErrors(e, errs)
		return nil
	}
	program, err := expr.NewProgram(env, checked, expr.ProgramOptions{Text: e.UserText(), CostLimit: c.opts.CELCostLimit})
	if err != nil {
		c.exprErrorf(e, 0, "cel-type", "%v", err)
		return nil
	}
	e.Program, e.ast = program, nil
	return checked.OutputType()
}

// UserText is the expression as the user wrote it, without ${} when it stands
// alone.
func (e *Expression) UserText() string {
	if e.Standalone {
		return e.Source
	}
	return e.Text
}
