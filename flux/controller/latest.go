package controller

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/krowave/krowave/flux/api/v1alpha1"
)

// latest is the client with which one reconcile writes its object. Conditions are
// patched in the version that is read, and only if it is the current one: the cache
// learns of the reconcile's own writes later, so that what the API server answered to
// them is what is read.
type latest struct {
	client.Client
	past  client.Reader // what the cache does not know yet
	known *v1alpha1.RenderedSource
	stale bool // somebody else wrote in between
}

// Get implements client.Reader.
func (l *latest) Get(ctx context.Context, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
	out, ok := obj.(*v1alpha1.RenderedSource)
	switch {
	case !ok || !l.stale && l.known == nil:
		return l.Client.Get(ctx, key, obj, opts...)
	case l.stale:
		if err := l.past.Get(ctx, key, obj, opts...); err != nil {
			return err
		}
		l.known, l.stale = out.DeepCopy(), false
		return nil
	}
	l.known.DeepCopyInto(out)
	return nil
}

// Patch implements client.Writer.
func (l *latest) Patch(ctx context.Context, obj client.Object, patch client.Patch, opts ...client.PatchOption) error {
	return l.wrote(obj, l.Client.Patch(ctx, obj, patch, opts...))
}

// Status implements client.StatusClient.
func (l *latest) Status() client.SubResourceWriter { return latestStatus{l.Client.Status(), l} }

type latestStatus struct {
	client.SubResourceWriter
	latest *latest
}

// Patch implements client.SubResourceWriter.
func (s latestStatus) Patch(ctx context.Context, obj client.Object, patch client.Patch, opts ...client.SubResourcePatchOption) error {
	return s.latest.wrote(obj, s.SubResourceWriter.Patch(ctx, obj, patch, opts...))
}

// wrote notes what the API server answered, which is in obj.
func (l *latest) wrote(obj client.Object, err error) error {
	out, ok := obj.(*v1alpha1.RenderedSource)
	switch {
	case !ok:
	case err == nil:
		l.known, l.stale = out.DeepCopy(), false
	case apierrors.IsConflict(err):
		l.stale = true
	}
	return err
}
