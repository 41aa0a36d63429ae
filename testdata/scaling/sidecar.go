package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/krowave/krowave/argocd/cmpserver/pluginpb"
	"github.com/krowave/krowave/testdata/figures"
)

// callers ask at the same time, as the comparisons of Argo CD's controller do.
const callers = 8

// answered is what a sidecar took for a repository.
type answered struct {
	shape
	packed, unpacked float64 // MiB of the repository
	start            float64 // CPU seconds of the process until it serves
	first            float64 // CPU seconds of the first Application: the repository is unpacked, and the RGD compiled
	cold, warm       float64 // CPU ms of each further Application, and of each one again
	held, most       float64 // MiB after all, and at most
	coldWall         float64 // seconds of all Applications for the first time
	p50, p99         float64 // ms of an Application again
}

// measureSidecar asks krowave argocd cmp-server for all Applications of repositories, twice.
func measureSidecar(e *environment) error {
	shapes := []shape{
		{10, 1, 4, 0}, {100, 1, 4, 0}, {1000, 1, 4, 0}, {1000, 1, 4, 5000}, {100, 1, 4, 20_000}, {100, 1, 4, 2000},
		{100, 1, 16, 0}, {100, 10, 4, 0}, {100, 10, 16, 0}, {20, 200, 4, 0},
	}
	if e.quick {
		shapes = shapes[:4]
		shapes[2].apps, shapes[3].apps, shapes[3].others = 200, 200, 500
	}
	var all []answered
	for _, s := range shapes {
		a, err := e.sidecar(s)
		if err != nil {
			return fmt.Errorf("%+v: %w", s, err)
		}
		e.say("sidecar: %+v", a)
		all = append(all, a)
	}
	return e.publish("sidecar", sidecarText(all), sidecarPlot(all))
}

func (e *environment) sidecar(s shape) (answered, error) {
	out := answered{shape: s}
	repository, err := pack(s.files(0))
	if err != nil {
		return out, err
	}
	out.packed, out.unpacked = mib(int64(len(repository.data))), mib(repository.unpacked)
	dir, err := os.MkdirTemp(e.work, "sidecar-")
	if err != nil {
		return out, err
	}
	socket := filepath.Join(dir, "krowave.sock")
	p, err := start(filepath.Join(dir, "log"), []string{"GOMEMLIMIT=900MiB"}, e.krowave, "argocd", "cmp-server", "--socket", socket)
	if err != nil {
		return out, err
	}
	defer p.stop()
	if err := p.ready(func() bool { c, err := net.Dial("unix", socket); return err == nil && c.Close() == nil }); err != nil {
		return out, err
	}
	c := client{socket: socket, repository: repository, shape: s}
	spent := func(work func() error) (cpu, wall float64, err error) {
		before, err := p.cpu()
		if err != nil {
			return 0, 0, err
		}
		from := time.Now()
		if err := work(); err != nil {
			return 0, 0, err
		}
		wall = time.Since(from).Seconds()
		after, err := p.cpu()
		return (after - before).Seconds(), wall, err
	}
	began, err := p.cpu()
	if err != nil {
		return out, err
	}
	out.start = began.Seconds()
	var firstWall float64
	if out.first, firstWall, err = spent(func() error { _, err := c.ask(0, 1); return err }); err != nil {
		return out, err
	}
	cold, wall, err := spent(func() error { _, err := c.ask(1, s.apps); return err })
	if err != nil {
		return out, err
	}
	out.cold, out.coldWall = 1000*cold/float64(s.apps-1), firstWall+wall
	var took []time.Duration
	var warm []float64
	for range 3 {
		cpu, _, err := spent(func() error { took, err = c.ask(0, s.apps); return err })
		if err != nil {
			return out, err
		}
		warm = append(warm, 1000*cpu/float64(s.apps))
	}
	out.warm = max(median(warm), 0.01) // what a tick can tell
	slices.Sort(took)
	out.p50, out.p99 = 1000*took[len(took)/2].Seconds(), 1000*took[len(took)*99/100].Seconds()
	held, most, err := p.memory()
	out.held, out.most = mib(held), mib(most)
	return out, err
}

// client asks for Applications as repo-server does.
type client struct {
	socket     string
	repository *archive
	shape
}

// ask asks for a range of the Applications, and says how long each took.
func (c *client) ask(from, to int) ([]time.Duration, error) {
	took, errs := make([]time.Duration, to-from), make([]error, to-from)
	next := make(chan int)
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			for i := range next {
				begin := time.Now()
				errs[i-from] = c.one(i)
				took[i-from] = time.Since(begin)
			}
		})
	}
	for i := from; i < to; i++ {
		next <- i
	}
	close(next)
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return took, nil
}

