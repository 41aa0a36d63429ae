package e2e

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	controlplane "github.com/krowave/krowave/testdata/kubernetes"
)

// world is what all tests share: a cluster, Flux, the controller, and servers.
var world struct {
	dir, krowave, flux string
	cluster            *controlplane.Cluster
	client             *dynamic.DynamicClient
	git                *gitServer
	registry           string // host and port
	kubeconfig         string // of the controller's service account
	controller         *controller
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	world.krowave, world.flux, world.dir = os.Getenv("KROWAVE_BINARY"), os.Getenv("FLUX_CONTROLLERS_DIR"), os.Getenv("WORK")
	if world.krowave == "" || world.flux == "" || world.dir == "" {
		fmt.Fprintln(os.Stderr, "these tests are started by run.sh")
		return 2
	}
	cluster, err := controlplane.Start(filepath.Join(world.dir, "cluster"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer cluster.Stop()
	world.cluster = cluster
	if err := start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer world.git.server.Close()
	code := m.Run()
	if world.controller != nil {
		world.controller.stop()
	}
	return code
}

// start brings Flux and the controller up.
func start() error {
	var err error
	if world.client, err = dynamic.NewForConfig(world.cluster.Config); err != nil {
		return err
	}
	crds, err := filepath.Glob(filepath.Join(world.flux, "crds", "*.yaml"))
	if err != nil || len(crds) == 0 {
		return fmt.Errorf("no CRDs of Flux: %w", err)
	}
	for _, file := range crds {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := apply(string(text)); err != nil {
			return err
		}
	}
	if err := apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: flux-system}\n"); err != nil {
		return err
	}
	if err := apply(databaseCRD); err != nil {
		return err
	}
	if err := install(); err != nil {
		return err
	}
	if world.git, err = newGitServer(filepath.Join(world.dir, "git")); err != nil {
		return err
	}
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	world.registry = strings.TrimPrefix(server.URL, "http://")
	if err := startFlux(); err != nil {
		return err
	}
	world.controller = newController("main", filepath.Join(world.dir, "artifacts"))
	return world.controller.start()
}

// install applies what krowave flux install prints but for the Deployment, and
// writes a kubeconfig for its service account: the permissions are those that
// users get.
func install() error {
	var out strings.Builder
	command := exec.Command(world.krowave, "flux", "install", "--live-values=impersonate")
	command.Stdout, command.Stderr = &out, os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("krowave flux install: %w", err)
	}
	for _, doc := range strings.Split(out.String(), "\n---\n") {
		if strings.Contains(doc, "kind: ValidatingAdmissionPolicy") {
			// Artifacts are served on loopback here, not by a Service.
			doc = strings.ReplaceAll(doc, "http://krowave-controller.flux-system.svc.cluster.local./", "http://127.0.0.1:")
		}
		if err := apply(doc); err != nil {
			return fmt.Errorf("%w: %s", err, doc)
		}
	}
	const account = "system:serviceaccount:flux-system:krowave-controller"
	text, err := os.ReadFile(world.cluster.Kubeconfig)
	if err != nil {
		return err
	}
	as := strings.Replace(string(text), "user: {", "user: {as: "+account+", ", 1)
	world.kubeconfig = filepath.Join(world.dir, "controller.kubeconfig")
	return os.WriteFile(world.kubeconfig, []byte(as), 0o600)
}

// asUser is a client of another user.
func asUser(t *testing.T, name string, groups ...string) *dynamic.DynamicClient {
	t.Helper()
	config := rest.CopyConfig(world.cluster.Config)
	config.Impersonate = rest.ImpersonationConfig{UserName: name, Groups: groups}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// startFlux starts both controllers with their default settings.
func startFlux() error {
	for _, name := range []string{"source-controller", "kustomize-controller"} {
		health, err := controlplane.FreeAddress()
		if err != nil {
			return err
		}
		tmp := filepath.Join(world.dir, "tmp", name)
		if err := os.MkdirAll(tmp, 0o755); err != nil {
			return err
		}
		args := []string{
			"RUNTIME_NAMESPACE=flux-system", "TMPDIR=" + tmp, filepath.Join(world.flux, name),
			"--metrics-addr=0", "--health-addr=" + health, "--watch-all-namespaces",
		}
		if name == "source-controller" {
			address, err := controlplane.FreeAddress()
			if err != nil {
				return err
			}
			args = append(args, "--storage-path="+filepath.Join(world.dir, "sources"), "--storage-addr="+address, "--storage-adv-addr="+address)
			if err := os.MkdirAll(filepath.Join(world.dir, "sources"), 0o755); err != nil {
				return err
			}
		} else {
			args = append(args, "--feature-gates=ExternalArtifact=true")
		}
		if _, err := world.cluster.Run(name, controlplane.Answers("http://"+health+"/readyz", ""), "env", args...); err != nil {
			return err
		}
	}
	return nil
}

// controller is a process of krowave flux controller.
type controller struct {
	name, storage, address string
	args                   []string
	command                *exec.Cmd
	done                   chan struct{}
}

func newController(name, storage string, args ...string) *controller {
	return &controller{name: name, storage: storage, args: args}
}

// start starts the process and waits until it serves artifacts. A second start
// serves at the same address.
func (c *controller) start() error {
	if c.address == "" {
		address, err := controlplane.FreeAddress()
		if err != nil {
			return err
		}
		c.address = address
	}
	if err := os.MkdirAll(c.storage, 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(filepath.Join(world.dir, "controller-"+c.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer out.Close()
	c.command = exec.Command(world.krowave, append([]string{
		"flux", "controller", "--kubeconfig=" + world.kubeconfig, "--metrics-addr=0", "--health-addr=0", "--log-level=debug",
		"--storage-path=" + c.storage, "--storage-addr=" + c.address, "--storage-adv-addr=" + c.address,
	}, c.args...)...)
	c.command.Env = append(os.Environ(), "RUNTIME_NAMESPACE=flux-system")
	c.command.Stdout, c.command.Stderr = out, out
	if err := c.command.Start(); err != nil {
		return err
	}
	c.done = make(chan struct{})
	go func() {
		_ = c.command.Wait() // the log says how it ended
		close(c.done)
	}()
	return within(startLimit, func() error {
		select {
		case <-c.done:
			return permanent{fmt.Errorf("controller %s ended, see its log", c.name)}
		default:
		}
		conn, err := net.Dial("tcp", c.address)
		if err == nil {
			conn.Close()
		}
		return err
	})
}

// kill ends the process at once, as a lost node does.
func (c *controller) kill() {
	_ = c.command.Process.Kill()
	<-c.done
}

func (c *controller) stop() {
	_ = c.command.Process.Signal(os.Interrupt)
	<-c.done
}

// krowave runs a command and returns what it prints.
func krowave(t *testing.T, dir string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(context.Background(), world.krowave, args...)
	command.Dir = dir
	var stderr strings.Builder
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("krowave %v: %v\n%s", args, err, stderr.String())
	}
	return string(out)
}
