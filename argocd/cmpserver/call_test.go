package cmpserver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/krowave/krowave/argocd/cmpserver/pluginpb"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/cache"
	"github.com/krowave/krowave/render/repo"
	table "github.com/krowave/krowave/render/settings"
)

// An error that is known early is only told once everything was received: the
// uploads are larger than what a connection buffers, and each Send has to work.
func TestDrainsBeforeAnswering(t *testing.T) {
	s := start(t, Config{Settings: func() table.Values { v := table.Default(table.CMPServer); v.Archive.Entries = 1; return v }()})
	noise := make([]byte, 4<<20)
	for i := range noise {
		noise[i] = byte(i * i >> 7)
	}
	large := tree{"a.yaml": "a: 1", "b.yaml": "a: 1", "noise.yaml": string(noise)}.pack(t, time.Time{})
	small := tree{"a.yaml": "a: 1"}.pack(t, time.Time{})
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
		{"too many entries", "archive: the archive has more than 1 files and directories (--max-entries of krowave argocd cmp-server) [archive]", func(to sender) { send(t, to, ".", large, nil) }},
		{"not an archive", "archive: the archive is not in gzip format: gzip: invalid header [archive]", func(to sender) { send(t, to, ".", noise, nil) }},
		{"no metadata", "the first message of the stream is not its metadata", pieces},
		{"wrong checksum", "archive: the received archive differs from the one that was sent: its checksum differs, and the archive is not in gzip format: gzip: invalid header [archive]", func(to sender) {
			if err := to.Send(metadata(".", "abc", nil)); err != nil {
				t.Error(err)
			}
			pieces(to)
		}},
		{"metadata twice", "archive: the call is malformed: the metadata was sent twice [archive]", func(to sender) {
			for range 2 {
				if err := to.Send(metadata(".", "abc", nil)); err != nil {
					t.Error(err)
				}
			}
			pieces(to)
		}},
		{"metadata again at the end", "archive: the call is malformed: the metadata was sent twice [archive]", func(to sender) {
			send(t, to, ".", small, nil)
			if err := to.Send(metadata(".", "abc", nil)); err != nil {
				t.Error(err)
			}
		}},
		{"a message of neither kind", "archive: the call is malformed: the stream has a message that is neither metadata nor a piece of a file [archive]", func(to sender) {
			send(t, to, ".", small, nil)
			if err := to.Send(&pluginpb.AppStreamRequest{}); err != nil {
				t.Error(err)
			}
		}},
		{"wrong size", fmt.Sprintf("archive: the received archive differs from the one that was sent: it has %d bytes, and its metadata says 7 [archive]", len(small)), func(to sender) {
			sum := sha256.Sum256(small)
			meta := metadata(".", hex.EncodeToString(sum[:]), nil)
			meta.GetMetadata().Size = 7
			if err := errors.Join(to.Send(meta), to.Send(chunk(small))); err != nil {
				t.Error(err)
			}
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
	if diff := cmp.Diff("archive: the archive unpacks to more than 250 times its size (--max-ratio of krowave argocd cmp-server) [archive]", message(err)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
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
		renderer: NewRenderer(table.Default(table.CMPServer), 1<<20), trees: cache.New[*Tree](1 << 20), maxReply: 1 << 20,
		log: Config{}.withDefaults().Log, metrics: newMetrics(), uploads: make(chan struct{}, 1), renders: newSlots(1),
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

func (u *uploaded) RecvMsg(m any) error {
	if len(u.msgs) == 0 {
		return io.EOF
	}
	sent := u.msgs[0]
	u.msgs = u.msgs[1:]
	data, err := newCodec().Marshal(sent)
	if err != nil {
		return err
	}
	return newCodec().Unmarshal(data, m)
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
	if len(s.renders.places) != 1 {
		t.Error("work that goes on has lost its place, so that others could pile up on it")
	}
	close(release)
	s.renders.places <- struct{}{} // free again
	s.uploads <- struct{}{}
}

// Work has to be done while the caller still listens.
func TestWorkEndsBeforeTheDeadline(t *testing.T) {
	outer := time.Now().Add(time.Hour)
	ctx, cancel := context.WithDeadline(t.Context(), outer)
	defer cancel()
	stream := &uploaded{ctx: ctx}
	send(t, stream, "apps/web", shop().pack(t, time.Time{}), nil)
	err := testService().serve(newCall("GenerateManifest"), stream, func(ctx context.Context, _ *Tree, _ Request) error {
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
	s.renders.places <- struct{}{}
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

func TestHandlerPanicEndsOneCall(t *testing.T) {
	info := &grpc.StreamServerInfo{FullMethod: "/plugin.X/Y"}
	err := testService().recoverInterceptor(nil, nil, info, func(any, grpc.ServerStream) error { panic("s3cret") })
	if status.Code(err) != codes.Internal || strings.Contains(message(err), "s3cret") {
		t.Errorf("%v, want Internal without the panic's text", err)
	}
}

// An archive is unpacked once, whatever asks for it.
func TestUploadKnowsTrees(t *testing.T) {
	trees := cache.New[*Tree](1 << 20)
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
