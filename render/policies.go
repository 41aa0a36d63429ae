package render

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"sync"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/internal/parallel"
	"github.com/krowave/krowave/render/internal/source"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/policycheck"
	"github.com/krowave/krowave/render/schema"
)

// Policies compiles the policies of an input and of options. What is wrong with
// them is in the list. They know the Namespaces among objects and those of the
// input.
func Policies(ctx context.Context, in Input, opts Options, objects []Object) (*policycheck.Set, diag.List, error) {
	if len(in.Policies)+len(opts.Policies) == 0 {
		return nil, nil, nil
	}
	r := source.Reader{Limits: opts.Documents, Jobs: opts.Jobs, Cache: opts.Cache}
	docs, diags, err := r.Read(ctx, in.Policies)
	if err != nil {
		return nil, nil, err
	}
	list := make([]*manifest.Document, len(docs))
	for i, d := range docs {
		list[i] = d.Document
	}
	if len(in.Policies) > 0 && !slices.ContainsFunc(list, policycheck.IsPolicy) {
		diags.Add(diag.Diagnostic{
			Severity: diag.Warning, Rule: policycheck.NotKnown, Pos: diag.Position{File: in.Policies[0].Name, Line: 1, Column: 1},
			Message: "no ValidatingAdmissionPolicy is in the files that policies names: nothing is checked by them",
			Hint:    "name the files with the policies, or remove the path from policies in krowave.yaml or --policies",
		})
	}
	set, found := policycheck.Compile(opts.Policies, list, policycheck.Options{Today: opts.Today, Namespaces: namespaces(in, opts, objects)})
	return set, append(append(diags, found...), set.Unchecked()...), nil
}

// checkPolicies reports the objects that break a policy, in the order of the
// objects.
func (r *Result) checkPolicies(ctx context.Context, in Input, opts Options) (diag.List, error) {
	if !opts.CheckPolicies {
		return nil, nil
	}
	set, diags, err := Policies(ctx, in, opts, r.Objects)
	if err != nil || set.Empty() {
		return diags, err
	}
	diags = append(diags, r.strangeKinds(opts.Policies)...)
	found := make([]diag.List, len(r.Objects))
	err = parallel.Each(ctx, opts.Jobs, len(r.Objects), func(ctx context.Context, i int) error {
		o := &r.Objects[i]
		for _, v := range set.Check(ctx, ChangeOf(nil, o, r.Catalog)) {
			found[i].Add(violation(o, v))
		}
		return ctx.Err()
	})
	return slices.Concat(append([]diag.List{diags}, found...)...), err
}

// strangeKinds are notes about kinds of policies that no schema and no object has,
// and that are near one: such a policy checks nothing.
func (r *Result) strangeKinds(rules []policycheck.Rule) diag.List {
	var out diag.List
	if !slices.ContainsFunc(rules, func(rule policycheck.Rule) bool { return len(rule.Kinds) > 0 }) {
		return nil
	}
	known := map[string]bool{}
	for _, gvk := range r.Catalog.Kinds() {
		known[gvk.Kind] = true
	}
	for i := range r.Objects {
		known[object.Kind(r.Objects[i].Object)] = true
	}
	for _, i := range r.Instances {
		known[i.Graph.RGD.GVK.Kind] = true
	}
	kinds := slices.Sorted(maps.Keys(known))
	for _, rule := range rules {
		for _, name := range rule.Kinds {
			kind := path.Base(name)
			if known[kind] {
				continue
			}
			remedy := diag.Meant(kind, kinds)
			if remedy.Hint == "" {
				continue
			}
			out.Add(diag.Diagnostic{
				Severity: diag.Info, Rule: policycheck.NotKnown, Pos: rule.Places["kinds"],
				Message: fmt.Sprintf("policy %s checks no %s: no schema and no object has this kind", rule.Name, diag.Name(kind)),
			}.With(remedy))
		}
	}
	return out
}

// namespaces finds the Namespaces among objects, and those of the files. Files
// that do not name the kind are not read.
func namespaces(in Input, opts Options, objects []Object) policycheck.Namespaces {
	byName := sync.OnceValue(func() map[string]map[string]any {
		out := map[string]map[string]any{}
		add := func(obj map[string]any) {
			if gvk := object.GVK(obj); gvk.Group == "" && gvk.Kind == "Namespace" {
				out[object.Name(obj)] = obj
			}
		}
		for _, f := range in.Files {
			if !bytes.Contains(f.Data, []byte("Namespace")) {
				continue
			}
			docs, _ := f.Read(opts.Documents)
			for _, d := range docs {
				add(d.Object)
			}
		}
		for _, o := range objects {
			add(o.Object)
		}
		return out
	})
	return func(name string) (map[string]any, bool) {
		ns, ok := byName()[name]
		return ns, ok
	}
}

// ChangeOf is what policies see of an object before and after a change, nil for
// none. An object that is encrypted in Git gives an empty
// change, for nobody can tell what it holds.
func ChangeOf(before, after *Object, catalog *schema.Catalog) policycheck.Change {
	var c policycheck.Change
	for _, x := range []struct {
		*Object
		to *map[string]any
	}{{before, &c.Before}, {after, &c.After}} {
		if x.Object == nil {
			continue
		}
		if object.IsEncrypted(x.Object.Object) {
			return policycheck.Change{}
		}
		*x.to = x.Object.Object
		c.Secret = c.Secret || object.IsSecret(x.Object.Object) || x.Instance != nil && x.Instance.ReadsSecret(x.Node)
	}
	o := after
	if o == nil {
		o = before
	}
	if o == nil {
		return c
	}
	if catalog != nil {
		c.Kind, _ = catalog.Lookup(object.GVK(o.Object))
	}
	if c.Namespace = object.Namespace(o.Object); c.Kind != nil && !c.Kind.Namespaced {
		c.Namespace = ""
	} else if c.Namespace == "" && c.Kind != nil {
		c.Namespace = o.Default
	}
	if o.Instance != nil {
		c.Instance = o.Instance.Top().Instance
	}
	return c
}

// violation is the finding about an object that breaks a policy: of a rendered
// one at the template, of another where it stands.
func violation(o *Object, v policycheck.Violation) diag.Diagnostic {
	rule := policycheck.Violated
	if v.Unknown {
		rule = policycheck.NotKnown
	}
	d := diag.Diagnostic{Severity: v.Severity, Rule: rule, Hint: v.Hint, Message: fmt.Sprintf("policy %s: %s", v.Policy, v.Message),
		Related: []diag.Related{{Position: v.Position, Message: "the policy"}}}
	switch {
	case o.Instance != nil && o.Node != nil:
		doc := o.Instance.Graph.RGD.Doc
		d.Pos, d.Object = doc.Position(o.Node.At.With("template")), o.Instance.Title()
		d.Message = fmt.Sprintf("policy %s: the %s that %s renders: %s", v.Policy, object.GVK(o.Object).Kind, o.Node.ID, v.Message)
		d.Sensitive = o.Instance.ReadsSecret(o.Node)
		if top := o.Instance.Top(); top.Doc != nil {
			d.Related = append([]diag.Related{{Position: top.Doc.Start(), Message: diag.ForInstance}}, d.Related...)
		}
	case o.Doc != nil:
		d.Pos, d.Object, d.Sensitive = o.Doc.Start(), o.Doc.Title(), object.IsSecret(o.Object)
	default:
		d.Pos, d.Object = v.Position, object.KeyOf(o.Object).Title()
	}
	return d
}
