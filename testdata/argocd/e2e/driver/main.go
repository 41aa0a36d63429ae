//go:build ignore

// The driver of the end-to-end tests. It is compiled inside Argo CD's own
// module (see build.sh), starts Argo CD's processes and krowave's on loopback,
// and asks as Argo CD's own clients ask.
//
//	driver reposerver   what repo-server gets from the sidecar
//	driver sync         what the application controller makes of it
//	driver delegate     what a real kro makes of what several Applications leave to it
//	driver serve        Argo CD for a cluster that another test has, until it is interrupted
//	driver bench        the sidecar beside Argo CD's own plugin server
//	driver compare      both, and Helm and kustomize behind the latter, as Markdown
//
// Each check is a line that begins with PASS or FAIL; the exit code is 1 when
// one failed.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// settings say where programs and files are.
type settings struct {
	argocd  string // the binary; its directory holds the wrapper scripts
	krowave string
	kube    string // directory of etcd, kube-apiserver and kube-controller-manager
	source  string // of Argo CD

	kubeconfig string // of a cluster that runs

	kro      string // the controller
	kroCRDs  string // directory
	examples string
	work     string
	version  string // of Argo CD, as krowave argocd health wants it

	helm, kustomize, output string

	files, apps, stock int
	shared             int
}

func main() {
	subcommands := map[string]func(context.Context, *world) error{"reposerver": checkRepoServer, "sync": checkSync, "delegate": checkDelegate, "serve": serve, "bench": bench, "compare": compareTools}
	var s settings
	flags := flag.NewFlagSet("driver", flag.ExitOnError)
	flags.StringVar(&s.argocd, "argocd", "", "binary of Argo CD")
	flags.StringVar(&s.krowave, "krowave", "", "binary of krowave")
	flags.StringVar(&s.kube, "kube", "", "directory of etcd, kube-apiserver and kube-controller-manager")
	flags.StringVar(&s.source, "source", "", "source of Argo CD, for its CRDs")
	flags.StringVar(&s.kubeconfig, "kubeconfig", "", "serve: the cluster")
	flags.StringVar(&s.examples, "examples", "", "krowave's examples/shop")
	flags.StringVar(&s.work, "work", "", "empty directory")
	flags.StringVar(&s.version, "version", "", "version of Argo CD: 2.14 or 3")
	flags.StringVar(&s.helm, "helm", "", "compare: binary of Helm")
	flags.StringVar(&s.output, "o", "", "compare: file for the Markdown, instead of standard output")
	flags.StringVar(&s.kustomize, "kustomize", "", "compare: binary of kustomize")
	flags.StringVar(&s.kro, "kro", "", "delegate: kro's controller")
	flags.StringVar(&s.kroCRDs, "kro-crds", "", "delegate: directory of kro's CRDs")
	flags.IntVar(&s.shared, "shared", 10, "delegate: applications that share an RGD")
	flags.IntVar(&s.files, "files", 3000, "bench: files of the repository")
	flags.IntVar(&s.apps, "apps", 500, "bench: applications")
	flags.IntVar(&s.stock, "stock", 40, "bench: applications that the stock plugin server is asked for")
	if len(os.Args) == 4 && os.Args[1] == "floor" { // -work FILE, by the driver itself
		if err := readFloor(os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if len(os.Args) < 2 || subcommands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: driver reposerver|sync|delegate|serve|bench|compare FLAGS")
		os.Exit(2)
	}
	_ = flags.Parse(os.Args[2:]) // ExitOnError
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, s, subcommands[os.Args[1]]))
}

func run(ctx context.Context, s settings, work func(context.Context, *world) error) int {
	w, err := newWorld(ctx, s)
	if err == nil {
		defer w.close()
		err = work(ctx, w)
	}
	if err != nil {
		fmt.Println("FAIL", err)
		return 1
	}
	fmt.Printf("%d passed, %d failed in %s\n", w.passed, w.failed, time.Since(w.began).Round(time.Second))
	if w.failed > 0 {
		return 1
	}
	return 0
}

// world is what one run has started and found.
type world struct {
	settings
	ctx            context.Context
	began          time.Time
	processes      []*process
	passed, failed int
	redis          string // address
}

func newWorld(ctx context.Context, s settings) (*world, error) {
	w := &world{settings: s, ctx: ctx, began: time.Now()}
	for _, dir := range []string{"log", "plugins", "home", "tmp", "tls", "ssh", "sidecar"} {
		if err := os.MkdirAll(w.path(dir), 0o755); err != nil {
			return nil, err
		}
	}
	// Argo CD's client packs archives there.
	return w, os.Setenv("TMPDIR", w.path("tmp"))
}

func (w *world) path(parts ...string) string {
	return filepath.Join(append([]string{w.work}, parts...)...)
}

// check prints one result; problem is empty when all is well.
func (w *world) check(name, problem string) {
	if problem == "" {
		w.passed++
		fmt.Println("PASS", name)
		return
	}
	w.failed++
	fmt.Printf("FAIL %s: %s\n", name, problem)
}

// close ends every process, the last one started first.
func (w *world) close() {
	for i := len(w.processes) - 1; i >= 0; i-- {
		w.processes[i].stop()
	}
}
