package wave_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/wave"
)

// node is a node of a test: its dependencies, a wave for each of its objects
// ("" without annotation), and the expansion that stands for each, if any.
type node struct {
	id      string
	deps    []string
	objects []string
	chained *wave.Member
}

func annotated(text string) map[string]any {
	meta := map[string]any{"name": "x"}
	if text != "" {
		meta["annotations"] = map[string]any{wave.Annotation: text}
	}
	return map[string]any{"metadata": meta}
}

func member(t *testing.T, instance string, nodes ...node) *wave.Member {
	t.Helper()
	docs, _ := manifest.Read("rgd.yaml", []byte("kind: ResourceGraphDefinition\n"), manifest.Limits{})
	g := &graph.Graph{RGD: &graph.RGD{Doc: docs[0]}}
	m := &wave.Member{Expansion: &expand.Expansion{Graph: g, Instance: annotated(instance)}}
	for i, n := range nodes {
		gn := &graph.Node{ID: n.id, Index: i, Dependencies: n.deps}
		g.Nodes = append(g.Nodes, gn)
		for index, text := range n.objects {
			m.Objects = append(m.Objects, expand.Object{Node: gn, Index: index, Object: annotated(text)})
			m.Chained = append(m.Chained, n.chained)
		}
	}
	return m
}

func TestAssign(t *testing.T) {
	one := []string{""}
	inner := func() *wave.Member {
		return member(t, "99", node{id: "x", objects: one}, node{id: "y", deps: []string{"x"}, objects: one})
	}
	tests := []struct {
		name     string
		instance string
		nodes    []node
		want     []int
		bad      int // annotations that are not integers
	}{
		{"nothing", "", nil, []int{}, 0},
		{"independent nodes share", "", []node{{id: "a", objects: one}, {id: "b", objects: one}}, []int{0, 0}, 0},
		{"the longest path", "", []node{
			{id: "a", objects: one}, {id: "b", deps: []string{"a"}, objects: one}, {id: "c", deps: []string{"a", "b"}, objects: one},
		}, []int{0, 1, 2}, 0},
		{"from the instance's wave", "-3", []node{{id: "a", objects: one}, {id: "b", deps: []string{"a"}, objects: one}}, []int{-3, -2}, 0},
		{"a node without objects takes no wave", "", []node{
			{id: "external"}, {id: "a", deps: []string{"external"}, objects: one},
		}, []int{0}, 0},
		{"but keeps the order behind it", "", []node{
			{id: "a", objects: one}, {id: "external", deps: []string{"a"}}, {id: "b", deps: []string{"external"}, objects: one},
		}, []int{0, 1}, 0},
		{"an authored wave is a lower bound", "", []node{
			{id: "a", objects: []string{"4"}}, {id: "b", deps: []string{"a"}, objects: []string{"2"}}, {id: "c", objects: []string{"-1"}},
		}, []int{4, 5, 0}, 0},
		{"relative to the instance's", "10", []node{{id: "a", objects: []string{"4"}}}, []int{14}, 0},
		{"items of a collection have their own", "", []node{
			{id: "a", objects: []string{"1", "", "3"}}, {id: "b", deps: []string{"a"}, objects: one},
		}, []int{1, 0, 3, 4}, 0},
		{"a chained instance takes as many as it needs", "", []node{
			{id: "a", objects: one}, {id: "inner", deps: []string{"a"}, objects: one, chained: inner()}, {id: "b", deps: []string{"inner"}, objects: one},
		}, []int{0, 1, 3}, 0},
		{"no integer", "1.5", []node{{id: "a", objects: []string{"soon"}}}, []int{0}, 2},
		{"too large", "", []node{{id: "a", objects: []string{"9223372036854775807"}}, {id: "b", deps: []string{"a"}, objects: one}}, []int{0, 1}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := member(t, tt.instance, tt.nodes...)
			at := diag.Position{File: "web.yaml", Line: 5, Column: 3}
			diags := wave.Assign(m, wave.Levels, func() diag.Position { return at })
			if diff := cmp.Diff(tt.want, m.Waves); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(diags) != tt.bad {
				t.Errorf("%d findings, want %d: %v", len(diags), tt.bad, diags)
			}
			if tt.instance == "1.5" && (len(diags) == 0 || diags[0].Pos != at) {
				t.Errorf("the instance's annotation is not reported at its place: %v", diags)
			}
		})
	}
	m := member(t, "", node{id: "a", objects: one}, node{id: "inner", deps: []string{"a"}, objects: one, chained: inner()})
	wave.Assign(m, wave.Levels, nil)
	if diff := cmp.Diff([]int{1, 2}, m.Chained[1].Waves); diff != "" {
		t.Errorf("waves of the chained instance (-want +got):\n%s", diff)
	}
}
