package controller

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	apiacl "github.com/fluxcd/pkg/apis/acl"
	"github.com/fluxcd/pkg/apis/meta"
	"github.com/fluxcd/pkg/runtime/conditions"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/krowave/krowave/flux/api/v1alpha1"
	"github.com/krowave/krowave/flux/layout"
)

// Annotations of the Kustomizations that the controller makes. They are owned by
// annotation and not by an ownerReference: with one, the garbage collector would
// delete all at once when the owner is deleted in the foreground, and the order
// would be lost.
const (
	ownerAnnotation     = "krowave.dev/rendered-source" // name of the RenderedSource
	waveAnnotation      = "krowave.dev/wave"            // its place in the chain, from 0
	requestedAnnotation = "krowave.dev/nudged"          // the revision that it was told to apply
	heldAnnotation      = "krowave.dev/held"            // the revision that it is suspended for; see hold
)

// kustomizations makes the chain what the plan says and keeps it moving.
func (s *reconcileScope) kustomizations(ctx context.Context, out *outcome) error {
	if err := s.owned(ctx); err != nil {
		return err
	}
	if s.obj.Spec.Kustomizations == nil {
		if err := s.release(ctx); err != nil {
			return err
		}
		s.waves(out.next, nil)
		return nil
	}
	wanted := layout.Kustomizations(out.next, s.template())
	for i := range wanted {
		if err := s.ensure(ctx, &wanted[i], i); err != nil {
			return err
		}
	}
	for _, k := range slices.Backward(s.chain) {
		if !slices.ContainsFunc(wanted, func(w kustomizev1.Kustomization) bool { return w.Name == k.Name }) {
			if err := s.delete(ctx, &k); err != nil {
				return err
			}
		}
	}
	if err := s.requestReconcile(ctx, wanted); err != nil {
		return err
	}
	s.waves(out.next, wanted)
	return nil
}

// owned lists the Kustomizations that the object owns, in the order of the chain.
func (s *reconcileScope) owned(ctx context.Context) error {
	all := &kustomizev1.KustomizationList{}
	if err := s.List(ctx, all, client.InNamespace(s.obj.Namespace), client.MatchingFields{ownerIndex: s.obj.Name}); err != nil {
		return fmt.Errorf("listing Kustomizations: %w", err)
	}
	s.chain = all.Items
	place := func(k kustomizev1.Kustomization) int {
		n, _ := strconv.Atoi(k.Annotations[waveAnnotation]) // 0 when somebody edited it: that one sorts first
		return n
	}
	slices.SortFunc(s.chain, func(a, b kustomizev1.Kustomization) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a.Name, b.Name))
	})
	return nil
}

// template is what the Kustomizations have in common. Their account is always
// ours to say: whoever may write a RenderedSource gets no more through them.
func (s *reconcileScope) template() layout.Template {
	k := s.obj.Spec.Kustomizations
	t := layout.Template{
		Name: s.obj.Name, Namespace: s.obj.Namespace, TargetNamespace: k.TargetNamespace, ServiceAccountName: s.serviceAccount(),
		Prune: k.Prune == nil || *k.Prune, Interval: metav1.Duration{Duration: s.interval()}, Timeout: k.Timeout,
		KubeConfig: k.KubeConfig, Decryption: k.Decryption,
		SourceRef: kustomizev1.CrossNamespaceSourceReference{Kind: sourcev1.ExternalArtifactKind, Name: s.obj.Name},
	}
	if k.Interval != nil {
		t.Interval = *k.Interval
	}
	return t
}

// serviceAccount is the account that objects are applied as.
func (s *reconcileScope) serviceAccount() string {
	k := s.obj.Spec.Kustomizations
	if k == nil {
		return ""
	}
	return cmp.Or(k.ServiceAccountName, s.obj.Spec.ServiceAccountName, s.DefaultServiceAccount)
}

func (s *reconcileScope) impersonated() bool {
	k := s.obj.Spec.Kustomizations
	return k != nil && (s.serviceAccount() != "" || k.KubeConfig != nil)
}

