package render_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
)

// TestBinding holds the analysis of graphs against what rendering then does, on
// every case of testdata/kro and of the folder that KROWAVE_CORPUS names: a node
// that waits, or that is rendered with a fallback, is one that the analysis calls
// runtime, and the other way round.
func TestBinding(t *testing.T) {
	dirs := caseFolders(t, "../testdata/kro")
	if corpus := os.Getenv("KROWAVE_CORPUS"); corpus != "" {
		dirs = append(dirs, caseFolders(t, filepath.Join(corpus, "cases"))...)
	}
	count := map[string]int{}
	for _, dir := range dirs {
		res := renderCase(t, dir, render.Options{Runtime: render.Withhold})
		if res.Diagnostics.HasErrors() {
			continue
		}
		kind := "static"
		for _, i := range res.Instances {
			for _, n := range i.Graph.Nodes {
				if n.Binding == graph.Runtime {
					kind = "runtime"
				}
				if problem := disagreement(i, n); problem != "" {
					t.Errorf("%s: %s: node %s is %s, but %s", filepath.Base(dir), i.Title(), n.ID, n.Binding, problem)
				}
			}
		}
		count[kind]++
	}
	if count["runtime"] == 0 || count["static"] == 0 {
		t.Fatalf("cases: %v", count)
	}
	t.Logf("cases that render: %d static, %d with runtime values", count["static"], count["runtime"])
}

// disagreement says how the rendering of a node contradicts its binding.
func disagreement(i *render.Instance, n *graph.Node) string {
	of := func(list []expand.Pending) *expand.Pending {
		at := slices.IndexFunc(list, func(p expand.Pending) bool { return p.Node == n })
		if at < 0 {
			return nil
		}
		return &list[at]
	}
	pending, unsettled := of(i.Pending), of(i.FallbackUsed)
	rendered := slices.ContainsFunc(i.Objects, func(o expand.Object) bool { return o.Node == n })
	empty := func(id string) bool { // an empty collection has no item whose status could be read
		return !slices.ContainsFunc(i.Objects, func(o expand.Object) bool { return o.Node.ID == id })
	}
	direct := slices.ContainsFunc(n.Causes, func(c graph.Cause) bool { return c.Dependency == "" && !empty(c.Read.Path[0]) })
	maybe := func(p *expand.Pending) bool {
		return p.Expression != nil && slices.ContainsFunc(p.Expression.Runtime, func(r graph.RuntimeRead) bool { return r.InstanceDependent })
	}
	switch {
	case n.Binding == graph.Static && unsettled != nil:
		return "it goes on without " + unsettled.Needs
	case n.Binding == graph.Static && pending != nil && len(pending.WaitsFor) == 0 && !pending.Unsatisfiable && !maybe(pending):
		return "it waits for " + pending.Needs
	case n.Binding == graph.Runtime && direct && pending == nil && unsettled == nil && rendered:
		return "it is rendered"
	}
	return ""
}

func caseFolders(t *testing.T, root string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "*", "rgd.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no case in %s: %v", root, err)
	}
	for i, file := range files {
		files[i] = filepath.Dir(file)
	}
	return files
}

// renderCase renders a folder of testdata/kro without its cluster.
func renderCase(t *testing.T, dir string, opts render.Options) *render.Result {
	t.Helper()
	read := func(patterns ...string) []manifest.File {
		var out []manifest.File
		for _, pattern := range patterns {
			names, err := filepath.Glob(filepath.Join(dir, pattern))
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range names {
				data, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, manifest.File{Name: name, Data: data})
			}
		}
		return out
	}
	if gates, err := os.ReadFile(filepath.Join(dir, "feature-gates")); err == nil {
		opts.CELOmitFunction = slices.Contains([]string{"CELOmitFunction=true\n", "CELOmitFunction=true"}, string(gates))
	}
	opts.AllowEmpty = true
	res, err := render.Render(context.Background(), render.Input{Files: read("rgd.yaml", "instance.yaml"), CRDs: read("crds/*.yaml")}, opts)
	if err != nil {
		t.Fatalf("%s: %v", dir, err)
	}
	return res
}
