package policycheck

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
)

// Kinds of files with policies.
const (
	group       = "admissionregistration.k8s.io"
	policyKind  = "ValidatingAdmissionPolicy"
	bindingKind = "ValidatingAdmissionPolicyBinding"
)

// admissionPolicies compiles the ValidatingAdmissionPolicies among documents, once
// for each of their bindings. One without a binding denies: whoever names its file
// wants it.
func (c *compiler) admissionPolicies(documents []*manifest.Document) {
	var bindings []*admissionv1.ValidatingAdmissionPolicyBinding
	bound, names, broken := map[string]*manifest.Document{}, []string{}, map[string]bool{}
	for _, d := range documents {
		if gvk := object.GVK(d.Object); gvk.Group == group && gvk.Kind == bindingKind {
			if b := new(admissionv1.ValidatingAdmissionPolicyBinding); c.decode(d, b) {
				bindings = append(bindings, b)
				bound[b.Spec.PolicyName] = d
			} else {
				broken[policyName(d.Object)] = true
			}
		}
	}
	for _, d := range documents {
		if !IsPolicy(d) {
			continue
		}
		delete(bound, object.Name(d.Object)) // also of one that is broken, which is said
		names = append(names, object.Name(d.Object))
		vap := new(admissionv1.ValidatingAdmissionPolicy)
		if !c.decode(d, vap) {
			continue
		}
		a := &admissionPolicy{compiler: c, doc: d, vap: vap, documents: documents}
		if !a.compile() {
			continue
		}
		own := slices.DeleteFunc(slices.Clone(bindings), func(b *admissionv1.ValidatingAdmissionPolicyBinding) bool { return b.Spec.PolicyName != vap.Name })
		if len(own) == 0 && !broken[vap.Name] {
			own = append(own, &admissionv1.ValidatingAdmissionPolicyBinding{Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
				ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny},
			}})
		}
		for _, b := range own {
			a.bind(b)
		}
	}
	for _, d := range documents {
		if name := policyName(d.Object); bound[name] == d {
			c.refuse(d.Position(diag.Path{"spec", "policyName"}), fmt.Sprintf("no %s of policies: is named %q", policyKind, diag.Line(name)), diag.Meant(name, names))
		}
	}
}

// IsPolicy reports whether a document is a ValidatingAdmissionPolicy.
func IsPolicy(d *manifest.Document) bool {
	gvk := object.GVK(d.Object)
	return gvk.Group == group && gvk.Kind == policyKind
}

func policyName(binding map[string]any) string {
	spec, _ := binding["spec"].(map[string]any)
	name, _ := spec["policyName"].(string)
	return name
}

// admissionPolicy is a ValidatingAdmissionPolicy at work.
type admissionPolicy struct {
	*compiler
	doc       *manifest.Document
	vap       *admissionv1.ValidatingAdmissionPolicy
	documents []*manifest.Document
	compiled  policy // without a binding
}

// compile compiles the expressions, and reports whether all of them could be.
func (a *admissionPolicy) compile() bool {
	before := len(a.diags)
	one := func(text string, want *cel.Type, path ...any) *program {
		if text == "" {
			return nil
		}
		p, err := newProgram(text, want)
		if err != nil {
			a.errorf(a.doc.Position(diag.Path{"spec"}.With(path...)), "policy %s: the expression %v", a.vap.Name, err)
		}
		return p
	}
	spec := &a.vap.Spec
	a.compiled = policy{name: a.vap.Name, position: a.doc.Start(), lenient: spec.FailurePolicy != nil && *spec.FailurePolicy == admissionv1.Ignore}
	for i, m := range spec.MatchConditions {
		a.compiled.conditions = append(a.compiled.conditions, one(m.Expression, cel.BoolType, "matchConditions", i, "expression"))
	}
	for i, v := range spec.Variables {
		a.compiled.variables = append(a.compiled.variables, variable{v.Name, one(v.Expression, nil, "variables", i, "expression")})
	}
	for i, v := range spec.Validations {
		a.compiled.checks = append(a.compiled.checks, check{
			program: one(v.Expression, cel.BoolType, "validations", i, "expression"), message: v.Message,
			expression: one(v.MessageExpression, cel.StringType, "validations", i, "messageExpression"),
			position:   a.doc.Position(diag.Path{"spec", "validations", i, "expression"}),
		})
	}
	if spec.MatchConstraints == nil || len(spec.MatchConstraints.ResourceRules) == 0 {
		a.errorf(a.doc.Start(), "policy %s: spec.matchConstraints.resourceRules must have at least one rule", a.vap.Name)
	}
	a.selectors(spec.MatchConstraints)
	return len(a.diags) == before
}

// selectors checks the selectors of a match.
func (a *admissionPolicy) selectors(m *admissionv1.MatchResources) {
	if m == nil {
		return
	}
	for _, s := range []*metav1.LabelSelector{m.NamespaceSelector, m.ObjectSelector} {
		if _, err := metav1.LabelSelectorAsSelector(s); err != nil {
			a.errorf(a.doc.Start(), "policy %s: %s", a.vap.Name, diag.Line(err.Error()))
		}
	}
}

