package render_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
)

// fleet returns an input of rgds definitions with instances instances each, the
// example of testdata/bench under other names.
func fleet(b *testing.B, rgds, instances int) render.Input {
	b.Helper()
	rgd, instance := benchFile(b, "rgd.yaml"), benchFile(b, "instance.yaml")
	var in render.Input
	for r := range rgds {
		kind := fmt.Sprintf("WebApp%d", r)
		text := strings.NewReplacer("kind: WebApp\n", "kind: "+kind+"\n", "name: web-app\n", fmt.Sprintf("name: web-app-%d\n", r))
		in.Files = append(in.Files, manifest.File{Name: fmt.Sprintf("rgds/%04d.yaml", r), Data: []byte(text.Replace(rgd))})
		for i := range instances {
			text := strings.NewReplacer("kind: WebApp\n", "kind: "+kind+"\n", "name: storefront\n", fmt.Sprintf("name: storefront-%d\n", i))
			name := fmt.Sprintf("instances/%04d/%06d.yaml", r, i)
			in.Files = append(in.Files, manifest.File{Name: name, Data: []byte(text.Replace(instance))})
		}
	}
	return in
}

func benchFile(b *testing.B, name string) string {
	b.Helper()
	data, err := os.ReadFile("../testdata/bench/" + name)
	if err != nil {
		b.Fatal(err)
	}
	return string(data)
}

func mustRender(b *testing.B, in render.Input) *render.Result {
	b.Helper()
	res, err := render.Render(context.Background(), in, render.Options{})
	if err != nil {
		b.Fatal(err)
	}
	if res.Diagnostics.HasErrors() {
		b.Fatal(res.Diagnostics)
	}
	return res
}

// BenchmarkRender renders whole inputs: RGDs with one instance each.
func BenchmarkRender(b *testing.B) {
	for _, n := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprintf("rgds=%d", n), func(b *testing.B) {
			in := fleet(b, n, 1)
			b.ReportAllocs()
			for b.Loop() {
				mustRender(b, in)
			}
		})
	}
}

// BenchmarkInstance is what one more instance costs: its admission and its
// expansion, no YAML, as kro's own figures are taken.
func BenchmarkInstance(b *testing.B) {
	res := mustRender(b, fleet(b, 1, 1))
	g, obj := res.Graphs[0], res.Instances[0].Doc.Object
	stored, _, _ := g.Admitter.Admit(obj, "")
	ctx := context.Background()
	b.Run("admit", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			g.Admitter.Admit(obj, "")
		}
	})
	for name, opts := range map[string]expand.Options{"expand": {}, "expand-server-defaults": {ServerDefaults: true}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := expand.Instance(ctx, g, stored, opts); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("both", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			stored, _, _ := g.Admitter.Admit(obj, "")
			if _, _, err := expand.Instance(ctx, g, stored, expand.Options{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkCompile is what one more RGD costs.
func BenchmarkCompile(b *testing.B) {
	res := mustRender(b, fleet(b, 1, 1))
	doc := res.Graphs[0].RGD.Doc
	b.ReportAllocs()
	for b.Loop() {
		rgd, _ := graph.Admit(doc)
		if g, diags := graph.Compile(rgd, res.Catalog, graph.Options{}); g == nil {
			b.Fatal(diags)
		}
	}
}

// BenchmarkFleet renders a thousand instances of one RGD from files to YAML, and
// beside it only decodes the same files and encodes the same objects.
func BenchmarkFleet(b *testing.B) {
	in := fleet(b, 1, 1000)
	var rendered []map[string]any
	for _, o := range mustRender(b, in).Objects {
		rendered = append(rendered, o.Object)
	}
	b.Run("render", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			res, err := render.Render(context.Background(), in, render.Options{Jobs: 1, Encode: true})
			if err != nil {
				b.Fatal(err)
			}
			size := 0
			for i := range res.Objects {
				size += len(res.Objects[i].Encoded.YAML)
			}
			b.SetBytes(int64(size))
		}
	})
	b.Run("decode-encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, f := range in.Files {
				if docs, _ := manifest.Read(f.Name, f.Data, manifest.Limits{}); len(docs) != 1 {
					b.Fatal(f.Name)
				}
			}
			var out bytes.Buffer
			if err := manifest.EncodeYAML(&out, rendered); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(out.Len()))
		}
	})
}
