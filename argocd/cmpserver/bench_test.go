package cmpserver

import (
	"fmt"
	"github.com/krowave/krowave/render/cache"
	table "github.com/krowave/krowave/render/settings"
	"strings"
	"testing"
	"time"
)

// monorepo has apps applications among files that matter to none of them.
func monorepo(apps, files int) tree {
	out := shop()
	noise := strings.Repeat("  key: some value that does not matter\n", 50)
	for i := range files {
		out[fmt.Sprintf("other/%02d/%04d.yaml", i%50, i)] = fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: other-%d\ndata:\n%s", i, strings.Replace(noise, "key", fmt.Sprint("k", i), 1))
	}
	for i := range apps {
		out[fmt.Sprintf("apps/a%04d/web.yaml", i)] = fmt.Sprintf("apiVersion: kro.run/v1alpha1\nkind: WebApp\nmetadata:\n  name: web-%d\nspec:\n  replicas: %d\n", i, i%10+1)
	}
	return out
}

// BenchmarkUpload receives and unpacks a repository of 3,000 files.
func BenchmarkUpload(b *testing.B) {
	archive := monorepo(500, 2500).pack(b, time.Time{})
	for _, known := range []bool{false, true} {
		b.Run(fmt.Sprintf("known=%v", known), func(b *testing.B) {
			trees := cache.New[*Tree](1 << 30)
			bounds := table.Default(table.CMPServer)
			b.SetBytes(int64(len(archive)))
			b.ReportAllocs()
			for b.Loop() {
				if !known {
					trees = cache.New[*Tree](1 << 30)
				}
				stream := &uploaded{ctx: b.Context()}
				send(b, stream, ".", archive, nil)
				meta, u, err := receiveMetadata(stream)
				if err != nil {
					b.Fatal(err)
				}
				if _, _, err := u.receive(meta, trees, bounds.Tar()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkGenerate renders applications of that repository: each for the first
// time in a tree, or again.
func BenchmarkGenerate(b *testing.B) {
	m := monorepo(500, 2500).memory(b)
	for _, again := range []bool{false, true} {
		b.Run(fmt.Sprintf("again=%v", again), func(b *testing.B) {
			r := NewRenderer(table.Default(table.CMPServer), 256<<20)
			t := NewTree(m, "digest")
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				if i++; !again && i%500 == 0 {
					r, t = NewRenderer(table.Default(table.CMPServer), 256<<20), NewTree(m, "digest")
				}
				path := fmt.Sprintf("apps/a%04d", i%500)
				if again {
					path = "apps/web"
				}
				if _, err := r.Generate(b.Context(), t, Request{Path: path}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
