package render_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/schema"
)

// FuzzRender renders any text: it must not panic, every position must be in the
// text, a second render must say the same, and a render without errors must
// print something for its instances.
func FuzzRender(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed)
	}
	opts := render.Options{
		CELCostLimit: 20_000, MaxCollectionSize: 20, Annotate: render.Annotate{Waves: true, Origin: true},
		Documents: manifest.Limits{FileBytes: 1 << 16, Documents: 50, Depth: 30, Nodes: 5000},
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		in := render.Input{Files: []manifest.File{{Name: "in.yaml", Data: data}}}
		res, err := render.Render(t.Context(), in, opts)
		if err != nil {
			t.Fatal(err)
		}
		checkPositions(t, res.Diagnostics, data)
		got := showAny(res)
		again, err := render.Render(t.Context(), in, opts)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, showAny(again)); diff != "" {
			t.Errorf("a second render differs (-first +second):\n%s", diff)
		}
		if len(res.Instances) > 0 && len(res.Objects) == 0 && !res.Diagnostics.HasErrors() {
			t.Error("nothing is printed, and nothing is wrong")
		}
	})
}

// FuzzCompile compiles the RGDs of any text against the bundled schemas.
func FuzzCompile(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed)
	}
	catalog, err := schema.NewCatalog("")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		docs, _ := manifest.Read("in.yaml", data, manifest.Limits{FileBytes: 1 << 16, Documents: 20, Depth: 30, Nodes: 5000})
		for _, d := range docs {
			rgd, _ := graph.Admit(d)
			if rgd == nil {
				continue
			}
			g, diags := graph.Compile(rgd, catalog, graph.Options{})
			checkPositions(t, diags, data)
			if (g == nil) != diags.HasErrors() {
				t.Errorf("graph is nil: %v, has errors: %v", g == nil, diags.HasErrors())
			}
		}
	})
}

// seeds are the inputs of the archives and the conformance cases, each as one
// stream of documents.
func seeds(f *testing.F) [][]byte {
	var out [][]byte
	archives, _ := filepath.Glob("../testdata/render/*.txtar")
	for _, path := range archives {
		a, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		var parts [][]byte
		for _, file := range a.Files {
			if file.Name != "options" && !strings.HasPrefix(file.Name, "out/") {
				parts = append(parts, file.Data)
			}
		}
		out = append(out, bytes.Join(parts, []byte("---\n")))
	}
	cases, _ := filepath.Glob("../testdata/kro/*/rgd.yaml")
	for _, path := range cases {
		rgd, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		instance, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "instance.yaml"))
		out = append(out, append(append(rgd, "---\n"...), instance...))
	}
	return out
}

// checkPositions demands that every position exists in the file.
func checkPositions(t *testing.T, diags diag.List, data []byte) {
	t.Helper()
	lines := strings.Split(string(data), "\n")
	for _, d := range diags {
		positions := []diag.Position{d.Pos}
		for _, r := range d.Related {
			positions = append(positions, r.Position)
		}
		for _, p := range positions {
			if p.File != "in.yaml" || p.Line < 1 || p.Line > max(len(lines), 1) || p.Column < 1 {
				t.Errorf("no such place: %v in %q", p, d.Message)
			} else if width := utf8.RuneCountInString(lines[p.Line-1]); p.Column > width+1 {
				t.Errorf("line %d has %d columns, not %d: %q", p.Line, width, p.Column, d.Message)
			}
		}
	}
}

// showAny prints a result, with an error where an object has no text.
func showAny(res *render.Result) string {
	var b bytes.Buffer
	for _, o := range res.Objects {
		if err := manifest.EncodeYAML(&b, []map[string]any{o.Object}); err != nil {
			b.WriteString(err.Error())
		}
	}
	_ = diag.Print(&b, res.Diagnostics, diag.PrintOptions{}) // a buffer does not fail
	return b.String()
}
