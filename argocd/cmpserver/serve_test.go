package cmpserver

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/krowave/krowave/argocd/cmpserver/pluginpb"
)

func TestReplyTooLarge(t *testing.T) {
	s := start(t, Config{MessageBytes: 1 << 20})
	manifest := "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: big\ndata:\n  a: " + strings.Repeat("x", 1<<20) + "\n"
	_, err := s.generate(t, ".", tree{"a.yaml": manifest}.pack(t, time.Time{}), nil)
	if !strings.HasPrefix(message(err), "the manifests: they have 1024 kB together, more than a message may have; ") {
		t.Errorf("%v, want what to do", err)
	}
}

func TestSockets(t *testing.T) {
	want := []string{"/x/krowave.sock", "/x/krowave-v1.2.3-dirty.sock"}
	if diff := cmp.Diff(want, Sockets("/x", "krowave", "v1.2.3+dirty")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"/x/k.sock", "/x/k-devel.sock"}, Sockets("/x", "k", "(devel)")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	s := start(t, Config{})
	archive := shop().pack(t, time.Time{})
	for _, socket := range s.sockets {
		s.client = dial(t, socket)
		if got, err := s.generate(t, "apps/web", archive, nil); err != nil || len(got) != 2 {
			t.Errorf("%s: %v %v", socket, got, err)
		}
		if err := Probe(t.Context(), socket); err != nil {
			t.Error(err)
		}
		if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o660 {
			t.Errorf("%s: %v %v, want mode 0660", socket, info.Mode(), err)
		}
	}
	if err := Serve(t.Context(), Config{Sockets: s.sockets}); err == nil || !strings.Contains(err.Error(), "another process listens on ") {
		t.Errorf("a second server: %v", err)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	for _, socket := range s.sockets {
		if _, err := os.Lstat(socket); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left behind: %v", socket, err)
		}
		if err := Probe(t.Context(), socket); err == nil {
			t.Errorf("%s is served after the end", socket)
		}
	}
}

func TestStaleSocket(t *testing.T) {
	sockets := Sockets(t.TempDir(), "krowave", "v1")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: sockets[0], Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false) // as after a kill
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s := start(t, Config{Sockets: sockets})
	if err := Probe(t.Context(), sockets[0]); err != nil {
		t.Error(err)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(sockets[1], []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Serve(t.Context(), Config{Sockets: sockets}); err == nil || !strings.HasSuffix(err.Error(), "exists and is not a socket") {
		t.Errorf("with a file in the way: %v", err)
	}
	if _, err := os.Lstat(sockets[0]); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the first socket is left behind: %v", err)
	}
}

// A call in flight is answered although the server is told to end.
func TestShutdownFinishesCalls(t *testing.T) {
	s := start(t, Config{})
	stream, err := s.client.GenerateManifest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// The server has begun with the call once more than its buffers were taken.
	archive := shop().with(tree{"noise.bin": strings.Repeat("0123456789", 100_000)}).pack(t, time.Time{})
	if err := stream.Send(metadata("apps/web", "", nil)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.client.CheckPluginConfiguration(t.Context(), &emptypb.Empty{}); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.stop() }()
	if err := stream.Send(chunk(archive)); err != nil {
		t.Fatal(err)
	}
	_, err = stream.CloseAndRecv()
	if !strings.Contains(message(err), "its checksum differs") {
		t.Errorf("%v, want the answer of the call", err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A client that has connected is served although its handshake comes after the
// end, and the server that takes the socket over keeps it.
func TestLinger(t *testing.T) {
	old := start(t, Config{Linger: 2 * time.Second})
	raw, err := net.Dial("unix", old.sockets[0])
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- old.stop() }()
	for {
		if _, err := os.Lstat(old.sockets[0]); errors.Is(err, os.ErrNotExist) {
			break
		}
		runtime.Gosched()
	}
	successor := start(t, Config{Sockets: old.sockets[:1]})
	conn, err := grpc.NewClient("passthrough:old", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) { return raw, nil }))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := pluginpb.NewConfigManagementPluginServiceClient(conn).CheckPluginConfiguration(t.Context(), &emptypb.Empty{}); err != nil {
		t.Errorf("after the end: %v", err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := Probe(t.Context(), successor.sockets[0]); err != nil {
		t.Errorf("the socket of the successor: %v", err)
	}
}

func TestMetrics(t *testing.T) {
	m := newMetrics()
	s := testService()
	s.metrics = m
	m.watch(s)
	s.end(newCall("GenerateManifest"), &Findings{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- m.serve(ctx, l, newSlots(1)) }()
	resp, err := http.Get("http://" + l.Addr().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`krowave_cmp_requests_total{code="InvalidArgument",method="GenerateManifest"} 1`,
		`krowave_cmp_cache_bytes{cache="tree"} 0`, `krowave_cmp_request_duration_seconds_count{method="GenerateManifest"} 1`,
		"krowave_cmp_in_flight_requests 0",
	} {
		if !strings.Contains(string(text), want+"\n") {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
