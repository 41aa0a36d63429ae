package preview

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/krowave/krowave/plugin/preview/web"
	"github.com/krowave/krowave/render/diag"
)

// Server serves the pages.
type Server struct {
	options Options
	live    *live
	guard   *guard
	mux     *http.ServeMux
}

// New returns a server for an address to listen at.
func New(address *net.TCPAddr, o Options) *Server {
	s := &Server{options: o, live: newLive(o), guard: newGuard(address, o.Remote), mux: http.NewServeMux()}
	s.routes()
	return s
}

// Path is the path and query with the token that opens the page.
func (s *Server) Path() string { return "/?token=" + s.guard.token }

// PathOnce is one that opens it one time.
func (s *Server) PathOnce() string { return "/?token=" + s.guard.oneTime() }

// grace is how long requests may take to end when the server does.
const grace = 300 * time.Millisecond

// Serve renders and serves until the context ends.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.live.run(ctx, s.options)
	}()
	server := &http.Server{
		Handler: s, ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serving the preview: %w", err)
	case <-ctx.Done():
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := server.Shutdown(late); err != nil {
		_ = server.Close() // what is still open is cut
	}
	select {
	case <-done:
	case <-late.Done(): // a render that does not end at once ends with the process
	}
	return nil
}

// ServeHTTP answers a request that the guard lets in.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	nonce := secret()[:22]
	header(w.Header(), nonce)
	if no := s.guard.check(r); no != nil {
		http.Error(w, no.message, no.status)
		return
	}
	if token := r.URL.Query().Get("token"); token != "" && r.Method == http.MethodGet && !strings.HasPrefix(r.URL.Path, "/api/") {
		s.guard.enter(w, r, token)
		return
	}
	if !s.guard.knows(r) {
		http.Error(w, "open the address with the token that krowave preview printed in the terminal", http.StatusForbidden)
		return
	}
	if strings.HasPrefix(r.URL.Path, "/api/") {
		s.mux.ServeHTTP(w, r)
		return
	}
	web.Serve(w, r, nonce)
}

// header sets what holds for every answer: nothing is loaded from elsewhere, no
// script is run that is not a file of ours, and nobody frames the page.
func header(h http.Header, nonce string) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-"+nonce+"'; img-src 'self' data:; "+
		"font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cache-Control", "no-store")
}

// message is an error for the page.
func message(err error) string {
	if errors.Is(err, context.Canceled) {
		return "interrupted"
	}
	return diag.CleanLines(err.Error())
}
