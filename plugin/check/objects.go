package check

import (
	"fmt"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/outline"
	"github.com/krowave/krowave/render/repo"
	"github.com/krowave/krowave/render/schema"
)

// checks holds the objects of one unit to the schemas of their kinds.
type checks struct {
	namespace string
	docs      []*manifest.Document
	res       *render.Result
	validator *schema.Validator
	defined   map[k8sschema.GroupKind]bool // by RGDs, also by broken ones
	diags     diag.List

	// Kinds without a schema: where one is met first, and how often.
	missing []k8sschema.GroupVersionKind
	first   map[k8sschema.GroupVersionKind]written
	times   map[k8sschema.GroupVersionKind]int
}

// written is where an object stands in a file.
type written struct {
	doc *manifest.Document
	at  diag.Path
}

func (w written) position(field string) diag.Position { return w.doc.Position(w.at.With(field)) }

func newChecks(in render.Input, opts render.Options, res *render.Result) *checks {
	k := &checks{
		namespace: opts.Namespace, res: res, docs: documents(in.Files, opts.Documents),
		defined: map[k8sschema.GroupKind]bool{},
		first:   map[k8sschema.GroupVersionKind]written{}, times: map[k8sschema.GroupVersionKind]int{},
	}
	var crds []*apiextensionsv1.CustomResourceDefinition
	lookedUp := append(documents(in.CRDs, opts.Documents), documents(in.Definitions, opts.Documents)...)
	for _, d := range append(lookedUp, k.docs...) {
		if o, ok := outline.Read(d.Object); ok && o.IsRGD && o.Kind.Kind != "" {
			k.defined[o.Kind.GroupKind()] = true
		}
		if !object.IsCRDKind(object.GVK(d.Object)) {
			continue
		}
		if crd, err := schema.DecodeCRD(d.Object); err == nil {
			crds = append(crds, crd)
		}
	}
	k.validator = schema.NewValidator(res.Catalog, crds)
	return k
}

// inputs checks the objects of the files that are neither RGDs nor instances,
// which the render has checked.
func (k *checks) inputs(v *report.Report) {
	for _, d := range k.docs {
		gvk := object.GVK(d.Object)
		s := report.Subject{Suite: report.SuiteObjects, Title: d.Title(), At: d.Start()}
		switch {
		case gvk.Kind == "" || gvk.Version == "" || gvk.Group == "krowave.dev":
			continue // reported, or files of krowave itself, such as tests
		case object.IsRGDKind(gvk):
			s.Suite = report.SuiteDefinitions
			v.Summary.Definitions++
		case k.defined[gvk.GroupKind()]:
			s.Suite = report.SuiteInstances
			v.Summary.Instances++
		case object.IsEncrypted(d.Object): // its values, and the field sops, are for SOPS
			v.Summary.Others++
		case object.IsGraphKind(gvk): // which the render has checked
			s.Suite = report.SuiteGraphs
			v.Summary.Graphs++
		default:
			v.Summary.Others++
			k.object(d, gvk)
		}
		v.Subjects = append(v.Subjects, s)
	}
}

// object checks an object of a file.
func (k *checks) object(d *manifest.Document, gvk k8sschema.GroupVersionKind) {
	if object.IsCRDKind(gvk) {
		if crd, err := schema.DecodeCRD(d.Object); err == nil {
			for _, p := range schema.CheckCRD(crd) {
				k.problem(d, p)
			}
		}
		return
	}
	for _, path := range d.BooleanKeys() {
		k.diags.Add(d.BooleanKey(path))
	}
	problems, known := k.validator.Validate(d.Object, k.namespace)
	if !known && slices.ContainsFunc(k.res.Diagnostics, func(f diag.Diagnostic) bool {
		return f.Severity == diag.Error && f.Missing == gvk.GroupKind().String()
	}) {
		return // the error says so
	}
	if !known {
		k.miss(gvk, written{doc: d})
		return
	}
	for _, p := range problems {
		k.problem(d, p)
	}
}

// problem reports what is wrong with an object of a file.
func (k *checks) problem(d *manifest.Document, p schema.Problem) {
	confidential := object.IsSecret(d.Object)
	if confidential {
		p.Message, p.Like = hidden(p), ""
	}
	k.diags.Add(diag.Diagnostic{
		Severity: diag.Error, Rule: p.Rule, Pos: position(d, p.Path, p.Rule == schema.RuleUnknownField), Message: p.Message,
		Object: d.Title(), Path: p.Path.String(), Sensitive: confidential,
	}.With(d.Retype(p.Path, p.Message).Or(misspelt(p)).Or(p.Meant())))
}

// misspelt is the edit of a field that the message of a problem corrects.
func misspelt(p schema.Problem) diag.Remedy {
	_, like, ok := strings.Cut(p.Message, "; did you mean ")
	if !ok || len(p.Path) == 0 {
		return diag.Remedy{}
	}
	if name, isName := p.Path[len(p.Path)-1].(string); isName {
		return diag.Remedy{Fix: diag.Replace(name, strings.TrimSuffix(like, "?"))}
	}
	return diag.Remedy{}
}

