package picture_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/krowave/krowave/plugin/picture"
)

// grid is a graph of n nodes in rows, each of which reads three of the row before.
func grid(n int) picture.Graph {
	var g picture.Graph
	for i := range n {
		g.Nodes = append(g.Nodes, picture.Node{ID: fmt.Sprint("n", i), Title: fmt.Sprint("n", i), Kind: "ConfigMap", Wave: i / 7, State: picture.Static})
		for k := range 3 {
			if from := i - 7 - (i*k)%5; from >= 0 && from/7 < i/7 {
				g.Edges = append(g.Edges, picture.Edge{From: fmt.Sprint("n", from), To: fmt.Sprint("n", i), Fields: []string{"metadata.name"}})
			}
		}
	}
	return g
}

func TestLayout(t *testing.T) {
	for _, n := range []int{0, 1, 5, 30, 120} {
		g := grid(n)
		l := picture.Lay(g)
		if !reflect.DeepEqual(l, picture.Lay(g)) {
			t.Errorf("%d nodes: two layouts of one graph differ", n)
		}
		for i, p := range l.Places {
			if p.X < 0 || p.Y < 40 || p.X+p.Width > l.Width || p.Y+p.Height > l.Height {
				t.Errorf("%d nodes: node %d is outside: %+v of %dx%d", n, i, p, l.Width, l.Height)
			}
			for k, q := range l.Places[:i] {
				if p.X < q.X+q.Width && q.X < p.X+p.Width && p.Y < q.Y+q.Height && q.Y < p.Y+p.Height {
					t.Errorf("%d nodes: nodes %d and %d overlap: %+v %+v", n, k, i, q, p)
				}
			}
			if l.Nodes[i].Wave > 0 && p.X <= l.Columns[l.Nodes[i].Wave-1].X {
				t.Errorf("%d nodes: node %d is not right of the wave before", n, i)
			}
		}
		if len(l.Routes) != len(g.Edges) {
			t.Errorf("%d nodes: %d routes of %d edges", n, len(l.Routes), len(g.Edges))
		}
	}
}

// TestSameWave lays out nodes of one wave that read each other, as with gated
// waves: columns of one wave.
func TestSameWave(t *testing.T) {
	l := picture.Lay(picture.Graph{
		Nodes: []picture.Node{{ID: "a"}, {ID: "b"}, {ID: "c", Wave: 1}},
		Edges: []picture.Edge{{From: "a", To: "b"}, {From: "a", To: "c"}},
	})
	if len(l.Columns) != 2 || l.Places[1].X <= l.Places[0].X || l.Columns[0].Width <= l.Columns[1].Width {
		t.Errorf("%+v %+v", l.Columns, l.Places)
	}
}

func TestSVGEscapes(t *testing.T) {
	const evil = `</title><script>alert(1)</script>"&` + "\u202e\x00\x07"
	svg := string(picture.SVG(picture.Lay(picture.Graph{
		Title: evil, Nodes: []picture.Node{{ID: evil, Title: evil, Kind: evil}, {ID: "b"}}, Edges: []picture.Edge{{From: evil, To: "b", Fields: []string{evil}}},
	})))
	if strings.Contains(svg, "<script") || strings.ContainsAny(svg, "\u202e\x00\x07") {
		t.Errorf("markup or active characters: %s", svg)
	}
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