// ensure creates or corrects one Kustomization. One that belongs to someone else
// is left alone.
func (s *reconcileScope) ensure(ctx context.Context, wanted *kustomizev1.Kustomization, place int) error {
	wanted.Annotations = map[string]string{ownerAnnotation: s.obj.Name, waveAnnotation: strconv.Itoa(place)}
	wanted.Labels = withLabel(wanted.Labels, "app.kubernetes.io/managed-by", managedBy)
	current := &kustomizev1.Kustomization{}
	err := s.Get(ctx, client.ObjectKeyFromObject(wanted), current)
	switch {
	case apierrors.IsNotFound(err):
		if err := s.Create(ctx, wanted); err != nil {
			return newWriteError(v1alpha1.ChainFailedReason, fmt.Errorf("creating Kustomization %s: %w", wanted.Name, err))
		}
		return nil
	case err != nil:
		return fmt.Errorf("reading Kustomization %s: %w", wanted.Name, err)
	case current.Annotations[ownerAnnotation] != s.obj.Name:
		return newTerminalError(v1alpha1.NameConflictReason, fmt.Errorf(
			"the Kustomization %s/%s exists and was not created for this object: delete it, or give the RenderedSource another name", wanted.Namespace, wanted.Name))
	}
	changed := current.DeepCopy()
	maps.Copy(changed.Annotations, wanted.Annotations)
	changed.Labels = withLabel(changed.Labels, "app.kubernetes.io/managed-by", managedBy)
	suspend := current.Spec.Suspend // flux suspend is the user's to use
	if _, held := changed.Annotations[heldAnnotation]; held {
		suspend = false
		delete(changed.Annotations, heldAnnotation)
	}
	changed.Spec = wanted.Spec
	changed.Spec.Suspend = suspend
	if equality.Semantic.DeepEqual(current.Spec, changed.Spec) && equality.Semantic.DeepEqual(current.ObjectMeta, changed.ObjectMeta) {
		return nil
	}
	if err := s.Update(ctx, changed); err != nil {
		return newWriteError(v1alpha1.ChainFailedReason, fmt.Errorf("updating Kustomization %s: %w", wanted.Name, err))
	}
	return nil
}

func (s *reconcileScope) delete(ctx context.Context, k *kustomizev1.Kustomization) error {
	if k.DeletionTimestamp != nil {
		return nil
	}
	if err := s.Delete(ctx, k, client.Preconditions{UID: &k.UID}); client.IgnoreNotFound(err) != nil {
		return newWriteError(v1alpha1.ChainFailedReason, fmt.Errorf("deleting Kustomization %s: %w", k.Name, err))
	}
	return nil
}

// release leaves Kustomizations to the user, when the template for them is taken
// away. Deleting them would delete what they applied.
func (s *reconcileScope) release(ctx context.Context) error {
	for _, k := range s.chain {
		freed := k.DeepCopy()
		for _, a := range []string{ownerAnnotation, waveAnnotation, requestedAnnotation, heldAnnotation} {
			delete(freed.Annotations, a)
		}
		if err := s.Update(ctx, freed); client.IgnoreNotFound(err) != nil {
			return newWriteError(v1alpha1.ChainFailedReason, fmt.Errorf("releasing Kustomization %s: %w", k.Name, err))
		}
	}
	return nil
}

// deleteUnusedKustomizations deletes the Kustomizations of waves that the next
// artifact no longer has. At this point they have nothing left to apply.
func (s *reconcileScope) deleteUnusedKustomizations(ctx context.Context, next *layout.Plan) error {
	if s.obj.Spec.Kustomizations == nil {
		return nil
	}
	if err := s.owned(ctx); err != nil {
		return err
	}
	for _, k := range slices.Backward(s.chain) {
		if !slices.ContainsFunc(next.Waves, func(w layout.Wave) bool { return path.Clean(k.Spec.Path) == w.Dir }) {
			if err := s.delete(ctx, &k); err != nil {
				return err
			}
		}
	}
	return nil
}

