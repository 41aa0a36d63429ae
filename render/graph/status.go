package graph

import (
	"github.com/google/cel-go/cel"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
)

// status checks the expressions of schema.status and returns the status
// schema of the generated CRD (S1.9, S5.9).
func (c *typed) status() *apiextensionsv1.JSONSchemaProps {
	root := diag.Path{"spec", "schema", "status"}
	tree := map[string]any{}
	for k, v := range c.rgd.Status {
		if k != "conditions" {
			tree[k] = v
		}
	}
	s := &scanner{c: c.compiler, root: root}
	s.schemaless(tree, nil)
	for _, path := range s.plain {
		c.errorf(root.With(path...), "status-literal", "a status field needs an expression; %s has none", path)
	}
	l := c.linker(append(c.ids(), SchemaVar))
	out := &apiextensionsv1.JSONSchemaProps{Type: "object", Properties: map[string]apiextensionsv1.JSONSchemaProps{}}
	for _, f := range s.fields {
		c.inferField(l, f, out)
	}
	if conditions, ok := c.rgd.Status["conditions"]; ok {
		c.checkConditions(conditions)
	}
	return out
}

func (c *typed) inferField(l *linker, f field[source], out *apiextensionsv1.JSONSchemaProps) {
	e, ok := l.restricted(f.expr, "status")
	if !ok {
		return
	}
	if len(e.references) == 0 {
		c.exprErrorf(f.expr, 0, "status-reference", "status field %s must refer to a resource or to schema", f.path)
		return
	}
	checked, ok := c.program(c.env, e)
	switch {
	case !ok:
	case f.steps == nil:
		c.errorf(f.expr.Path, "status-path", "kro cannot write to a key with brackets: %s", f.path)
	default:
		place(out, f.steps, c.types.Infer(checked.typ))
	}
}

// place puts leaf at a path of a schema and makes the objects and lists above
// it. All items of a list share one schema: the last one wins.
func place(s *apiextensionsv1.JSONSchemaProps, steps diag.Path, leaf *apiextensionsv1.JSONSchemaProps) {
	if len(steps) == 0 {
		return
	}
	rest := steps[1:]
	if _, isIndex := steps[0].(int); isIndex {
		s.Type = "array"
		if s.Items == nil || s.Items.Schema == nil {
			s.Items = &apiextensionsv1.JSONSchemaPropsOrArray{Schema: &apiextensionsv1.JSONSchemaProps{}}
		}
		if len(rest) == 0 {
			*s.Items.Schema = *leaf
			return
		}
		ensureObject(s.Items.Schema)
		place(s.Items.Schema, rest, leaf)
		return
	}
	ensureObject(s)
	name, _ := steps[0].(string)
	child := *leaf
	if len(rest) > 0 {
		child = s.Properties[name]
		ensureObject(&child)
		place(&child, rest, leaf)
	}
	s.Properties[name] = child
}

func ensureObject(s *apiextensionsv1.JSONSchemaProps) {
	if s.Type == "" {
		s.Type = "object"
	}
	if s.Properties == nil {
		s.Properties = map[string]apiextensionsv1.JSONSchemaProps{}
	}
}

// checkConditions checks the author's conditions: a list of expressions that
// each give a condition or a list of them (S4.9).
func (c *typed) checkConditions(raw any) {
	root := diag.Path{"spec", "schema", "status", "conditions"}
	items, ok := raw.([]any)
	if !ok {
		c.errorf(root, "conditions", "status.conditions must be a list of expressions")
		return
	}
	l := c.linker(append(c.ids(), SchemaVar, RuntimeVar))
	entries := make([]linkedExpr, len(items))
	asts := make([]*cel.Ast, len(items)) // nil for those that are reported
	for i, item := range items {
		text, ok := item.(string)
		if !ok {
			c.errorf(root.With(i), "conditions", "a condition must be an expression in a string")
			continue
		}
		s, ok := c.standaloneAt(text, root.With(i))
		if !ok {
			continue
		}
		if entries[i], ok = l.restricted(s, "conditions"); ok {
			asts[i] = entries[i].ast
		}
	}
	for _, e := range expr.CheckConditions(asts) {
		c.exprErrorf(entries[e.Entry].source, e.Error.Offset, "conditions", "%s", e.Error.Message)
	}
	for i, e := range entries {
		if asts[i] == nil {
			continue
		}
		if checked, ok := c.program(c.env, e); ok && !expr.IsConditionOutput(checked.typ) {
			c.exprErrorf(e.source, 0, "conditions", "a condition must be runtime.newCondition(...) or a list of them, not %s", typeName(checked.typ))
		}
	}
}
