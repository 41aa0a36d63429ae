package graph

// NodeType says how a node becomes objects (S7.1). Others ask its methods rather
// than compare it, so that a new type is one more line here.
type NodeType string

// Node types, spelled as kro's documentation does.
const (
	Single             NodeType = "Resource"
	Collection         NodeType = "Collection"
	External           NodeType = "External"
	ExternalCollection NodeType = "ExternalCollection"
)

// Node types that only a Graph has, the kind of kro 0.10.
const (
	Def           NodeType = "Def"           // values, and no object
	DefCollection NodeType = "DefCollection" // a list of them
	Patch         NodeType = "Patch"         // fields of an object that others apply
	Nested        NodeType = "Graph"         // nodes with names of their own
)

// String returns the type as kro's documentation spells it.
func (t NodeType) String() string { return string(t) }

// Creates reports whether kro applies objects of the node.
func (t NodeType) Creates() bool { return t == Single || t == Collection }

// IsExternal reports whether the node refers to objects that others apply.
func (t NodeType) IsExternal() bool { return t == External || t == ExternalCollection }

// IsDef reports whether the node is values, and no object.
func (t NodeType) IsDef() bool { return t == Def || t == DefCollection }

// Repeats reports whether the node renders its template once per forEach item.
func (t NodeType) Repeats() bool { return t == Collection || t == DefCollection }

// Selects reports whether a label selector finds the node's objects.
func (t NodeType) Selects() bool { return t == ExternalCollection }

// IsCollection reports whether other nodes see a list.
func (t NodeType) IsCollection() bool { return t.Repeats() || t.Selects() }
