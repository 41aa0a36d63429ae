// Package source fetches the files of Flux sources. It takes references, and
// returns the artifact that each source's controller advertises and then its
// files, verified and read into memory.
//
//	resolved, err := resolver.Resolve(ctx, "apps", ref)
//	tree, err := fetcher.Fetch(ctx, resolved.Artifact)
//
// Nothing is unpacked to disk, and nothing beyond the limits is read. A source
// that is not there yet is a *NotReadyError, one that may not be used a
// *DeniedError: neither is worth a retry with back-off.
package source

import (
	"context"
	"fmt"

	"github.com/fluxcd/pkg/apis/meta"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/krowave/krowave/flux/api/v1alpha1"
)

// Originated is the key of an artifact's metadata that names the revision which
// it was made from.
const Originated = "org.opencontainers.image.revision"

// Kinds lists the kinds of sources, as empty objects.
func Kinds() []Object {
	return []Object{&sourcev1.GitRepository{}, &sourcev1.OCIRepository{}, &sourcev1.Bucket{}, &sourcev1.ExternalArtifact{}}
}

// Object is a source of any kind.
type Object interface {
	client.Object
	GetArtifact() *meta.Artifact
}

// Resolved is a source and what it advertises.
type Resolved struct {
	Reference v1alpha1.SourceReference // with a namespace
	Artifact  meta.Artifact
}

// Origin is the revision that the source was made from, else its own.
func (r Resolved) Origin() string {
	if origin := r.Artifact.Metadata[Originated]; origin != "" {
		return origin
	}
	return r.Artifact.Revision
}

// Observed is what a status says of the source.
func (r Resolved) Observed() v1alpha1.ObservedSource {
	return v1alpha1.ObservedSource{
		Kind: r.Reference.Kind, Name: r.Reference.Name, Namespace: r.Reference.Namespace,
		Revision: r.Artifact.Revision, Digest: r.Artifact.Digest, OriginRevision: r.Artifact.Metadata[Originated],
	}
}

// NotReadyError says that a source has nothing to fetch yet.
type NotReadyError struct{ text string }

func (e *NotReadyError) Error() string { return e.text }

// DeniedError says that a reference is not allowed.
type DeniedError struct{ text string }

func (e *DeniedError) Error() string { return e.text }

// Resolver looks sources up.
type Resolver struct {
	Client client.Reader
	// NoCrossNamespace refuses references to other namespaces.
	NoCrossNamespace bool
}

// Resolve finds the artifact of a source that an object in a namespace refers to.
func (r *Resolver) Resolve(ctx context.Context, namespace string, ref v1alpha1.SourceReference) (Resolved, error) {
	ref.Namespace = ref.In(namespace)
	if r.NoCrossNamespace && ref.Namespace != namespace {
		return Resolved{}, &DeniedError{fmt.Sprintf("%s is in another namespace, and the controller runs with --no-cross-namespace-refs", Name(ref))}
	}
	obj := empty(ref.Kind)
	if obj == nil {
		return Resolved{}, &DeniedError{fmt.Sprintf("%s is not a kind of source", ref.Kind)}
	}
	err := r.Client.Get(ctx, types.NamespacedName{Namespace: ref.Namespace, Name: ref.Name}, obj)
	switch {
	case apierrors.IsNotFound(err):
		return Resolved{}, &NotReadyError{Name(ref) + " does not exist"}
	case err != nil:
		return Resolved{}, fmt.Errorf("reading %s: %w", Name(ref), err)
	case obj.GetArtifact() == nil:
		return Resolved{}, &NotReadyError{Name(ref) + " has no artifact yet"}
	}
	return Resolved{Reference: ref, Artifact: *obj.GetArtifact()}, nil
}

// Name is how a message names a source.
func Name(ref v1alpha1.SourceReference) string {
	return fmt.Sprintf("%s %s/%s", ref.Kind, ref.Namespace, ref.Name)
}

func empty(kind string) Object {
	switch kind {
	case sourcev1.GitRepositoryKind:
		return &sourcev1.GitRepository{}
	case sourcev1.OCIRepositoryKind:
		return &sourcev1.OCIRepository{}
	case sourcev1.BucketKind:
		return &sourcev1.Bucket{}
	case sourcev1.ExternalArtifactKind:
		return &sourcev1.ExternalArtifact{}
	}
	return nil
}