// readers returns the Kustomizations that apply the artifact, whoever made them,
// with their inventories, which the cache does not keep.
func (s *reconcileScope) readers(ctx context.Context) ([]kustomizev1.Kustomization, error) {
	known := &kustomizev1.KustomizationList{}
	if err := s.List(ctx, known, client.MatchingFields{readsIndex: s.key().String()}); err != nil {
		return nil, fmt.Errorf("listing Kustomizations: %w", err)
	}
	var out []kustomizev1.Kustomization
	for i := range known.Items {
		k := &kustomizev1.Kustomization{}
		err := s.Reader.Get(ctx, client.ObjectKeyFromObject(&known.Items[i]), k)
		if client.IgnoreNotFound(err) != nil {
			return nil, fmt.Errorf("reading Kustomization %s: %w", known.Items[i].Name, err)
		}
		if err == nil {
			out = append(out, *k)
		}
	}
	return out, nil
}

// applied reports whether a Kustomization is done with a revision.
func applied(k *kustomizev1.Kustomization, revision string) bool {
	return k.Status.LastAppliedRevision == revision && k.Status.ObservedGeneration == k.Generation &&
		conditions.IsTrue(k, meta.ReadyCondition) && k.DeletionTimestamp == nil
}

// requestReconcile makes each Kustomization reconcile as soon as the one before it
// is applied. Otherwise it would retry only after half a minute.
func (s *reconcileScope) requestReconcile(ctx context.Context, wanted []kustomizev1.Kustomization) error {
	revision := s.obj.Status.Artifact.Revision
	byName := map[string]*kustomizev1.Kustomization{}
	for i := range s.chain {
		byName[s.chain[i].Name] = &s.chain[i]
	}
	for i := 1; i < len(wanted); i++ {
		before, k := byName[wanted[i-1].Name], byName[wanted[i].Name]
		if before == nil || k == nil || !applied(before, revision) {
			return nil
		}
		if k.Status.LastAppliedRevision == revision && conditions.IsTrue(k, meta.ReadyCondition) || k.Annotations[requestedAnnotation] == requestOf(revision, before) {
			continue
		}
		patched := k.DeepCopy()
		patched.Annotations[meta.ReconcileRequestAnnotation] = time.Now().Format(time.RFC3339Nano)
		patched.Annotations[requestedAnnotation] = requestOf(revision, before)
		if err := s.Patch(ctx, patched, client.MergeFrom(k)); client.IgnoreNotFound(err) != nil {
			return newRetryError(v1alpha1.ChainFailedReason, fmt.Errorf("requesting a reconcile of Kustomization %s: %w", k.Name, err))
		}
	}
	return nil
}

// requestOf is different each time that the one before becomes ready, since the
// one behind may have looked in between and found it was not.
func requestOf(revision string, before *kustomizev1.Kustomization) string {
	since := conditions.GetLastTransitionTime(before, meta.ReadyCondition)
	return strings.TrimPrefix(revision, "latest@") + " " + since.UTC().Format(time.RFC3339)
}

// waves says in the status where each wave is.
func (s *reconcileScope) waves(plan *layout.Plan, wanted []kustomizev1.Kustomization) {
	s.obj.Status.Waves = nil
	for i, w := range plan.Waves {
		st := v1alpha1.WaveStatus{Name: w.Name, Path: w.Dir, Objects: int32(w.Objects), Gate: w.Gate}
		if i < len(wanted) {
			st.Kustomization = wanted[i].Name
		}
		for k := range s.chain {
			if s.chain[k].Name == st.Kustomization {
				st.AppliedRevision = s.chain[k].Status.LastAppliedRevision
				if ready := conditions.Get(&s.chain[k], meta.ReadyCondition); ready != nil {
					st.Ready = string(ready.Status)
				}
			}
		}
		s.obj.Status.Waves = append(s.obj.Status.Waves, st)
	}
}

// gateMissing says that kustomize-controller does not read ExternalArtifacts. The
// Kustomizations and the artifact are in one namespace, so that nothing else can
// be denied.
func (s *reconcileScope) gateMissing() string {
	for i := range s.chain {
		k := &s.chain[i]
		if conditions.GetReason(k, meta.ReadyCondition) == apiacl.AccessDeniedReason && k.Status.ObservedGeneration <= k.Generation {
			return fmt.Sprintf("published, but kustomize-controller refuses Kustomization %s: start it with --feature-gates=ExternalArtifact=true (%s)",
				k.Name, conditions.GetMessage(k, meta.ReadyCondition))
		}
	}
	return ""
}
