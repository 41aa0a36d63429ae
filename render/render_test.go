package render_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"sigs.k8s.io/yaml"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
)

var update = flag.Bool("update", false, "rewrite the out/ sections of testdata/render")

// TestRender renders each archive of testdata/render and compares what comes
// out. Files below definitions/, crds/ and observed/ are given as such, options
// holds a line per option, all others are the input.
func TestRender(t *testing.T) {
	paths, err := filepath.Glob("../testdata/render/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if len(bytes.TrimSpace(a.Comment)) == 0 {
				t.Error("the archive does not say what it shows")
			}
			c := readArchive(t, a)
			got := c.render(t)
			for _, procs := range []int{1, 4} {
				before := runtime.GOMAXPROCS(procs)
				again := c.render(t)
				runtime.GOMAXPROCS(before)
				if diff := cmp.Diff(got, again); diff != "" {
					t.Errorf("with GOMAXPROCS %d (-first +second):\n%s", procs, diff)
				}
			}
			if !c.Ordered {
				slices.Reverse(c.in.Files)
				if diff := cmp.Diff(got.unordered(), c.render(t).unordered()); diff != "" {
					t.Errorf("with the files in reverse (-forward +reverse):\n%s", diff)
				}
			}
			if *update {
				write(t, path, a, got)
			} else if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// output is what a render says, by section.
type output map[string]string

// unordered leaves out what the order of the files decides.
func (o output) unordered() output {
	parts := strings.Split(o["out/objects.yaml"], "---\n")
	waves := strings.SplitAfter(o["out/waves"], "\n")
	slices.Sort(parts)
	slices.Sort(waves)
	return output{"objects": strings.Join(parts, ""), "waves": strings.Join(waves, ""), "diagnostics": o["out/diagnostics"]}
}

type archive struct {
	in   render.Input
	want output
	options
}

// options are what the file of that name holds.
type options struct {
	render.Options
	CRLF            bool // files have the line ends of Windows
	ObservedNothing bool // a cluster with nothing in it
	Ordered         bool // the order of the files matters
}

func readArchive(t testing.TB, a *txtar.Archive) *archive {
	c := &archive{want: output{}}
	for _, f := range a.Files {
		if f.Name == "options" {
			if err := yaml.UnmarshalStrict(f.Data, &c.options); err != nil {
				t.Fatal(err)
			}
		}
	}
	if c.ObservedNothing {
		c.in.Observed = []manifest.File{}
	}
	for _, f := range a.Files {
		file := manifest.File{Name: f.Name, Data: f.Data}
		if c.CRLF {
			file.Data = bytes.ReplaceAll(f.Data, []byte("\n"), []byte("\r\n"))
		}
		switch dir, _, _ := strings.Cut(f.Name, "/"); dir {
		case "options":
		case "out":
			c.want[f.Name] = string(f.Data)
		case "definitions":
			c.in.Definitions = append(c.in.Definitions, file)
		case "crds":
			c.in.CRDs = append(c.in.CRDs, file)
		case "observed":
			c.in.Observed = append(c.in.Observed, file)
		default:
			c.in.Files = append(c.in.Files, file)
		}
	}
	return c
}

func (c *archive) render(t testing.TB) output {
	t.Helper()
	res, err := render.Render(t.Context(), c.in, c.Options)
	if err != nil {
		t.Fatal(err)
	}
	return show(t, res)
}

func show(t testing.TB, res *render.Result) output {
	var objects, waves, findings bytes.Buffer
	for _, o := range res.Objects {
		if err := manifest.EncodeYAML(&objects, []map[string]any{o.Object}); err != nil {
			t.Fatal(err)
		}
		if o.Instance != nil {
			meta, _ := o.Object["metadata"].(map[string]any)
			fmt.Fprintf(&waves, "%d %s/%s[%d] %v %v\n", o.Wave, o.Instance.Title(), o.Node.ID, o.Index, o.Object["kind"], meta["name"])
		}
		if o.For != nil {
			meta, _ := o.Object["metadata"].(map[string]any)
			fmt.Fprintf(&waves, "%d for kro: %v %v\n", o.Wave, o.Object["kind"], meta["name"])
		}
	}
	if err := diag.Print(&findings, res.Diagnostics, diag.PrintOptions{}); err != nil {
		t.Fatal(err)
	}
	return output{"out/objects.yaml": objects.String(), "out/waves": waves.String(), "out/diagnostics": findings.String()}
}

// write puts the output into the archive.
func write(t *testing.T, path string, a *txtar.Archive, got output) {
	a.Files = slices.DeleteFunc(a.Files, func(f txtar.File) bool { return strings.HasPrefix(f.Name, "out/") })
	for _, name := range []string{"out/objects.yaml", "out/waves", "out/diagnostics"} {
		a.Files = append(a.Files, txtar.File{Name: name, Data: []byte(got[name])})
	}
	if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
		t.Fatal(err)
	}
}
