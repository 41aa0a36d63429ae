package graph

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/krowave/krowave/render/compat"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/schema"
	"github.com/krowave/krowave/render/simpleschema"
)

// compiler is what all stages of one compilation share: what they read and where
// they report. Stages run in order; a later stage runs only on what the earlier
// ones passed.
type compiler struct {
	rgd     *RGD
	catalog *schema.Catalog
	opts    Options
	diags   diag.List
	native  bool        // the document is a Graph, not an RGD
	texts   *lookalikes // nil until the first text is checked
}

// Compile checks an RGD and returns its graph, or nil and at least one error.
// catalog serves every kind that the RGD's templates use, other RGDs' included.
func Compile(rgd *RGD, catalog *schema.Catalog, opts Options) (*Graph, diag.List) {
	c := &compiler{rgd: rgd, catalog: catalog, opts: opts}
	return c.compile(), c.diags
}

func (c *compiler) compile() *Graph {
	if c.tooMany(len(c.rgd.Resources), diag.Path{"spec", "resources"}) {
		return nil
	}
	p := c.parse()
	if p == nil {
		return nil
	}
	l := c.link(p)
	if l == nil {
		return nil
	}
	t := c.check(l)
	if t == nil {
		return nil
	}
	status := t.status()
	if c.diags.HasErrors() {
		return nil
	}
	crd, admitter := c.serve(c.crd(p.spec, status))
	if c.diags.HasErrors() {
		return nil
	}
	return &Graph{
		RGD: c.rgd, CRD: crd, Admitter: admitter, Instance: p.instance, Seen: c.seen(p.instance), Kro: c.opts.Kro,
		Nodes: bind(t, c.opts.Admission),
	}
}

// tooMany reports a list of more resources than are allowed, at the first that is one
// too many.
func (c *compiler) tooMany(n int, list diag.Path) bool {
	limit := cmp.Or(max(c.opts.MaxResources, 0), maxResources)
	if n <= limit {
		return false
	}
	c.errorf(list.With(limit), "limit-resources", "there are %d resources; at most %d are allowed (--max-resources)", n, limit)
	return true
}

// parse reads the RGD's names, schema and resources.
func (c *compiler) parse() *parsed {
	c.checkNames()
	c.checkLabels()
	p := &parsed{}
	p.spec, p.instance = c.instanceSchema()
	p.nodes = c.parseNodes()
	if c.diags.HasErrors() {
		return nil
	}
	return p
}

// instanceSchema reads the SimpleSchema and makes the type of the variable
// schema.
func (c *compiler) instanceSchema() (*apiextensionsv1.JSONSchemaProps, *schema.Schema) {
	props, problems := simpleschema.Build(c.rgd.Spec, c.rgd.Types)
	failed := false
	for _, p := range problems {
		failed = failed || p.Severity == diag.Error
		path := diag.Path{"spec", "schema"}.With(p.Path...)
		c.diags.Add(diag.Diagnostic{
			Severity: p.Severity, Rule: p.Rule, Pos: c.rgd.Doc.Within(path, p.Offset),
			Message: p.Message, Path: path.String(), Hint: p.Hint, Fix: p.Fix, Object: c.rgd.Doc.Title(),
		})
	}
	if failed {
		return nil, nil
	}
	root := c.crd(props, nil).Spec.Versions[0].Schema.OpenAPIV3Schema
	return props, schema.InstanceSchema(root, c.rgd.ClusterScoped)
}

// seen is the schema with which expressions read the variable schema.
func (c *compiler) seen(instance *schema.Schema) *schema.Schema {
	if c.opts.Kro.PlainSchemaFormats {
		return schema.WithoutFormats(instance)
	}
	return instance
}

// crd is the CRD that kro generates, with the status schema when it is known.
func (c *compiler) crd(spec, status *apiextensionsv1.JSONSchemaProps) *apiextensionsv1.CustomResourceDefinition {
	d := simpleschema.Definition{
		Group: c.rgd.GVK.Group, Version: c.rgd.GVK.Version, Kind: c.rgd.GVK.Kind,
		ClusterScoped: c.rgd.ClusterScoped, Spec: *spec, PrinterColumns: c.rgd.PrinterColumns,
		ShortNames: c.rgd.ShortNames, Categories: c.rgd.Categories,
		Labels: c.rgd.Labels, Annotations: c.rgd.Annotations,
	}
	if status != nil {
		d.Status = *status
	}
	return simpleschema.CRD(d)
}

// serve checks that the API server would accept the CRD, and returns it as the
// server reads it, with the admission of instances (S2.8, S2.9).
func (c *compiler) serve(crd *apiextensionsv1.CustomResourceDefinition) (*apiextensionsv1.CustomResourceDefinition, *schema.Admitter) {
	problems := schema.CheckCRD(crd)
	for _, p := range problems {
		at := c.crdPosition(p.Path)
		c.errorf(at, "crd-refused", "the API server would refuse the generated CRD: %s", p.Message)
		last := &c.diags[len(c.diags)-1]
		*last = last.With(p.Meant())
	}
	if len(problems) > 0 {
		return nil, nil
	}
	wire, err := fromJSON(crd)
	if err != nil {
		c.errorf(diag.Path{"spec", "schema"}, "crd-refused", "the generated CRD cannot be encoded: %v", err)
		return nil, nil
	}
	admitter, err := schema.NewAdmitter(wire, c.rgd.GVK.Version)
	if err != nil {
		c.errorf(diag.Path{"spec", "schema"}, "crd-refused", "the API server would refuse the generated CRD: %v", err)
		return nil, nil
	}
	return wire, admitter
}

