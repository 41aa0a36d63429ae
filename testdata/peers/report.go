package main

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/krowave/krowave/testdata/figures"
)

// table has a row for each tool and size, with the ratio to krowave at that size.
func table(results []result) string {
	var out strings.Builder
	out.WriteString("| instances | tool | CPU seconds | ratio | wall seconds | memory MiB | ratio |\n|---:|---|---:|---:|---:|---:|---:|\n")
	var base result
	for _, r := range results {
		if r.size != base.size {
			base = r
		}
		fmt.Fprintf(&out, "| %d | %s | %.3f | %.2f | %.3f | %.0f | %.2f |\n", r.size, r.tool, r.cpu.Seconds(), float64(r.cpu)/float64(base.cpu),
			r.wall.Seconds(), float64(r.memory)/(1<<20), float64(r.memory)/float64(base.memory))
	}
	return out.String()
}

// growth returns the exponent of CPU time over instances between the largest two sizes of a tool.
func growth(results []result, tool string) (float64, bool) {
	var of []result
	for _, r := range results {
		if r.tool == tool {
			of = append(of, r)
		}
	}
	if len(of) < 2 {
		return 0, false
	}
	a, b := of[len(of)-2], of[len(of)-1]
	return math.Log(float64(b.cpu)/float64(a.cpu)) / math.Log(float64(b.size)/float64(a.size)), true
}

// writeReport writes benchmarks.md and its plots. engine is a file with the ratios to kro's engine,
// "" for none.
func writeReport(dir string, results []result, rounds int, engine string) error {
	images := filepath.Join(dir, "images")
	if err := os.MkdirAll(images, 0o755); err != nil {
		return err
	}
	for _, p := range []struct {
		file, title string
		value       func(r result) float64
	}{
		{"benchmark-cpu.svg", "CPU seconds", func(r result) float64 { return r.cpu.Seconds() }},
		{"benchmark-memory.svg", "memory, MiB", func(r result) float64 { return float64(r.memory) / (1 << 20) }},
	} {
		if err := os.WriteFile(filepath.Join(images, p.file), []byte(figures.Plot(p.title, "instances", series(results, p.value))), 0o600); err != nil {
			return err
		}
	}
	var text strings.Builder
	text.WriteString("# Benchmarks\n\n" +
		"`make bench-peers` writes this page. It renders the same four objects an instance with krowave and with the tools that a user could pick\n" +
		"instead, checks that all give equal objects, and measures whole processes: user and system CPU seconds, wall time, and the largest\n" +
		"resident memory of a process. Rounds are interleaved, and figures are medians. The ratio is that to krowave with one file of instances.\n\n")
	fmt.Fprintf(&text, "Measured on %s/%s with %d CPUs, %d rounds.\n\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), rounds)
	text.WriteString("![CPU seconds by instances](images/benchmark-cpu.svg)\n\n![Memory by instances](images/benchmark-memory.svg)\n\n" + table(results) + "\n")
	text.WriteString("Growth of CPU time with instances, between the largest two sizes (1.00 is linear):\n\n| tool | exponent |\n|---|---:|\n")
	seen := map[string]bool{}
	for _, r := range results {
		if e, ok := growth(results, r.tool); ok && !seen[r.tool] {
			fmt.Fprintf(&text, "| %s | %.2f |\n", r.tool, e)
		}
		seen[r.tool] = true
	}
	text.WriteString("\nA tool without a row at a size takes too long there: a Helm process or a kustomize overlay for each instance.\n" +
		"The Go program for this RGD alone decodes the instances and encodes the objects with sigs.k8s.io/yaml.\n")
	if engine != "" {
		ratios, err := os.ReadFile(engine)
		if err != nil {
			return err
		}
		_, ratios, _ = bytes.Cut(ratios, []byte("medians of "))
		text.WriteString("\n## Beside kro's engine\n\n`make bench` times the engine of kro v0.9.4, as a library, and krowave on the graph of testdata/bench:\n\n```text\nmedians of " +
			strings.TrimSpace(string(ratios)) + "\n```\n\nThe last line compares with krowave's own decoder and encoder alone. The Go program in the table above is the same with\n" +
			"sigs.k8s.io/yaml.\n")
	}
	return os.WriteFile(filepath.Join(dir, "benchmarks.md"), []byte(text.String()), 0o600)
}

// series has a value over instances for each tool.
func series(results []result, value func(r result) float64) []figures.Series {
	var out []figures.Series
	for _, r := range results {
		out = figures.Add(out, r.tool, float64(r.size), value(r))
	}
	return out
}
