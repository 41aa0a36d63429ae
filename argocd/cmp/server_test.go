package cmp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/krowave/krowave/argocd/cmp/pluginpb"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/repo"
)

// titles are "wave Kind namespace/name" of manifests.
func titles(t testing.TB, manifests []string) []string {
	t.Helper()
	out := []string{}
	for _, m := range manifests {
		var o struct {
			Kind     string
			Metadata struct {
				Name, Namespace string
				Annotations     map[string]string
			}
		}
		if err := json.Unmarshal([]byte(m), &o); err != nil {
			t.Fatalf("%v in %s", err, m)
		}
		out = append(out, fmt.Sprintf("%s %s %s/%s", o.Metadata.Annotations["argocd.argoproj.io/sync-wave"], o.Kind, o.Metadata.Namespace, o.Metadata.Name))
	}
	return out
}

func message(err error) string { return status.Convert(err).Message() }

func TestGenerate(t *testing.T) {
	s := start(t, Config{})
	archive := shop().pack(t, time.Unix(1, 0))
	env := map[string]string{
		appNamespace: "shop", kubeVersion: "1.34", appParameters: "null", "ARGOCD_APP_SOURCE_PATH": "elsewhere", appName: "web-prod",
	}
	for _, path := range []string{"apps/web", "./apps/web/", "apps/../apps/web"} {
		got, err := s.generate(t, path, archive, env)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"0 ConfigMap shop/web", "1 Secret shop/web-secret"}, titles(t, got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	if log := s.log.String(); !strings.Contains(log, `"application":"web-prod"`) || strings.Contains(log, "hunter2") {
		t.Errorf("the log does not name the application, or tells a Secret:\n%s", log)
	}
}

func TestWholeRepository(t *testing.T) {
	s := start(t, Config{})
	for _, path := range []string{"", "."} {
		got, err := s.generate(t, path, shop().pack(t, time.Time{}), nil)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"0 ConfigMap backend/api", "1 Secret backend/api-secret", " ConfigMap /plain", "0 ConfigMap default/web", "1 Secret default/web-secret"}
		if diff := cmp.Diff(want, titles(t, got)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", path, diff)
		}
	}
}

