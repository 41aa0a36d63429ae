package controller

import (
	"context"
	"errors"
	"fmt"
	"strings"

	apiacl "github.com/fluxcd/pkg/apis/acl"

	"github.com/krowave/krowave/flux/api/v1alpha1"
	"github.com/krowave/krowave/flux/source"
	"github.com/krowave/krowave/render/compat"
	table "github.com/krowave/krowave/render/settings"
)

// validate looks at what the API server cannot check.
func (s *reconcileScope) validate() error {
	spec := &s.obj.Spec
	var wrong []string
	if v := spec.KubernetesVersion; v != "" {
		if _, err := table.ParseVersion(v); err != nil {
			wrong = append(wrong, fmt.Sprintf("spec.kubernetesVersion: %v", err))
		}
	}
	if v := spec.KroVersion; v != "" {
		if _, err := compat.Parse(v); err != nil {
			wrong = append(wrong, fmt.Sprintf("spec.kroVersion: %v", err))
		}
	}
	for _, ref := range spec.References(s.obj.Namespace) {
		if ref.Kind == "ExternalArtifact" && ref.Name == s.obj.Name && ref.Namespace == s.obj.Namespace {
			wrong = append(wrong, "the source is the ExternalArtifact that this object itself publishes")
		}
	}
	if len(wrong) > 0 {
		return newTerminalError(v1alpha1.InvalidSpecReason, errors.New(strings.Join(wrong, "; ")))
	}
	return nil
}

// resolve finds what the sources advertise.
func (s *reconcileScope) resolve(ctx context.Context) error {
	for _, ref := range s.obj.Spec.References(s.obj.Namespace) {
		resolved, err := s.Resolver.Resolve(ctx, s.obj.Namespace, ref)
		var denied *source.DeniedError
		var waiting *source.NotReadyError
		switch {
		case errors.As(err, &denied):
			return newTerminalError(apiacl.AccessDeniedReason, err)
		case errors.As(err, &waiting):
			return newDelayedError(v1alpha1.SourceNotReadyReason, err, s.RequeueDependency)
		case err != nil:
			return err
		}
		s.sources = append(s.sources, resolved)
	}
	return nil
}

// source returns the resolved source of a reference.
func (s *reconcileScope) source(ref v1alpha1.SourceReference) source.Resolved {
	ref.APIVersion, ref.Namespace = "", ref.In(s.obj.Namespace)
	for _, r := range s.sources {
		if r.Reference == ref {
			return r
		}
	}
	return source.Resolved{Reference: ref}
}

// fetch gets the files of a source.
func (s *reconcileScope) fetch(ctx context.Context, ref v1alpha1.SourceReference) (*source.Tree, error) {
	from := s.source(ref)
	tree, err := s.Fetcher.Fetch(ctx, from.Artifact)
	var waiting *source.NotReadyError
	var limit *source.LimitError
	switch {
	case errors.As(err, &waiting):
		return nil, newDelayedError(v1alpha1.SourceNotReadyReason, fmt.Errorf("%s: %w", source.Name(from.Reference), err), s.RequeueDependency)
	case errors.As(err, &limit):
		return nil, newTerminalError(v1alpha1.SourceFetchFailedReason, fmt.Errorf("%s: %w", source.Name(from.Reference), err))
	case err != nil:
		return nil, newRetryError(v1alpha1.SourceFetchFailedReason, fmt.Errorf("%s: %w", source.Name(from.Reference), err))
	}
	return tree, nil
}
