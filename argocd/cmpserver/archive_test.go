package cmpserver

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/krowave/krowave/argocd/cmpserver/pluginpb"
)

// tree is a repository: file contents by name; "-> target" is a symlink.
type tree map[string]string

// pack makes the archive that repo-server would send. Its files are of a time,
// which differs between checkouts.
func (f tree) pack(t testing.TB, at time.Time) []byte {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	w := tar.NewWriter(zip)
	var names []string
	for name := range f {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		h := &tar.Header{Name: name, Mode: 0o644, ModTime: at, Typeflag: tar.TypeReg, Size: int64(len(f[name]))}
		target, link := strings.CutPrefix(f[name], "-> ")
		if link {
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, target, 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if link {
			continue
		}
		if _, err := io.WriteString(w, f[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (f tree) with(more tree) tree {
	out := tree{}
	for _, from := range []tree{f, more} {
		for name, text := range from {
			out[name] = text
		}
	}
	return out
}

// shop is a repository with one RGD, two applications, and things that matter
// to neither.
func shop() tree {
	return tree{
		"README.md": "# shop\n",
		"rgds/web-app.yaml": `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata:
  name: web-app
spec:
  schema:
    apiVersion: v1alpha1
    kind: WebApp
    spec:
      replicas: integer | default=1 maximum=10
      password: string | default="hunter2"
      image:
        tag: string | default="v1"
  resources:
  - id: config
    template:
      apiVersion: v1
      kind: ConfigMap
      metadata:
        name: ${schema.metadata.name}
      data:
        replicas: ${string(schema.spec.replicas)}
        tag: ${schema.spec.image.tag}
  - id: secret
    template:
      apiVersion: v1
      kind: Secret
      metadata:
        name: ${config.metadata.name}-secret
      stringData:
        password: ${schema.spec.password}
`,
		"apps/web/web.yaml":   "apiVersion: kro.run/v1alpha1\nkind: WebApp\nmetadata:\n  name: web\nspec: {}\n",
		"apps/api/api.yaml":   "apiVersion: kro.run/v1alpha1\nkind: WebApp\nmetadata:\n  name: api\n  namespace: backend\nspec:\n  replicas: 3\n",
		"apps/plain/cm.yaml":  "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: plain\n",
		"apps/empty/notes.md": "nothing\n",
	}
}

// testServer is a server on real sockets, and a client.
type testServer struct {
	sockets []string
	client  pluginpb.ConfigManagementPluginServiceClient
	log     *syncBuffer
	stop    func() error // ends the server and says how it ended
}

type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func start(t *testing.T, c Config) *testServer {
	t.Helper()
	s := &testServer{log: &syncBuffer{}}
	if c.Sockets == nil {
		c.Sockets = Sockets(t.TempDir(), "krowave", "v1.2.3")
	}
	c.Log = slog.New(slog.NewJSONHandler(s.log, nil))
	ready, done := make(chan struct{}), make(chan error, 1)
	c.Ready = func() { close(ready) }
	ctx, cancel := context.WithCancel(context.Background())
	go func() { done <- Serve(ctx, c) }()
	select {
	case <-ready:
	case err := <-done:
		cancel()
		t.Fatalf("the server did not start: %v", err)
	}
	s.sockets = c.Sockets
	s.client = dial(t, c.Sockets[0])
	s.stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Errorf("the server ended: %v", err)
		}
	})
	return s
}

func dial(t *testing.T, socket string) pluginpb.ConfigManagementPluginServiceClient {
	t.Helper()
	if !filepath.IsAbs(socket) {
		t.Fatalf("socket %s is not absolute", socket)
	}
	conn, err := grpc.NewClient("unix:"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(100<<20)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return pluginpb.NewConfigManagementPluginServiceClient(conn)
}

// sender is the client's side of any of the three uploads.
type sender interface {
	Send(*pluginpb.AppStreamRequest) error
}

// send uploads an archive as repo-server does: metadata, then pieces. Every Send
// has to succeed, for repo-server gives up at the first that does not.
func send(t testing.TB, to sender, path string, archive []byte, env map[string]string) {
	t.Helper()
	sum := sha256.Sum256(archive)
	meta := metadata(path, hex.EncodeToString(sum[:]), env)
	if err := to.Send(meta); err != nil {
		t.Errorf("sending metadata: %v", err)
	}
	for piece := range slices.Chunk(archive, 1024) {
		if err := to.Send(chunk(piece)); err != nil {
			t.Errorf("sending the archive: %v", err)
			return
		}
	}
}

func metadata(path, sum string, env map[string]string) *pluginpb.AppStreamRequest {
	meta := &pluginpb.ManifestRequestMetadata{AppName: "d41d8cd9", AppRelPath: path, Checksum: sum}
	for name, value := range env {
		meta.Env = append(meta.Env, &pluginpb.EnvEntry{Name: name, Value: value})
	}
	return &pluginpb.AppStreamRequest{Request: &pluginpb.AppStreamRequest_Metadata{Metadata: meta}}
}

func chunk(data []byte) *pluginpb.AppStreamRequest {
	return &pluginpb.AppStreamRequest{Request: &pluginpb.AppStreamRequest_File{File: &pluginpb.File{Chunk: data}}}
}

// generate asks for an application's manifests.
func (s *testServer) generate(t testing.TB, path string, archive []byte, env map[string]string) ([]string, error) {
	t.Helper()
	stream, err := s.client.GenerateManifest(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	send(t, stream, path, archive, env)
	answer, err := stream.CloseAndRecv()
	return answer.GetManifests(), err
}
