package cmpserver

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// stuckAfter is how long all slots may be taken without one coming free. Argo CD
// gives a call 90 seconds, unless ARGOCD_EXEC_TIMEOUT says otherwise.
const stuckAfter = 3 * time.Minute

// slots are the places of calls that take CPU.
type slots struct {
	places chan struct{}
	now    func() time.Time

	mu   sync.Mutex
	last time.Time // a slot was taken or came free
}

func newSlots(n int) *slots { return &slots{places: make(chan struct{}, n), now: time.Now} }

// acquire waits for a slot.
func (s *slots) acquire(ctx context.Context) error {
	if err := acquire(ctx, s.places); err != nil {
		return err
	}
	s.moved()
	return nil
}

func (s *slots) release() {
	<-s.places
	s.moved()
}

func (s *slots) moved() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = s.now()
}

// stuck is an error when no slot has come free for a while.
func (s *slots) stuck() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if took := s.now().Sub(s.last); len(s.places) == cap(s.places) && took > stuckAfter {
		return fmt.Errorf("all %d render slots were busy for %s", cap(s.places), took.Round(time.Second))
	}
	return nil
}

// ServeHTTP answers /healthz.
func (s *slots) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	if err := s.stuck(); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	}
}

// healthServer is gRPC's health service, which knows about the slots too.
type healthServer struct {
	*health.Server
	slots *slots
}

// Check answers a probe.
func (h healthServer) Check(ctx context.Context, r *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error) {
	if err := h.slots.stuck(); err != nil {
		return nil, status.Error(codes.Unavailable, err.Error())
	}
	return h.Server.Check(ctx, r)
}
