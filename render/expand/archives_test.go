package expand_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/internal/archives"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
)

// TestArchives expands the instances of each archive of testdata/render: its
// objects are the objects of a whole render, each node that waits is reported there,
// and a node that is left out has no object.
func TestArchives(t *testing.T) {
	objects, pending, skipped := 0, 0, 0
	for _, a := range archives.Read(t, "runtime", "serverDefaults") {
		if strings.HasPrefix(a.Name, "admission-") || strings.HasPrefix(a.Name, "instance-annotations") {
			continue // a later stage of the render decides these
		}
		t.Run(a.Name, func(t *testing.T) {
			graphs, _ := a.Compile()
			for _, g := range graphs {
				for _, doc := range a.Others {
					x := expandDocument(t, a, g, doc)
					if x == nil {
						continue
					}
					objects, pending, skipped = objects+len(x.Objects), pending+len(x.Pending), skipped+len(x.Skipped)
					checkExpansion(t, a, x)
				}
			}
		})
	}
	if objects < 40 || pending < 20 || skipped < 1 {
		t.Errorf("%d objects, %d pending and %d skipped nodes: the archives do not show what an expansion is", objects, pending, skipped)
	}
}

// expandDocument expands a document that is an instance; nil when it has errors,
// which are compared.
func expandDocument(t *testing.T, a *archives.Archive, g *graph.Graph, doc *manifest.Document) *expand.Expansion {
	if object.GVK(doc.Object) != g.RGD.GVK {
		return nil
	}
	stored, _, problems := g.Admitter.Admit(doc.Object, "")
	if len(problems) > 0 {
		return nil
	}
	opts := expand.Options{ServerDefaults: a.Options["serverDefaults"] != "none", Placeholder: a.Options["runtime"] == "placeholder"}
	var given []expand.Live
	for _, other := range a.Others {
		given = append(given, expand.Live{Object: other.Object, At: other.Start()})
	}
	opts.FromInput = expand.NewObserved(given)
	if a.Observed != nil {
		var live []expand.Live
		for _, o := range a.Observed {
			live = append(live, expand.Live{Object: o.Object, At: o.Start()})
		}
		opts.Observed = expand.NewObserved(live)
	}
	x, diags, err := expand.Instance(context.Background(), g, stored, opts)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := diag.Print(&out, diags, diag.PrintOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(out.String(), "\n") {
		if line != "" && !strings.HasPrefix(line, " ") && !strings.Contains(a.Diagnostics, line+"\n") {
			t.Errorf("a render does not say:\n%s", line)
		}
	}
	if diags.HasErrors() {
		return nil
	}
	again, err := x.Replay(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range g.Nodes {
		if n.Type.Creates() && len(again.Seen(n)) != count(x, n) {
			t.Errorf("a replay sees %d objects of %s, the expansion has %d", len(again.Seen(n)), n.ID, count(x, n))
		}
	}
	return x
}

func count(x *expand.Expansion, n *graph.Node) int {
	out := 0
	for _, o := range x.Objects {
		if o.Node == n {
			out++
		}
	}
	return out
}

func checkExpansion(t *testing.T, a *archives.Archive, x *expand.Expansion) {
	title := object.KeyOf(x.Instance).Title()
	for _, o := range x.Objects {
		if slices.ContainsFunc(a.RGDs, func(r *graph.RGD) bool { return r.GVK == object.GVK(o.Object) }) {
			continue // expanded in turn
		}
		var text bytes.Buffer
		if err := manifest.EncodeYAML(&text, []map[string]any{o.Object}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(a.Objects, text.String()) {
			t.Errorf("%s of %s is not what a render makes:\n%s", o.Node.ID, title, text.String())
		}
	}
	for _, p := range x.Pending {
		if len(p.WaitsFor) == 0 && !strings.Contains(a.Diagnostics, p.Node.ID+" ") {
			t.Errorf("%s waits for %s, which no finding says", p.Node.ID, p.Needs)
		}
	}
	for _, id := range x.Skipped {
		for _, line := range a.Waves {
			if strings.Contains(line, " "+title+"/"+id+"[") {
				t.Errorf("%s is left out, but a render has %s", id, line)
			}
		}
	}
}
