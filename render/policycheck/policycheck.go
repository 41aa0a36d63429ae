// Package policycheck checks rendered objects and changes against the policies of
// a project: rules of krowave.yaml, and Kubernetes' ValidatingAdmissionPolicies,
// which are read as they are. It takes policies and what a render makes, and
// returns Violations.
//
//	set, diags := policycheck.Compile(rules, documents, policycheck.Options{})
//	violations := set.Check(ctx, policycheck.Change{After: obj, Kind: kind})
//
// An expression sees what it sees in the API server, except for what only a
// cluster has: who asks, the authorizer, and Namespaces that Git does not hold. A
// policy that reads those is not checked, which Unchecked tells. Expressions have
// the API server's functions and its cost limit.
package policycheck

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/cel-go/common/types/ref"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/schema"
)

// Rule is the rule of findings about objects that break a policy; Broken that of
// findings about a policy itself.
const (
	Violated = "policy"
	Broken   = "policy-invalid"
	NotKnown = "policy-unchecked"
)

// Rule is a policy of krowave.yaml.
type Rule struct {
	Name              string
	Kinds             []string // Kind or group/Kind; none means all
	When              string   // CEL; objects for which it is false are not checked
	Expression        string   // CEL; must be true
	Message           string
	MessageExpression string // CEL; its text is used in place of Message
	Severity          diag.Severity
	Operations        []string // CREATE, UPDATE, DELETE; none means the first two
	Params            map[string]any
	Exceptions        []Exception
	Position          diag.Position            // of the expression
	Places            map[string]diag.Position // of all keys
}

// Exception is an object or instance that may break a policy, for a reason and
// until a day.
type Exception struct {
	Object   string    // named as object.Key.Matches reads it: the object, or the instance that renders it
	Reason   string    // why
	Until    time.Time // the last day; zero for no end
	Position diag.Position
}

// Change is what happens to an object: nil before for a new one, nil after for one
// that goes.
type Change struct {
	Before, After map[string]any
	Kind          *schema.Kind   // nil when nothing is known of it
	Namespace     string         // that it is applied to, "" for a cluster-scoped object
	Instance      map[string]any // of the input, that renders it; nil for an object of no instance
	Secret        bool           // it holds or may hold a Secret's values: no message shows any value

	set *Set // that is asked
}

// Namespaces returns the Namespace object of a name, if the input holds it.
type Namespaces func(name string) (map[string]any, bool)

// Violation is an object that breaks a policy.
type Violation struct {
	Policy   string
	Severity diag.Severity
	Message  string
	Hint     string
	Position diag.Position // of the policy
	Unknown  bool          // only a cluster can tell
}

// Options configure Compile.
type Options struct {
	Namespaces Namespaces // of the input; nil for none
	Today      time.Time  // after whose day an exception has ended; zero ends none
}

// Set are compiled policies. A nil *Set has none. It is immutable and safe for
// concurrent use.
type Set struct {
	policies  []*policy
	unchecked diag.List
	opts      Options
}

// Empty reports whether there is nothing to check.
func (s *Set) Empty() bool { return s == nil || len(s.policies) == 0 }

// Unchecked says which policies cannot be checked without a cluster.
func (s *Set) Unchecked() diag.List {
	if s == nil {
		return nil
	}
	return s.unchecked
}

// policy is one policy, or one binding of a ValidatingAdmissionPolicy.
type policy struct {
	name       string
	severity   diag.Severity
	position   diag.Position
	matches    func(*Change) match
	conditions []*program
	variables  []variable
	checks     []check
	params     []param // each is checked; a zero one without parameters
	lenient    bool    // an expression that fails is passed over
	exceptions []Exception
}

type match int

const (
	no match = iota
	yes
	unknown // only a cluster knows
)

// param are the values that a policy is checked with.
type param struct {
	value     any
	namespace string // of the objects that they are for; "" for all
}

type variable struct {
	name string
	*program
}

type check struct {
	*program
	message    string
	expression *program // of the message
	position   diag.Position
}

// Compile compiles rules of krowave.yaml, and the ValidatingAdmissionPolicies,
// bindings and parameters among documents. Policies with mistakes are findings,
// and left out.
func Compile(rules []Rule, documents []*manifest.Document, opts Options) (*Set, diag.List) {
	if len(rules)+len(documents) == 0 {
		return nil, nil
	}
	c := &compiler{set: &Set{opts: opts}}
	for _, r := range rules {
		c.rule(r)
	}
	c.admissionPolicies(documents)
	return c.set, c.diags
}

