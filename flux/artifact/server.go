package artifact

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path"
	"strings"
	"time"

	"github.com/fluxcd/pkg/artifact/config"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher"
)

// Server serves the archives of a storage, and nothing else: no listing, no
// other file, nothing outside of it. GET / answers with an empty page, for
// probes.
type Server struct {
	Options *config.Options
	TLS     TLSFiles
}

// TLSFiles are the files of a server's certificate. All are optional; files that
// change are read again.
type TLSFiles struct {
	Certificate, Key string
	ClientCA         string // whose certificates consumers must show
}

// Enabled reports whether the server speaks TLS.
func (t TLSFiles) Enabled() bool { return t.Certificate != "" || t.Key != "" }

// Limits of time, so that a client that sends or reads nothing holds no
// connection. Consumers of Flux give up sooner.
const (
	headerTimeout = 10 * time.Second
	writeTimeout  = 10 * time.Minute
	idleTimeout   = 2 * time.Minute
	graceTimeout  = 5 * time.Second
)

// NeedLeaderElection makes only the leader serve, whose storage is current.
func (s *Server) NeedLeaderElection() bool { return true }

// Start serves until ctx ends.
func (s *Server) Start(ctx context.Context) error {
	listener, err := net.Listen("tcp", s.Options.StorageAddress)
	if err != nil {
		return fmt.Errorf("--storage-addr: %w", err)
	}
	return s.Serve(ctx, listener)
}

// Serve serves on a listener until ctx ends.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	root, err := os.OpenRoot(s.Options.StoragePath)
	if err != nil {
		return fmt.Errorf("opening the storage: %w", err)
	}
	defer root.Close()
	server := &http.Server{Handler: handler(root), ReadHeaderTimeout: headerTimeout, ReadTimeout: headerTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: 16 << 10}
	if s.TLS.Enabled() {
		if listener, err = s.TLS.wrap(ctx, listener); err != nil {
			return err
		}
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	select {
	case err := <-done:
		return fmt.Errorf("serving artifacts: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceTimeout)
	defer cancel()
	if err := server.Shutdown(grace); errors.Is(err, context.DeadlineExceeded) {
		return server.Close()
	}
	return nil
}

// handler opens each file through root, which no name and no symlink leads out
// of.
func handler(root *os.Root) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/")
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		case name == "":
			return
		case path.Clean(name) != name || !strings.HasSuffix(name, ".tar.gz"):
			http.NotFound(w, r)
			return
		}
		file, err := root.Open(name)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		defer file.Close()
		info, err := file.Stat()
		if err != nil || !info.Mode().IsRegular() {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/gzip")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		http.ServeContent(w, r, "", info.ModTime(), file)
	})
}

// wrap adds TLS to a listener.
func (t TLSFiles) wrap(ctx context.Context, listener net.Listener) (net.Listener, error) {
	if t.Certificate == "" || t.Key == "" {
		return nil, errors.New("--storage-tls-cert and --storage-tls-key go together")
	}
	watcher, err := certwatcher.New(t.Certificate, t.Key)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate: %w", err)
	}
	go func() { _ = watcher.Start(ctx) }() // it ends with ctx
	c := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: watcher.GetCertificate}
	if t.ClientCA != "" {
		pem, err := os.ReadFile(t.ClientCA)
		if err != nil {
			return nil, fmt.Errorf("--storage-tls-client-ca: %w", err)
		}
		c.ClientCAs = x509.NewCertPool()
		if !c.ClientCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New("--storage-tls-client-ca: no certificate in the file")
		}
		c.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return tls.NewListener(listener, c), nil
}
