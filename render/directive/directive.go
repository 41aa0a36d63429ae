// Package directive reads the annotations of an instance that tell GitOps tools
// what to do with an object. krowave renders objects in place of the instance, so
// each annotation needs a meaning for them. It takes an instance, and returns
// whether it is rendered, the annotations that its objects inherit, and those
// without effect.
//
//	d := directive.Read(doc)
//	d.Left           // "" or why the instance is not rendered
//	d.Inherit(obj)   // obj with the annotations that protect it from deletion
//
// docs/annotations.md has the table for users.
package directive

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/wave"
)

// Annotations that are understood.
const (
	argoHook           = "argocd.argoproj.io/hook"
	argoSyncOptions    = "argocd.argoproj.io/sync-options"
	argoCompareOptions = "argocd.argoproj.io/compare-options"
	fluxReconcile      = "kustomize.toolkit.fluxcd.io/reconcile"
	fluxPrune          = "kustomize.toolkit.fluxcd.io/prune"
	helmKeep           = "helm.sh/resource-policy"
	localConfig        = "config.kubernetes.io/local-config"
	krmFunction        = "config.kubernetes.io/function"
	kroReconcile       = "kro.run/reconcile"
)

// Directives are what the annotations of one instance ask for.
type Directives struct {
	Left  string    // why the instance is not rendered; "" when it is
	Found diag.List // about the annotations

	keep    map[string]any    // annotations that the objects get
	options map[string]string // sync options that the objects get, by name
}

// Shared are the Directives of an object that several Applications or Kustomizations hand over: it outlives
// each of them, and none of them is out of sync because of it.
func Shared() Directives {
	return Directives{
		keep:    map[string]any{argoCompareOptions: "IgnoreExtraneous", fluxPrune: "disabled", helmKeep: "keep"},
		options: map[string]string{"Prune": "false", "Delete": "false"},
	}
}

// Read reads the annotations of an instance.
func Read(doc *manifest.Document) Directives {
	annotations := object.Annotations(doc.Object)
	d := Directives{}
	for _, name := range slices.Sorted(maps.Keys(annotations)) {
		value, ok := annotations[name].(string)
		if !ok {
			continue // refused by the API server's schema
		}
		d.annotation(doc, name, value)
	}
	return d
}

func (d *Directives) annotation(doc *manifest.Document, name, value string) {
	switch {
	case name == wave.Annotation: // the wave of the first object
	case name == argoHook && slices.Contains(words(value), "Skip"):
		d.leave(doc, name, "Argo CD skips an object with hook: Skip")
	case name == fluxReconcile && value == "disabled":
		d.leave(doc, name, "Flux does not apply an object with reconcile: disabled")
	case name == localConfig && value == "true" && object.Annotation(doc.Object, krmFunction) != "":
		// The configuration of a KRM function is never applied, but its function renders it.
	case name == localConfig && value == "true":
		d.leave(doc, name, "an object with local-config: true is for tools only and is never applied")
	case name == argoSyncOptions:
		d.syncOptions(doc, value)
	case name == fluxPrune && value == "disabled", name == helmKeep && value == "keep":
		if d.keep == nil {
			d.keep = map[string]any{}
		}
		d.keep[name] = value
	default:
		if effect := effectOn(name, value); effect != "" {
			d.warn(doc, name, effect)
		}
	}
}

// leave takes the instance out of the render. Its objects go, as they would with
// the instance.
func (d *Directives) leave(doc *manifest.Document, name, why string) {
	if d.Left == "" {
		d.Left = why
	}
	d.Found.Add(diag.Diagnostic{
		Severity: diag.Info, Rule: "instance-left-out", Pos: position(doc, name), Object: doc.Title(),
		Message: "not rendered: " + why,
		Hint:    "objects of it that were applied before are pruned unless they are protected; remove the annotation to render it",
	})
}

// syncOptions passes on the options that protect from deletion.
func (d *Directives) syncOptions(doc *manifest.Document, value string) {
	var rest []string
	for _, option := range words(value) {
		name, setting, _ := strings.Cut(option, "=")
		if (name == "Prune" || name == "Delete") && setting != "true" {
			if d.options == nil {
				d.options = map[string]string{}
			}
			d.options[name] = setting
			continue
		}
		rest = append(rest, option)
	}
	if len(rest) > 0 {
		d.warn(doc, argoSyncOptions, fmt.Sprintf("sync option %s applies only to the instance, which Argo CD does not receive", strings.Join(rest, ", ")))
	}
}

func (d *Directives) warn(doc *manifest.Document, name, effect string) {
	d.Found.Add(diag.Diagnostic{
		Severity: diag.Warning, Rule: "instance-annotation", Pos: position(doc, name), Object: doc.Title(),
		Message: fmt.Sprintf("annotation %s has no effect on the objects of the instance: %s", name, effect),
		Hint:    "set the annotation in the templates of the ResourceGraphDefinition that need it",
	})
}

func position(doc *manifest.Document, name string) diag.Position {
	return doc.Position(diag.Path{"metadata", "annotations", name})
}

// effectOn says what a tool would do with an object that has an annotation, "" for
// an annotation that no tool reads.
func effectOn(name, value string) string {
	group, _, _ := strings.Cut(name, "/")
	switch {
	case name == argoHook:
		return fmt.Sprintf("Argo CD would run the instance as a %s hook, and its objects are part of the sync", value)
	case name == "argocd.argoproj.io/hook-delete-policy", name == "helm.sh/hook-delete-policy", name == "helm.sh/hook-weight":
		return "it applies to hooks, and its objects are not hooks"
	case name == "helm.sh/hook":
		return fmt.Sprintf("Helm would run the instance as a %s hook, and its objects are installed with the rest", value)
	case name == argoCompareOptions:
		return "Argo CD would use it to compare the instance, but compares each of its objects without it"
	case name == kroReconcile:
		return "kro would stop processing the instance and leave its objects as they are; krowave renders them as if it were absent"
	case name == fluxReconcile, name == fluxPrune, name == helmKeep, name == localConfig:
		return "" // a value that asks for what happens anyway
	case group == "kustomize.toolkit.fluxcd.io":
		return "Flux would use it to apply the instance, but applies each of its objects without it"
	}
	return ""
}

// Inherit returns an object with what protects the instance from deletion and
// pruning. What the object says itself stays; obj is not changed.
func (d Directives) Inherit(obj map[string]any) map[string]any {
	own := object.Annotations(obj)
	add := map[string]any{}
	for name, value := range d.keep {
		if _, ok := own[name]; !ok {
			add[name] = value
		}
	}
	if options := d.merged(object.Annotation(obj, argoSyncOptions)); options != "" {
		add[argoSyncOptions] = options
	}
	return object.WithAnnotations(obj, add)
}

// merged adds the options that an object does not set itself; "" for nothing to
// add.
func (d Directives) merged(own string) string {
	out := words(own)
	before := len(out)
	for _, name := range slices.Sorted(maps.Keys(d.options)) {
		if !slices.ContainsFunc(out, func(o string) bool { return strings.HasPrefix(o, name+"=") }) {
			out = append(out, name+"="+d.options[name])
		}
	}
	if len(out) == before {
		return ""
	}
	return strings.Join(out, ",")
}

// words are the items of a list with commas.
func words(list string) []string {
	var out []string
	for item := range strings.SplitSeq(list, ",") {
		if item = strings.TrimSpace(item); item != "" {
			out = append(out, item)
		}
	}
	return out
}
