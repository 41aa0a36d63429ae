// Package archives reads testdata/render for the tests of single stages. It takes
// an archive, and returns its compiled graphs, its instances and the result of a
// whole render, with which the result of a stage is compared.
package archives

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"sigs.k8s.io/yaml"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/schema"
)

// Archive is one archive.
type Archive struct {
	Name        string
	Options     map[string]any
	RGDs        []*graph.RGD
	Catalog     *schema.Catalog
	Others      []*manifest.Document // neither RGDs nor CRDs
	Observed    []*manifest.Document // nil when nothing is known of a cluster
	Refused     diag.List            // of reading and admission
	Objects     string               // as rendered
	Waves       []string             // lines
	Diagnostics string
}

// Read reads every archive whose options are among the given ones.
func Read(t testing.TB, options ...string) []*Archive {
	t.Helper()
	paths, err := filepath.Glob("../../testdata/render/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	var out []*Archive
	for _, path := range paths {
		a := read(t, path)
		other := false
		for name := range a.Options {
			other = other || !slices.Contains(options, name)
		}
		if !other {
			out = append(out, a)
		}
	}
	return out
}

func read(t testing.TB, path string) *Archive {
	text, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	a := &Archive{Name: strings.TrimSuffix(filepath.Base(path), ".txtar")}
	if a.Catalog, err = schema.NewCatalog(""); err != nil {
		t.Fatal(err)
	}
	for _, f := range text.Files {
		dir, _, _ := strings.Cut(f.Name, "/")
		switch {
		case f.Name == "options":
			if err := yaml.Unmarshal(f.Data, &a.Options); err != nil {
				t.Fatal(err)
			}
		case f.Name == "out/objects.yaml":
			a.Objects = string(f.Data)
		case f.Name == "out/waves":
			a.Waves = strings.Split(strings.TrimSpace(string(f.Data)), "\n")
		case f.Name == "out/diagnostics":
			a.Diagnostics = string(f.Data)
		default:
			docs, diags := manifest.Read(f.Name, f.Data, manifest.Limits{})
			a.Refused = append(a.Refused, diags...)
			a.sort(docs, dir == "observed")
		}
	}
	return a
}

// sort takes documents by what they are.
func (a *Archive) sort(docs []*manifest.Document, observed bool) {
	for _, doc := range docs {
		switch object.Kind(doc.Object) {
		case "ResourceGraphDefinition":
			rgd, diags := graph.Admit(doc)
			a.Refused = append(a.Refused, diags...)
			if rgd != nil {
				a.RGDs = append(a.RGDs, rgd)
			}
		case "CustomResourceDefinition":
			if crd, err := schema.DecodeCRD(doc.Object); err == nil {
				a.Catalog = a.Catalog.With(crd)
			}
		default:
			if observed {
				a.Observed = append(a.Observed, doc)
			} else {
				a.Others = append(a.Others, doc)
			}
		}
	}
}

// Compile compiles the RGDs, each once those that it builds on are compiled, and
// adds their kinds to the Catalog.
func (a *Archive) Compile() (graphs []*graph.Graph, diags diag.List) {
	left := slices.Clone(a.RGDs)
	for progress := true; progress; {
		progress = false
		for i, rgd := range left {
			waits := slices.ContainsFunc(rgd.Kinds(), func(k graph.KindRef) bool {
				return slices.ContainsFunc(left, func(other *graph.RGD) bool { return other != rgd && other.GVK == k.GVK })
			})
			if waits {
				continue
			}
			g, found := graph.Compile(rgd, a.Catalog, graph.Options{})
			diags = append(diags, found...)
			if g != nil {
				graphs = append(graphs, g)
				a.Catalog = a.Catalog.With(g.CRD)
			}
			left, progress = slices.Delete(left, i, i+1), true
			break
		}
	}
	return graphs, diags
}
