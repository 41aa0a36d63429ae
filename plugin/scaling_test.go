//go:build !race

// The race detector makes sync.Pool forget objects at random, so that what a run allocates
// means nothing there. The tests that run without it count.

package plugin_test

import (
	"bytes"
	"fmt"
	"math"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/krowave/krowave/plugin/internal/clitest"
)

// dimension is one way in which an input grows.
type dimension struct {
	name  string
	size  int // of the smallest input; the others are twice and four times as large
	files func(n int) map[string]string
	args  []string
	code  int
	git   func(t *testing.T, dir string, n int) // more to do with the directory
}

// TestScaling doubles each dimension of an input twice. What the second step adds
// to the memory that a run allocates is about twice what the first one adds where
// that is linear, and four times where it is quadratic; what does not grow cancels
// out. A size counts with the run that allocates least, because what a run allocates
// also depends on what the garbage collector took out of pools. A doubtful result is
// measured again.
func TestScaling(t *testing.T) {
	for _, d := range dimensions() {
		t.Run(d.name, func(t *testing.T) {
			var dirs [3]string
			for i, factor := range []int{1, 2, 4} {
				dirs[i] = t.TempDir()
				clitest.WriteTree(t, dirs[i], d.files(d.size*factor))
				if d.git != nil {
					d.git(t, dirs[i], d.size*factor)
				}
			}
			least := [3]float64{math.Inf(1), math.Inf(1), math.Inf(1)}
			const runs, noise = 8, 300e3 // noise in bytes; less than that is not growth
			for run := range runs {
				for i, dir := range dirs {
					least[i] = min(least[i], allocates(t, dir, d))
				}
				first, second := least[1]-least[0], least[2]-least[1]
				linear := second <= noise || second <= 2.7*max(first, noise/4)
				if run == 0 || !linear && run < runs-1 { // the first run fills caches
					continue
				}
				t.Logf("%.0f kB, %.0f kB, %.0f kB: ratio %.2f", least[0]/1e3, least[1]/1e3, least[2]/1e3, second/first)
				if !linear {
					t.Errorf("the second step adds %.2f times what the first one adds", second/first)
				}
				return
			}
		})
	}
}

func allocates(t *testing.T, dir string, d dimension) float64 {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	out := clitest.Run(t, dir, d.args...)
	runtime.ReadMemStats(&after)
	if out.Code != d.code {
		t.Fatalf("exit code %d, want %d\n%.2000s", out.Code, d.code, out.Stderr)
	}
	return float64(after.TotalAlloc - before.TotalAlloc)
}

// repeated joins n texts.
func repeated(n int, text func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(text(i))
	}
	return b.String()
}

// each has a file for each of n texts.
func each(n int, name func(i int) string, text func(i int) string) map[string]string {
	out := map[string]string{}
	for i := range n {
		out[name(i)] = text(i)
	}
	return out
}

func with(files map[string]string, name, text string) map[string]string {
	files[name] = text
	return files
}

const scalingHead = "apiVersion: kro.run/v1alpha1\nkind: ResourceGraphDefinition\nmetadata: {name: box%[1]s}\nspec:\n" +
	"  schema: {apiVersion: v1alpha1, kind: Box%[1]s, spec: {color: 'string | default=\"blue\"'}}\n  resources:\n"

// node is a ConfigMap of an RGD, and more its data.
func node(id, more string) string {
	return "  - id: " + id + "\n    template:\n      apiVersion: v1\n      kind: ConfigMap\n      metadata: {name: \"${schema.metadata.name}-" + strings.ToLower(id) + "\"}\n      data:\n        color: ${schema.spec.color}\n" + more
}

func boxDefinition(suffix, nodes string) string { return fmt.Sprintf(scalingHead, suffix) + nodes }

func box(kind, name, spec string) string {
	return "---\napiVersion: kro.run/v1alpha1\nkind: Box" + kind + "\nmetadata: {name: " + name + ", namespace: ns}\nspec: {" + spec + "}\n"
}

func plainMap(i int) string {
	return fmt.Sprintf("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c%d, namespace: ns}\ndata: {color: blue}\n", i)
}

func numbered(pattern string) func(i int) string {
	return func(i int) string { return fmt.Sprintf(pattern, i) }
}

