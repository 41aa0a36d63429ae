package cmpserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"

	"github.com/krowave/krowave/argocd/cmpserver/pluginpb"
	"github.com/krowave/krowave/render/cache"
	table "github.com/krowave/krowave/render/settings"
)

// Config says how to serve.
type Config struct {
	Sockets       []string     // paths to listen on
	Discover      bool         // take applications without a plugin section
	MetricsAddr   string       // of /metrics and /healthz; "" for none
	MaxConcurrent int          // applications rendered at once; default GOMAXPROCS
	CacheBytes    int64        // of everything that is remembered; default 256 MiB
	MessageBytes  int          // of one gRPC message; default 100 MiB
	Settings      table.Values // of the operator; the zero value is the default
	Log           *slog.Logger

	// Linger is how long clients that have connected already are let in once ctx
	// ends and the socket files are gone; default none.
	Linger time.Duration
	// Grace is how long calls in flight may take after that; default 25 s.
	Grace time.Duration
	// Ready, if not nil, is called when every socket is listened on.
	Ready func()
}

func (c Config) withDefaults() Config {
	if c.MaxConcurrent <= 0 {
		c.MaxConcurrent = runtime.GOMAXPROCS(0)
	}
	if c.CacheBytes <= 0 {
		c.CacheBytes = 256 << 20
	}
	if c.MessageBytes <= 0 {
		c.MessageBytes = 100 << 20
	}
	if c.Settings.Files.Files == 0 {
		c.Settings = table.Default(table.CMPServer)
	}
	if c.Grace <= 0 {
		c.Grace = 25 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// SocketDir is where repo-server looks for plugins.
func SocketDir(getenv func(string) string) string {
	if dir := getenv("ARGOCD_PLUGINSOCKFILEPATH"); dir != "" {
		return dir
	}
	return "/home/argocd/cmp-server/plugins"
}

// MessageBytes is the limit of a message that Argo CD's environment asks for.
func MessageBytes(getenv func(string) string) (int, error) {
	const name = "ARGOCD_GRPC_MAX_SIZE_MB"
	text := getenv(name)
	if text == "" {
		return 100 << 20, nil
	}
	mb, err := strconv.Atoi(text)
	if err != nil || mb < 1 || mb > 2047 {
		return 0, fmt.Errorf("%s is %q; it must be a number of megabytes from 1 to 2047", name, text)
	}
	return mb << 20, nil
}

// Sockets returns the sockets of a plugin: one under its name, and one under its
// name and version, so that an Application can follow or pin it. The file's name
// without .sock is the plugin's name.
func Sockets(dir, name, version string) []string {
	out := []string{filepath.Join(dir, name+".sock")}
	version = strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '.', r == '-', r == '_':
			return r
		case r == '+':
			return '-'
		}
		return -1
	}, version)
	if version != "" {
		out = append(out, filepath.Join(dir, name+"-"+version+".sock"))
	}
	return out
}

// Serve listens on every socket and answers until ctx ends, then finishes the
// calls in flight.
func Serve(ctx context.Context, c Config) error {
	c = c.withDefaults()
	listeners, err := listenAll(c.Sockets)
	if err != nil {
		return err
	}
	defer closeAll(listeners)
	m := newMetrics()
	s := &service{
		renderer: NewRenderer(c.Settings, c.CacheBytes*3/4), trees: cache.New[*Tree](c.CacheBytes / 4),
		discover: c.Discover, maxReply: c.MessageBytes, log: c.Log, metrics: m,
		// A tree takes memory and its transfer hardly any CPU.
		uploads: make(chan struct{}, 4*c.MaxConcurrent), renders: newSlots(c.MaxConcurrent),
	}
	m.watch(s)
	group, groupCtx := errgroup.WithContext(ctx)
	if c.MetricsAddr != "" {
		l, err := net.Listen("tcp", c.MetricsAddr)
		if err != nil {
			return fmt.Errorf("listening for metrics: %w", err)
		}
		group.Go(func() error { return m.serve(groupCtx, l, s.renders) })
	}
	server, status := newServer(s, c.MessageBytes)
	for _, l := range listeners {
		group.Go(func() error { return server.Serve(l) })
	}
	group.Go(func() error {
		<-groupCtx.Done()
		status.Shutdown()
		for _, l := range listeners {
			l.remove()
		}
		// repo-server 3.6 does not give up a connection that is closed before its
		// handshake: the request would hang there until its deadline.
		time.Sleep(c.Linger)
		stop(server, c.Grace)
		return nil
	})
	c.Log.Info("listening", "sockets", c.Sockets, "discover", c.Discover, "maxConcurrent", c.MaxConcurrent, "cacheBytes", c.CacheBytes)
	if c.Ready != nil {
		c.Ready()
	}
	err = group.Wait()
	c.Log.Info("stopped")
	return err
}

func newServer(s *service, messageBytes int) (*grpc.Server, *health.Server) {
	server := grpc.NewServer(
		grpc.MaxRecvMsgSize(messageBytes), grpc.MaxSendMsgSize(messageBytes), grpc.StreamInterceptor(s.recoverInterceptor),
		grpc.ForceServerCodecV2(newCodec()),
		// repo-server's clients ping; the default would hang up on them.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 5 * time.Second, PermitWithoutStream: true}),
	)
	pluginpb.RegisterConfigManagementPluginServiceServer(server, s)
	status := health.NewServer()
	healthpb.RegisterHealthServer(server, healthServer{status, s.renders})
	status.SetServingStatus(pluginpb.ConfigManagementPluginService_ServiceDesc.ServiceName, healthpb.HealthCheckResponse_SERVING)
	reflection.Register(server)
	return server, status
}

// stop lets calls in flight finish, but not for ever.
func stop(server *grpc.Server, grace time.Duration) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.GracefulStop()
	}()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		server.Stop()
		<-done
	}
}

// socket is a listener that removes its file once: later, the file is that of
// the server that took its place.
type socket struct {
	*net.UnixListener
	remove func()
}

func listenAll(paths []string) ([]socket, error) {
	var out []socket
	for _, p := range paths {
		l, err := listen(p)
		if err != nil {
			closeAll(out)
			return nil, err
		}
		l.SetUnlinkOnClose(false)
		out = append(out, socket{l, sync.OnceFunc(func() { _ = os.Remove(p) })}) // a file that stays is taken for stale
	}
	return out, nil
}

func closeAll(sockets []socket) {
	for _, l := range sockets {
		l.remove()
		_ = l.Close() // closed already after a served end
	}
}

// listen listens on a socket. It replaces a socket file without a listener, which a
// killed process leaves behind.
func listen(name string) (*net.UnixListener, error) {
	info, err := os.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("socket %s: %w", name, err)
	case info.Mode()&fs.ModeSocket == 0:
		return nil, fmt.Errorf("%s exists and is not a socket", name)
	default:
		if conn, err := net.Dial("unix", name); err == nil {
			_ = conn.Close()
			return nil, fmt.Errorf("another process listens on %s: end it first, or choose another --name", name)
		}
		if err := os.Remove(name); err != nil {
			return nil, fmt.Errorf("removing a stale socket: %w", err)
		}
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: name, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	// repo-server connects as the same user, or as one of the same group.
	if err := os.Chmod(name, 0o660); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("socket %s: %w", name, err)
	}
	return l, nil
}
