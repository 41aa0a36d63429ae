//go:build ignore

package main

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"sigs.k8s.io/yaml"
)

// compared is what requests of one tool took.
type compared struct {
	tool, state string
	callers     int
	requests    int
	p50, p99    time.Duration
	cpu         time.Duration // of each request, with the processes that it starts
	memory      int64         // the most that the server and its processes held
}

// compareTools asks all tools for the same applications: 1, 8 and 64 callers, each application for the first time and
// again. It prints Markdown.
func compareTools(ctx context.Context, w *world) error {
	var rows []compared
	var want [][]string
	for _, t := range w.tools() {
		up, err := w.packed(t.plugin, t.files(w.apps))
		if err != nil {
			return err
		}
		for _, callers := range []int{1, 8, 64} {
			n := min(w.apps, max(w.stock, 2*callers))
			plugin := fmt.Sprintf("%s-%d", t.plugin, callers) // a server of its own: nothing is known to it
			p, err := t.start(w, plugin)
			if err != nil {
				return err
			}
			for _, state := range []string{"first", "again"} {
				row, s, err := w.measured(ctx, p, plugin, up, n, callers)
				if err != nil {
					return fmt.Errorf("%s: %w", t.name, err)
				}
				row.tool, row.state = t.name, state
				rows = append(rows, row)
				if want == nil {
					want = s.answers
				}
				w.equal(t.name, state, callers, want, s.answers)
			}
			p.kill() // the stock one never ends by itself
		}
	}
	files := w.files
	text, err := w.upload(ctx)
	if err != nil {
		return err
	}
	text = comparison(w, rows, files) + text
	if w.output != "" {
		return os.WriteFile(w.output, []byte(text), 0o644)
	}
	fmt.Print(text)
	return nil
}

// measured asks for n applications.
func (w *world) measured(ctx context.Context, p *process, plugin string, up *archive, n, callers int) (compared, *series, error) {
	done := make(chan struct{})
	var most int64
	var group sync.WaitGroup
	group.Add(1)
	go func() {
		defer group.Done()
		for {
			most = max(most, treeMemory(p.cmd.Process.Pid))
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	before, err := cpuOf(p.cmd.Process.Pid)
	if err != nil {
		return compared{}, nil, err
	}
	s := w.series(ctx, plugin, up, n, callers)
	close(done)
	group.Wait()
	after, err := cpuOf(p.cmd.Process.Pid)
	if s.err != nil || err != nil {
		return compared{}, nil, errors.Join(s.err, err)
	}
	return compared{callers: callers, requests: n, p50: s.quantile(50), p99: s.quantile(99), cpu: (after - before) / time.Duration(n), memory: most}, s, nil
}

// equal checks that two tools give the same objects. What krowave annotates is left out.
func (w *world) equal(tool, state string, callers int, want, got [][]string) {
	for i := range min(len(want), len(got)) {
		a, err1 := plainObjects(want[i])
		b, err2 := plainObjects(got[i])
		problem := ""
		if err := errors.Join(err1, err2); err != nil {
			problem = err.Error()
		} else if len(a) != 4 {
			problem = fmt.Sprintf("%d objects", len(a))
		} else {
			problem = different(b, a)
		}
		if problem != "" {
			w.check(fmt.Sprintf("%s, %s, %d callers, application %d", tool, state, callers, i), problem)
			return
		}
	}
	w.passed++
}

func plainObjects(manifests []string) ([]map[string]any, error) {
	var out []map[string]any
	for _, text := range manifests {
		for _, document := range strings.Split("\n"+text, "\n---\n") {
			var o map[string]any
			if err := yaml.Unmarshal([]byte(document), &o); err != nil {
				return nil, err
			}
			if len(o) == 0 {
				continue
			}
			if metadata, ok := o["metadata"].(map[string]any); ok {
				delete(metadata, "annotations")
			}
			raw, err := json.Marshal(o)
			if err != nil {
				return nil, err
			}
			var normal map[string]any
			if err := json.Unmarshal(raw, &normal); err != nil {
				return nil, err
			}
			out = append(out, normal)
		}
	}
	return out, nil
}

// upload measures the first request for a repository of many files beside the floor: its decompression and checksum.
func (w *world) upload(ctx context.Context) (string, error) {
	const many = 20_000
	w.files = many
	up, err := w.packed("many", krowaveFiles(10))
	if err != nil {
		return "", err
	}
	s, err := w.startSidecar("many")
	if err != nil {
		return "", err
	}
	defer s.kill()
	var took [3]time.Duration // of the first request, of the next application, and of that one again
	for i, app := range []int{0, 1, 1} {
		before, err := cpuOf(s.cmd.Process.Pid)
		if err != nil {
			return "", err
		}
		if _, err := up.ask(ctx, w.path("plugins", "many.sock"), app); err != nil {
			return "", err
		}
		after, err := cpuOf(s.cmd.Process.Pid)
		if err != nil {
			return "", err
		}
		took[i] = after - before
	}
	floor, err := w.floor(ctx, up)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("\nA repository of %d files, %.1f MiB packed. CPU ms of the sidecar: %d for the first request, %d for the next Application, %d for that one again.\n"+
		"Decompression and checksum alone, which is the floor of the first: %d.\n", many, float64(len(up.data))/(1<<20), took[0].Milliseconds(), took[1].Milliseconds(), took[2].Milliseconds(), floor.Milliseconds()), nil
}

// readFloor decompresses a file and builds its checksum.
func readFloor(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	sum := sha256.New()
	zip, err := gzip.NewReader(io.TeeReader(file, sum))
	if errors.Is(err, io.EOF) {
		return nil // an empty file: what the process itself takes
	}
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, zip)
	return err
}

func comparison(w *world, rows []compared, files int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Argo CD %s, %d CPUs, repositories of %d files. Every tool gives equal objects, four an Application.\n\n", w.version, runtime.NumCPU(), files)
	b.WriteString("| tool | callers | | requests | p50 ms | p99 ms | CPU ms a request | memory, at most MiB |\n|---|---:|---|---:|---:|---:|---:|---:|\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %d | %s | %d | %.0f | %.0f | %.1f | %.0f |\n", r.tool, r.callers, r.state, r.requests, ms(r.p50), ms(r.p99), ms(r.cpu), float64(r.memory)/(1<<20))
	}
	return b.String()
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