func TestFindingsReachTheCaller(t *testing.T) {
	s := start(t, Config{})
	many := tree{}
	for i := range 30 {
		many[fmt.Sprintf("apps/many/%02d.yaml", i)] = "kind: X\n"
	}
	override := func(values string) map[string]string {
		return map[string]string{appParameters: `[{"name":"WebApp/web","map":` + values + `}]`}
	}
	tests := []struct {
		name, path string
		more       tree
		env        map[string]string
		want       string
	}{
		{"outside", "../x", nil, nil, `appRelPath: the application's path "../x" leads out of its repository [path]`},
		{"absolute", "/etc", nil, nil, `appRelPath: the application's path "/etc" leads out of its repository [path]`},
		{"missing", "nope", nil, nil, "nope: no such file or directory [path]"},
		{"without manifests", "apps/empty", nil, nil, "apps/empty: no .yaml, .yml or .json file below it [path]"},
		{"zero objects", "rgds", nil, nil, "rgds: nothing is rendered, and Argo CD would delete what is there; krowave.yaml cannot allow that, ARGOCD_ENV_KROWAVE_ALLOW_EMPTY=true can [empty]"},
		{"link out of the repository", "apps/web", tree{"apps/web/x.yaml": "-> ../../../etc/passwd"}, nil,
			"apps/web/x.yaml:1:1: symlink cannot be followed, it must lead to a file inside the tree: the symlink leads out of the repository [file-symlink]"},
		{"override of the wrong type", "apps/web", nil, override(`{"replicas":"s3cret"}`),
			"parameter WebApp/web: field replicas: the value is not an integer (WebApp web) [override]"},
		{"override beyond the schema", "apps/web", nil, override(`{"replicas":"11"}`),
			"apps/web/web.yaml:5:7: invalid value 11: should be less than or equal to 10 (set by the override of WebApp/web) (WebApp web) [object-schema]"},
		{"unknown variable", "apps/web", nil, map[string]string{"ARGOCD_ENV_KROWAVE_RUNTIM": "fail"},
			"ARGOCD_ENV_KROWAVE_RUNTIM: there is no such setting; did you mean ARGOCD_ENV_KROWAVE_RUNTIME? [setting]"},
		{"bad parameters", "apps/web", nil, map[string]string{appParameters: "{"},
			"ARGOCD_APP_PARAMETERS: not a JSON list of parameters with name and string, array or map [setting]"},
		{"limit above the server's", "apps/web", tree{"krowave.yaml": "limits: {maxCollectionSize: 1001}\n"}, nil,
			"krowave.yaml:1:29: max-collection-size: 1001 is above the limit of this server, 1000; whoever runs it can raise that with --max-collection-size [setting]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := s.generate(t, tt.path, shop().with(tt.more).pack(t, time.Time{}), tt.env)
			if status.Code(err) != codes.InvalidArgument || len(got) > 0 {
				t.Errorf("%v %v, want InvalidArgument", got, err)
			}
			if diff := cmp.Diff(tt.want, message(err)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	_, err := s.generate(t, "apps/many", shop().with(many).pack(t, time.Time{}), nil)
	lines := strings.Split(message(err), "\n")
	if len(lines) != 20 || !strings.HasPrefix(lines[0], "apps/many/00.yaml:1:1: ") || lines[19] != "and 11 more" {
		t.Errorf("%d lines, want 20, the first finding first and the rest counted:\n%s", len(lines), message(err))
	}
}

// What does not concern an application does not fail it.
func TestStrangersDoNotMatter(t *testing.T) {
	s := start(t, Config{})
	got, err := s.generate(t, "apps/web", shop().with(tree{
		"other/out.yaml": "-> ../../etc/passwd", ".git/HEAD": "ref: x", "other/broken.yaml": "a: [", "other/link": "-> ../apps",
	}).pack(t, time.Time{}), nil)
	if err != nil || len(got) != 2 {
		t.Errorf("%v %v, want 2 objects", got, err)
	}
	got, err = s.generate(t, "apps/linked", shop().with(tree{"apps/linked/web.yaml": "-> ../web/web.yaml"}).pack(t, time.Time{}), nil)
	if err != nil || len(got) != 2 {
		t.Errorf("through a link: %v %v, want 2 objects", got, err)
	}
}

// An error that is known early is only told once everything was received: the
// uploads are larger than what a connection buffers, and each Send has to work.
func TestDrainsBeforeAnswering(t *testing.T) {
	s := start(t, Config{Limits: func() Limits { l := DefaultLimits(); l.Entries = 1; return l }()})
	noise := make([]byte, 4<<20)
	for i := range noise {
		noise[i] = byte(i * i >> 7)
	}
	large := tree{"a.yaml": "a: 1", "b.yaml": "a: 1", "noise.yaml": string(noise)}.pack(t, time.Time{})
	open := func() pluginpb.ConfigManagementPluginService_GenerateManifestClient {
		stream, err := s.client.GenerateManifest(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return stream
	}
	pieces := func(to sender) {
		for range 4096 {
			if err := to.Send(chunk(noise[:1024])); err != nil {
				t.Errorf("sending: %v", err)
				return
			}
		}
	}
	tests := []struct {
		name, want string
		send       func(sender)
	}{
		{"too many entries", "archive: the archive has more than 1 files and directories (--max-entries) [archive]", func(to sender) { send(t, to, ".", large, nil) }},
		{"not an archive", "archive: the archive is not in gzip format: gzip: invalid header [archive]", func(to sender) { send(t, to, ".", noise, nil) }},
		{"no metadata", "the first message of the stream is not its metadata", pieces},
		{"wrong checksum", "archive: the archive that arrived is not the one that was sent: its checksum differs, and the archive is not in gzip format: gzip: invalid header [archive]", func(to sender) {
			if err := to.Send(metadata(".", "abc", nil)); err != nil {
				t.Error(err)
			}
			pieces(to)
		}},
		{"metadata twice", "archive: the archive that arrived is not the one that was sent: its checksum differs, and the archive is not in gzip format: the stream has a message that is no piece of a file [archive]", func(to sender) {
			for range 2 {
				if err := to.Send(metadata(".", "abc", nil)); err != nil {
					t.Error(err)
				}
			}
			pieces(to)
		}},
		{"nothing", "the stream ended before its metadata", func(sender) {}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			stream := open()
			tt.send(stream)
			_, err := stream.CloseAndRecv()
			if diff := cmp.Diff(tt.want, message(err)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestBomb(t *testing.T) {
	s := start(t, Config{})
	_, err := s.generate(t, ".", tree{"a.yaml": strings.Repeat(" ", 20<<20)}.pack(t, time.Time{}), nil)
	if diff := cmp.Diff("archive: the archive unpacks to more than 250 times its size (--max-ratio) [archive]", message(err)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRemembers(t *testing.T) {
	s := start(t, Config{})
	ask := func(path string, f tree, at int64) {
		t.Helper()
		if _, err := s.generate(t, path, f.pack(t, time.Unix(at, 0)), nil); err != nil {
			t.Fatal(err)
		}
	}
	ask("apps/web", shop(), 1)                                                             // new
	ask("apps/web", shop(), 1)                                                             // the same archive
	ask("apps/web", shop(), 2)                                                             // another checkout of the same commit
	ask("apps/web", shop().with(tree{"README.md": "x"}), 1)                                // a commit elsewhere
	ask("apps/api", shop(), 1)                                                             // another application
	ask("apps/web", shop().with(tree{"apps/web/cm.yaml": "kind: X\napiVersion: v1\n"}), 1) // a change
	var got []string
	for _, line := range strings.Split(strings.TrimSpace(s.log.String()), "\n") {
		var entry struct {
			Msg    string
			Cached *bool
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatal(err)
		}
		if entry.Msg == "call" {
			got = append(got, fmt.Sprint(*entry.Cached))
		}
	}
	if diff := cmp.Diff([]string{"false", "true", "true", "true", "false", "false"}, got); diff != "" {
		t.Errorf("cached (-want +got):\n%s", diff)
	}
}

func TestConcurrent(t *testing.T) {
	s := start(t, Config{MaxConcurrent: 2})
	var group sync.WaitGroup
	for i := range 64 {
		group.Go(func() {
			name := fmt.Sprintf("web-%d", i%16)
			archive := shop().with(tree{"apps/one/web.yaml": "apiVersion: kro.run/v1alpha1\nkind: WebApp\nmetadata:\n  name: " + name + "\n"}).pack(t, time.Time{})
			got, err := s.generate(t, "apps/one", archive, nil)
			if err != nil {
				t.Error(err)
				return
			}
			if diff := cmp.Diff([]string{"0 ConfigMap default/" + name, "1 Secret default/" + name + "-secret"}, titles(t, got)); diff != "" {
				t.Errorf("%d (-want +got):\n%s", i, diff)
			}
		})
	}
	group.Wait()
}

// Callers that go away in the middle of an upload leave their places to others.
func TestCancel(t *testing.T) {
	s := start(t, Config{MaxConcurrent: 1})
	archive := shop().pack(t, time.Time{})
	for range 10 {
		ctx, cancel := context.WithCancel(t.Context())
		stream, err := s.client.GenerateManifest(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.Send(metadata("apps/web", "x", nil)); err != nil {
			t.Fatal(err)
		}
		if err := stream.Send(chunk(archive[:20])); err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := stream.RecvMsg(&pluginpb.ManifestResponse{}); status.Code(err) != codes.Canceled {
			t.Fatalf("%v, want Canceled", err)
		}
	}
	if _, err := s.generate(t, "apps/web", archive, nil); err != nil {
		t.Error(err)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if strings.Contains(s.log.String(), `"code":"I`) {
		t.Errorf("a call that was cancelled ended as one that failed:\n%s", s.log)
	}
}

func testService() *service {
	return &service{
		renderer: NewRenderer(DefaultLimits(), 1<<20), trees: newCache[*Tree](1 << 20), maxReply: 1 << 20,
		log: Config{}.withDefaults().Log, metrics: newMetrics(), uploads: make(chan struct{}, 1), renders: make(chan struct{}, 1),
	}
}

// uploaded is a stream whose upload lies ready.
type uploaded struct {
	ctx  context.Context
	msgs []*pluginpb.AppStreamRequest
}

func (u *uploaded) Context() context.Context { return u.ctx }

func (u *uploaded) Send(m *pluginpb.AppStreamRequest) error {
	u.msgs = append(u.msgs, m)
	return nil
}

func (u *uploaded) Recv() (*pluginpb.AppStreamRequest, error) {
	if len(u.msgs) == 0 {
		return nil, io.EOF
	}
	m := u.msgs[0]
	u.msgs = u.msgs[1:]
	return m, nil
}

func TestDeadline(t *testing.T) {
	s := testService()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	stream := &uploaded{ctx: ctx}
	send(t, stream, "apps/web", shop().pack(t, time.Time{}), nil)
	c := newCall("GenerateManifest")
	release := make(chan struct{})
	err := s.serve(c, stream, func(ctx context.Context, _ *Tree, req Request) error {
		if err := req.begin(ctx); err != nil {
			return err
		}
		req.enter("rendering")
		<-release // does not notice the deadline
		return nil
	})
	got := s.end(c, err)
	if status.Code(got) != codes.DeadlineExceeded || !strings.HasPrefix(message(got), "out of time while rendering: this call took ") {
		t.Errorf("%v, want what took long", got)
	}
	if len(s.renders) != 1 {
		t.Error("work that goes on has lost its place, so that others could pile up on it")
	}
	close(release)
	s.renders <- struct{}{} // free again
	s.uploads <- struct{}{}
}

// Work has to be done while the caller still listens.
func TestWorkEndsBeforeTheDeadline(t *testing.T) {
	outer := time.Now().Add(time.Hour)
	ctx, cancel := context.WithDeadline(t.Context(), outer)
	defer cancel()
	err := within(ctx, func() {}, func(ctx context.Context) error {
		if d, _ := ctx.Deadline(); outer.Sub(d) != grace {
			t.Errorf("work may go on until %v before the deadline, want %v", outer.Sub(d), grace)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestDeadlineWhileWaiting(t *testing.T) {
	s := testService()
	s.renders <- struct{}{}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	stream := &uploaded{ctx: ctx}
	send(t, stream, "apps/web", shop().pack(t, time.Time{}), nil)
	c := newCall("GenerateManifest")
	got := s.end(c, s.serve(c, stream, func(ctx context.Context, tree *Tree, req Request) error {
		_, err := s.renderer.Generate(ctx, tree, req)
		return err
	}))
	if status.Code(got) != codes.DeadlineExceeded || !strings.HasPrefix(message(got), "out of time while waiting: ") {
		t.Errorf("%v, want that the server was busy", got)
	}
}

func TestPanicEndsOneCall(t *testing.T) {
	s := testService()
	for range 3 { // places are given back
		stream := &uploaded{ctx: t.Context()}
		send(t, stream, "apps/web", shop().pack(t, time.Time{}), nil)
		c := newCall("GenerateManifest")
		err := s.serve(c, stream, func(ctx context.Context, _ *Tree, req Request) error {
			if err := req.begin(ctx); err != nil {
				return err
			}
			panic("s3cret")
		})
		var crash *render.Crash
		if !errors.As(err, &crash) || len(crash.Stack) == 0 {
			t.Fatalf("%v, want a crash with its stack", err)
		}
		if got := s.end(c, err); status.Code(got) != codes.Internal || strings.Contains(message(got), "s3cret") {
			t.Errorf("%v, want Internal without the panic's text", got)
		}
	}
}

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
	if err := Serve(t.Context(), Config{Sockets: sockets}); err == nil || !strings.HasSuffix(err.Error(), "is in the way: it is no socket") {
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

func TestDiscovery(t *testing.T) {
	archive := shop().with(tree{
		"apps/marked/krowave.yaml": "runtime: fail\n", "apps/marked/cm.yaml": "a: 1\n",
		"apps/both/rgd.yaml":    shop()["rgds/web-app.yaml"] + "---\n" + shop()["apps/web/web.yaml"],
		"apps/chart/Chart.yaml": "name: x\n", "apps/chart/templates/a.yaml": "{{ x }}\n",
	}).pack(t, time.Time{})
	for _, discover := range []bool{false, true} {
		s := start(t, Config{Discover: discover})
		config, err := s.client.CheckPluginConfiguration(t.Context(), &emptypb.Empty{})
		if err != nil || config.GetIsDiscoveryConfigured() != discover || config.GetProvideGitCreds() {
			t.Errorf("CheckPluginConfiguration: %v %v", config, err)
		}
		for path, want := range map[string]bool{
			"apps/web": true, "apps/both": true, "apps/marked": true, "apps/plain": false, "rgds": false, "apps/empty": false, "apps/chart": false, "nope": false,
		} {
			stream, err := s.client.MatchRepository(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			send(t, stream, path, archive, nil)
			got, err := stream.CloseAndRecv()
			if err != nil || got.GetIsSupported() != (want && discover) || got.GetIsDiscoveryEnabled() != discover {
				t.Errorf("discover=%v, %s: %v %v", discover, path, got, err)
			}
		}
	}
}

func TestAnnounce(t *testing.T) {
	s := start(t, Config{})
	stream, err := s.client.GetParametersAnnouncement(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	archive := shop().with(tree{"krowave.yaml": "runtime: withhold\nkubernetesVersion: \"1.34\"\n"}).pack(t, time.Time{})
	send(t, stream, "apps", archive, map[string]string{appParameters: `[{"name":"WebApp/web","map":{"replicas":"7"}}]`})
	answer, err := stream.CloseAndRecv()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range answer.GetParameterAnnouncements() {
		got = append(got, fmt.Sprint(p.GetName(), " ", p.GetCollectionType(), " ", p.GetString_(), p.GetArray(), p.GetMap()))
	}
	want := []string{
		"runtime string withhold[] map[]", "kubernetes-version string 1.34[] map[]", "instances array [WebApp/backend/api WebApp/web] map[]",
		"WebApp/backend/api map [] map[image.tag:v1 replicas:3]", "WebApp/web map [] map[image.tag:v1 replicas:1]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	tooltip := answer.GetParameterAnnouncements()[3].GetTooltip()
	if diff := cmp.Diff("Fields of spec to override: image.tag (string), password (string), replicas (integer)", tooltip); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
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
	go func() { done <- m.serve(ctx, l) }()
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

// An archive is unpacked once, whatever asks for it.
func TestUploadKnowsTrees(t *testing.T) {
	trees := newCache[*Tree](1 << 20)
	archive := shop().pack(t, time.Time{})
	for i, want := range []bool{false, true} {
		stream := &uploaded{ctx: t.Context()}
		send(t, stream, ".", archive, nil)
		meta, u, err := receiveMetadata(stream)
		if err != nil {
			t.Fatal(err)
		}
		tree, known, err := u.receive(meta, trees, repo.TarLimits{})
		if err != nil || known != want || tree == nil || u.bytes != int64(len(archive)) {
			t.Errorf("%d: known %v, %d bytes, %v", i, known, u.bytes, err)
		}
	}
}
