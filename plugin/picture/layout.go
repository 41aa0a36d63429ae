package picture

import (
	"cmp"
	"slices"
)

// item is a node in a layer, or the place where an edge crosses a layer.
type item struct {
	node   int // -1 for an edge that passes
	before []*item
	after  []*item
	order  float64
	y      float64 // of its centre
}

func (i *item) height() float64 {
	if i.node < 0 {
		return 10
	}
	return nodeHeight
}

// Lay computes where everything is: each wave is a column, or several where
// nodes of one wave read each other. Within a column, nodes are ordered such
// that few edges cross, with the sweeps of Sugiyama's method.
func Lay(g Graph) Layout {
	out := Layout{Graph: g, Columns: []Column{}, Places: make([]Place, len(g.Nodes)), Routes: make([][]Point, len(g.Edges))}
	if out.Nodes == nil {
		out.Nodes = []Node{}
	}
	if out.Edges == nil {
		out.Edges = []Edge{}
	}
	index := map[string]int{}
	for i, n := range g.Nodes {
		index[n.ID] = i
	}
	of, waves := layers(g, index)
	columns := make([][]*item, len(waves))
	nodes := make([]*item, len(g.Nodes))
	for i := range g.Nodes {
		nodes[i] = &item{node: i}
		columns[of[i]] = append(columns[of[i]], nodes[i])
	}
	routes := make([][]*item, len(g.Edges))
	for e, edge := range g.Edges {
		from, to := index[edge.From], index[edge.To]
		last := nodes[from]
		routes[e] = append(routes[e], last)
		for c := of[from] + 1; c < of[to]; c++ {
			pass := &item{node: -1}
			columns[c] = append(columns[c], pass)
			join(last, pass)
			routes[e], last = append(routes[e], pass), pass
		}
		join(last, nodes[to])
		routes[e] = append(routes[e], nodes[to])
	}
	order(columns)
	height := spread(columns)
	x := margin
	xs := make([]int, len(columns))
	for c := range columns {
		xs[c] = x
		if n := len(out.Columns); n > 0 && out.Columns[n-1].Wave == waves[c] {
			out.Columns[n-1].Width = x + nodeWidth - out.Columns[n-1].X
		} else {
			out.Columns = append(out.Columns, Column{Wave: waves[c], X: x, Width: nodeWidth})
		}
		x += nodeWidth + gapX
	}
	out.Width, out.Height = max(x-gapX, margin)+margin, int(height)+header+2*margin
	top := float64(header + margin)
	for i, n := range nodes {
		out.Places[i] = Place{X: xs[of[i]], Y: int(top + n.y - nodeHeight/2), Width: nodeWidth, Height: nodeHeight}
	}
	for e, edge := range g.Edges {
		c := of[index[edge.From]]
		out.Routes[e] = route(routes[e], xs, c, top)
	}
	return out
}

func join(a, b *item) { a.after, b.before = append(a.after, b), append(b.before, a) }

// route is the way of an edge: from the right side of a node to the left side of
// another, straight across the columns between.
func route(items []*item, xs []int, column int, top float64) []Point {
	var out []Point
	for i, it := range items {
		x, y := xs[column+i], int(top+it.y)
		if i > 0 {
			out = append(out, Point{x, y})
		}
		if i < len(items)-1 {
			out = append(out, Point{x + nodeWidth, y})
		}
	}
	return out
}

// layers gives every node its layer, and every layer its wave. A node is in a
// later layer than what it reads, also within a wave.
func layers(g Graph, index map[string]int) (of, waves []int) {
	within := make([]int, len(g.Nodes)) // the layer in its wave
	for range g.Nodes {                 // nodes may come in any order
		moved := false
		for _, e := range g.Edges {
			from, to := index[e.From], index[e.To]
			if g.Nodes[from].Wave == g.Nodes[to].Wave && within[to] <= within[from] && within[from] < len(g.Nodes) {
				within[to], moved = within[from]+1, true
			}
		}
		if !moved {
			break
		}
	}
	type layer struct{ wave, within int }
	var all []layer
	for i, n := range g.Nodes {
		all = append(all, layer{n.Wave, within[i]})
	}
	sorted := slices.Clone(all)
	slices.SortFunc(sorted, func(a, b layer) int { return cmp.Or(cmp.Compare(a.wave, b.wave), cmp.Compare(a.within, b.within)) })
	sorted = slices.Compact(sorted)
	for _, l := range all {
		of = append(of, slices.Index(sorted, l))
	}
	for _, l := range sorted {
		waves = append(waves, l.wave)
	}
	return of, waves
}

