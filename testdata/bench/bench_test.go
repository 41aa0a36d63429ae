// Package bench_test measures what people wait for: whole commands in this process,
// on rgd.yaml and instances like instance.yaml. Releases compare it with the last tag, and
// TestAllocations holds it to baseline.json.
//
//	make bench-save      keeps the figures of this commit as benchstat reads them
//	make bench-compare   measures this commit beside the last tag
//	make allocations     fails when a command allocates over a tenth more than before
package bench_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/krowave/krowave/plugin"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/manifest"
)

// job is what is measured.
type job struct {
	name string
	// begin prepares a directory and returns one run.
	begin func(tb testing.TB, dir string) func()
}

var jobs = []job{
	{"render-1", command(1, 0, "render", ".")},
	{"render-1000", command(1000, 0, "render", ".")},
	{"render-dir-1000", command(1000, 0, "render", "-o", "dir=out", "rgd.yaml", "instances.yaml")},
	{"validate-1000", command(1000, 0, "validate", ".")},
	{"list-1000", command(1000, 0, "list", "instances", ".")},
	{"diff-rgd-1000", func(tb testing.TB, dir string) func() {
		run := command(1000, 1, "diff", "--base", "HEAD", ".")(tb, dir)
		for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"add", "-A"}, {"-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "-m", "base"}} {
			cmd := exec.Command("git", args...)
			cmd.Dir = dir
			if out, err := cmd.CombinedOutput(); err != nil {
				tb.Fatalf("git %v: %v\n%s", args, err, out)
			}
		}
		write(tb, dir, "rgd.yaml", strings.Replace(read(tb, "rgd.yaml"), "app: ${schema.metadata.name}", "app: web-${schema.metadata.name}", 1))
		return run
	}},
	{"cached-100", func(tb testing.TB, _ string) func() {
		in := render.Input{Files: []manifest.File{{Name: "rgd.yaml", Data: []byte(read(tb, "rgd.yaml"))}, {Name: "instances.yaml", Data: []byte(instances(tb, 100))}}}
		o := render.Options{Cache: render.NewCache(1 << 30), Jobs: 1}
		return func() {
			if res, err := render.Render(tb.Context(), in, o); err != nil || res.Diagnostics.HasErrors() {
				tb.Fatal(err, res)
			}
		}
	}},
}

// command runs krowave on n instances.
func command(n, code int, args ...string) func(tb testing.TB, dir string) func() {
	return func(tb testing.TB, dir string) func() {
		write(tb, dir, "rgd.yaml", read(tb, "rgd.yaml"))
		write(tb, dir, "instances.yaml", instances(tb, n))
		return func() {
			var said strings.Builder
			got := plugin.Main(tb.Context(), plugin.Streams{Out: io.Discard, Err: &said, Dir: dir, Getenv: func(string) string { return "" }}, args)
			if got != code {
				tb.Fatalf("krowave %v: exit code %d, want %d\n%s", args, got, code, said.String())
			}
		}
	}
}

func instances(tb testing.TB, n int) string {
	var out strings.Builder
	one := read(tb, "instance.yaml")
	for i := range n {
		out.WriteString("---\n" + strings.Replace(one, "name: storefront\n", fmt.Sprintf("name: storefront-%d\n", i), 1))
	}
	return out.String()
}

func read(tb testing.TB, name string) string {
	data, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	return string(data)
}

func write(tb testing.TB, dir, name, text string) {
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
}

func BenchmarkCommands(b *testing.B) {
	for _, j := range jobs {
		b.Run(j.name, func(b *testing.B) {
			run := j.begin(b, b.TempDir())
			run() // fills caches of the process
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
		})
	}
}

var update = flag.Bool("update", false, "rewrite baseline.json")

// allocated is what one run allocates.
type allocated struct {
	Objects uint64 `json:"objects"`
	Bytes   uint64 `json:"bytes"`
}

const (
	baseline = "baseline.json"
	tenth    = 1.10
)

// TestAllocations fails when a run allocates over a tenth more than baseline.json says.
// The least of some runs counts: pools of the garbage collector differ between them.
// Where more is meant, and where less is to be kept, write the file again:
//
//	make allocations UPDATE=1
func TestAllocations(t *testing.T) {
	got := map[string]allocated{}
	for _, j := range jobs {
		run := j.begin(t, t.TempDir())
		run()
		for range 3 {
			now := measure(run)
			if least, ok := got[j.name]; ok {
				now = allocated{min(now.Objects, least.Objects), min(now.Bytes, least.Bytes)}
			}
			got[j.name] = now
		}
	}
	if *update {
		text, err := json.MarshalIndent(got, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		write(t, ".", baseline, string(text)+"\n")
		return
	}
	var want map[string]allocated
	if err := json.Unmarshal([]byte(read(t, baseline)), &want); err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		g, w := got[name], want[name]
		objects, bytes := ratio(g.Objects, w.Objects), ratio(g.Bytes, w.Bytes)
		t.Logf("%-16s %9d objects, %.2f of the baseline; %11d bytes, %.2f of it", name, g.Objects, objects, g.Bytes, bytes)
		if w == (allocated{}) || objects > tenth || bytes > tenth {
			t.Errorf("%s allocates %d objects of %d bytes, and %d of %d in %s: make it less, or run make allocations UPDATE=1 and say why", name, g.Objects, g.Bytes, w.Objects, w.Bytes, baseline)
		}
	}
	for name := range want {
		if _, ok := got[name]; !ok {
			t.Errorf("%s has %s, which is not measured", baseline, name)
		}
	}
}

func ratio(a, b uint64) float64 { return float64(a) / float64(max(b, 1)) }

func measure(run func()) allocated {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	run()
	runtime.ReadMemStats(&after)
	return allocated{after.Mallocs - before.Mallocs, after.TotalAlloc - before.TotalAlloc}
}
