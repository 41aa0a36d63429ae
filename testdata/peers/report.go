package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
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

// writeReport writes benchmarks.md and its plots.
func writeReport(dir string, results []result, rounds int) error {
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
		if err := os.WriteFile(filepath.Join(images, p.file), []byte(plot(results, p.title, p.value)), 0o600); err != nil {
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
		"`make bench` compares the engine with kro's, in one process.\n")
	return os.WriteFile(filepath.Join(dir, "benchmarks.md"), []byte(text.String()), 0o600)
}

// plot draws a value over instances, both logarithmic.
func plot(results []result, title string, value func(r result) float64) string {
	const width, height, left, top, right, bottom = 860.0, 420.0, 60.0, 40.0, 270.0, 40.0
	low, high, most := math.Inf(1), math.Inf(-1), 10.0
	var names []string
	series := map[string][]result{}
	for _, r := range results {
		v := value(r)
		low, high, most = min(low, v), max(high, v), max(most, float64(r.size))
		if series[r.tool] == nil {
			names = append(names, r.tool)
		}
		series[r.tool] = append(series[r.tool], r)
	}
	bottomDecade, topDecade := math.Floor(math.Log10(low)), math.Ceil(math.Log10(high))
	x := func(n float64) float64 { return left + (width-left-right)*math.Log10(n)/math.Log10(most) }
	y := func(v float64) float64 {
		return height - bottom - (height-top-bottom)*(math.Log10(v)-bottomDecade)/(topDecade-bottomDecade)
	}
	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="sans-serif" font-size="12" role="img" aria-label="%s by instances">`+"\n", width, height, title)
	out.WriteString(`<rect width="100%" height="100%" fill="#ffffff"/>` + "\n")
	fmt.Fprintf(&out, `<text x="%.0f" y="22" font-size="14">%s by instances (both axes logarithmic)</text>`+"\n", left, title)
	for d := bottomDecade; d <= topDecade; d++ {
		v := math.Pow(10, d)
		fmt.Fprintf(&out, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#dddddd"/><text x="%.1f" y="%.1f" text-anchor="end">%g</text>`+"\n", left, y(v), width-right, y(v), left-6, y(v)+4, v)
	}
	for n := 1.0; n <= most; n *= 10 {
		fmt.Fprintf(&out, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#dddddd"/><text x="%.1f" y="%.1f" text-anchor="middle">%g</text>`+"\n", x(n), top, x(n), height-bottom, x(n), height-bottom+18, n)
	}
	colours := []string{"#0b5fff", "#00875a", "#6b6b6b", "#c2410c", "#f59e0b", "#9333ea", "#db2777", "#0f766e"}
	dashes := []string{"", "6 3", "2 3"}
	for i, name := range names {
		var points strings.Builder
		for _, r := range series[name] {
			fmt.Fprintf(&points, "%.1f,%.1f ", x(float64(r.size)), y(value(r)))
		}
		style := fmt.Sprintf(`stroke="%s" stroke-dasharray="%s" stroke-width="2" fill="none"`, colours[i%len(colours)], dashes[i%len(dashes)])
		fmt.Fprintf(&out, `<polyline points="%s" %s/>`+"\n", strings.TrimSpace(points.String()), style)
		for _, r := range series[name] {
			fmt.Fprintf(&out, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n", x(float64(r.size)), y(value(r)), colours[i%len(colours)])
		}
		at := top + 20*float64(i)
		fmt.Fprintf(&out, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" %s/><text x="%.1f" y="%.1f">%s</text>`+"\n", width-right+14, at, width-right+44, at, style, width-right+50, at+4, name)
	}
	out.WriteString("</svg>\n")
	return out.String()
}
