package policy

// Graphs says what becomes of objects of kind Graph, which is new in kro 0.10. The zero
// value is Pass.
type Graphs string

// What there is.
const (
	Pass   Graphs = "pass"   // handed over as they are, for kro in the cluster
	Expand Graphs = "expand" // rendered, as instances are
	Divide Graphs = "split"  // what Git knows is rendered, the rest stays a Graph
)

// AllGraphs lists them.
func AllGraphs() []Graphs { return []Graphs{Pass, Expand, Divide} }

// Renders reports whether Graphs are rendered, in whole or in part.
func (g Graphs) Renders() bool { return g == Expand || g == Divide }

// Divides reports whether what waits stays a Graph, given the policy for runtime values.
func (g Graphs) Divides(runtime Runtime) bool {
	return g == Divide || g == Expand && runtime.Delegates()
}
