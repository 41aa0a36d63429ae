//go:build ignore

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	appv1 "github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v2/reposerver/apiclient"
)

// environment is the environment of Argo CD's processes: nothing outside the work
// directory is read or written.
func (w *world) environment(binary string) []string {
	return []string{
		"PATH=" + filepath.Dir(w.argocd) + ":" + os.Getenv("PATH"), "HOME=" + w.path("home"), "TMPDIR=" + w.path("tmp"),
		"ARGOCD_BINARY_NAME=" + binary, "ARGOCD_PLUGINSOCKFILEPATH=" + w.path("plugins"), "ARGOCD_CMP_WORKDIR=" + w.path("tmp"),
		"ARGOCD_GPG_ENABLED=false", "ARGOCD_ASK_PASS_SOCK=" + w.path("askpass.sock"),
		"ARGOCD_TLS_DATA_PATH=" + w.path("tls"), "ARGOCD_SSH_DATA_PATH=" + w.path("ssh"),
	}
}

// repoServer is a running repo-server and a client of it.
type repoServer struct {
	addr string
	apiclient.RepoServerServiceClient
}

// startRepoServer starts Redis, inside the driver, and repo-server.
func (w *world) startRepoServer(args ...string) (*repoServer, error) {
	redis := miniredis.NewMiniRedis()
	if err := redis.StartAddr("127.0.0.1:0"); err != nil {
		return nil, err
	}
	w.redis = redis.Addr()
	addr, err := address()
	if err != nil {
		return nil, err
	}
	metrics, err := address()
	if err != nil {
		return nil, err
	}
	args = append([]string{"--address", "127.0.0.1", "--port", port(addr), "--metrics-address", "127.0.0.1", "--metrics-port", port(metrics),
		"--disable-tls", "--redis", w.redis, "--logformat", "text"}, args...)
	if w.version != "2.14" {
		args = append(args, "--client-ca-path", "")
	}
	p, err := w.start("repo-server", w.environment("argocd-repo-server"), w.argocd, args...)
	if err != nil {
		return nil, err
	}
	if err := p.ready(dials("tcp", addr)); err != nil {
		return nil, err
	}
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(100<<20), grpc.WaitForReady(true)))
	if err != nil {
		return nil, err
	}
	return &repoServer{addr, apiclient.NewRepoServerServiceClient(conn)}, nil
}

// sidecar is a running krowave argocd cmp-server.
type sidecar struct {
	*process
	metrics string // address
}

// startSidecar starts the sidecar where it has nothing but its sockets.
func (w *world) startSidecar(name string, args ...string) (*sidecar, error) {
	metrics, err := address()
	if err != nil {
		return nil, err
	}
	env := []string{"ARGOCD_PLUGINSOCKFILEPATH=" + w.path("plugins"), "TMPDIR=" + w.path("sidecar"), "HOME=" + w.path("sidecar")}
	args = append([]string{"argocd", "cmp-server", "--name", name, "--metrics-addr", metrics}, args...)
	p, err := w.start("sidecar-"+name, env, w.krowave, args...)
	if err != nil {
		return nil, err
	}
	return &sidecar{p, metrics}, p.ready(dials("unix", w.path("plugins", name+".sock")))
}

// startStock starts Argo CD's own plugin server, which runs krowave argocd
// generate for each request.
func (w *world) startStock(name string) (*process, error) {
	dir := w.path("stock-" + name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	text := fmt.Sprintf("apiVersion: argoproj.io/v1alpha1\nkind: ConfigManagementPlugin\nmetadata:\n  name: %s\nspec:\n  generate:\n"+
		"    command: [%s, argocd, generate]\n", name, w.krowave)
	if err := os.WriteFile(filepath.Join(dir, "plugin.yaml"), []byte(text), 0o644); err != nil {
		return nil, err
	}
	p, err := w.start("stock-"+name, w.environment("argocd-cmp-server"), w.argocd, "--config-dir-path", dir, "--logformat", "text")
	if err != nil {
		return nil, err
	}
	return p, p.ready(dials("unix", w.path("plugins", name+".sock")))
}

// metric is the sum of a metric's samples whose line contains part.
func (s *sidecar) metric(name, part string) float64 {
	resp, err := http.Get("http://" + s.metrics + "/metrics")
	if err != nil {
		return -1
	}
	defer resp.Body.Close()
	data, _ := io.ReadAll(resp.Body) // what there is
	sum := 0.0
	for _, line := range strings.Split(string(data), "\n") {
		if rest, ok := strings.CutPrefix(line, name); ok && strings.Contains(line, part) && (rest[0] == ' ' || rest[0] == '{') {
			var v float64
			if _, err := fmt.Sscan(line[strings.LastIndex(line, " ")+1:], &v); err == nil {
				sum += v
			}
		}
	}
	return sum
}

// request is what one test asks for.
type request struct {
	repo       *repository
	plugin     string // none when empty
	path, app  string
	env        string // NAME=VALUE, one at most
	parameters string // as JSON
	paths      string // manifest-generate-paths
	within     time.Duration
}

func (r request) source() *appv1.ApplicationSource {
	source := &appv1.ApplicationSource{RepoURL: r.repo.url(), Path: r.path, TargetRevision: "HEAD"}
	if r.plugin == "" {
		return source
	}
	source.Plugin = &appv1.ApplicationSourcePlugin{Name: r.plugin}
	if name, value, ok := strings.Cut(r.env, "="); ok {
		source.Plugin.Env = appv1.Env{{Name: name, Value: value}}
	}
	if r.parameters != "" {
		if err := json.Unmarshal([]byte(r.parameters), &source.Plugin.Parameters); err != nil {
			panic(err) // written in this program
		}
	}
	return source
}

// generate asks repo-server for an application's manifests.
func (s *repoServer) generate(ctx context.Context, r request) (*apiclient.ManifestResponse, error) {
	if r.within == 0 {
		r.within = time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, r.within)
	defer cancel()
	if r.app == "" {
		r.app = "app"
	}
	return s.GenerateManifest(ctx, &apiclient.ManifestRequest{
		Repo: &appv1.Repository{Repo: r.repo.url(), Type: "git"}, Revision: "HEAD", AppName: r.app, Namespace: "demo", ProjectName: "default",
		KubeVersion: "1.36.3", ApiVersions: []string{"v1", "apps/v1", "v1/ConfigMap"}, TrackingMethod: "annotation", NoCache: true,
		AppLabelKey: "app.kubernetes.io/instance", ApplicationSource: r.source(), AnnotationManifestGeneratePaths: r.paths,
	})
}

// parameters asks repo-server which parameters an application has.
func (s *repoServer) parameters(ctx context.Context, r request) ([]*apiclient.ParameterAnnouncement, error) {
	resp, err := s.GetAppDetails(ctx, &apiclient.RepoServerAppDetailsQuery{
		Repo: &appv1.Repository{Repo: r.repo.url(), Type: "git"}, AppName: "app", NoCache: true, Source: r.source(),
	})
	if err != nil {
		return nil, err
	}
	if resp.Plugin == nil {
		return nil, fmt.Errorf("no details of a plugin: %v", resp)
	}
	return resp.Plugin.ParametersAnnouncement, nil
}
