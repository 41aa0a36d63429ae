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

// reconcileError is an error with its reason and how to retry.
type reconcileError struct {
	reason   string
	err      error
	terminal bool          // not retried until something changes
	after    time.Duration // retry after this time; 0 means back-off
}

func (s *reconcileError) Error() string { return s.err.Error() }
func (s *reconcileError) Unwrap() error { return s.err }

// newTerminalError is not retried until the object or its sources change.
func newTerminalError(reason string, err error) error {
	return &reconcileError{reason: reason, err: err, terminal: true}
}

// newRetryError is retried with back-off.
func newRetryError(reason string, err error) error {
	if err == nil {
		return nil
	}
	return &reconcileError{reason: reason, err: err}
}

// newDelayedError is retried after a fixed time, for a cause that is about to go.
func newDelayedError(reason string, err error, after time.Duration) error {
	return &reconcileError{reason: reason, err: err, after: after}
}

// staleError ends a reconcile that acted on an outdated object. The next attempt
// reads the current one.
type staleError struct{ err error }

func (a *staleError) Error() string { return a.err.Error() }
func (a *staleError) Unwrap() error { return a.err }

// staleRetry is the time that the cache gets to receive a change.
const staleRetry = time.Second

// newWriteError is the error of a write; a conflict makes it a staleError.
func newWriteError(reason string, err error) error {
	if apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) {
		return &staleError{err}
	}
	return newRetryError(reason, err)
}

// conclude turns the result of a reconcile into conditions, an event and a result
// for the queue, and stores the status.
func (s *reconcileScope) conclude(ctx context.Context, result ctrl.Result, err error) (ctrl.Result, error) {
	if s.suspended || s.obj.DeletionTimestamp != nil && len(s.obj.Finalizers) == 0 && err == nil {
		if s.suspended {
			return result, err
		}
		return result, s.patch(ctx)
	}
	if v, ok := meta.ReconcileAnnotationValue(s.obj.Annotations); ok {
		s.obj.Status.SetLastHandledReconcileRequest(v)
	}
	var why *reconcileError
	var repeat *staleError
	switch {
	case errors.As(err, &repeat):
		ctrl.LoggerFrom(ctx).V(1).Info("trying again", "reason", err.Error())
		result, err = ctrl.Result{RequeueAfter: staleRetry}, nil
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

func (s *reconcileScope) stalled(why *reconcileError) {
	before := conditions.Get(s.obj, meta.StalledCondition)
	message := cut(why.Error(), maxMessage)
	conditions.MarkFalse(s.obj, meta.ReadyCondition, why.reason, "%s", message)
	conditions.MarkStalled(s.obj, why.reason, "%s", message)
	conditions.Delete(s.obj, meta.ReconcilingCondition)
	if before == nil || before.Message != message || before.ObservedGeneration != s.obj.Generation {
		s.warn(why.reason, "%s", message)
	}
}

func (s *reconcileScope) retrying(reason string, err error) {
	before := conditions.Get(s.obj, meta.ReadyCondition)
	message := cut(err.Error(), maxMessage)
	conditions.MarkFalse(s.obj, meta.ReadyCondition, reason, "%s", message)
	conditions.MarkReconciling(s.obj, meta.ProgressingWithRetryReason, "%s", message)
	conditions.Delete(s.obj, meta.StalledCondition)
	if before == nil || before.Message != message || before.Reason != reason {
		s.warn(reason, "%s", message)
	}
}

// Length limits of messages: Kubernetes refuses longer ones.
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

func (s *reconcileScope) event(kind, reason, format string, args ...any) {
	notes := map[string]string{}
	if a := s.obj.Status.Artifact; a != nil {
		notes[revisionKey] = a.Revision
	}
	s.AnnotatedEventf(s.obj, notes, kind, reason, "%s", cut(fmt.Sprintf(format, args...), maxEvent))
}

func (s *reconcileScope) warn(reason, format string, args ...any) {
	s.event(corev1.EventTypeWarning, reason, format, args...)
}

// note emits a normal event.
func (s *reconcileScope) note(reason, format string, args ...any) {
	s.event(corev1.EventTypeNormal, reason, format, args...)
}

// mark sets a condition that exists only while it is true. It reports whether the
// condition is new.
func (s *reconcileScope) mark(kind, reason, message string) bool {
	before := conditions.Get(s.obj, kind)
	if message == "" {
		conditions.Delete(s.obj, kind)
		return false
	}
	message = cut(message, maxMessage)
	conditions.MarkTrue(s.obj, kind, reason, "%s", message)
	return before == nil || before.Message != message
}

// ready sets the condition Ready to true.
func (s *reconcileScope) ready(reason, format string, args ...any) {
	conditions.MarkTrue(s.obj, meta.ReadyCondition, reason, format, args...)
}

// unready sets the condition Ready to false when the artifact is published but
// cannot be applied.
func (s *reconcileScope) unready(reason, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	before := conditions.Get(s.obj, meta.ReadyCondition)
	conditions.MarkFalse(s.obj, meta.ReadyCondition, reason, "%s", message)
	if before == nil || before.Message != message {
		s.warn(reason, "%s", message)
	}
}

// list joins the first words, followed by the number of the others.
func list(words []string, limit int) string {
	if len(words) > limit {
		return strings.Join(words[:limit], ", ") + fmt.Sprintf(" and %d more", len(words)-limit)
	}
	return strings.Join(words, ", ")
}
