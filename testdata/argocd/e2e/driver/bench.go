//go:build ignore

package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/argoproj/argo-cd/v2/cmpserver/apiclient"
	"github.com/argoproj/argo-cd/v2/common"
	"github.com/argoproj/argo-cd/v2/util/cmp"
	"github.com/argoproj/argo-cd/v2/util/tgzstream"
)

// bench asks for every application of one repository, as repo-server would after
// a commit to it: from the sidecar, and from Argo CD's own plugin server, which
// runs krowave argocd generate each time. Both get the same bytes, packed once.
func bench(ctx context.Context, w *world) error {
	dir, err := w.monorepo()
	if err != nil {
		return err
	}
	up, err := pack(dir)
	if err != nil {
		return err
	}
	fmt.Printf("%d files, %d applications, %d kB packed; %d clients on %d CPUs\n", w.files, w.apps, len(up.data)>>10, clients(), runtime.GOMAXPROCS(0))
	if _, err := w.startSidecar("krowave", "--max-concurrent", fmt.Sprint(clients())); err != nil {
		return err
	}
	if _, err := w.startStock("exec"); err != nil {
		return err
	}
	if err := startSink(w.path("plugins", "sink.sock")); err != nil {
		return err
	}
	stock := w.series(ctx, "exec", up, w.stock, clients())
	cold := w.series(ctx, "krowave", up, w.apps, clients())
	again := w.series(ctx, "krowave", up, w.apps, clients())
	sink := w.series(ctx, "sink", up, w.apps, clients())
	stock.print("stock plugin server running krowave argocd generate")
	cold.print("sidecar, each application for the first time")
	again.print("sidecar, each application again")
	sink.print("transfer alone")
	one, alone := w.inTurn(ctx, up)
	one.print("sidecar, again, one client")
	alone.print("transfer alone, one client")
	for _, s := range []*series{stock, cold, again, sink, one, alone} {
		if s.err != nil {
			return s.err
		}
	}
	for i := range stock.answers {
		w.agree(cold.answers[i], stock.answers[i], i)
		w.agree(again.answers[i], stock.answers[i], i)
	}
	if w.failed == 0 {
		w.check(fmt.Sprintf("the sidecar gives what the stock plugin server gives, for %d applications twice", w.stock), "")
	}
	fmt.Printf("throughput: %.1f times the stock plugin server's, %.1f times when asked again (wanted: 10)\n",
		cold.throughput()/stock.throughput(), again.throughput()/stock.throughput())
	fmt.Printf("p50: %.1f times shorter, p99: %.1f times\n", ratio(stock, cold, 50), ratio(stock, cold, 99))
	fmt.Printf("asked again, beyond the transfer, as the client sees it: p50 %s, p99 %s (wanted: 5 ms)\n",
		(one.quantile(50) - alone.quantile(50)).Round(10*time.Microsecond), (one.quantile(99) - alone.quantile(99)).Round(10*time.Microsecond))
	return nil
}

func clients() int { return 2 * runtime.GOMAXPROCS(0) }

func ratio(a, b *series, percent int) float64 {
	return float64(a.quantile(percent)) / float64(b.quantile(percent))
}

// agree compares two answers for an application.
func (w *world) agree(got, want []string, app int) {
	decode := func(list []string) []map[string]any {
		var out []map[string]any
		for _, text := range list {
			for _, document := range strings.Split(text, "\n---\n") {
				var o map[string]any
				if err := json.Unmarshal([]byte(strings.TrimPrefix(document, "---\n")), &o); err == nil {
					out = append(out, o)
				}
			}
		}
		return out
	}
	if problem := different(decode(got), decode(want)); problem != "" {
		w.check(fmt.Sprintf("application %d", app), problem)
	}
}

