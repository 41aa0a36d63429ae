// Package picture lays out the graph of an RGD or an instance, and draws it. It
// takes nodes with their waves and the edges between them, and returns a Layout:
// where each node, edge and wave is, in pixels. SVG draws a Layout; the pages of
// the preview draw the same one.
//
//	layout := picture.Lay(picture.Graph{Nodes: nodes, Edges: edges})
//	svg := picture.SVG(layout)
//
// Waves are columns from left to right. The same graph gives the same layout.
package picture

// Graph is what there is to draw.
type Graph struct {
	Title string `json:"title"`
	Nodes []Node `json:"nodes"` // in topological order
	Edges []Edge `json:"edges"`
}

// State says what became of a node.
type State string

// States. Those of an RGD are Static, Runtime and External; an instance has the
// others too.
const (
	Static   State = "static"
	Runtime  State = "runtime"
	External State = "external"
	Skipped  State = "skipped"
	Pending  State = "pending"
	Failed   State = "failed"
)

// Node is one node. Text that does not fit is cut when it is drawn.
type Node struct {
	ID         string `json:"id"`
	Title      string `json:"title"`
	Kind       string `json:"kind"`
	Wave       int    `json:"wave"`
	State      State  `json:"state"`
	Chained    bool   `json:"chained,omitempty"`    // its object is an instance itself
	Collection bool   `json:"collection,omitempty"` // it may be several objects
	Size       *int   `json:"size,omitempty"`       // how many objects it is, where that is known
}

// Edge leads from a node to one that reads it.
type Edge struct {
	From   string   `json:"from"`
	To     string   `json:"to"`
	Fields []string `json:"fields"` // of From, that To reads
}

// Layout is a graph with the places of all that is drawn, in pixels.
type Layout struct {
	Graph
	Width   int       `json:"width"`
	Height  int       `json:"height"`
	Columns []Column  `json:"columns"`
	Places  []Place   `json:"places"` // of Nodes
	Routes  [][]Point `json:"routes"` // of Edges: the points that an edge goes through
}

// Column is the place of a wave.
type Column struct {
	Wave  int `json:"wave"`
	X     int `json:"x"`
	Width int `json:"width"`
}

// Place is a rectangle.
type Place struct {
	X      int `json:"x"`
	Y      int `json:"y"`
	Width  int `json:"width"`
	Height int `json:"height"`
}

// Point is a point.
type Point struct {
	X int `json:"x"`
	Y int `json:"y"`
}

// Sizes, in pixels.
const (
	nodeWidth  = 188
	nodeHeight = 56
	gapX       = 84 // between columns: room for edges
	gapY       = 28
	margin     = 24
	header     = 40 // the names of waves
)
