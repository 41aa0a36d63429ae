// Command kroe2e compares krowave with the real kro controller on a real API server; run.sh builds
// what it needs and starts it.
//
//	static    what kro applies for an instance is what krowave renders
//	delegate  the plain manifests of `krowave render --runtime=delegate`, with what kro makes of its
//	          residual graph, are what kro makes of the original
//
// One line is printed for each case, and a total; the exit code is 1 when a case failed.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
)

type options struct {
	answers         string // of the oracle
	krowave, work   string
	kro             kroBuild
	parts           string
	only            string
	static, runtime int
}

func main() {
	var o options
	flag.StringVar(&o.krowave, "krowave", "", "krowave to test")
	flag.StringVar(&o.kro.binary, "kro", "", "kro's controller")
	flag.StringVar(&o.kro.crds, "kro-crds", "", "folder with kro's CRDs")
	flag.StringVar(&o.answers, "answers", "", "folder with what the oracle says of each case")
	flag.StringVar(&o.work, "work", "", "directory for clusters and logs")
	flag.StringVar(&o.parts, "parts", "static,delegate", "what to check")
	flag.StringVar(&o.only, "only", "", "cases whose name matches this expression")
	flag.IntVar(&o.static, "static", 60, "static cases to check; 0 for all")
	flag.IntVar(&o.runtime, "runtime", 20, "delegated cases to check; 0 for all")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	good, err := run(ctx, o, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "kroe2e:", err)
	}
	if err != nil || !good {
		os.Exit(1)
	}
}

type runner struct {
	options
	krowave krowave
	mu      sync.Mutex
	wanted  map[string]bool // differences that the README lists
	count   map[verdict]int
	failing []string
}

// verdict is how a case came out.
type verdict string

const (
	ok      verdict = "ok"
	failed  verdict = "FAIL"
	skipped verdict = "skip"
	known   verdict = "diff"
)

type outcome struct {
	verdict verdict
	detail  string
}

func run(ctx context.Context, o options, roots []string) (bool, error) {
	dirs, err := findCases(roots)
	if err != nil {
		return false, err
	}
	only, err := regexp.Compile(o.only)
	if err != nil {
		return false, err
	}
	dirs = slices.DeleteFunc(dirs, func(dir string) bool { return !only.MatchString(filepath.Base(dir)) })
	r := &runner{options: o, krowave: krowave{o.krowave, o.work}, wanted: wantedDifferences(), count: map[verdict]int{}}
	for _, part := range strings.Split(o.parts, ",") {
		var list []*batch
		var check func(context.Context, *batch, string) error
		switch part {
		case "static":
			list, err = r.choose(dirs, o.static, r.prepareStatic)
			check = r.static
		case "delegate":
			list, err = r.choose(dirs, o.runtime, r.prepareDelegated)
			check = r.delegated
		default:
			err = fmt.Errorf("-parts: no such part %q", part)
		}
		if err != nil {
			return false, err
		}
		for i, b := range list {
			if err := check(ctx, b, filepath.Join(o.work, fmt.Sprintf("%s-%d", part, i))); err != nil {
				return false, fmt.Errorf("%s: %w", part, err)
			}
		}
	}
	return r.total()
}

// choose prepares cases until there are enough, and divides them into batches. With a limit there is
// one batch if that is enough, and a case that finds its names taken is left out.
func (r *runner) choose(dirs []string, limit int, prepare func(dir string) (*prepared, error)) ([]*batch, error) {
	const perCluster = 60
	all := batches{size: perCluster}
	for group := range slices.Chunk(dirs, 16) {
		type result struct {
			*prepared
			err error
		}
		for _, made := range inParallel(group, func(dir string) result {
			p, err := prepare(dir)
			return result{p, err}
		}) {
			switch {
			case errors.Is(made.err, errNotACase) || made.err == nil && made.prepared == nil:
				continue
			case made.err != nil:
				return nil, made.err
			}
			all.add(made.prepared)
		}
		if first := all.list; limit > 0 && len(first) > 0 && len(first[0].cases) >= min(limit, perCluster) {
			first[0].cases = first[0].cases[:min(limit, perCluster)]
			return first[:1], nil
		}
	}
	left := limit
	for _, b := range all.list {
		if limit > 0 {
			b.cases = b.cases[:min(left, len(b.cases))]
			left -= len(b.cases)
		}
	}
	return slices.DeleteFunc(all.list, func(b *batch) bool { return len(b.cases) == 0 }), nil
}

// inParallel maps over a list with a few workers, and keeps its order.
func inParallel[In, Out any](in []In, f func(In) Out) []Out {
	const workers = 4
	out, slots := make([]Out, len(in)), make(chan struct{}, workers)
	var wait sync.WaitGroup
	for i := range in {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			out[i] = f(in[i])
		})
	}
	wait.Wait()
	return out
}

//go:embed README.md
var readme string

// wantedDifferences are the cases in the README's table: | `case` | what | why |.
func wantedDifferences() map[string]bool {
	out := map[string]bool{}
	_, table, _ := strings.Cut(readme, "| case | what differs | why |")
	for line := range strings.Lines(table) {
		if cells := strings.Split(line, "|"); len(cells) == 5 {
			if name, found := strings.CutPrefix(strings.TrimSpace(cells[1]), "`"); found {
				out[strings.TrimSuffix(name, "`")] = true
			}
		}
	}
	return out
}

func (r *runner) report(part, name string, o outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch wanted := r.wanted[name]; {
	case wanted && o.verdict == failed:
		o.verdict = known
	case wanted && o.verdict == ok:
		o = outcome{failed, "the README lists a difference, and there is none"}
	}
	r.count[o.verdict]++
	if o.verdict == failed {
		r.failing = append(r.failing, part+" "+name)
	}
	fmt.Printf("%-4s %-8s %s: %s\n", o.verdict, part, name, strings.ReplaceAll(o.detail, "\n", "\n     "))
}

func (r *runner) total() (bool, error) {
	checked := r.count[ok] + r.count[failed] + r.count[known]
	fmt.Printf("\n%d of %d cases agree with kro's controller; %d wanted differences; %d could not be compared\n",
		r.count[ok], checked, r.count[known], r.count[skipped])
	if len(r.failing) > 0 {
		slices.Sort(r.failing)
		fmt.Printf("failed: %s\n", strings.Join(r.failing, ", "))
	}
	if checked == 0 {
		return false, errors.New("nothing was checked")
	}
	return len(r.failing) == 0, nil
}