// order sorts the items of each column by where their neighbours are, forwards
// and backwards, and keeps the best order that it met.
func order(columns [][]*item) {
	number := func() {
		for _, column := range columns {
			for i, it := range column {
				it.order = float64(i)
			}
		}
	}
	number()
	best, fewest := snapshot(columns), crossings(columns)
	for sweep := 0; sweep < 12 && fewest > 0; sweep++ {
		for c := range columns {
			if sweep%2 == 1 {
				c = len(columns) - 1 - c
			}
			keys := map[*item]float64{}
			for _, it := range columns[c] {
				near := it.before
				if sweep%2 == 1 {
					near = it.after
				}
				keys[it] = it.order
				if len(near) > 0 {
					sum := 0.0
					for _, n := range near {
						sum += n.order
					}
					keys[it] = sum / float64(len(near))
				}
			}
			slices.SortStableFunc(columns[c], func(a, b *item) int { return cmp.Compare(keys[a], keys[b]) })
			for i, it := range columns[c] {
				it.order = float64(i)
			}
		}
		if n := crossings(columns); n < fewest {
			best, fewest = snapshot(columns), n
		}
	}
	for c := range columns {
		copy(columns[c], best[c])
	}
	number()
}

func snapshot(columns [][]*item) [][]*item {
	out := make([][]*item, len(columns))
	for i, c := range columns {
		out[i] = slices.Clone(c)
	}
	return out
}

// crossings counts the pairs of edges between neighbouring columns that cross.
func crossings(columns [][]*item) int {
	n := 0
	for _, column := range columns {
		var ends []float64 // of edges, by where they begin
		for _, it := range column {
			next := slices.Clone(it.after)
			slices.SortFunc(next, func(a, b *item) int { return cmp.Compare(a.order, b.order) })
			for _, to := range next {
				at, _ := slices.BinarySearch(ends, to.order+0.5)
				n += len(ends) - at
				ends = slices.Insert(ends, at, to.order)
			}
		}
	}
	return n
}

// spread gives every item its height on the page: near its neighbours, and clear
// of the others in its column. It returns the height of all.
func spread(columns [][]*item) float64 {
	for _, column := range columns {
		y := 0.0
		for _, it := range column {
			it.y = y + it.height()/2
			y += it.height() + gapY
		}
	}
	for round := range 16 {
		for c := range columns {
			if round%2 == 1 {
				c = len(columns) - 1 - c
			}
			settle(columns[c], round%2 == 1)
		}
	}
	low, high := 0.0, 0.0
	for c, column := range columns {
		for i, it := range column {
			if c == 0 && i == 0 {
				low, high = it.y-it.height()/2, it.y+it.height()/2
			}
			low, high = min(low, it.y-it.height()/2), max(high, it.y+it.height()/2)
		}
	}
	for _, column := range columns {
		for _, it := range column {
			it.y -= low
		}
	}
	return high - low
}

// settle moves the items of a column to the middle of their neighbours, and
// apart where they would overlap: blocks of them share what is left to wish.
func settle(column []*item, backwards bool) {
	type block struct {
		items  []*item
		wish   float64 // sum of what the items want for the start of the block
		weight float64
		height float64
	}
	var blocks []block
	for _, it := range column {
		near := it.before
		if backwards {
			near = it.after
		}
		want, weight := it.y, 0.2
		if len(near) > 0 {
			want, weight = 0, 1
			for _, n := range near {
				want += n.y / float64(len(near))
			}
		}
		blocks = append(blocks, block{[]*item{it}, (want - it.height()/2) * weight, weight, it.height()})
		for n := len(blocks); n > 1; n = len(blocks) {
			a, b := blocks[n-2], blocks[n-1]
			shift := a.height + gapY
			if a.wish/a.weight+shift <= b.wish/b.weight {
				break
			}
			blocks = append(blocks[:n-2], block{
				append(a.items, b.items...), a.wish + b.wish - shift*b.weight, a.weight + b.weight, shift + b.height,
			})
		}
	}
	for _, b := range blocks {
		y := b.wish / b.weight
		for _, it := range b.items {
			it.y = y + it.height()/2
			y += it.height() + gapY
		}
	}
}
