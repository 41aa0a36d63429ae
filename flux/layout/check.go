package layout

import (
	"cmp"
	"fmt"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
)

// Rules of findings.
const (
	ruleDuplicate    = "duplicate-object" // two sources of one object
	ruleLocalConfig  = "local-config"     // an object that kustomize drops
	ruleGenerateName = "generate-name"    // an object without a name of its own
	ruleEncrypted    = "encrypted"        // an expression in a SOPS document
	ruleUnwritable   = "unwritable"       // a value that YAML has no text for
)

// position is where an object comes from: its document, or the instance.
func position(o render.Object) diag.Position {
	if o.Doc != nil {
		return o.Doc.Start()
	}
	i := cmp.Or(o.Instance, o.For)
	for i != nil && i.Parent != nil {
		i = i.Parent
	}
	if i != nil && i.Doc != nil {
		return i.Doc.Start()
	}
	return diag.Position{File: "-", Line: 1, Column: 1}
}

// source names what an object comes from.
func source(o render.Object) string {
	switch {
	case o.For != nil:
		return o.For.Title() + " (left to kro)"
	case o.Shared:
		return "a definition that is left to kro"
	case o.Instance == nil:
		return "a manifest of its own"
	}
	return fmt.Sprintf("%s (node %s)", o.Instance.Title(), o.Node.ID)
}

func (l *layout) errorf(o render.Object, rule, format string, args ...any) {
	l.diags.Add(diag.Diagnostic{
		Severity: diag.Error, Rule: rule, Pos: position(o), Message: fmt.Sprintf(format, args...),
		Object: (&manifest.Document{Object: o.Object}).Title(),
	})
}

// duplicate reports an object that comes from two sources. kustomize-controller
// would refuse it within one wave, and let both fight over it otherwise.
func (l *layout) duplicate(id ID, o, other render.Object) {
	l.diags.Add(diag.Diagnostic{
		Severity: diag.Error, Rule: ruleDuplicate, Pos: position(o), Object: (&manifest.Document{Object: o.Object}).Title(),
		Message: fmt.Sprintf("%s comes from %s and from %s", id, source(other), source(o)),
		Hint:    "give one of them another name or namespace",
		Related: []diag.Related{{Position: position(other), Message: "the other one is from here"}},
	})
}

// applicable reports objects that Flux would lose or refuse.
func (l *layout) applicable(id ID, o render.Object) bool {
	meta, _ := o.Object["metadata"].(map[string]any)
	switch {
	case id.Name == "" && meta["generateName"] != nil:
		l.errorf(o, ruleGenerateName, "%s has generateName and no name, which Flux cannot apply: set metadata.name", id.Kind)
	case object.Annotation(o.Object, "config.kubernetes.io/local-config") == "true":
		l.errorf(o, ruleLocalConfig, "%s is annotated config.kubernetes.io/local-config, so Flux would drop it: remove the annotation or the object", id)
	default:
		return l.verbatim(o)
	}
	return false
}

// verbatim reports an encrypted object that expressions have changed: SOPS signs
// a document as a whole.
func (l *layout) verbatim(o render.Object) bool {
	if !encrypted(o.Object) || o.Node == nil || o.Instance == nil || len(o.Node.Fields) == 0 {
		return true
	}
	doc := o.Instance.Graph.RGD.Doc
	for _, f := range o.Node.Fields {
		l.diags.Add(diag.Diagnostic{
			Severity: diag.Error, Rule: ruleEncrypted, Pos: doc.Within(f.Expr.Path, f.Expr.Offset(0)), Path: f.Expr.Path.String(), Object: doc.Title(),
			Message: fmt.Sprintf("%s is encrypted with SOPS, which signs the document as a whole: it cannot hold an expression", o.Node.ID),
			Hint:    "keep the encrypted object outside the ResourceGraphDefinition and refer to it by name",
		})
	}
	return false
}