// hidden is what a problem with an object says that may hold a Secret's value.
func hidden(p schema.Problem) string {
	if p.Rule == schema.RuleUnknownField {
		return p.Message // names the field only
	}
	return p.Hidden()
}

func (k *checks) miss(gvk k8sschema.GroupVersionKind, at written) {
	if k.times[gvk]++; k.times[gvk] == 1 {
		k.missing, k.first[gvk] = append(k.missing, gvk), at
	}
}

// unchecked says which kinds have no schema, each once.
func (k *checks) unchecked() {
	for _, gvk := range k.missing {
		if d, ok := k.nobodys(gvk); ok {
			k.diags.Add(d)
			continue
		}
		k.diags.Add(diag.Diagnostic{
			Severity: diag.Info, Rule: "unchecked-kind", Pos: k.first[gvk].position("kind"),
			Message: fmt.Sprintf("no schema for %s %s: %s not checked", gvk.GroupVersion(), gvk.Kind, report.Counted(k.times[gvk], "object is", "objects are")),
			Hint:    "provide the CRD with --crds",
			Missing: gvk.GroupKind().String(), Instances: k.times[gvk],
		})
	}
}

// nobodys is the error about a kind of a group that only Kubernetes itself has.
func (k *checks) nobodys(gvk k8sschema.GroupVersionKind) (diag.Diagnostic, bool) {
	if strings.Contains(gvk.Group, ".") { // of which a CRD may have kinds
		return diag.Diagnostic{}, false
	}
	d := diag.Diagnostic{
		Severity: diag.Error, Rule: "unknown-kind", Pos: k.first[gvk].position("kind"), Missing: gvk.GroupKind().String(),
		Message: fmt.Sprintf("Kubernetes %s has no kind %s of apiVersion %s, and no CRD can add one to its group", k.res.Catalog.Version(), gvk.Kind, gvk.GroupVersion()),
	}
	if others := k.res.Catalog.GroupVersions(gvk.Kind); len(others) > 0 {
		d.Hint = fmt.Sprintf("%s exists as %s", gvk.Kind, others[0])
		if k.times[gvk] == 1 {
			d.Fix = diag.ReplaceAt(k.first[gvk].position("apiVersion"), gvk.GroupVersion().String(), others[0].String())
		}
		return d, true
	}
	var kinds []string
	for _, known := range k.res.Catalog.Kinds() {
		if known.GroupVersion() == gvk.GroupVersion() {
			kinds = append(kinds, known.Kind)
		}
	}
	d = d.With(diag.Meant(gvk.Kind, kinds))
	if k.times[gvk] > 1 { // and the finding would stay
		d.Fix = nil
	}
	return d, true
}

// rendered checks what instances render, each problem at the line of the
// template that it comes from. An instance of another RGD is checked by the
// render.
func (k *checks) rendered(v *report.Report) {
	for _, i := range k.res.Instances {
		for _, o := range i.Objects {
			gvk := object.GVK(o.Object)
			if k.defined[gvk.GroupKind()] {
				continue
			}
			v.Summary.Rendered++
			root := o.Node.At.With("template")
			problems, known := k.validator.Validate(o.Object, k.namespace)
			if !known {
				k.miss(gvk, written{i.Graph.RGD.Doc, root})
			}
			for _, p := range problems {
				k.renderedProblem(i, o.Node, p)
			}
		}
	}
}

func (k *checks) renderedProblem(i *render.Instance, n *graph.Node, p schema.Problem) {
	doc := i.Graph.RGD.Doc
	at := n.At.With("template").With(p.Path...)
	confidential := i.ReadsSecret(n)
	where := p.Path.String() + ": "
	if confidential {
		p.Message, p.Like, where = hidden(p), "", ""
	}
	d := diag.Diagnostic{
		Severity: diag.Error, Rule: p.Rule, Pos: position(doc, at, p.Rule == schema.RuleUnknownField), Path: at.String(), Object: i.Title(),
		Message:   fmt.Sprintf("the API server would refuse the %s that %s renders: %s%s", n.Kind.GVK.Kind, n.ID, where, p.Message),
		Sensitive: confidential,
	}.With(p.MeantIn(n.Template))
	if top := i.Top(); top.Doc != nil {
		d.Related = []diag.Related{{Position: top.Doc.Start(), Message: diag.ForInstance}}
	}
	k.diags.Add(d)
}

// documents are the objects of a unit's files. What is wrong with their text is
// reported by the render.
func documents(files []repo.File, limits manifest.Limits) []*manifest.Document {
	var out []*manifest.Document
	for _, f := range files {
		docs, _ := f.Read(limits)
		out = append(out, docs...)
	}
	return out
}

// position is where a document's value stands, its key when the value itself is
// not wrong but missing.
func position(d *manifest.Document, p diag.Path, atKey bool) diag.Position {
	if atKey {
		return d.KeyPosition(p)
	}
	return d.Position(p)
}
