package graph

import (
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	fieldpath "k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/schema"
)

// checkExternal applies the rules of externalRef that the RGD's CRD cannot
// (S1.7).
func (c *compiler) checkExternal(i int, r Resource) bool {
	at := resourcePath(i)
	before := len(c.diags)
	if r.Template != nil {
		c.errorf(at.With("externalRef"), "resource-fields", "a resource has either a template or an externalRef")
	}
	if len(r.ForEach) > 0 {
		c.keyErrorf(at.With("forEach"), "resource-fields", "forEach needs a template: an externalRef cannot be repeated")
	}
	if r.HasName == r.HasSelector {
		c.errorf(at.With("externalRef", "metadata"), "resource-fields", "exactly one of name and selector must be given")
	}
	if r.HasSelector {
		c.checkSelector(r.Selector, at.With("externalRef", "metadata", "selector"))
	}
	return len(c.diags) == before
}

// checkSelector accepts a label selector, or one expression that gives it. One
// without expressions is checked as the API server would.
func (c *compiler) checkSelector(selector any, at diag.Path) {
	switch v := selector.(type) {
	case string:
		t, err := expr.Parse(v, c.opts.Kro)
		if c.nextText(at, v, t, err); err != nil {
			c.scanError(at, v, err)
		} else if t == nil || !t.Standalone {
			c.errorf(at, "selector", "selector must be a label selector, or one expression that gives one")
		}
	case map[string]any:
		s := &scanner{c: c, root: at}
		before := len(c.diags)
		s.typed(v, schema.LabelSelector(), nil)
		if len(c.diags) == before && len(s.fields) == 0 {
			c.checkLiteralSelector(v, at)
		}
	default:
		c.errorf(at, "selector", "selector must be a label selector, or one expression that gives one")
	}
}

func (c *compiler) checkLiteralSelector(v map[string]any, at diag.Path) {
	raw, err := json.Marshal(v)
	var sel metav1.LabelSelector
	if err == nil {
		err = json.Unmarshal(raw, &sel)
	}
	if err != nil {
		c.errorf(at, "selector", "not a label selector: %v", err)
		return
	}
	opts := metav1validation.LabelSelectorValidationOptions{}
	for _, e := range metav1validation.ValidateLabelSelector(&sel, opts, fieldpath.NewPath("selector")) {
		c.errorf(at, "selector", "%v", e)
	}
}
