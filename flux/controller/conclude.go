package controller

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	eventv1 "github.com/fluxcd/pkg/apis/event/v1beta1"
	"github.com/fluxcd/pkg/apis/meta"
	"github.com/fluxcd/pkg/runtime/conditions"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// stop is an error with what follows from it.
type stop struct {
	reason   string
	err      error
	terminal bool          // nothing but a change helps
	after    time.Duration // try again then; 0 leaves it to the back-off
}

func (s *stop) Error() string { return s.err.Error() }
func (s *stop) Unwrap() error { return s.err }

// terminal is an error that waits for a change of the object or its sources.
func terminal(reason string, err error) error { return &stop{reason: reason, err: err, terminal: true} }

// failed is an error that is tried again with back-off.
func failed(reason string, err error) error {
	if err == nil {
		return nil
	}
	return &stop{reason: reason, err: err}
}

// later is an error that something else is about to lift.
func later(reason string, err error, after time.Duration) error {
	return &stop{reason: reason, err: err, after: after}
}

// again ends a reconcile that acted on something old: nobody is at fault, and the
// next attempt sees what is new.
type again struct{ err error }

func (a *again) Error() string { return a.err.Error() }
func (a *again) Unwrap() error { return a.err }

// againAfter is how long the cache may take to hear of a change.
const againAfter = time.Second

// writing is the error of a write.
func writing(reason string, err error) error {
	if apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) {
		return &again{err}
	}
	return failed(reason, err)
}

// conclude turns what came of a reconcile into conditions, an event and what the
// queue is told, and stores the status.
func (s *step) conclude(ctx context.Context, result ctrl.Result, err error) (ctrl.Result, error) {
	if s.suspended || s.obj.DeletionTimestamp != nil && len(s.obj.Finalizers) == 0 && err == nil {
		if s.suspended {
			return result, err
		}
		return result, s.patch(ctx)
	}
	if v, ok := meta.ReconcileAnnotationValue(s.obj.Annotations); ok {
		s.obj.Status.SetLastHandledReconcileRequest(v)
	}
	var why *stop
	var repeat *again
	switch {
	case errors.As(err, &repeat):
		ctrl.LoggerFrom(ctx).V(1).Info("trying again", "reason", err.Error())
		result, err = ctrl.Result{RequeueAfter: againAfter}, nil
	case err == nil:
		if s.obj.DeletionTimestamp == nil {
			conditions.Delete(s.obj, meta.ReconcilingCondition)
		}
		conditions.Delete(s.obj, meta.StalledCondition)
	case errors.As(err, &why) && why.terminal:
		s.stalled(why)
		result, err = ctrl.Result{}, reconcile.TerminalError(err)
	case errors.As(err, &why) && why.after > 0:
		s.retrying(why.reason, err)
		result, err = ctrl.Result{RequeueAfter: why.after}, nil
	default:
		reason := meta.FailedReason
		if why != nil {
			reason = why.reason
		}
		s.retrying(reason, err)
		result = ctrl.Result{}
	}
	return result, errors.Join(err, s.patch(ctx))
}

func (s *step) stalled(why *stop) {
	before := conditions.Get(s.obj, meta.StalledCondition)
	message := cut(why.Error(), maxMessage)
	conditions.MarkFalse(s.obj, meta.ReadyCondition, why.reason, "%s", message)
	conditions.MarkStalled(s.obj, why.reason, "%s", message)
	conditions.Delete(s.obj, meta.ReconcilingCondition)
	if before == nil || before.Message != message || before.ObservedGeneration != s.obj.Generation {
		s.warn(why.reason, "%s", message)
	}
}

func (s *step) retrying(reason string, err error) {
	before := conditions.Get(s.obj, meta.ReadyCondition)
	message := cut(err.Error(), maxMessage)
	conditions.MarkFalse(s.obj, meta.ReadyCondition, reason, "%s", message)
	conditions.MarkReconciling(s.obj, meta.ProgressingWithRetryReason, "%s", message)
	conditions.Delete(s.obj, meta.StalledCondition)
	if before == nil || before.Message != message || before.Reason != reason {
		s.warn(reason, "%s", message)
	}
}

// Limits of texts: Kubernetes refuses longer ones.
const (
	maxMessage = 16 << 10
	maxEvent   = 1000
)

func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit-4], "") + " ..."
}

// revisionKey names the rendered revision in events, as Flux's controllers do
// under their own groups.
const revisionKey = "krowave.dev/" + eventv1.MetaRevisionKey

func (s *step) event(kind, reason, format string, args ...any) {
	notes := map[string]string{}
	if a := s.obj.Status.Artifact; a != nil {
		notes[revisionKey] = a.Revision
	}
	s.AnnotatedEventf(s.obj, notes, kind, reason, "%s", cut(fmt.Sprintf(format, args...), maxEvent))
}

func (s *step) warn(reason, format string, args ...any) {
	s.event(corev1.EventTypeWarning, reason, format, args...)
}

// note is an event that is of interest once.
func (s *step) note(reason, format string, args ...any) {
	s.event(corev1.EventTypeNormal, reason, format, args...)
}

// mark sets a condition that is there only while it is true, and says whether
// that is new.
func (s *step) mark(kind, reason, message string) bool {
	before := conditions.Get(s.obj, kind)
	if message == "" {
		conditions.Delete(s.obj, kind)
		return false
	}
	message = cut(message, maxMessage)
	conditions.MarkTrue(s.obj, kind, reason, "%s", message)
	return before == nil || before.Message != message
}

// ready says that everything is as it should be.
func (s *step) ready(reason, format string, args ...any) {
	conditions.MarkTrue(s.obj, meta.ReadyCondition, reason, format, args...)
}

// unready is for what keeps the artifact from being applied; the artifact
// itself is published.
func (s *step) unready(reason, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	before := conditions.Get(s.obj, meta.ReadyCondition)
	conditions.MarkFalse(s.obj, meta.ReadyCondition, reason, "%s", message)
	if before == nil || before.Message != message {
		s.warn(reason, "%s", message)
	}
}

// list joins words, and says how many more there are.
func list(words []string, limit int) string {
	if len(words) > limit {
		return strings.Join(words[:limit], ", ") + fmt.Sprintf(" and %d more", len(words)-limit)
	}
	return strings.Join(words, ", ")
}