// oneRGD has an RGD of n nodes, with what each holds beyond the common.
func oneRGD(n int, more func(i int) string) map[string]string {
	nodes := repeated(n, func(i int) string { return node(fmt.Sprintf("n%d", i), more(i)) })
	return map[string]string{"rgd.yaml": boxDefinition("", nodes), "a.yaml": box("", "a", "")}
}

func none(int) string { return "" }

func collection(iterators string) map[string]string {
	text := boxDefinition("", "  - id: all\n    forEach:\n"+iterators+"    template:\n      apiVersion: v1\n      kind: ConfigMap\n      metadata: {name: \"${schema.metadata.name}-NAME\"}\n")
	name := ""
	for i := range strings.Count(iterators, "\n") {
		name += fmt.Sprintf("-${string(i%d)}", i)
	}
	return map[string]string{"rgd.yaml": strings.Replace(text, "-NAME", name, 1), "a.yaml": box("", "a", "")}
}

// definitions has n RGDs and an instance of each.
func definitions(n int) map[string]string {
	out := each(n, numbered("rgds/r%03d.yaml"), func(i int) string { return boxDefinition(fmt.Sprint(i), node("one", "")) })
	for i := range n {
		out[fmt.Sprintf("a%03d.yaml", i)] = box(fmt.Sprint(i), fmt.Sprintf("a%d", i), "")
	}
	return out
}

// chain has n RGDs, each with an instance of the next one.
func chain(n int) map[string]string {
	out := map[string]string{"a.yaml": box("0", "a", "")}
	for i := range n {
		nodes := node("one", "")
		if i < n-1 {
			nodes += fmt.Sprintf("  - id: next\n    template:\n      apiVersion: kro.run/v1alpha1\n      kind: Box%d\n      metadata: {name: \"${schema.metadata.name}x\"}\n      spec: {color: \"${schema.spec.color}\"}\n", i+1)
		}
		out[fmt.Sprintf("r%02d.yaml", i)] = boxDefinition(fmt.Sprint(i), nodes)
	}
	return out
}

