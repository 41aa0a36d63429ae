package controller

import (
	"context"
	"errors"
	"fmt"
	"maps"

	eventv1 "github.com/fluxcd/pkg/apis/event/v1beta1"
	"github.com/fluxcd/pkg/apis/meta"
	"github.com/fluxcd/pkg/runtime/conditions"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/krowave/krowave/flux/api/v1alpha1"
	"github.com/krowave/krowave/flux/artifact"
	"github.com/krowave/krowave/flux/layout"
	"github.com/krowave/krowave/flux/source"
)

// managedBy is the value of the label app.kubernetes.io/managed-by.
const managedBy = "krowave"

// getOwnedArtifact returns the ExternalArtifact with the name of the object, nil
// if there is none, and an error if it belongs to someone else.
func (s *reconcileScope) getOwnedArtifact(ctx context.Context) (*sourcev1.ExternalArtifact, error) {
	external := &sourcev1.ExternalArtifact{}
	err := s.Get(ctx, s.key(), external)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading ExternalArtifact %s: %w", s.key(), err)
	case !s.owns(external):
		return nil, newTerminalError(v1alpha1.NameConflictReason, fmt.Errorf(
			"ExternalArtifact %s exists and was not created for this object: delete it, or give the RenderedSource another name", s.key()))
	}
	if a := external.Status.Artifact; a != nil {
		s.obj.Status.Artifact = a.DeepCopy() // what consumers see is what is published
	}
	return external, nil
}

// owns reports whether an ExternalArtifact was made for an object of this name.
// The UID is not compared: after a restore from a backup it is another.
func (s *reconcileScope) owns(external *sourcev1.ExternalArtifact) bool {
	ref := metav1.GetControllerOf(external)
	return ref != nil && ref.Kind == v1alpha1.RenderedSourceKind && ref.APIVersion == v1alpha1.GroupVersion().String() && ref.Name == s.obj.Name
}

// verified reports what is wrong with the published artifact in the storage.
func (s *reconcileScope) verified() error {
	if s.obj.Status.Artifact == nil {
		return errors.New("nothing is published")
	}
	return s.Store.Verify(s.key(), s.obj.Status.Artifact)
}

// publish stores the files of the next plan, if they are not those that are
// published, and advertises them.
func (s *reconcileScope) publish(ctx context.Context, external *sourcev1.ExternalArtifact, out *outcome) error {
	if out.wanted != nil {
		if err := s.store(ctx, out); err != nil {
			return err
		}
	}
	a := s.obj.Status.Artifact
	if origin := s.source(s.obj.Spec.SourceRef).Origin(); a.Metadata[source.Originated] != origin {
		a.Metadata = maps.Clone(a.Metadata)
		if a.Metadata == nil {
			a.Metadata = map[string]string{}
		}
		a.Metadata[source.Originated] = origin
	}
	changes := external == nil || external.Status.Artifact == nil || external.Status.Artifact.Revision != a.Revision
	if changes {
		if err := s.hold(ctx, out, a.Revision); err != nil {
			return err
		}
	}
	if err := s.advertise(ctx, external, a); err != nil {
		return newWriteError(v1alpha1.PublishFailedReason, err)
	}
	if changes {
		s.waitForCache(ctx, &sourcev1.ExternalArtifact{}, s.key(), func(obj client.Object) bool {
			now := obj.(*sourcev1.ExternalArtifact).Status.Artifact
			return now != nil && now.Revision == a.Revision
		})
	}
	return nil
}

// store decides what to publish next and stores it.
func (s *reconcileScope) store(ctx context.Context, out *outcome) error {
	readers, err := s.readers(ctx)
	if err != nil {
		return err
	}
	revision := ""
	if a := s.obj.Status.Artifact; a != nil {
		revision = a.Revision
	}
	published, settled := layout.Observe(s.published(), out.wanted, revision, readers)
	if out.next != nil && !settled && artifact.Revision(toFiles(out.next)) == revision {
		return nil // one step at a time
	}
	if out.next, out.done, err = layout.Next(published, settled, out.wanted); err != nil {
		return newRetryError(v1alpha1.PublishFailedReason, err)
	}
	if err := s.deleteUnusedKustomizations(ctx, out.next); err != nil {
		return err
	}
	files := toFiles(out.next)
	revision = artifact.Revision(files)
	if a := s.obj.Status.Artifact; a != nil && a.Revision == revision && s.verified() == nil {
		if out.rendered {
			s.event(eventv1.EventTypeTrace, v1alpha1.UnchangedReason, "rendered the same as before: %s", revision)
		}
		return nil
	}
	a, err := s.Store.Publish(s.key(), files, revision)
	if err != nil {
		return newRetryError(v1alpha1.PublishFailedReason, err)
	}
	before := s.obj.Status.Artifact
	s.obj.Status.Artifact = a
	if before == nil || before.Revision != revision {
		s.note(v1alpha1.PublishedReason, "published %d objects of %d instances, rendered from %s",
			out.status.Counts.Objects, out.status.Counts.Instances, s.source(s.obj.Spec.SourceRef).Origin())
	} else {
		s.note(v1alpha1.PublishedReason, "published %s again: it was lost or damaged", revision)
	}
	return nil
}

// advertise writes the ExternalArtifact and its status.
func (s *reconcileScope) advertise(ctx context.Context, external *sourcev1.ExternalArtifact, a *meta.Artifact) error {
	wanted := &sourcev1.ExternalArtifact{}
	if external != nil {
		wanted = external.DeepCopy()
	}
	wanted.Namespace, wanted.Name = s.obj.Namespace, s.obj.Name
	wanted.Labels = withLabel(wanted.Labels, "app.kubernetes.io/managed-by", managedBy)
	wanted.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(s.obj, v1alpha1.GroupVersion().WithKind(v1alpha1.RenderedSourceKind))}
	wanted.Spec.SourceRef = &meta.NamespacedObjectKindReference{
		APIVersion: v1alpha1.GroupVersion().String(), Kind: v1alpha1.RenderedSourceKind, Name: s.obj.Name, Namespace: s.obj.Namespace,
	}
	switch {
	case external == nil:
		if err := s.Create(ctx, wanted); err != nil {
			return fmt.Errorf("creating ExternalArtifact %s: %w", s.key(), err)
		}
	case !equality.Semantic.DeepEqual(external.Spec, wanted.Spec) || !equality.Semantic.DeepEqual(external.ObjectMeta, wanted.ObjectMeta):
		if err := s.Update(ctx, wanted); err != nil {
			return fmt.Errorf("updating ExternalArtifact %s: %w", s.key(), err)
		}
	}
	before := wanted.Status.DeepCopy()
	wanted.Status.Artifact = a.DeepCopy()
	conditions.MarkTrue(wanted, meta.ReadyCondition, meta.SucceededReason, "rendered from %s", a.Metadata[source.Originated])
	if equality.Semantic.DeepEqual(before, &wanted.Status) {
		return nil
	}
	if err := s.Status().Update(ctx, wanted); err != nil {
		return fmt.Errorf("updating the status of ExternalArtifact %s: %w", s.key(), err)
	}
	return nil
}

func withLabel(labels map[string]string, key, value string) map[string]string {
	labels = maps.Clone(labels)
	if labels == nil {
		labels = map[string]string{}
	}
	labels[key] = value
	return labels
}
