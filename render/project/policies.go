package project

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/krowave/krowave/render/diag"
)

// Policy is a rule over objects and changes of a krowave.yaml. Its fields are
// those of policycheck.Rule, as they are written.
type Policy struct {
	Name                                         string
	When, Expression, Message, MessageExpression string
	Severity                                     string // error or warning; "" means error
	Kinds, Operations                            []string
	Params                                       map[string]any
	Exceptions                                   []PolicyException
	Position                                     diag.Position            // of the expression
	Places                                       map[string]diag.Position // of all keys
}

// PolicyException is who may break a policy.
type PolicyException struct {
	Object, Reason string
	Until          time.Time // the last day; zero for no end
	Position       diag.Position
}

const policyForm = "{name: few-replicas, kinds: [Deployment], expression: \"object.spec.replicas < 10\", message: TEXT}, or the path of a ValidatingAdmissionPolicy"

// policies reads the list of rules and of paths.
func (p *settingsParser) policies(at diag.Path, value any) {
	items, ok := value.([]any)
	if !ok {
		p.errorf(at, "policies must be a list of policies, such as %s", policyForm)
		return
	}
	names := map[string]bool{}
	for i, item := range items {
		at := at.With(i)
		rule, ok := item.(map[string]any)
		if !ok {
			p.out.Policies = append(p.out.Policies, p.path(at, item)...)
			continue
		}
		before := len(p.diags)
		r := p.policy(at, rule)
		switch {
		case len(p.diags) > before:
		case r.Name == "" || r.Expression == "":
			p.errorf(at, "%s must have name and expression, such as %s", at, policyForm)
		case names[r.Name]:
			p.errorf(at.With("name"), "%s: another policy has the name %s", at, r.Name)
		default:
			names[r.Name] = true
			p.out.PolicyRules = append(p.out.PolicyRules, r)
		}
	}
}

func (p *settingsParser) policy(at diag.Path, rule map[string]any) Policy {
	r := Policy{Position: p.doc.Position(at.With("expression")), Places: map[string]diag.Position{}}
	texts := map[string]*string{"name": &r.Name, "when": &r.When, "expression": &r.Expression, "message": &r.Message,
		"messageExpression": &r.MessageExpression, "severity": &r.Severity}
	lists := map[string]*[]string{"kinds": &r.Kinds, "operations": &r.Operations}
	for _, key := range slices.Sorted(maps.Keys(rule)) {
		at, value := at.With(key), rule[key]
		r.Places[key] = p.doc.Position(at)
		switch {
		case texts[key] != nil:
			*texts[key] = p.text(at, value)
		case lists[key] != nil:
			*lists[key] = p.texts(at, value)
		case key == "params":
			if r.Params, _ = value.(map[string]any); r.Params == nil {
				p.errorf(at, "%s must be a mapping", at)
			}
		case key == "exceptions":
			r.Exceptions = p.exceptions(at, value)
		default:
			known := append(slices.Collect(maps.Keys(texts)), "kinds", "operations", "params", "exceptions")
			slices.Sort(known)
			p.unknownKey(at, key, known)
		}
	}
	if r.Severity != "" && r.Severity != "error" && r.Severity != "warning" {
		p.errorf(at.With("severity"), "%s must be error or warning", at.With("severity"))
	}
	for i, o := range r.Operations {
		if !slices.Contains([]string{"CREATE", "UPDATE", "DELETE"}, o) {
			p.errorf(at.With("operations", i), "%s must be CREATE, UPDATE or DELETE", at.With("operations", i))
		}
	}
	return r
}

// unknownKey reports a key that a mapping does not have.
func (p *settingsParser) unknownKey(at diag.Path, key string, known []string) {
	p.diags.Add(diag.Diagnostic{Severity: diag.Error, Rule: "config", Pos: p.doc.KeyPosition(at),
		Message: fmt.Sprintf("%s has no key %s; there are %s", at[:len(at)-1], diag.Name(key), strings.Join(known, ", "))}.With(diag.Meant(key, known)))
}

// exceptions reads who may break a policy. An exception without a reason, or with
// a date that is none, is an error.
func (p *settingsParser) exceptions(at diag.Path, value any) []PolicyException {
	const form = "{object: Deployment/shop/web, reason: TEXT, until: \"2027-01-31\"}"
	items, ok := value.([]any)
	if !ok {
		p.errorf(at, "%s must be a list of exceptions, such as %s", at, form)
		return nil
	}
	var out []PolicyException
	for i, item := range items {
		at := at.With(i)
		fields, ok := item.(map[string]any)
		if !ok {
			p.errorf(at, "%s must be an exception, such as %s", at, form)
			continue
		}
		e := PolicyException{Position: p.doc.Position(at)}
		for _, key := range slices.Sorted(maps.Keys(fields)) {
			at := at.With(key)
			switch key {
			case "object":
				e.Object = p.text(at, fields[key])
			case "reason":
				e.Reason = p.text(at, fields[key])
			case "until":
				day, err := time.Parse(time.DateOnly, p.text(at, fields[key]))
				if err != nil {
					p.errorf(at, "%s must be a date in quotes, such as \"2027-01-31\"", at)
				}
				e.Until = day
			default:
				p.unknownKey(at, key, []string{"object", "reason", "until"})
			}
		}
		if e.Object == "" || strings.TrimSpace(e.Reason) == "" {
			p.errorf(at, "%s must have object and reason, such as %s", at, form)
		}
		out = append(out, e)
	}
	return out
}

// text reads a string.
func (p *settingsParser) text(at diag.Path, value any) string {
	s, ok := value.(string)
	if !ok {
		p.errorf(at, "%s must be a string", at)
	}
	return s
}

// texts reads a list of strings.
func (p *settingsParser) texts(at diag.Path, value any) []string {
	items, ok := value.([]any)
	if !ok {
		p.errorf(at, "%s must be a list of strings", at)
		return nil
	}
	var out []string
	for i, item := range items {
		out = append(out, p.text(at.With(i), item))
	}
	return out
}
