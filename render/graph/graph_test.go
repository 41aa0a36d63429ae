package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/schema"
)

// compile compiles an RGD of ConfigMaps, one for each "id <- dependencies".
func compile(t *testing.T, edges string) (*graph.Graph, diag.List) {
	t.Helper()
	var b strings.Builder
	b.WriteString(`apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: app}
spec:
  schema: {apiVersion: v1alpha1, kind: App, spec: {name: string}}
  resources:
`)
	for _, line := range strings.Split(edges, ", ") {
		id, deps, _ := strings.Cut(line, " <- ")
		name := id
		for _, dep := range strings.Fields(deps) {
			name += "-${" + dep + ".metadata.name}"
		}
		fmt.Fprintf(&b, "  - id: %s\n    template: {apiVersion: v1, kind: ConfigMap, metadata: {name: %q}}\n", id, name)
	}
	docs, diags := manifest.Read("rgd.yaml", []byte(b.String()), manifest.Limits{})
	if len(diags) > 0 || len(docs) != 1 {
		t.Fatalf("%d documents, %v", len(docs), diags)
	}
	rgd, diags := graph.Admit(docs[0])
	if rgd == nil {
		t.Fatal(diags)
	}
	catalog, err := schema.NewCatalog("")
	if err != nil {
		t.Fatal(err)
	}
	return graph.Compile(rgd, catalog, graph.Options{})
}

// TestOrder has the order of S6.4: always the first resource of the author whose
// dependencies are out.
func TestOrder(t *testing.T) {
	tests := []struct{ name, edges, want string }{
		{"the author's", "c, a, b", "c a b"},
		{"of the specification", "zeta <- beta, alpha, beta, gamma <- zeta alpha", "alpha beta zeta gamma"},
		{"a chain backwards", "c <- b, b <- a, a", "a b c"},
		{"back to the first as soon as it is free", "a <- d, b, c, d, e", "b c d a e"},
		{"a diamond", "d <- b c, c <- a, b <- a, a", "a c b d"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g, diags := compile(t, tt.edges)
			if g == nil {
				t.Fatal(diags)
			}
			if diff := cmp.Diff(tt.want, strings.Join(g.Order(), " ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCycles(t *testing.T) {
	tests := []struct {
		name, edges string
		want        []string
	}{
		{"two", "a <- b, b <- a", []string{"a -> b -> a"}},
		{"behind a tail", "x <- a, a <- b, b <- a", []string{"a -> b -> a"}},
		{"two apart", "a <- b, b <- a, c <- d, d <- c", []string{"a -> b -> a", "c -> d -> c"}},
		{"two through one", "a <- b c, b <- a, c <- a", []string{"a -> b -> a", "a -> c -> a"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g, diags := compile(t, tt.edges)
			if g != nil {
				t.Error("a graph with a cycle compiled")
			}
			var got []string
			for _, d := range diags {
				_, cycle, _ := strings.Cut(d.Message, ": ")
				got = append(got, cycle)
				if d.Rule != "cycle" {
					t.Errorf("rule is %s", d.Rule)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDependencies(t *testing.T) {
	g, diags := compile(t, "c <- b a b, b <- a, a")
	if g == nil {
		t.Fatal(diags)
	}
	got := map[string][]string{}
	for _, n := range g.Nodes {
		got[n.ID] = n.Dependencies
	}
	if diff := cmp.Diff(map[string][]string{"a": nil, "b": {"a"}, "c": {"a", "b"}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
