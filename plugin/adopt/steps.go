package adopt

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/plugin/kubeapi"
)

// StepPlan is a step, with what a person would type for it.
type StepPlan struct {
	Step     Step     `json:"step"`
	What     string   `json:"what"`
	Commands []string `json:"commands,omitempty"`
	Back     bool     `json:"canBeTakenBack"`
}

// stepsTo are the steps to a target.
func stepsTo(to Target) []Step {
	if to == Kro {
		return ToKro()
	}
	return ToGitOps()
}

// steps are the steps that a family still needs.
func (w *look) steps(opts Options) []StepPlan {
	var out []StepPlan
	all := stepsTo(opts.To)
	last := slices.Index(all, Remove)
	for i, s := range all {
		if opts.To != Kro && w.gone() && s != Release && s != Unhold {
			continue
		}
		what, commands := w.describe(s, opts)
		if len(commands) == 0 && s != Handover && s != Returned {
			continue
		}
		out = append(out, StepPlan{Step: s, What: what, Commands: commands, Back: last >= 0 && i < last || opts.To == Kro})
	}
	return out
}

// describe says what a step does, and how to do it by hand.
func (w *look) describe(s Step, opts Options) (what string, commands []string) {
	each := func(add func(r Ref, obj map[string]any)) {
		for i, live := range w.instances {
			if live != nil {
				add(w.Instances[i], live.Object)
			}
		}
	}
	objects := func(add func(o ObjectPlan)) {
		for _, o := range w.objects {
			if o.live != nil {
				add(o)
			}
		}
	}
	patch := func(r Ref, body map[string]any) {
		if body != nil {
			commands = append(commands, patchCommand(r, body))
		}
	}
	switch s {
	case Hold:
		what = "protect the instance, its RGD and its objects from pruning and deletion by GitOps tools"
		for _, rgd := range w.rgds {
			if rgd != nil {
				patch(kubeapi.RefOf(rgd), holdPatch(rgd.Object))
			}
		}
		each(func(r Ref, obj map[string]any) { patch(r, holdPatch(obj)) })
		objects(func(o ObjectPlan) { patch(o.Ref, holdPatch(o.live.Object)) })
	case Seen:
		what = "wait until Argo CD has refreshed; Git may change after this step"
		for _, t := range w.concerned() {
			if t.Kind == "Application" {
				commands = append(commands, fmt.Sprintf("kubectl annotate --overwrite %s %s=normal", arguments(t.Ref), argoRefresh),
					fmt.Sprintf("kubectl wait %s --for=jsonpath='{.metadata.annotations}' --timeout=5m # until %s is gone", arguments(t.Ref), argoRefresh))
			}
		}
	case Suspend:
		what = "suspend the instance in kro"
		each(func(r Ref, obj map[string]any) { patch(r, suspendPatch(obj)) })
	case Fence:
		what = "wait until kro has confirmed the suspension: it adds its label again"
		if opts.Stopped {
			return "", nil
		}
		each(func(r Ref, _ map[string]any) {
			commands = append(commands, fmt.Sprintf(`kubectl wait %s --for=jsonpath='{.metadata.labels.kro\.run/owned}'=true --timeout=5m`, arguments(r)))
		})
	case Release:
		what = "remove kro's labels from the objects and move their fields to the new manager"
		manager, op := newManager(opts.To)
		objects(func(o ObjectPlan) {
			body := releasePatch(o.live.Object, w.rendered(o.Ref), w.uids())
			patch(o.Ref, body)
			if slices.Contains(o.Managers, kroManager) {
				commands = append(commands, fmt.Sprintf(`kubectl get %s -o json --show-managed-fields | jq '(.metadata.managedFields[] | select(.manager == %q)) |= (.manager = %q | .operation = %q)' | kubectl replace -f -`,
					arguments(o.Ref), kroManager, manager, op))
			}
		})
	case Empty:
		what = "empty the instance's inventory, by which kro finds what to delete"
		each(func(r Ref, obj map[string]any) { patch(r, emptyPatch(r, obj)) })
	case Handover:
		what = w.handoverText(opts.To)
		for _, t := range w.concerned() {
			if t.Kind == "Application" && opts.To == ArgoCD {
				commands = append(commands, fmt.Sprintf("kubectl wait %s --for=jsonpath='{.status.sync.status}'=Synced --timeout=10m", arguments(t.Ref)))
			}
		}
	case Check:
		what = "check that no object has the label of the instance"
		for i, live := range w.instances {
			if live == nil {
				continue
			}
			kinds, _ := inventory(live.Object)
			if len(kinds) > 0 {
				commands = append(commands, fmt.Sprintf("kubectl get %s -A -l %s=%s # none", kindArguments(kinds), partOfLabel, setID(w.Instances[i])))
			}
		}
	case Remove:
		what = "delete the instance; rollback is not possible after this step, but --to kro is"
		each(func(r Ref, _ map[string]any) {
			commands = append(commands, fmt.Sprintf("kubectl delete %s --cascade=orphan --wait=false", arguments(r)))
		})
	case Gone:
		what = "wait until kro has removed its finalizer"
		each(func(r Ref, _ map[string]any) {
			if opts.Stopped {
				commands = append(commands, patchCommand(r, map[string]any{"metadata": map[string]any{"finalizers": nil}}))
				return
			}
			commands = append(commands, fmt.Sprintf("kubectl wait %s --for=delete --timeout=5m", arguments(r)))
		})
		if opts.Stopped {
			what = "remove kro's finalizer: kro does not run"
		}
	case Unhold:
		what = "remove the protection from the objects"
		objects(func(o ObjectPlan) {
			commands = append(commands, fmt.Sprintf("kubectl annotate --overwrite --field-manager=%s %s %s", fieldManager, arguments(o.Ref), unholdArguments(o.live.Object)))
		})
	case Returned:
		what = "replace the objects in Git by the instance; wait until the GitOps tool no longer has the objects"
	case Adopted:
		what = "wait until kro has labelled every object"
		commands = append(commands, fmt.Sprintf("kubectl wait %s --for=condition=Ready --timeout=10m", arguments(w.Instances[0])))
	case Untrack:
		what = "remove the tracking marks of the GitOps tool"
		objects(func(o ObjectPlan) { patch(o.Ref, untrackPatch(o.live.Object)) })
	}
	return what, commands
}

