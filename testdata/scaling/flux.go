package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	controlplane "github.com/krowave/krowave/testdata/kubernetes"

	"github.com/krowave/krowave/testdata/figures"
)

// reconciled is what a controller took for a number of RenderedSources.
type reconciled struct {
	sources        int
	first, commit  float64 // CPU ms of each RenderedSource: newly made, and after a commit that changes it
	firstWall      float64 // seconds until all of the new ones were published
	commitWall     float64 // seconds until all of the commit's had published it
	requests       float64 // to the API server for each of the commit's
	held, most     float64 // MiB after all, and at most
	idle           float64 // CPU ms a second when nothing happens
	goroutines     float64
	added, changed int
	storage        float64 // MiB of artifacts
	cold, coldWall float64 // CPU ms of each and seconds of all, after a start with an empty storage
}

// mostChanged is how many RenderedSources a commit changes: each costs the same.
const mostChanged = 200

// large are the settings of krowave flux install --size large.
var large = []string{"--concurrent=16", "--kube-api-qps=500", "--kube-api-burst=1000", "--cache-bytes=1073741824"}

// measureFlux has one controller reconcile more and more RenderedSources.
func measureFlux(e *environment) error {
	c, err := startCluster(e.root, e.work, e.krowave)
	if err != nil {
		return err
	}
	defer c.stop()
	address, err := controlplane.FreeAddress()
	if err != nil {
		return err
	}
	args := append([]string{"--storage-addr", address}, large...)
	p, metrics, err := c.controller("controller", args...)
	if err != nil {
		return err
	}
	defer func() { p.stop() }()
	var all []reconciled
	revision := 1
	for _, n := range e.sizes(100, 1000, 2000, 5000) {
		r := reconciled{sources: n, added: n - c.sources}
		if r.first, r.firstWall, err = c.spent(p, r.added, func() error {
			if err := c.grow(n, revision, ""); err != nil {
				return err
			}
			_, err := c.published(30 * time.Minute)
			return err
		}); err != nil {
			return err
		}
		revision++
		r.changed = min(n, mostChanged)
		const requests = "rest_client_requests_total"
		before, err := metric(metrics, requests)
		if err != nil {
			return err
		}
		if r.commit, r.commitWall, err = c.spent(p, r.changed, func() error {
			if err := c.commitTo(r.changed/perRepository, revision); err != nil {
				return err
			}
			_, err := c.published(30 * time.Minute)
			return err
		}); err != nil {
			return err
		}
		if r.requests, err = metric(metrics, requests); err != nil {
			return err
		}
		r.requests = (r.requests - before) / float64(r.changed)
		const quiet = 10
		time.Sleep(3 * time.Second) // what the last ones still write
		if r.idle, _, err = c.spent(p, quiet, func() error { time.Sleep(quiet * time.Second); return nil }); err != nil {
			return err
		}
		held, most, err := p.memory()
		if err != nil {
			return err
		}
		r.held, r.most = mib(held), mib(most)
		if r.goroutines, err = metric(metrics, "go_goroutines"); err != nil {
			return err
		}
		if r.storage, err = size(filepath.Join(c.dir, "controller")); err != nil {
			return err
		}
		if len(all) == 1 {
			if err := c.cold(&p, &metrics, &r, args); err != nil {
				return err
			}
		}
		e.say("flux: %+v", r)
		all = append(all, r)
		if len(all) > 1 { // what is known so far: the largest takes long
			if err := e.publish("flux", fluxText(all), fluxPlot(all)); err != nil {
				return err
			}
		}
	}
	return nil
}

// cold replaces the controller by one that has lost its storage, and so renders everything again.
func (c *cluster) cold(p **process, metrics *string, r *reconciled, args []string) error {
	(*p).stop()
	if err := os.RemoveAll(filepath.Join(c.dir, "controller")); err != nil {
		return err
	}
	from := time.Now()
	fresh, address, err := c.controller("controller", args...)
	if err != nil {
		return err
	}
	*p, *metrics = fresh, address
	if err := within(20*time.Minute, func() error {
		files, err := filepath.Glob(filepath.Join(c.dir, "controller", "*", namespace, "*", "*.tar.gz"))
		if err == nil && len(files) < r.sources {
			err = fmt.Errorf("%d of %d artifacts are there again", len(files), r.sources)
		}
		return err
	}); err != nil {
		return err
	}
	r.coldWall = time.Since(from).Seconds()
	took, err := fresh.cpu()
	r.cold = 1000 * took.Seconds() / float64(r.sources)
	return err
}

// spent is the CPU time in ms of each of n that work takes, and its seconds.
func (c *cluster) spent(p *process, n int, work func() error) (cpu, wall float64, err error) {
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
	return 1000 * (after - before).Seconds() / float64(n), wall, err
}

// size is that of all files below a directory, in MiB.
func size(dir string) (float64, error) {
	var sum int64
	err := filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	return mib(sum), err
}

func fluxText(all []reconciled) string {
	var memory []figures.Sample
	var b strings.Builder
	b.WriteString("| RenderedSources | new: CPU ms each | new: s for all added | after a commit: CPU ms each | requests each | s for all that it changes | idle: CPU ms a second | memory, at most MiB | artifacts, MiB |\n" +
		"|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n")
	for _, r := range all {
		fmt.Fprintf(&b, "| %d | %.1f | %.0f (%d) | %.1f | %.1f | %.0f (%d) | %.1f | %.0f | %.1f |\n", r.sources, r.first, r.firstWall, r.added, r.commit, r.requests,
			r.commitWall, r.changed, r.idle, r.most, r.storage)
		memory = append(memory, figures.Sample{X: []float64{1, float64(r.sources) / 1000}, Value: r.most})
	}
	c := figures.Fit(memory)
	fmt.Fprintf(&b, "\nA controller that starts without its storage, with %d RenderedSources: %.1f CPU ms each, %.0f s for all.\n", all[1].sources, all[1].cold, all[1].coldWall)
	b.WriteString("Seconds are those of this machine, which also ran etcd, kube-apiserver and the peer that measures.\n\n")
	b.WriteString(formulas([]formula{{"largest memory in MiB", c, []string{"", "1,000 RenderedSources"}, figures.WorstError(memory, c)}}))
	return b.String() + "\n![CPU and memory of the Flux controller by RenderedSources](images/scaling-flux.svg)\n"
}

func fluxPlot(all []reconciled) string {
	var series []figures.Series
	for _, r := range all {
		n := float64(r.sources)
		series = figures.Add(series, "a commit that changes all, CPU ms", n, r.commit*n)
		series = figures.Add(series, "memory MiB", n, r.most)
	}
	return figures.Plot("CPU ms and memory MiB of the Flux controller", "RenderedSources", series)
}
