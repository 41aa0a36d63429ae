package cmpserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/krowave/krowave/argocd/cmpserver/pluginpb"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/cache"
	"github.com/krowave/krowave/render/diag"
)

// service answers Argo CD's calls.
type service struct {
	pluginpb.UnimplementedConfigManagementPluginServiceServer

	renderer *Renderer
	trees    *cache.LRU[*Tree]
	discover bool
	maxReply int
	log      *slog.Logger
	metrics  *metrics

	uploads chan struct{} // calls that may hold a tree
	renders *slots        // calls that may take CPU
}

// CheckPluginConfiguration reports whether repo-server should ask MatchRepository,
// which costs an upload per application.
func (s *service) CheckPluginConfiguration(context.Context, *emptypb.Empty) (*pluginpb.CheckPluginConfigurationResponse, error) {
	return &pluginpb.CheckPluginConfigurationResponse{IsDiscoveryConfigured: s.discover}, nil
}

// GenerateManifest renders an application.
func (s *service) GenerateManifest(stream pluginpb.ConfigManagementPluginService_GenerateManifestServer) error {
	c := newCall("GenerateManifest")
	var answer *Answer
	err := s.serve(c, stream, func(ctx context.Context, tree *Tree, req Request) error {
		var err error
		answer, err = s.renderer.Generate(ctx, tree, req)
		return err
	})
	if err == nil {
		c.note("objects", answer.objects, "instances", answer.instances, "cached", answer.Cached)
		c.warn(answer.Warnings)
		s.metrics.cached("answer", answer.Cached)
		if n := replySize(answer.Manifests); n > s.maxReply {
			err = usage("the manifests", "size", "they have %s together, more than a message may have; "+
				"split the application, or raise ARGOCD_GRPC_MAX_SIZE_MB here and at repo-server", size(int64(n)))
		}
	}
	if err = s.end(c, err); err != nil {
		return err
	}
	return stream.SendAndClose(&pluginpb.ManifestResponse{Manifests: answer.Manifests})
}

// replySize is the size of the message that carries strings.
func replySize(texts []string) int {
	n := 0
	for _, t := range texts {
		n += len(t) + 6
	}
	return n
}

// MatchRepository reports whether an application without a plugin is for krowave.
func (s *service) MatchRepository(stream pluginpb.ConfigManagementPluginService_MatchRepositoryServer) error {
	c := newCall("MatchRepository")
	match := false
	err := s.serve(c, stream, func(ctx context.Context, tree *Tree, req Request) error {
		if !s.discover {
			return nil
		}
		var err error
		match, err = s.renderer.Match(ctx, tree, req)
		return err
	})
	if err == nil {
		c.note("match", match)
	}
	if err = s.end(c, err); err != nil {
		return err
	}
	return stream.SendAndClose(&pluginpb.RepositoryResponse{IsSupported: match, IsDiscoveryEnabled: s.discover})
}

// GetParametersAnnouncement lists an application's parameters.
func (s *service) GetParametersAnnouncement(stream pluginpb.ConfigManagementPluginService_GetParametersAnnouncementServer) error {
	c := newCall("GetParametersAnnouncement")
	var list []*pluginpb.ParameterAnnouncement
	err := s.serve(c, stream, func(ctx context.Context, tree *Tree, req Request) error {
		var err error
		list, err = s.renderer.Announce(ctx, tree, req)
		return err
	})
	if err == nil {
		c.note("parameters", len(list))
	}
	if err = s.end(c, err); err != nil {
		return err
	}
	return stream.SendAndClose(&pluginpb.ParametersAnnouncementResponse{ParameterAnnouncements: list})
}

// fileStream is a client stream of files.
type fileStream interface {
	uploadStream
	Context() context.Context
}