func dimensions() []dimension {
	render, validate := []string{"render", "."}, []string{"validate", "."}
	instances := func(n int) map[string]string {
		return with(each(n, numbered("a%05d.yaml"), func(i int) string { return box("", fmt.Sprintf("a%d", i), "") }), "rgd.yaml", boxDefinition("", node("one", "")))
	}
	sides := func(n int, spec func(side string, i int) string) map[string]string {
		out := map[string]string{}
		for _, side := range []string{"old", "new"} {
			out[side+"/rgd.yaml"] = boxDefinition("", node("one", ""))
			for i := range n {
				out[fmt.Sprintf("%s/a%05d.yaml", side, i)] = box("", fmt.Sprintf("a%d", i), spec(side, i))
			}
		}
		return out
	}
	return []dimension{
		{name: "instances", size: 100, files: instances, args: render},
		{name: "instances, validate", size: 100, files: instances, args: validate},
		{name: "instances, graph", size: 100, files: instances, args: []string{"graph", "."}},
		{name: "files", size: 200, files: func(n int) map[string]string { return each(n, numbered("c%05d.yaml"), plainMap) }, args: render},
		{name: "documents of a file", size: 200, files: func(n int) map[string]string { return map[string]string{"c.yaml": repeated(n, plainMap)} }, args: render},
		{name: "instances of a file", size: 100, files: func(n int) map[string]string {
			return map[string]string{"c.yaml": boxDefinition("", node("one", "")) + repeated(n, func(i int) string { return box("", fmt.Sprintf("a%d", i), "") })}
		}, args: render},
		{name: "nodes", size: 30, files: func(n int) map[string]string { return oneRGD(n, none) }, args: render},
		{name: "nodes in a row", size: 30, files: func(n int) map[string]string {
			return oneRGD(n, func(i int) string {
				if i == 0 {
					return ""
				}
				return fmt.Sprintf("        before: ${n%d.metadata.name}\n", i-1)
			})
		}, args: render},
		{name: "edges of a dense graph", size: 100, files: func(n int) map[string]string {
			return oneRGD(int(math.Sqrt(2*float64(n))), func(i int) string {
				return repeated(i, func(j int) string { return fmt.Sprintf("        k%d: ${n%d.metadata.name}\n", j, j) })
			})
		}, args: render},
		{name: "items of a forEach", size: 200, files: func(n int) map[string]string {
			return collection(fmt.Sprintf("    - i0: ${lists.range(%d)}\n", n))
		}, args: render},
		{name: "dimensions of a forEach", size: 64, files: func(n int) map[string]string {
			return collection(repeated(int(math.Log2(float64(n))), numbered("    - i%d: ${lists.range(2)}\n")))
		}, args: render},
		{name: "fields", size: 200, files: func(n int) map[string]string {
			return map[string]string{"rgd.yaml": boxDefinition("", node("one", repeated(n, numbered("        k%d: ${schema.spec.color}\n")))), "a.yaml": box("", "a", "")}
		}, args: render},
		{name: "fields of a schema", size: 100, files: func(n int) map[string]string {
			text := boxDefinition("", node("one", ""))
			fields := repeated(n, numbered("f%d: 'string | default=x', "))
			return map[string]string{"rgd.yaml": strings.Replace(text, "spec: {color", "spec: {"+fields+"color", 1), "a.yaml": box("", "a", "")}
		}, args: render},
		{name: "expressions of a text", size: 30, files: func(n int) map[string]string {
			return map[string]string{"rgd.yaml": boxDefinition("", node("one", "        text: \""+strings.Repeat("${schema.spec.color} ", n)+"\"\n")), "a.yaml": box("", "a", "")}
		}, args: render},
		{name: "duplicate keys", size: 200, files: func(n int) map[string]string {
			return map[string]string{"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {" + strings.Repeat("k: v, ", n) + "k: v}\n"}
		}, args: render},
		{name: "findings", size: 50, files: func(n int) map[string]string {
			return with(each(n, numbered("a%05d.yaml"), func(i int) string { return box("", fmt.Sprintf("a%d", i), "color: 1") }), "rgd.yaml", boxDefinition("", node("one", "")))
		}, args: validate, code: 1},
		{name: "findings of a file", size: 50, files: func(n int) map[string]string {
			return map[string]string{"c.yaml": boxDefinition("", node("one", "")) + repeated(n, func(i int) string { return box("", fmt.Sprintf("a%d", i), "color: 1") })}
		}, args: validate, code: 1},
		{name: "unchanged instances", size: 50, files: func(n int) map[string]string {
			return sides(n, func(string, int) string { return "" })
		}, args: []string{"diff", "old", "new"}},
		{name: "changed instances", size: 50, files: func(n int) map[string]string {
			return sides(n, func(side string, _ int) string { return "color: " + side })
		}, args: []string{"diff", "old", "new"}, code: 1},
		{name: "kustomizations", size: 10, files: func(n int) map[string]string {
			out := map[string]string{}
			for i := range n {
				out[fmt.Sprintf("k%d/kustomization.yaml", i)] = "resources: [c.yaml]\n"
				out[fmt.Sprintf("k%d/c.yaml", i)] = plainMap(i)
			}
			return out
		}, args: render},
		{name: "directories beside the path", size: 100, files: func(n int) map[string]string {
			return with(with(each(n, numbered("other/d%d/c.yaml"), plainMap), "app/a.yaml", box("", "a", "")), "rgds/rgd.yaml", boxDefinition("", node("one", "")))
		}, args: []string{"render", "app"}},
		{name: "RGDs", size: 20, files: definitions, args: render},
		{name: "RGDs, validate", size: 20, files: definitions, args: validate},
		{name: "RGDs, graph", size: 20, files: definitions, args: []string{"graph", "."}},
		{name: "levels of a chain", size: 8, files: chain, args: []string{"render", ".", "--max-chain-depth", "40"}},
		{name: "commits", size: 50, files: func(int) map[string]string { return map[string]string{} }, git: history, args: []string{"render", "--ref", "main", "a.yaml"}},
	}
}

// history makes n commits of a file.
func history(t *testing.T, dir string, n int) {
	t.Helper()
	clitest.Git(t, dir, "init", "-q", "-b", "main")
	var stream bytes.Buffer
	for i := range n {
		text := plainMap(i)
		fmt.Fprintf(&stream, "commit refs/heads/main\ncommitter a <a@example.org> %d +0000\ndata 1\nx\nM 644 inline a.yaml\ndata %d\n%s\n", i+1, len(text), text)
	}
	cmd := exec.Command("git", "fast-import", "--quiet")
	cmd.Dir, cmd.Stdin = dir, &stream
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