// Check returns the policies that a change breaks, in the order of the policies.
// The policies that only a cluster can tell anything of are left out.
func (s *Set) Check(ctx context.Context, c Change) []Violation {
	if s.Empty() || c.After == nil && c.Before == nil {
		return nil
	}
	c.set = s
	var out []Violation
	for _, p := range s.policies {
		switch p.matches(&c) {
		case no:
			continue
		case unknown:
			out = append(out, Violation{Policy: p.name, Severity: diag.Info, Position: p.position, Unknown: true,
				Message: fmt.Sprintf("the Namespace %s is not in Git, and the policy reads its labels", c.Namespace)})
			continue
		}
		for _, params := range p.params {
			if params.namespace != "" && params.namespace != c.Namespace {
				continue
			}
			for _, v := range p.check(ctx, &c, params.value) {
				if expired, excepted := p.excepts(&c, s.opts.Today); excepted {
					continue
				} else if expired != nil {
					v.Hint = fmt.Sprintf("the exception for it (%s) ended on %s", expired.Reason, expired.Until.Format(time.DateOnly))
				}
				if !slices.Contains(out, v) {
					out = append(out, v)
				}
			}
		}
	}
	return out
}

// excepts reports whether an exception of the policy is for an object or its
// instance, or else which one was until it ended.
func (p *policy) excepts(c *Change, today time.Time) (expired *Exception, excepted bool) {
	obj, _ := c.subject()
	keys := []object.Key{c.key(obj)}
	if c.Instance != nil {
		keys = append(keys, c.key(c.Instance))
	}
	for i, e := range p.exceptions {
		if !slices.ContainsFunc(keys, func(k object.Key) bool { return k.Matches(e.Object) }) {
			continue
		}
		if e.Until.IsZero() || today.IsZero() || today.Before(e.Until.AddDate(0, 0, 1)) {
			return nil, true
		}
		expired = &p.exceptions[i]
	}
	return expired, false
}

// check evaluates the policy with one set of parameters.
func (p *policy) check(ctx context.Context, c *Change, params any) []Violation {
	vars := c.variables(params)
	fail := func(what string, err error) []Violation {
		if p.lenient {
			return nil
		}
		text := what + " cannot be evaluated"
		if !c.Secret {
			text += ": " + diag.Line(err.Error())
		}
		return []Violation{{Policy: p.name, Severity: p.severity, Message: text, Position: p.position}}
	}
	computed := map[string]any{}
	vars["variables"] = computed
	for _, cond := range p.conditions {
		ok, err := cond.isTrue(ctx, vars)
		if err != nil {
			return fail("a match condition", err)
		}
		if !ok {
			return nil
		}
	}
	for _, v := range p.variables {
		computed[v.name] = v.value(ctx, vars)
	}
	var out []Violation
	for _, k := range p.checks {
		ok, err := k.isTrue(ctx, vars)
		switch {
		case err != nil:
			out = append(out, fail(k.title(), err)...)
		case !ok:
			out = append(out, Violation{Policy: p.name, Severity: p.severity, Message: k.says(ctx, vars, c.Secret), Position: k.position})
		}
	}
	return out
}

// says is the message about an object that breaks a check.
func (k *check) says(ctx context.Context, vars map[string]any, secret bool) string {
	if k.expression != nil && !secret {
		if text, ok := k.expression.value(ctx, vars).(ref.Val); ok {
			if s, ok := text.Value().(string); ok && strings.TrimSpace(s) != "" {
				return diag.Line(strings.TrimSpace(s))
			}
		}
	}
	if k.message != "" {
		return diag.Line(k.message)
	}
	return k.title() + " is false"
}

// variables are what expressions read.
func (c *Change) variables(params any) map[string]any {
	obj, operation := c.subject()
	gvk := object.GVK(obj)
	request := map[string]any{
		"operation": operation, "namespace": c.Namespace, "name": object.Name(obj), "dryRun": false, "subResource": "",
		"kind":     map[string]any{"group": gvk.Group, "version": gvk.Version, "kind": gvk.Kind},
		"resource": map[string]any{"group": gvk.Group, "version": gvk.Version, "resource": c.resource()},
	}
	request["requestKind"], request["requestResource"] = request["kind"], request["resource"]
	vars := map[string]any{"object": orNull(c.After), "oldObject": orNull(c.Before), "old": orNull(c.Before), "instance": orNull(c.Instance),
		"params": params, "request": request, "namespaceObject": nil}
	if ns, ok := c.namespace(); ok {
		vars["namespaceObject"] = ns
	}
	return vars
}

// subject is the object that is checked, and what happens to it.
func (c *Change) subject() (obj map[string]any, operation string) {
	switch {
	case c.After == nil:
		return c.Before, "DELETE"
	case c.Before != nil:
		return c.After, "UPDATE"
	}
	return c.After, "CREATE"
}

func (c *Change) namespace() (map[string]any, bool) {
	if c.Namespace == "" || c.set.opts.Namespaces == nil {
		return nil, false
	}
	return c.set.opts.Namespaces(c.Namespace)
}

// key names an object in its namespace.
func (c *Change) key(obj map[string]any) object.Key {
	k := object.KeyOf(obj)
	k.Namespace = cmp.Or(k.Namespace, c.Namespace)
	return k
}

// orNull keeps a nil map from being a map.
func orNull(obj map[string]any) any {
	if obj == nil {
		return nil
	}
	return obj
}