func (w *look) handoverText(to Target) string {
	if to == Flux {
		return "replace the instance in Git by its objects, with a RenderedSource or rendered manifests; wait until their Kustomization is ready"
	}
	return "replace the instance in Git by its objects, with an Application that uses the plugin or rendered manifests; wait until it is synced"
}

// concerned are the tools that have the instance or one of its objects.
func (w *look) concerned() []tool {
	var out []tool
	for _, t := range w.tools {
		if slices.ContainsFunc(w.Instances, t.Has) || slices.ContainsFunc(w.objects, func(o ObjectPlan) bool { return t.Has(o.Ref) }) {
			out = append(out, t)
		}
	}
	return out
}

// uids are those of the instances.
func (w *look) uids() []string {
	var out []string
	for _, i := range w.instances {
		if i != nil {
			out = append(out, string(i.GetUID()))
		}
	}
	return out
}

// newManager is who gets kro's fields. Argo CD finds what to remove by an annotation
// that it writes at its first sync, Flux by its own fields.
func newManager(to Target) (manager, op string) {
	if to == Flux {
		return fluxManager, "Apply"
	}
	return argoManager, "Update"
}

// arguments name an object for kubectl.
func arguments(r Ref) string {
	kind := r.Kind
	if group := r.GVK().Group; group != "" {
		kind += "." + r.GVK().Version + "." + group
	}
	if r.Namespace == "" {
		return quoted(kind + "/" + r.Name)
	}
	return quoted(kind+"/"+r.Name) + " -n " + quoted(r.Namespace)
}

func kindArguments(kinds []schema.GroupKind) string {
	var out []string
	for _, k := range kinds {
		out = append(out, k.String())
	}
	return quoted(strings.Join(out, ","))
}

func patchCommand(r Ref, body map[string]any) string {
	text, err := json.Marshal(body)
	if err != nil {
		return "# " + err.Error()
	}
	return fmt.Sprintf("kubectl patch %s --field-manager=%s --type=merge -p %s", arguments(r), fieldManager, quoted(string(text)))
}

// unholdArguments are the annotations before Hold.
func unholdArguments(obj map[string]any) string {
	was := map[string]any{argoOptions: annotationOf(obj, argoOptions), fluxPrune: annotationOf(obj, fluxPrune)}
	if wasHeld(obj) {
		was = unholdPatch(obj)["metadata"].(map[string]any)["annotations"].(map[string]any)
	}
	var out []string
	for _, name := range []string{argoOptions, fluxPrune, heldAnnotation} {
		if v, ok := was[name].(string); ok && v != "" {
			out = append(out, quoted(name+"="+v))
		} else {
			out = append(out, name+"-")
		}
	}
	return strings.Join(out, " ")
}

func annotationOf(obj map[string]any, name string) any {
	m, _ := obj["metadata"].(map[string]any)
	a, _ := m["annotations"].(map[string]any)
	return a[name]
}

// quoted is a word for a shell.
func quoted(word string) string {
	if !strings.ContainsAny(word, " '\"{}$\\*?<>|&;()#") {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
