package graph

import (
	"fmt"
	"strings"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/schema"
)

// KindRef is a kind that a resource of an RGD names.
type KindRef struct {
	GVK      k8sschema.GroupVersionKind
	Resource int // index in spec.resources
}

// parseNodes reads each resource: its kind, its constraints, its expressions.
func (c *compiler) parseNodes() []*parsedNode {
	var out []*parsedNode
	for i, r := range c.rgd.Resources {
		if n := c.parseNode(i, r); n != nil {
			out = append(out, n)
		}
	}
	return out
}

func (c *compiler) parseNode(i int, r Resource) *parsedNode {
	obj, root := r.Template, resourcePath(i).With("template")
	if r.External != nil {
		obj, root = r.External, resourcePath(i).With("externalRef")
		if !c.checkExternal(i, r) {
			return nil
		}
	}
	kind := c.kindOf(obj, root)
	if kind == nil {
		return nil
	}
	at := resourcePath(i)
	n := &parsedNode{id: r.ID, index: i, at: at, typ: nodeType(r), kind: kind, template: obj}
	c.checkScope(n, root)
	c.checkOwnedKeys(n, root)
	n.texts.fields = c.scanTemplate(n, root)
	c.checkTexts(n, root)
	c.checkStatus(n, root)
	n.readyWhen = c.standalone(r.ReadyWhen, at.With("readyWhen"))
	n.texts.includeWhen = c.standalone(r.IncludeWhen, at.With("includeWhen"))
	for d, dim := range r.ForEach {
		if e, ok := c.standaloneAt(dim.Text, at.With("forEach", d, dim.Name)); ok {
			n.texts.forEach = append(n.texts.forEach, dimension[source]{name: dim.Name, expr: e})
		}
	}
	return n
}

func nodeType(r Resource) NodeType {
	switch {
	case r.External != nil && r.HasSelector:
		return ExternalCollection
	case r.External != nil:
		return External
	case len(r.ForEach) > 0:
		return Collection
	}
	return Single
}

// kindOf finds the kind of a template, or reports why there is none (S1.6).
func (c *compiler) kindOf(obj map[string]any, root diag.Path) *schema.Kind {
	ok := true
	for _, key := range []string{"apiVersion", "kind"} {
		if _, isString := obj[key].(string); !isString {
			c.errorf(root.With(key), "template-shape", "a template needs %s, a string", key)
			ok = false
		}
	}
	if _, isMap := obj["metadata"].(map[string]any); !isMap {
		c.errorf(root.With("metadata"), "template-shape", "a template needs metadata, a mapping")
		ok = false
	}
	if !ok {
		return nil
	}
	gvk, err := gvkOf(obj)
	if err != nil {
		at := root.With("kind")
		if _, bad := k8sschema.ParseGroupVersion(stringAt(obj, "apiVersion")); bad != nil {
			at = root.With("apiVersion")
		}
		c.errorf(at, "template-shape", "%v", err)
		return nil
	}
	if kind, ok := c.catalog.Lookup(gvk); ok {
		return kind
	}
	if object.IsGraphKind(gvk) { // of kro's own, with a text for another evaluator (G27, G40)
		return &schema.Kind{GVK: gvk, Namespaced: true, Schema: &schema.Schema{Type: "object", PreserveUnknown: true}}
	}
	if c.opts.Lenient {
		c.diags.Warnf(c.rgd.Doc.Position(root.With("kind")), "unknown-kind",
			"no schema for %s %s: it is treated as untyped and namespaced (--schema=lenient)", gvk.GroupVersion(), gvk.Kind)
		return &schema.Kind{GVK: gvk, Namespaced: true, Schema: &schema.Schema{Type: "object", PreserveUnknown: true}}
	}
	c.unknownKind(gvk, root)
	return nil
}

func (c *compiler) unknownKind(gvk k8sschema.GroupVersionKind, root diag.Path) {
	d := diag.Diagnostic{
		Severity: diag.Error, Rule: "unknown-kind", Pos: c.rgd.Doc.Position(root.With("kind")),
		Path: root.With("kind").String(), Object: c.rgd.Doc.Title(), Missing: gvk.GroupKind().String(),
		Message: fmt.Sprintf("no schema for %s %s: no CRD in the input or --crds defines it, and Kubernetes %s has no such kind",
			gvk.GroupVersion(), gvk.Kind, c.catalog.Version()),
	}
	if why, ok := c.opts.Undefined[gvk]; ok {
		d.Message = fmt.Sprintf("no schema for %s %s: %s, which defines it, %s", gvk.GroupVersion(), gvk.Kind, why.RGD, why.Reason)
		d.Because = why.RGD
		c.diags.Add(d)
		return
	}
	if others := c.catalog.GroupVersions(gvk.Kind); len(others) > 0 {
		d.Hint = fmt.Sprintf("%s exists as %s", gvk.Kind, others[0])
		d.Fix = diag.ReplaceAt(c.rgd.Doc.Position(root.With("apiVersion")), gvk.GroupVersion().String(), others[0].String())
	} else {
		var kinds []string
		for _, k := range c.catalog.Kinds() {
			if k.GroupVersion() == gvk.GroupVersion() {
				kinds = append(kinds, k.Kind)
			}
		}
		d = d.With(diag.Meant(gvk.Kind, kinds))
	}
	if d.Hint == "" {
		d.Hint = "provide the CRD with --crds, or use --schema=lenient to treat the kind as untyped"
	}
	c.diags.Add(d)
}

