package controller

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/fluxcd/pkg/apis/meta"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/krowave/krowave/flux/api/v1alpha1"
	"github.com/krowave/krowave/flux/layout"
	"github.com/krowave/krowave/flux/live"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/object"
	table "github.com/krowave/krowave/render/settings"
)

// outcome is the result of a render. It is kept between reconciles, so that one
// without news renders nothing.
type outcome struct {
	input  string       // digest of all that went in
	wanted *layout.Plan // the plan to publish in the end
	next   *layout.Plan // what is published now
	done   bool         // next is wanted

	seen       live.Snapshot
	notCarried []string
	status     v1alpha1.RenderedSourceStatus // counts, instances, pending
	rendered   bool                          // in this reconcile
}

// outcome renders, unless nothing has changed since the last time.
func (s *reconcileScope) outcome(ctx context.Context) (*outcome, error) {
	input := s.inputDigest(s.seen())
	if last, ok := s.made.Load(s.key()); ok && !s.requested() {
		if out := last.(*outcome); out.input == input && len(out.seen.Unserved) == 0 && s.verified() == nil {
			kept := *out
			kept.rendered = false
			return &kept, nil
		}
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout())
	defer cancel()
	revision := s.source(s.obj.Spec.SourceRef).Artifact.Revision
	if err := s.progress(ctx, "rendering %s", revision); err != nil {
		return nil, err
	}
	s.obj.Status.LastAttemptedRevision = revision
	out, err := s.render(ctx)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			err = newRetryError(v1alpha1.RenderFailedReason, fmt.Errorf("not done after %s (spec.timeout): %w", s.timeout(), err))
		}
		return nil, err
	}
	return out, nil
}

const defaultTimeout = 2 * time.Minute

func (s *reconcileScope) timeout() time.Duration {
	if d := s.obj.Spec.Timeout.Duration; d > 0 {
		return d
	}
	return defaultTimeout
}

// requested reports whether someone asks for a reconcile.
func (s *reconcileScope) requested() bool {
	v, ok := meta.ReconcileAnnotationValue(s.obj.Annotations)
	return ok && v != s.obj.Status.GetLastHandledReconcileRequest()
}

// inputDigest is the digest of everything that a render depends on, as far as it can
// change while the controller runs.
func (s *reconcileScope) inputDigest(seen live.Snapshot) string {
	spec := s.obj.Spec
	spec.Interval.Duration, spec.Timeout.Duration = 0, 0
	raw, err := json.Marshal(spec)
	if err != nil {
		return "" // a spec that came as JSON goes back into it
	}
	h := sha256.New()
	h.Write(raw)
	for _, r := range s.sources {
		fmt.Fprintf(h, "\n%s %s %s", r.Reference.Kind, r.Artifact.Revision, r.Artifact.Digest)
	}
	fmt.Fprintf(h, "\n%s %s", s.obj.UID, seen.Digest)
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// render expands the instances and lays the objects out. Findings that are
// errors end the reconcile until something changes.
func (s *reconcileScope) render(ctx context.Context) (*outcome, error) {
	in, err := s.input(ctx)
	if err != nil {
		return nil, err
	}
	if in.diags.HasErrors() {
		return nil, findings(in.diags)
	}
	res, seen, err := s.settle(ctx, in)
	var crash *render.Crash
	var why *reconcileError
	switch {
	case errors.As(err, &crash):
		ctrl.LoggerFrom(ctx).Error(err, "the engine failed", "stack", string(crash.Stack))
		return nil, newTerminalError(v1alpha1.RenderFailedReason, err)
	case errors.As(err, &why):
		return nil, err
	case err != nil:
		return nil, newRetryError(v1alpha1.RenderFailedReason, err)
	}
	all := append(in.diags, res.Diagnostics...)
	all = append(all, render.Collisions(res.Objects)...)
	all = append(all, s.orphans(res)...)
	if !s.obj.Spec.AllowSecrets {
		all = append(all, plainSecrets(res)...)
	}
	if in.strict {
		for i := range all {
			if all[i].Severity == diag.Warning {
				all[i].Severity = diag.Error
			}
		}
	}
	if all.HasErrors() {
		return nil, findings(all)
	}
	kept, err := s.carryOver(res)
	if err != nil {
		return nil, err
	}
	res.Objects = append(res.Objects, kept...)
	_, plan, diags := layout.Files(res, layout.Options{Impersonated: s.impersonated()})
	if all = append(all, diags...); all.HasErrors() {
		return nil, findings(all)
	}
	if plan.ToKro, err = s.toKro(res); err != nil {
		return nil, err
	}
	if err := s.lostHands(ctx, res, plan); err != nil {
		return nil, err
	}
	if len(res.Objects) == 0 && !pending(res) && !in.allowEmpty {
		return nil, newTerminalError(v1alpha1.RenderFailedReason, fmt.Errorf("%s: nothing is rendered, and Flux would delete the applied objects; to allow this, set spec.allowEmpty or delete the RenderedSource", pathOf(s.obj)))
	}
	out := &outcome{input: s.inputDigest(seen), wanted: plan, rendered: true, seen: seen}
	out.summarize(res, all, len(kept))
	return out, nil
}

func pathOf(obj *v1alpha1.RenderedSource) string {
	if obj.Spec.Path == "" {
		return "."
	}
	return obj.Spec.Path
}

func pending(res *render.Result) bool {
	for _, i := range res.Instances {
		if len(i.Pending) > 0 {
			return true
		}
	}
	return false
}

// maxFindings is how many findings a condition shows.
const maxFindings = 20

// findings is the error of files that cannot be rendered as they are.
func findings(all diag.List) error {
	var errs diag.List
	for _, d := range all.Sorted() {
		if d.Severity == diag.Error {
			d.Message, d.Hint = table.Spell(d.Message, table.RenderedSource), table.Spell(d.Hint, table.RenderedSource)
			errs = append(errs, d)
		}
	}
	var text bytes.Buffer
	if err := diag.Print(&text, errs, diag.PrintOptions{Max: maxFindings}); err != nil {
		return err
	}
	return newTerminalError(v1alpha1.RenderFailedReason, errors.New(strings.TrimSpace(text.String())))
}

// plainSecrets reports what would make a Secret's values readable in the network.
func plainSecrets(res *render.Result) diag.List {
	var out diag.List
	for _, o := range res.Objects {
		if !object.HoldsSecretValues(o.Object) || o.Object["sops"] != nil {
			continue
		}
		d := diag.Diagnostic{Severity: diag.Error, Rule: "plain-secret", Sensitive: true,
			Message: "a Secret with values in plain text would be published where everyone in the cluster can download it",
			Hint:    "encrypt it with SOPS, create it with an operator for secrets, or set spec.allowSecrets"}
		switch {
		case o.Instance != nil:
			d.Pos = o.Instance.Graph.RGD.Doc.Position(o.Node.At.With("id"))
			d.Object = o.Instance.Title()
		default:
			d.Pos = o.Doc.Start()
			d.Object = o.Doc.Title()
		}
		out.Add(d)
	}
	return out
}
