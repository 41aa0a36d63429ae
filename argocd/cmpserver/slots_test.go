package cmpserver

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

func TestSlots(t *testing.T) {
	at := time.Unix(0, 0)
	s := newSlots(1)
	s.now = func() time.Time { return at }
	check := func(what string, healthy bool) {
		t.Helper()
		_, err := healthServer{health.NewServer(), s}.Check(t.Context(), &healthpb.HealthCheckRequest{})
		answer := httptest.NewRecorder()
		s.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "GET", "/healthz", nil))
		if (err == nil) != healthy || (answer.Code == 200) != healthy || !healthy && status.Code(err) != codes.Unavailable {
			t.Errorf("%s: %v, %d %s", what, err, answer.Code, answer.Body)
		}
	}
	at = at.Add(time.Hour)
	check("an idle server", true)
	if err := s.acquire(t.Context()); err != nil {
		t.Fatal(err)
	}
	at = at.Add(stuckAfter)
	check("a long render", true)
	at = at.Add(time.Second)
	check("a render that does not end", false)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.acquire(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that is gone: %v", err)
	}
	check("a caller that waits in vain frees nothing", false)
	s.release()
	check("a slot came free", true)
}
