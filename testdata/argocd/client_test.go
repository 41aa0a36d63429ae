package argocd_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/argoproj/argo-cd/v2/cmpserver/apiclient"
	argocmp "github.com/argoproj/argo-cd/v2/util/cmp"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// binary builds krowave once, unless KROWAVE_BINARY names one.
var binary = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("KROWAVE_BINARY"); path != "" {
		return path, nil
	}
	dir, err := os.MkdirTemp("", "krowave")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "krowave")
	cmd := exec.Command("go", "build", "-o", path, ".")
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	// Argo CD's client leaves a directory behind for each upload.
	temp, err := os.MkdirTemp("", "krowave-argocd-")
	if err != nil {
		panic(err)
	}
	if err := os.Setenv("TMPDIR", temp); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(temp)
	if path, err := binary(); err == nil && os.Getenv("KROWAVE_BINARY") == "" {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// startServer runs `krowave argocd cmp-server` and returns its socket.
func startServer(t *testing.T, args ...string) string {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cmd := exec.Command(path, append([]string{"argocd", "cmp-server"}, args...)...)
	cmd.Env = append(os.Environ(), "ARGOCD_PLUGINSOCKFILEPATH="+dir)
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server ended with %v:\n%s", err, &log)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
	socket := filepath.Join(dir, "krowave.sock")
	for deadline := time.Now().Add(30 * time.Second); ; {
		probe := exec.Command(path, "argocd", "probe", "--socket", socket)
		if probe.Run() == nil {
			return socket
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server does not serve:\n%s", &log)
		}
	}
}

func connect(t *testing.T, socket string) apiclient.ConfigManagementPluginServiceClient {
	t.Helper()
	closer, client, err := apiclient.NewConfigManagementPluginClientSet(socket).NewConfigManagementPluginClient()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = closer.Close() })
	return client
}

// repository is a checkout as repo-server has it.
func repository(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"rgds/web-app.yaml": `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: web-app}
spec:
  schema:
    apiVersion: v1alpha1
    kind: WebApp
    spec: {replicas: integer | default=1}
  resources:
  - id: config
    template:
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: "${schema.metadata.name}"}
      data: {replicas: "${string(schema.spec.replicas)}"}
  - id: account
    template:
      apiVersion: v1
      kind: ServiceAccount
      metadata: {name: "${config.metadata.name}"}
`,
		"apps/web/web.yaml":    "apiVersion: kro.run/v1alpha1\nkind: WebApp\nmetadata: {name: web}\n",
		"apps/bad/web.yaml":    "apiVersion: kro.run/v1alpha1\nkind: WebApp\nmetadata: {name: bad}\nspec: {replicas: many}\n",
		"apps/plain/cm.yaml":   "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\n",
		".git/objects/ab/cdef": strings.Repeat("0123456789", 10_000),
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("web", filepath.Join(root, "apps", "linked")); err != nil {
		t.Fatal(err)
	}
	return root
}

func upload(t *testing.T, root, app string, to argocmp.StreamSender, env ...string) {
	t.Helper()
	if err := argocmp.SendRepoStream(context.Background(), filepath.Join(root, app), root, to, env, nil); err != nil {
		t.Errorf("%s: %v", app, err)
	}
}

func generate(t *testing.T, client apiclient.ConfigManagementPluginServiceClient, root, app string, env ...string) ([]string, error) {
	t.Helper()
	stream, err := client.GenerateManifest(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	upload(t, root, app, stream, env...)
	answer, err := stream.CloseAndRecv()
	var got []string
	for _, text := range answer.GetManifests() {
		var o struct {
			Kind     string
			Metadata struct {
				Name, Namespace string
				Annotations     map[string]string
			}
			Data map[string]string
		}
		if err := json.Unmarshal([]byte(text), &o); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(o.Metadata.Annotations["argocd.argoproj.io/sync-wave"], " ", o.Kind, " ", o.Metadata.Namespace, "/", o.Metadata.Name, o.Data))
	}
	return got, err
}

func TestGenerateManifest(t *testing.T) {
	client, root := connect(t, startServer(t)), repository(t)
	env := []string{"ARGOCD_APP_NAME=web", "ARGOCD_APP_NAMESPACE=shop", "KUBE_VERSION=1.36", "KUBE_API_VERSIONS=v1,v1/ConfigMap,v1/ServiceAccount"}
	for app, more := range map[string]string{
		"apps/web":    "ARGOCD_APP_PARAMETERS=null",
		"apps/linked": "ARGOCD_ENV_KROWAVE_RUNTIME=fail",
	} {
		got, err := generate(t, client, root, app, append(env, more)...)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"0 ConfigMap shop/webmap[replicas:1]", "1 ServiceAccount shop/webmap[]"}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", app, diff)
		}
	}
	got, err := generate(t, client, root, "apps/web", `ARGOCD_APP_PARAMETERS=[{"name":"WebApp/web","map":{"replicas":"7"}}]`)
	if err != nil || len(got) == 0 || got[0] != "0 ConfigMap default/webmap[replicas:7]" {
		t.Errorf("with a parameter: %v %v", got, err)
	}
	_, err = generate(t, client, root, "apps/bad")
	if status.Code(err) != codes.InvalidArgument || !strings.HasPrefix(status.Convert(err).Message(), "apps/bad/web.yaml:4:") {
		t.Errorf("a bad instance: %v", err)
	}
	_, err = generate(t, client, root, "rgds")
	if !strings.HasPrefix(status.Convert(err).Message(), "rgds: nothing is rendered") {
		t.Errorf("nothing to render: %v", err)
	}
}

func TestMatchRepository(t *testing.T) {
	client, root := connect(t, startServer(t, "--discover")), repository(t)
	config, err := client.CheckPluginConfiguration(context.Background(), &emptypb.Empty{})
	if err != nil || !config.GetIsDiscoveryConfigured() || config.GetProvideGitCreds() {
		t.Errorf("CheckPluginConfiguration: %v %v", config, err)
	}
	for app, want := range map[string]bool{"apps/web": true, "apps/plain": false, "rgds": false} {
		stream, err := client.MatchRepository(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		upload(t, root, app, stream)
		got, err := stream.CloseAndRecv()
		if err != nil || got.GetIsSupported() != want || !got.GetIsDiscoveryEnabled() {
			t.Errorf("%s: %v %v, want %v", app, got, err, want)
		}
	}
}

func TestGetParametersAnnouncement(t *testing.T) {
	client, root := connect(t, startServer(t)), repository(t)
	stream, err := client.GetParametersAnnouncement(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	upload(t, root, "apps/web", stream)
	answer, err := stream.CloseAndRecv()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range answer.GetParameterAnnouncements() {
		got = append(got, fmt.Sprint(p.GetName(), " ", p.GetCollectionType(), " ", p.GetString_(), p.GetArray(), p.GetMap()))
	}
	want := []string{
		"runtime string fail[] map[]", "kro-version string 0.9[] map[]", "kubernetes-version string 1.37[] map[]", "instances array [WebApp/web] map[]",
		"WebApp/web map [] map[replicas:1]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestConcurrentUploads(t *testing.T) {
	client, root := connect(t, startServer(t)), repository(t)
	var group sync.WaitGroup
	for range 64 {
		group.Go(func() {
			if got, err := generate(t, client, root, "apps/web"); err != nil || len(got) != 2 {
				t.Errorf("%v %v", got, err)
			}
		})
	}
	group.Wait()
}
