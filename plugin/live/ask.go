package live

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fluxcd/pkg/ssa/normalize"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/krowave/krowave/plugin/deployer"
	"github.com/krowave/krowave/plugin/kubeapi"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/object"
)

// asked is the question about one object.
type asked struct {
	*Asker
	ctx        context.Context
	object     *render.Object
	defined    map[string]bool // kinds that the render brings, by group/kind
	namespaces map[string]bool
	slot       *slot
}

// attempts bounds how often an object is read again that changes meanwhile.
const attempts = 3

func (x *asked) ask() error {
	rendered := object.Copy(x.object.Object).(map[string]any)
	obj := &unstructured.Unstructured{Object: rendered}
	x.slot.ref = kubeapi.RefOf(obj)
	if x.slot.ref.Name == "" { // generateName: each apply makes another one
		x.slot.after = rendered
		return nil
	}
	served, err := x.served(x.slot.ref)
	if err != nil {
		return err
	}
	if !served {
		x.slot.after = rendered
		gvk := x.slot.ref.GVK()
		if !x.defined[gvk.Group+"/"+gvk.Kind] {
			x.danger(diag.Error, "kind-not-served", "the cluster does not serve %s %s, and the render has no CRD of it: install the CRD first", x.slot.ref.APIVersion, gvk.Kind)
		}
		return nil
	}
	ref, err := x.cluster.Scoped(x.slot.ref, cmp.Or(x.object.Default, x.opts.Namespace))
	if err != nil {
		return err
	}
	x.slot.ref = ref
	obj.SetNamespace(ref.Namespace)
	for n := range attempts {
		live, err := x.get(x.ctx, ref)
		if n > 0 {
			live, err = x.again(x.ctx, ref)
		}
		if isDenied(err, "get") {
			return x.deny("get")
		}
		if err != nil {
			return err
		}
		if same, err := x.dryRun(live, obj); same || err != nil {
			return err
		}
	}
	x.danger(diag.Warning, "changes-meanwhile", "the object changed between each read and its dry run; run the command again")
	return nil
}

// dryRun applies an object over what is there. It reports whether both are of the
// same version.
func (x *asked) dryRun(live, obj *unstructured.Unstructured) (same bool, err error) {
	client, err := x.cluster.Client(x.slot.ref)
	if err != nil {
		return false, err
	}
	apply := obj.DeepCopy()
	manager := x.opts.FieldManager
	if live != nil {
		keepMarks(apply, live, x.object.Instance != nil || x.object.For != nil)
		manager = cmp.Or(manager, managerOf(live))
	}
	manager = cmp.Or(manager, FieldManager)
	if manager == deployer.FluxManager {
		// Flux applies built-in kinds with all fields that their Go types always have. A
		// dry run without one of them, such as the metadata of a Job's template, takes it
		// away with all that is in it.
		if err := normalize.Unstructured(apply); err != nil {
			return false, fmt.Errorf("preparing %s as Flux applies it: %w", x.slot.ref, err)
		}
	}
	body, err := json.Marshal(apply.Object)
	if err != nil {
		return false, fmt.Errorf("encoding %s: %w", x.slot.ref, err)
	}
	force := true
	after, err := client.Patch(x.ctx, x.slot.ref.Name, types.ApplyPatchType, body, metav1.PatchOptions{FieldManager: manager, Force: &force, DryRun: []string{metav1.DryRunAll}})
	_, setsStatus := obj.Object["status"]
	if live != nil {
		x.slot.live = content(live.Object, setsStatus)
	}
	if err != nil {
		return true, x.refused(err, live, obj)
	}
	if live != nil && live.GetResourceVersion() != after.GetResourceVersion() {
		return false, nil
	}
	x.slot.after = content(after.Object, setsStatus)
	if live != nil && !applies(live, manager) {
		x.slot.after = withoutDeparted(x.slot.after, live, obj.Object)
	}
	return true, nil
}

// refused fills in what becomes of an object whose dry run failed.
func (x *asked) refused(err error, live, obj *unstructured.Unstructured) error {
	var status apierrors.APIStatus
	x.slot.after = obj.Object
	if live != nil {
		x.slot.after, _ = overlaid(x.slot.live, object.AsStored(obj.Object)).(map[string]any)
	}
	for _, verb := range []string{"patch", "create"} {
		if isDenied(err, verb) {
			return x.deny(verb)
		}
	}
	switch {
	case apierrors.IsUnauthorized(err) || !errors.As(err, &status):
		return fmt.Errorf("asking the cluster to apply %s: %w", x.slot.ref, err)
	case apierrors.IsNotFound(err) && live == nil:
		if !x.namespaces[x.slot.ref.Namespace] {
			x.danger(diag.Warning, "namespace-missing", "the cluster has no namespace %s, and the render does not bring it: create it first, or let the GitOps tool create it", x.slot.ref.Namespace)
		}
		return nil
	}
	x.danger(diag.Error, "refused", "the cluster refuses the object: %s", x.reason(status.Status()))
	return nil
}

// reason is what the API server says. What it says of a Secret, or of what a
// Secret's values are in, may hold the values: of that, only the fields are named.
func (x *asked) reason(status metav1.Status) string {
	secret := object.IsSecret(x.object.Object) || x.object.For != nil ||
		x.object.Instance != nil && x.object.Node != nil && x.object.Instance.ReadsSecret(x.object.Node)
	if !secret {
		return status.Message
	}
	text := string(status.Reason)
	if status.Details != nil {
		var fields []string
		for _, c := range status.Details.Causes {
			if c.Field != "" && !slices.Contains(fields, c.Field) {
				fields = append(fields, c.Field)
			}
		}
		if len(fields) > 0 {
			text += " (" + strings.Join(fields, ", ") + ")"
		}
	}
	return text + "; its message may hold values of Secrets and is not shown"
}

func (x *asked) danger(severity diag.Severity, rule, format string, args ...any) {
	x.slot.dangers = append(x.slot.dangers, danger(x.object, severity, rule, format, args...))
}

// managerOf is the GitOps tool that applied an object; "" for none.
func managerOf(live *unstructured.Unstructured) string {
	for _, name := range []string{deployer.ArgoManager, deployer.FluxManager, "kubectl"} {
		if slices.ContainsFunc(live.GetManagedFields(), func(m metav1.ManagedFieldsEntry) bool {
			return m.Manager == name && m.Subresource == "" && (m.Operation == metav1.ManagedFieldsOperationApply || name == deployer.ArgoManager)
		}) {
			return name
		}
	}
	return ""
}

// applies reports whether a manager has applied an object on the server before.
func applies(live *unstructured.Unstructured, manager string) bool {
	return slices.ContainsFunc(live.GetManagedFields(), func(m metav1.ManagedFieldsEntry) bool {
		return m.Manager == manager && m.Operation == metav1.ManagedFieldsOperationApply && m.Subresource == ""
	})
}