func gvkOf(obj map[string]any) (k8sschema.GroupVersionKind, error) {
	kind, apiVersion := stringAt(obj, "kind"), stringAt(obj, "apiVersion")
	gv, err := k8sschema.ParseGroupVersion(apiVersion)
	if err != nil {
		return k8sschema.GroupVersionKind{}, fmt.Errorf("apiVersion %q is not group/version", apiVersion)
	}
	if msgs := validation.IsDNS1035Label(strings.ToLower(kind)); len(msgs) > 0 {
		return k8sschema.GroupVersionKind{}, fmt.Errorf("kind %q is not a name for a kind: %s", kind, msgs[0])
	}
	return gv.WithKind(kind), nil
}

// checkScope enforces where a template may and must name a namespace (S1.6).
func (c *compiler) checkScope(n *parsedNode, root diag.Path) {
	value, found := n.template["metadata"].(map[string]any)["namespace"]
	at := root.With("metadata", "namespace")
	if !n.kind.Namespaced {
		if found {
			c.errorf(at, "scope", "%s is cluster-scoped and must not set metadata.namespace", n.kind.GVK.Kind)
		}
		return
	}
	if !c.rgd.ClusterScoped || n.typ.Selects() {
		return
	}
	if ns, ok := value.(string); !ok || strings.TrimSpace(ns) == "" {
		c.errorf(at, "scope", "%s is namespaced and must set metadata.namespace, because instances of %s are cluster-scoped",
			n.kind.GVK.Kind, c.rgd.GVK.Kind)
	}
}

// checkOwnedKeys keeps labels and annotations that kro writes out of templates
// (S12.11).
func (c *compiler) checkOwnedKeys(n *parsedNode, root diag.Path) {
	for _, field := range []string{"labels", "annotations"} {
		m := mapAt(mapAt(n.template, "metadata"), field)
		for _, key := range sortedKeys(m) {
			if strings.HasPrefix(key, "kro.run/") || strings.HasPrefix(key, "internal.kro.run/") {
				c.keyErrorf(root.With("metadata", field, key), "owned-key",
					"%s beginning with kro.run/ or internal.kro.run/ are kro's own: %q", field, key)
			}
		}
	}
}

// scanTemplate finds the expressions of a template. External references and
// CRDs are read without a schema; CRDs hold expressions only below metadata
// (S12.12).
func (c *compiler) scanTemplate(n *parsedNode, root diag.Path) []field[source] {
	s := &scanner{c: c, root: root}
	gvk := n.kind.GVK
	isCRD := gvk.Group == "apiextensions.k8s.io" && gvk.Version == "v1" && gvk.Kind == "CustomResourceDefinition"
	switch {
	case n.typ.IsExternal():
		s.schemaless(n.template, nil)
	case isCRD:
		s.schemaless(n.template, nil)
		for _, f := range s.fields {
			if !strings.HasPrefix(f.path.String(), "metadata.") {
				c.errorf(f.expr.Path, "crd-expression", "a CustomResourceDefinition may hold expressions only below metadata; this one is at %s", f.path)
			}
		}
	default:
		s.typed(n.template, n.kind.Schema, nil)
	}
	return s.fields
}

// standalone reads a list of texts that must each be one expression (S3.4).
func (c *compiler) standalone(texts []string, at diag.Path) []source {
	var out []source
	for i, text := range texts {
		if e, ok := c.standaloneAt(text, at.With(i)); ok {
			out = append(out, e)
		}
	}
	return out
}

func (c *compiler) standaloneAt(text string, at diag.Path) (source, bool) {
	t, err := expr.Parse(text, c.opts.Kro)
	c.nextText(at, text, t, err)
	switch {
	case err != nil:
		c.scanError(at, text, err)
	case t == nil || !t.Standalone:
		c.errorf(at, "expression-standalone", "must be exactly one ${...} with no text before or after it, not even a line break")
	default:
		return source{Template: t, Path: at}, true
	}
	return source{}, false
}