// fromJSON is a CRD as the API server reads it, which sets what the Go value leaves
// open, such as additionalProperties beside a schema.
func fromJSON(crd *apiextensionsv1.CustomResourceDefinition) (*apiextensionsv1.CustomResourceDefinition, error) {
	raw, err := json.Marshal(crd)
	if err != nil {
		return nil, err
	}
	out := &apiextensionsv1.CustomResourceDefinition{}
	return out, json.Unmarshal(raw, out)
}

// crdPosition maps a path in the generated CRD to the line of SimpleSchema that
// it comes from, as far as it can.
func (c *compiler) crdPosition(path diag.Path) diag.Path {
	out := diag.Path{"spec", "schema"}
	rest := slices.Index([]any(path), any("openAPIV3Schema"))
	if rest < 0 {
		return out
	}
	for i := rest + 1; i+1 < len(path); i++ {
		if path[i] == "properties" {
			out = out.With(path[i+1])
			i++
		}
	}
	if len(out) > 2 && out[2] != "spec" && out[2] != "status" {
		return out[:2]
	}
	return out
}

// errorf reports an error at a path of the RGD.
func (c *compiler) errorf(path diag.Path, rule, format string, args ...any) {
	c.add(c.rgd.Doc.Position(path), path, rule, fmt.Sprintf(format, args...))
}

// keyErrorf reports an error at a key of the RGD.
func (c *compiler) keyErrorf(path diag.Path, rule, format string, args ...any) {
	c.add(c.rgd.Doc.KeyPosition(path), path, rule, fmt.Sprintf(format, args...))
}

// exprErrorf reports an error at a byte of an expression's CEL source.
func (c *compiler) exprErrorf(e source, offset int, rule, format string, args ...any) {
	c.add(c.rgd.Doc.Within(e.Path, e.Offset(offset)), e.Path, rule, fmt.Sprintf(format, args...))
}

func (c *compiler) add(pos diag.Position, path diag.Path, rule, message string) {
	c.diags.Add(diag.Diagnostic{
		Severity: diag.Error, Rule: rule, Pos: pos, Message: message, Path: path.String(), Object: c.rgd.Doc.Title(),
		Sensitive: c.inSecret(path),
	})
}

// scanError reports a text whose expressions cannot be told apart.
func (c *compiler) scanError(path diag.Path, text string, err error) {
	offset := 0
	if e := (*expr.ScanError)(nil); errors.As(err, &e) {
		if offset = e.Offset; e.Unclosed {
			c.unclosedError(path, text, offset)
			return
		}
	}
	c.add(c.rgd.Doc.Within(path, offset), path, "expression-nested", err.Error())
	if last := &c.diags[len(c.diags)-1]; !last.Sensitive {
		if outer, ok := expr.Around(text, offset); ok && expr.IsExpansion(outer) {
			last.Hint = "to keep it as text, write " + shortLiteral(outer)
		}
	}
}

// unclosedError reports a `${` without its brace.
func (c *compiler) unclosedError(path diag.Path, text string, offset int) {
	c.add(c.rgd.Doc.Within(path, offset), path, "expression-unclosed", "this ${ is never closed")
	c.diags[len(c.diags)-1].Hint = unclosedHint(text[offset:], c.opts.Kro)
}

// unclosedHint says how to mend an unclosed expression that starts a text.
func unclosedHint(text string, kro compat.Behaviors) string {
	quotes := "a double quote"
	if kro.KnowsSingleQuotes {
		quotes = "a quote"
	}
	hint := "close it with a }"
	if strings.Contains(text, "}") {
		hint = "close " + quotes + " or brace inside of it"
	}
	return hint + `; to keep it as text, write ${"${"} in place of ${`
}

// celErrors reports what CEL says of an expression.
func (c *compiler) celErrors(e source, errs []*expr.Error) {
	for _, err := range errs {
		rule := "cel-type"
		if err.Kind == expr.ParseError {
			rule = "cel-syntax"
			if e.Sensitive {
				err.Message = "not an expression (the reason is not shown because it would quote a Secret)"
			}
		}
		c.exprError(e, err, rule)
	}
}

// exprError reports an error of an expression. A hint may quote the source, so
// that a Secret's is not shown.
func (c *compiler) exprError(e source, err *expr.Error, rule string) {
	c.exprErrorf(e, err.Offset, rule, "%s", err.Message)
	if last := &c.diags[len(c.diags)-1]; !last.Sensitive {
		last.Hint, last.Fix = err.Hint, err.Fix
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