// monorepo writes a repository where each application has one instance of its
// own, and most files matter to none of them.
func (w *world) monorepo() (string, error) {
	files, err := copied(filepath.Join(w.examples, "definitions"), "definitions")
	if err != nil {
		return "", err
	}
	files["krowave.yaml"] = "definitions:\n  - definitions\n"
	for i := range w.apps {
		files[appDir(i)+"/shop.yaml"] = fmt.Sprintf("apiVersion: shop.example.com/v1alpha1\nkind: Shop\nmetadata:\n  name: shop-%d\nspec:\n"+
			"  image: example.com/shop:1.%d.0\n  replicas: %d\n  regions: [eu, us, ap]\n  host: shop-%d.example.com\n  backups: true\n", i, i, i%7+1, i)
	}
	for i := 0; len(files) < w.files; i++ {
		files[fmt.Sprintf("other/%02d/settings-%d.yaml", i%40, i)] = settingsFile(i)
	}
	dir := w.path("monorepo")
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// settingsFile is about as long, and packs about as well, as what people write.
func settingsFile(i int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings-%d\ndata:\n", i)
	for line := range 20 {
		fmt.Fprintf(&b, "  setting-%d: \"the value of it is %x\"\n", line, sha256.Sum256([]byte(fmt.Sprint(i, line))))
	}
	return b.String()
}

func appDir(i int) string { return fmt.Sprintf("apps/a%03d", i) }

// archive is what repo-server sends of a checkout.
type archive struct {
	checksum string
	data     []byte
}

func pack(dir string) (*archive, error) {
	file, _, checksum, err := tgzstream.CompressFiles(dir, nil, nil)
	if err != nil {
		return nil, err
	}
	defer tgzstream.CloseAndDelete(file)
	data, err := io.ReadAll(file)
	return &archive{checksum, data}, err
}

// ask asks for one application's manifests, over a connection of its own as
// repo-server does.
func (a *archive) ask(ctx context.Context, socket string, app int) ([]string, error) {
	closer, client, err := apiclient.NewConfigManagementPluginClientSet(socket).NewConfigManagementPluginClient()
	if err != nil {
		return nil, err
	}
	defer closer.Close()
	ctx, cancel := context.WithTimeout(ctx, 120*time.Second)
	defer cancel()
	stream, err := client.GenerateManifest(ctx)
	if err != nil {
		return nil, err
	}
	var env []*apiclient.EnvEntry
	for _, pair := range [][2]string{
		{"ARGOCD_APP_NAME", fmt.Sprintf("shop-%d", app)}, {"ARGOCD_APP_NAMESPACE", "shops"}, {"ARGOCD_APP_PARAMETERS", "null"}, {"KUBE_VERSION", "1.36"},
	} {
		env = append(env, &apiclient.EnvEntry{Name: pair[0], Value: pair[1]})
	}
	if err := stream.Send(&apiclient.AppStreamRequest{Request: &apiclient.AppStreamRequest_Metadata{Metadata: &apiclient.ManifestRequestMetadata{
		AppName: fmt.Sprintf("a%03d", app), AppRelPath: appDir(app), Checksum: a.checksum, Size_: int64(len(a.data)), Env: env,
	}}}); err != nil {
		return nil, err
	}
	size := common.GetCMPChunkSize()
	for at := 0; at < len(a.data); at += size {
		if err := stream.Send(cmp.AppFileRequest(a.data[at:min(at+size, len(a.data))])); err != nil {
			return nil, err
		}
	}
	resp, err := stream.CloseAndRecv()
	if err != nil {
		return nil, err
	}
	return resp.Manifests, nil
}

// series is the outcome of asking for applications 0 to n-1.
type series struct {
	took    []time.Duration // sorted
	total   time.Duration
	answers [][]string
	err     error
}

func (w *world) series(ctx context.Context, plugin string, up *archive, n, clients int) *series {
	s := &series{took: make([]time.Duration, n), answers: make([][]string, n)}
	errs := make([]error, n)
	next := make(chan int)
	var group sync.WaitGroup
	began := time.Now()
	for range clients {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := range next {
				began := time.Now()
				s.answers[i], errs[i] = up.ask(ctx, w.path("plugins", plugin+".sock"), i)
				s.took[i] = time.Since(began)
			}
		}()
	}
	for i := range n {
		next <- i
	}
	close(next)
	group.Wait()
	s.total = time.Since(began)
	for i, err := range errs {
		if err != nil && s.err == nil {
			s.err = fmt.Errorf("%s, application %d: %w", plugin, i, err)
		}
	}
	sort.Slice(s.took, func(i, j int) bool { return s.took[i] < s.took[j] })
	return s
}

// inTurn asks the sidecar and the sink for each application, one after the other.
func (w *world) inTurn(ctx context.Context, up *archive) (sidecar, sink *series) {
	sidecar, sink = &series{}, &series{}
	for i := range w.apps {
		for plugin, s := range map[string]*series{"krowave": sidecar, "sink": sink} {
			began := time.Now()
			if _, err := up.ask(ctx, w.path("plugins", plugin+".sock"), i); err != nil {
				s.err = err
			}
			s.took = append(s.took, time.Since(began))
			s.total += time.Since(began)
		}
	}
	sort.Slice(sidecar.took, func(i, j int) bool { return sidecar.took[i] < sidecar.took[j] })
	sort.Slice(sink.took, func(i, j int) bool { return sink.took[i] < sink.took[j] })
	return sidecar, sink
}

func (s *series) throughput() float64 { return float64(len(s.took)) / s.total.Seconds() }

func (s *series) quantile(percent int) time.Duration {
	return s.took[min(len(s.took)-1, len(s.took)*percent/100)]
}

func (s *series) print(name string) {
	fmt.Printf("%-55s %4d requests  %8.1f/s  p50 %9s  p99 %9s\n", name, len(s.took), s.throughput(),
		s.quantile(50).Round(10*time.Microsecond), s.quantile(99).Round(10*time.Microsecond))
}
