package settings

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/admission"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/policycheck"
	"github.com/krowave/krowave/render/project"
)

// Keys of krowave.yaml that hold more than one setting: the limits, and the rules
// of admission webhooks.
const (
	limitsKey   = "limits"
	defaultsKey = "defaults"
)

// File is the layer of a krowave.yaml; nil gives an empty one. Paths of the file
// become paths from where its own path starts. Definitions, vendor and exclude
// belong to the reading of files and are applied by project, except for
// definitions, which others may replace.
func File(f *project.Settings) Layer {
	l := Layer{Surface: Repository}
	if f == nil {
		return l
	}
	lists := []Value{{Setting: "definitions", Texts: f.Definitions}, {Setting: "observed", Texts: f.Observed}, {Setting: "crds", Texts: f.CRDs}, {Setting: "policies", Texts: f.Policies}}
	for _, v := range lists {
		if v.Texts == nil {
			continue
		}
		v.Spelled, v.Texts = v.Setting, slices.Clone(v.Texts)
		for i, p := range v.Texts {
			v.Texts[i] = path.Join(f.Dir, p)
		}
		l.Values = append(l.Values, v)
	}
	for _, v := range f.Values {
		l.key(v)
	}
	for _, d := range f.Defaults {
		l.Defaults = append(l.Defaults, admission.Rule{
			Group: d.Group, Kinds: d.Kinds, Field: strings.Split(d.Field, "."), Value: d.Value, Source: d.Source, Position: d.Position,
		})
	}
	for _, p := range f.PolicyRules {
		l.Policies = append(l.Policies, policyRule(p))
	}
	return l
}

func policyRule(p project.Policy) policycheck.Rule {
	out := policycheck.Rule{
		Name: p.Name, Kinds: p.Kinds, When: p.When, Expression: p.Expression, Message: p.Message, MessageExpression: p.MessageExpression,
		Severity: diag.Error, Operations: p.Operations, Params: p.Params, Position: p.Position, Places: p.Places,
	}
	if p.Severity == diag.Warning.String() {
		out.Severity = diag.Warning
	}
	for _, e := range p.Exceptions {
		out.Exceptions = append(out.Exceptions, policycheck.Exception{Object: e.Object, Reason: e.Reason, Until: e.Until, Position: e.Position})
	}
	return out
}

// key adds a key of the file.
func (l *Layer) key(v project.Value) {
	for _, s := range Table() {
		if s.Key() != v.Key {
			continue
		}
		switch {
		case s.Limit && !v.Limit && s.Rights[Repository] != No:
			l.unknown(v, "krowave.yaml has no setting "+v.Key, diag.Remedy{Hint: "write it below " + limitsKey + ":"})
		case !s.Limit && v.Limit && s.Rights[Repository] != No:
			l.unknown(v, v.Key+" is not a limit", diag.Remedy{Hint: "write it at the top level, not below " + limitsKey + ":"})
		case s.Type == List && (!v.List || v.Texts == nil):
			l.Found.Add(diag.Diagnostic{Severity: diag.Error, Rule: "config", Pos: v.Position, Message: v.Key + " must be a list of strings"})
		default:
			if v.List && s.Type != List {
				v.Texts = nil // which no single value may be
			}
			l.Values = append(l.Values, Value{Setting: s.Name, Texts: v.Texts, Spelled: v.Key, Position: v.Position})
		}
		return
	}
	if (v.Key == "apiVersion" || v.Key == "kind") && !v.Limit {
		l.unknown(v, "krowave.yaml has no "+v.Key+": it is no Kubernetes object, and holds settings only", diag.Remedy{Hint: "remove the line"})
		return
	}
	names, what := FileKeys(v.Limit), "setting"
	if v.Limit {
		what = "limit"
	}
	l.unknown(v, fmt.Sprintf("krowave.yaml has no %s %s; there are %s", what, v.Key, strings.Join(names, ", ")), diag.Meant(v.Key, names))
}

func (l *Layer) unknown(v project.Value, message string, remedy diag.Remedy) {
	l.Found.Add(diag.Diagnostic{Severity: diag.Error, Rule: "config", Pos: v.KeyPosition, Message: message}.With(remedy))
}

// FileKeys lists the keys of krowave.yaml: those of the top level, or below
// limits.
func FileKeys(limits bool) []string {
	var out []string
	if !limits {
		out = append(out, limitsKey, defaultsKey)
	}
	for _, s := range Offered(Repository) {
		if s.Limit == limits {
			out = append(out, s.Key())
		}
	}
	slices.Sort(out)
	return out
}