// bind adds the policy as one binding has it.
func (a *admissionPolicy) bind(b *admissionv1.ValidatingAdmissionPolicyBinding) {
	before := len(a.diags)
	if a.selectors(b.Spec.MatchResources); len(a.diags) > before {
		return
	}
	p := a.compiled
	p.checks, p.severity, p.params = slices.Clone(p.checks), diag.Info, []param{{}}
	switch {
	case slices.Contains(b.Spec.ValidationActions, admissionv1.Deny):
		p.severity = diag.Error
	case slices.Contains(b.Spec.ValidationActions, admissionv1.Warn):
		p.severity = diag.Warning
	}
	p.matches = func(c *Change) match {
		one, other := matchesResources(a.vap.Spec.MatchConstraints, c), matchesResources(b.Spec.MatchResources, c)
		if one == no || other == no {
			return no
		}
		return max(one, other)
	}
	if kind := a.vap.Spec.ParamKind; kind != nil {
		if p.params = a.params(kind, b.Spec.ParamRef); len(p.params) == 0 {
			if ref := b.Spec.ParamRef; ref != nil && ref.ParameterNotFoundAction != nil && *ref.ParameterNotFoundAction == admissionv1.AllowAction {
				return
			}
			a.unchecked(&p, fmt.Sprintf("policy %s is not checked: no file of policies: has its parameters of kind %s", p.name, diag.Line(kind.Kind)))
			return
		}
	}
	a.add(&p)
}

// params are the parameters that a binding refers to.
func (a *admissionPolicy) params(kind *admissionv1.ParamKind, ref *admissionv1.ParamRef) []param {
	if ref == nil {
		return nil
	}
	selector := labels.Nothing()
	if ref.Selector != nil {
		var err error
		if selector, err = metav1.LabelSelectorAsSelector(ref.Selector); err != nil {
			return nil
		}
	}
	var out []param
	for _, d := range a.documents {
		gvk, key := object.GVK(d.Object), object.KeyOf(d.Object)
		if gvk.GroupVersion().String() != kind.APIVersion || gvk.Kind != kind.Kind || ref.Namespace != "" && key.Namespace != ref.Namespace {
			continue
		}
		if ref.Name == key.Name && ref.Name != "" || ref.Name == "" && selector.Matches(labelsOf(d.Object)) {
			p := param{value: d.Object}
			if ref.Namespace == "" {
				p.namespace = key.Namespace
			}
			out = append(out, p)
		}
	}
	return out
}

func labelsOf(obj map[string]any) labels.Set {
	metadata, _ := obj["metadata"].(map[string]any)
	all, _ := metadata["labels"].(map[string]any)
	out := labels.Set{}
	for k, v := range all {
		if s, ok := v.(string); ok {
			out[k] = s
		}
	}
	return out
}

// matchesResources reports whether a policy or a binding is about a change.
func matchesResources(m *admissionv1.MatchResources, c *Change) match {
	if m == nil {
		return yes
	}
	equivalent := m.MatchPolicy == nil || *m.MatchPolicy == admissionv1.Equivalent
	about := func(r admissionv1.NamedRuleWithOperations) bool { return c.matchesRule(&r, equivalent) }
	if len(m.ResourceRules) > 0 && !slices.ContainsFunc(m.ResourceRules, about) || slices.ContainsFunc(m.ExcludeResourceRules, about) {
		return no
	}
	obj, _ := c.subject()
	if !selects(m.ObjectSelector, labelsOf(obj)) && (c.Before == nil || c.After == nil || !selects(m.ObjectSelector, labelsOf(c.Before))) {
		return no
	}
	return c.matchesNamespace(m.NamespaceSelector)
}

func selects(s *metav1.LabelSelector, set labels.Set) bool {
	if s == nil {
		return true
	}
	selector, err := metav1.LabelSelectorAsSelector(s)
	return err == nil && selector.Matches(set)
}

// matchesNamespace reports whether a selector selects the change's namespace. A
// cluster-scoped object is in none, and always selected, as in the API server; a
// Namespace is in itself.
func (c *Change) matchesNamespace(s *metav1.LabelSelector) match {
	if s == nil || len(s.MatchLabels)+len(s.MatchExpressions) == 0 {
		return yes
	}
	const nameLabel = "kubernetes.io/metadata.name"
	obj, _ := c.subject()
	var set labels.Set
	known := true
	switch gvk := object.GVK(obj); {
	case gvk.Group == "" && gvk.Kind == "Namespace":
		set = labelsOf(obj)
		set[nameLabel] = object.Name(obj)
	case c.Namespace == "":
		return yes
	default:
		var ns map[string]any
		ns, known = c.namespace()
		set = labelsOf(ns)
		set[nameLabel] = c.Namespace
	}
	onlyName := true
	for k := range s.MatchLabels {
		onlyName = onlyName && k == nameLabel
	}
	for _, e := range s.MatchExpressions {
		onlyName = onlyName && e.Key == nameLabel
	}
	switch {
	case !known && !onlyName:
		return unknown
	case selects(s, set):
		return yes
	}
	return no
}

// matchesRule reports whether a rule names the operation and the resource.
func (c *Change) matchesRule(r *admissionv1.NamedRuleWithOperations, equivalent bool) bool {
	obj, operation := c.subject()
	gvk := object.GVK(obj)
	has := func(list []string, text string) bool {
		return slices.Contains(list, "*") || slices.Contains(list, text)
	}
	if !slices.ContainsFunc(r.Operations, func(o admissionv1.OperationType) bool { return o == admissionv1.OperationAll || string(o) == operation }) ||
		!has(r.APIGroups, gvk.Group) || !equivalent && !has(r.APIVersions, gvk.Version) ||
		!has(r.Resources, c.resource()) && !slices.Contains(r.Resources, "*/*") ||
		len(r.ResourceNames) > 0 && !slices.Contains(r.ResourceNames, object.Name(obj)) {
		return false
	}
	scope := admissionv1.AllScopes
	if r.Scope != nil {
		scope = cmp.Or(*r.Scope, scope)
	}
	return scope == admissionv1.AllScopes || strings.EqualFold(string(scope), "Namespaced") == (c.Namespace != "")
}