// one asks for an Application over a connection of its own.
func (c *client) one(i int) error {
	connection, err := grpc.NewClient("unix://"+c.socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	stream, err := pluginpb.NewConfigManagementPluginServiceClient(connection).GenerateManifest(ctx)
	if err != nil {
		return err
	}
	var env []*pluginpb.EnvEntry
	for _, pair := range [][2]string{{"ARGOCD_APP_NAME", fmt.Sprintf("shop-%d", i)}, {"ARGOCD_APP_NAMESPACE", "shops"}, {"KUBE_VERSION", "1.36"}} {
		env = append(env, &pluginpb.EnvEntry{Name: pair[0], Value: pair[1]})
	}
	if err := stream.Send(&pluginpb.AppStreamRequest{Request: &pluginpb.AppStreamRequest_Metadata{Metadata: &pluginpb.ManifestRequestMetadata{
		AppName: filepath.Base(app(i)), AppRelPath: app(i), Checksum: c.repository.checksum, Size: int64(len(c.repository.data)), Env: env,
	}}}); err != nil {
		return err
	}
	const chunk = 1 << 20 // ARGOCD_CMP_CHUNK_SIZE of krowave argocd install
	for piece := range slices.Chunk(c.repository.data, chunk) {
		if err := stream.Send(&pluginpb.AppStreamRequest{Request: &pluginpb.AppStreamRequest_File{File: &pluginpb.File{Chunk: piece}}}); err != nil {
			break // the answer says why
		}
	}
	answer, err := stream.CloseAndRecv()
	if err != nil {
		return err
	}
	if got := len(answer.GetManifests()); got != c.instances*c.objects {
		return fmt.Errorf("application %d has %d objects, not %d", i, got, c.instances*c.objects)
	}
	return nil
}

func sidecarText(all []answered) string {
	var first, cold, warm, memory []figures.Sample
	for _, a := range all {
		objects := float64(a.instances * a.objects)
		first = append(first, figures.Sample{X: []float64{1, a.unpacked, objects}, Value: a.first})
		cold = append(cold, figures.Sample{X: []float64{1, a.packed, float64(a.instances), objects}, Value: a.cold})
		warm = append(warm, figures.Sample{X: []float64{1, a.packed, objects}, Value: a.warm})
		memory = append(memory, figures.Sample{X: []float64{1, a.unpacked, objects * float64(a.apps) / 1000}, Value: a.most})
	}
	fits := []formula{
		{of: "CPU seconds of the first Application of a commit", names: []string{"", "MiB of files", "objects"}},
		{of: "CPU ms of each further Application of the commit", names: []string{"", "MiB packed", "instances", "objects"}},
		{of: "CPU ms of an Application again", names: []string{"", "MiB packed", "objects"}},
		{of: "largest memory in MiB", names: []string{"", "MiB of files", "1,000 objects of all Applications"}},
	}
	for i, samples := range [][]figures.Sample{first, cold, warm, memory} {
		fits[i].coefficients = figures.Fit(samples)
		fits[i].worst = figures.WorstError(samples, fits[i].coefficients)
	}
	var b strings.Builder
	b.WriteString("| Applications | objects of each | other files | MiB, packed | first: CPU s | further: CPU ms | again: CPU ms | again: p50, p99 ms | memory, at most MiB | all for the first time, s |\n" +
		"|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n")
	for _, a := range all {
		fmt.Fprintf(&b, "| %d | %d | %d | %.1f, %.1f | %.2f | %.1f | %.1f | %.1f, %.1f | %.0f | %.1f |\n",
			a.apps, a.instances*a.objects, a.others, a.unpacked, a.packed, a.first, a.cold, a.warm, a.p50, a.p99, a.most, a.coldWall)
	}
	starts := []float64{}
	for _, a := range all {
		starts = append(starts, a.start)
	}
	fmt.Fprintf(&b, "\n%d callers at a time. The process took %.2f CPU seconds until it served.\n\n%s", callers, median(starts), formulas(fits))
	return b.String() + "\n![CPU of an Application, first and again, and memory, by Applications](images/scaling-sidecar.svg)\n"
}

func sidecarPlot(all []answered) string {
	var series []figures.Series
	slices.SortStableFunc(all, func(a, b answered) int { return a.apps*a.instances*a.objects - b.apps*b.instances*b.objects })
	for _, a := range all {
		if a.others > 0 {
			continue
		}
		objects := float64(a.apps * a.instances * a.objects)
		series = figures.Add(series, "all for the first time, CPU ms", objects, 1000*a.first+a.cold*float64(a.apps-1))
		series = figures.Add(series, "all again, CPU ms", objects, a.warm*float64(a.apps))
		series = figures.Add(series, "memory MiB", objects, a.most)
	}
	return figures.Plot("CPU ms and memory MiB of the sidecar", "objects of all Applications", series)
}
