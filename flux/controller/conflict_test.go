package controller_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/krowave/krowave/flux/api/v1alpha1"
)

// conflicts notes the requests of a controller that the API server refuses with 409.
type conflicts struct {
	mu    sync.Mutex
	paths []string
}

// wrap notes what goes through a transport.
func (c *conflicts) wrap(below http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		answer, err := below.RoundTrip(r)
		if err == nil && answer.StatusCode == http.StatusConflict {
			body, _ := io.ReadAll(answer.Body) // as far as it comes
			answer.Body = io.NopCloser(strings.NewReader(string(body)))
			c.mu.Lock()
			c.paths = append(c.paths, fmt.Sprintf("%s %s: %s", r.Method, r.URL.Path, body))
			c.mu.Unlock()
		}
		return answer, err
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// in returns those of a namespace.
func (c *conflicts) in(ns string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []string
	for _, p := range c.paths {
		if strings.Contains(p, "/namespaces/"+ns+"/") {
			out = append(out, p)
		}
	}
	return out
}

// A controller that writes to what it has written before knows what is there: a
// conflict is a wasted request, and a wait before it is repeated.
func TestNoConflicts(t *testing.T) {
	needsCluster(t)
	ns := namespace(t)
	commit(t, ns, "shop", "c1", archive(t, "shop.txtar", "1"))
	var objects []*v1alpha1.RenderedSource
	for i := range 10 {
		objects = append(objects, create(t, ns, fmt.Sprintf("shop-%d", i), nil))
	}
	for _, obj := range objects {
		rendered(t, obj, "c1")
	}
	if list := world.conflicts.in(ns); len(list) > 0 {
		t.Errorf("%d conflicts:\n%s", len(list), strings.Join(list, "\n"))
	}
}
