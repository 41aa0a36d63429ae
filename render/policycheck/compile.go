package policycheck

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/object"
)

// compiler makes a Set.
type compiler struct {
	set   *Set
	diags diag.List
}

// errorf reports what is wrong with a policy.
func (c *compiler) errorf(at diag.Position, format string, args ...any) {
	c.diags.Errorf(at, Broken, format, args...)
}

// rule compiles a policy of krowave.yaml.
func (c *compiler) rule(r Rule) {
	before := len(c.diags)
	p := &policy{name: r.Name, severity: r.Severity, position: r.Position, exceptions: r.Exceptions, params: []param{{}}}
	if r.Params != nil {
		p.params[0].value = r.Params
	}
	p.matches = func(ch *Change) match { return r.matches(ch) }
	one := func(what, text string, want *cel.Type) *program {
		if text == "" {
			return nil
		}
		out, err := newProgram(text, want)
		if err != nil {
			at, ok := r.Places[what]
			if !ok {
				at = r.Position
			}
			c.errorf(at, "policy %s: %s %v", r.Name, what, err)
		}
		return out
	}
	if when := one("when", r.When, cel.BoolType); when != nil {
		p.conditions = append(p.conditions, when)
	}
	p.checks = []check{{one("expression", r.Expression, cel.BoolType), r.Message, one("messageExpression", r.MessageExpression, cel.StringType), r.Position}}
	if len(c.diags) == before {
		c.add(p)
	}
}

// matches reports whether a rule is about a change.
func (r *Rule) matches(c *Change) match {
	obj, operation := c.subject()
	operations := r.Operations
	if len(operations) == 0 {
		operations = []string{"CREATE", "UPDATE"}
	}
	gvk := object.GVK(obj)
	if !slices.Contains(operations, operation) || len(r.Kinds) > 0 && !slices.Contains(r.Kinds, gvk.Kind) && !slices.Contains(r.Kinds, gvk.Group+"/"+gvk.Kind) {
		return no
	}
	return yes
}

// add keeps a policy, without the expressions that only a cluster can evaluate.
func (c *compiler) add(p *policy) {
	for _, cond := range p.conditions {
		if c.unknown(p, cond) {
			return
		}
	}
	for _, v := range p.variables {
		if c.unknown(p, v.program) {
			return
		}
	}
	p.checks = slices.DeleteFunc(p.checks, func(k check) bool { return c.unknown(p, k.program) })
	for i, k := range p.checks {
		if k.expression != nil && len(k.expression.reads) > 0 {
			p.checks[i].expression = nil
		}
	}
	if len(p.checks) > 0 {
		p.readsNamespaces()
		c.set.policies = append(c.set.policies, p)
	}
}

// readsNamespaces makes a change unknown whose Namespace an expression reads and
// Git does not hold.
func (p *policy) readsNamespaces() {
	all := slices.Clone(p.conditions)
	for _, v := range p.variables {
		all = append(all, v.program)
	}
	for _, k := range p.checks {
		all = append(all, k.program)
	}
	if !slices.ContainsFunc(all, func(e *program) bool { return e.namespace }) {
		return
	}
	matches := p.matches
	p.matches = func(c *Change) match {
		m := matches(c)
		if _, ok := c.namespace(); m == yes && c.Namespace != "" && !ok {
			return unknown
		}
		return m
	}
}

// unknown reports whether only a cluster can evaluate an expression, and says so.
func (c *compiler) unknown(p *policy, e *program) bool {
	if len(e.reads) == 0 {
		return false
	}
	c.unchecked(p, fmt.Sprintf("%s of policy %s is not checked: it reads %s, which only a cluster has", e.title(), p.name, strings.Join(e.reads, " and ")))
	return true
}

func (c *compiler) unchecked(p *policy, message string) {
	c.set.unchecked.Add(diag.Diagnostic{Severity: diag.Info, Rule: NotKnown, Pos: p.position, Message: message})
}

// resource is the plural name of the changed object's kind.
func (c *Change) resource() string {
	if c.Kind != nil && c.Kind.Plural != "" {
		return c.Kind.Plural
	}
	obj, _ := c.subject()
	plural, _ := meta.UnsafeGuessKindToResource(object.GVK(obj))
	return plural.Resource
}