// serve receives the tree, to its end in any case, and works on it.
func (s *service) serve(c *call, stream fileStream, work func(context.Context, *Tree, Request) error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &render.Crash{Value: fmt.Sprint(v), Stack: debug.Stack()}
		}
	}()
	ctx, cancel := early(stream.Context())
	defer cancel()
	s.metrics.inFlight.Inc()
	defer s.metrics.inFlight.Dec()
	meta, upload, err := receiveMetadata(stream)
	if err != nil {
		if upload != nil {
			_ = upload.drain() // the error says more than that of a broken stream
		}
		return err
	}
	env := environment(meta.GetEnv())
	c.note("application", env.name(meta.GetAppRelPath()), "path", meta.GetAppRelPath(), "revision", env[appRevision])
	if err := acquire(ctx, s.uploads); err != nil {
		_ = upload.drain() // as far as there is time
		return err
	}
	c.enter("receiving")
	tree, known, err := upload.receive(meta, s.trees, s.renderer.Operator.Tar())
	s.metrics.received.Add(float64(upload.bytes))
	c.note("receivedBytes", upload.bytes)
	if err != nil {
		<-s.uploads
		return err
	}
	s.metrics.cached("tree", known)
	held := false
	req := Request{Path: meta.GetAppRelPath(), Env: env, OnStage: c.enter, AcquireSlot: func(ctx context.Context) error {
		err := s.renders.acquire(ctx)
		held = err == nil
		return err
	}}
	release := func() {
		if held {
			s.renders.release()
		}
		<-s.uploads
	}
	return within(ctx, release, func(ctx context.Context) error { return work(ctx, tree, req) })
}

// recoverInterceptor ends a call whose handler panics, and nothing else.
func (s *service) recoverInterceptor(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = s.end(newCall(info.FullMethod), &render.Crash{Value: fmt.Sprint(v), Stack: debug.Stack()})
		}
	}()
	return handler(srv, stream)
}

// acquire takes a place among those that may work at once.
func acquire(ctx context.Context, places chan struct{}) error {
	select {
	case places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// warn notes warnings for the log; Argo CD has no place for them.
func (c *call) warn(warnings diag.List) {
	var texts []string
	for _, w := range warnings {
		if w.Severity == diag.Warning && len(texts) < maxLines {
			texts = append(texts, line(w))
		}
	}
	if len(texts) > 0 {
		c.note("warnings", texts)
	}
}

// end logs and counts a call, and says to the caller what went wrong.
func (s *service) end(c *call, err error) error {
	answer := s.status(c, err)
	code := status.Code(answer)
	names, took := c.stageDurations()
	total := c.now().Sub(c.start)
	attrs := append([]any{"method", c.method, "code", code.String(), "seconds", total.Seconds()}, c.noted()...)
	for _, n := range names {
		attrs = append(attrs, n+"Seconds", took[n].Seconds())
		s.metrics.stage.WithLabelValues(n).Observe(took[n].Seconds())
	}
	s.metrics.requests.WithLabelValues(c.method, code.String()).Inc()
	s.metrics.duration.WithLabelValues(c.method).Observe(total.Seconds())
	if err == nil {
		s.log.Info("call", attrs...)
		return nil
	}
	var crash *render.Crash
	if errors.As(err, &crash) {
		s.metrics.panics.Inc()
		s.log.Error("panic", append(attrs, "panic", crash.Value, "stack", string(crash.Stack))...)
		return answer
	}
	s.log.Warn("call", append(attrs, "error", status.Convert(answer).Message())...)
	return answer
}

// status is the error that the caller sees. Argo CD shows its text to people
// who cannot see the repository or our log.
func (s *service) status(c *call, err error) error {
	var findings *Findings
	var crash *render.Crash
	switch {
	case err == nil:
		return nil
	case errors.As(err, &findings):
		return status.Error(codes.InvalidArgument, findings.Error())
	case errors.As(err, &crash):
		return status.Error(codes.Internal, "krowave failed on this application, which is a bug in krowave; the log of its sidecar says where")
	case errors.Is(err, context.DeadlineExceeded), status.Code(err) == codes.DeadlineExceeded:
		return status.Error(codes.DeadlineExceeded, c.timeoutMessage())
	case errors.Is(err, context.Canceled), status.Code(err) == codes.Canceled:
		return status.Error(codes.Canceled, "the caller closed the connection")
	case status.Code(err) != codes.Unknown:
		return err
	}
	return status.Error(codes.Internal, strings.ReplaceAll(err.Error(), "\n", " "))
}
