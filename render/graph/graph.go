// Package graph compiles a ResourceGraphDefinition: in goes the RGD's document
// and the catalog of kinds, out comes a Graph of typed nodes with their
// compiled expressions, dependencies and topological order, and the CRD that
// kro would generate. Findings are collected, each at its character in the
// file; a Graph is nil when one of them is an error.
//
// A Graph is immutable and safe to share. The package never reads files and
// never evaluates an expression.
package graph

import (
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/admission"
	"github.com/krowave/krowave/render/compat"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/schema"
)

// Names that expressions may use beside resource ids (S4.10).
const (
	SchemaVar  = "schema"
	EachVar    = "each"
	RuntimeVar = "runtime"
)

// Graph is a compiled RGD, or a compiled object of kind Graph.
type Graph struct {
	RGD      *RGD
	CRD      *apiextensionsv1.CustomResourceDefinition
	Admitter *schema.Admitter
	Instance *schema.Schema // of the variable schema
	Seen     *schema.Schema // with which expressions read it
	Kro      compat.Behaviors

	Nodes []*Node // in topological order (S6.4); nodes of a nested graph stand before it

	Native *Native // of an object of kind Graph, which has no CRD and no instances; else nil
}

// Native is what an object of kind Graph has beside nodes.
type Native struct {
	KindOf func(k8sschema.GroupVersionKind) *schema.Kind // for nodes whose kind is an expression; nil when nothing is known of it
}

// Order returns the ids in topological order.
func (g *Graph) Order() []string {
	ids := make([]string, len(g.Nodes))
	for i, n := range g.Nodes {
		ids[i] = n.ID
	}
	return ids
}

// Node is one resource of the RGD.
type Node struct {
	ID    string
	Index int       // in spec.resources
	At    diag.Path // in the document
	Type  NodeType
	Kind  *schema.Kind

	Template     map[string]any // never changed
	Own          *Own           // what of it each object has a copy of
	Bytes        int64          // of the template, about
	Fields       []*Field
	ForEach      []Dimension
	IncludeWhen  []*Expression
	ReadyWhen    []*Expression
	Dependencies []string // ids, sorted
	IsRead       bool     // another node depends on it
	Children     []string // ids of the nodes of a nested graph; not among Dependencies
	IsDynamic    bool     // its kind is an expression, and Kind is empty (G26)

	Binding     Binding // whether Git alone tells what it renders
	Causes      []Cause // why not, in the order of the template, then of the dependencies
	Workarounds []KroArgoWorkaround

	// Names that are bound while a group of expressions is evaluated: kro binds
	// what the group refers to, and everything when it refers to nothing.
	BaseScope, IterationScope, ForEachScope, IncludeScope []string
}

// ObjectKind is the kind of the objects that the node makes, reads or changes; empty for a def,
// a nested graph, and a kind that is an expression.
func (n *Node) ObjectKind() k8sschema.GroupVersionKind {
	if n.Type.IsDef() || n.Type == Nested || n.Kind == nil {
		return k8sschema.GroupVersionKind{}
	}
	return n.Kind.GVK
}

// After lists the nodes that come before the node: its dependencies and its children.
func (n *Node) After() []string {
	if len(n.Children) == 0 {
		return n.Dependencies
	}
	return slices.Concat(n.Dependencies, n.Children)
}

// Body is the place of the node's object in the document.
func (g *Graph) Body(n *Node) diag.Path {
	key := "template"
	switch {
	case g.Native == nil && n.Type.IsExternal():
		key = "externalRef"
	case n.Type.IsExternal():
		key = "ref"
	case n.Type.IsDef():
		key = "def"
	case n.Type == Patch:
		key = "patch"
	case n.Type == Nested:
		key = "graph"
	}
	return n.At.With(key)
}

// IsInstance reports whether a name stands for the instance in expressions. A Graph has
// none: any of its nodes may be called schema.
func (g *Graph) IsInstance(name string) bool { return name == SchemaVar && g.Native == nil }

// Field is an expression in a template and the place of its value.
type Field struct {
	Path       diag.Path // in the template
	Steps      diag.Path // the path as kro reads it back; nil when it cannot be read (S3.5)
	Expr       *Expression
	Iteration  bool // reads an iterator: evaluated per item
	Workaround bool // belongs to one of the node's Workarounds
}

// Dimension is one forEach entry.
type Dimension struct {
	Name string
	Expr *Expression
}

// Expression is one compiled expression.
type Expression struct {
	*expr.Template
	Path       diag.Path // of the string in the RGD's document
	References []string  // identifiers that it reads, iterators included
	Reads      []expr.Read
	Runtime    []RuntimeRead // those whose values Git does not tell; of includeWhen, forEach and templates
	UsesOmit   bool

	// AsksForPresence is set when the expression asks whether fields of metadata are
	// there that a cluster always sets, and reads no value of such a field:
	// PresentInstance and PresentObject are there for it.
	AsksForPresence bool

	Sensitive bool // a value of a Secret: its text is not shown
	Program   *expr.Program
}

// UserText is the expression as the author wrote it, without ${} when it stands
// alone.
func (e *Expression) UserText() string { return source{Template: e.Template}.userText() }

// Find returns where the expression's source reads a path. The names of nodes in nested
// graphs begin with those of the graphs, which the source does not spell.
func (e *Expression) Find(r expr.Read) int {
	if at := strings.LastIndexByte(r.Path[0], '.'); at >= 0 {
		r.Path = append([]string{r.Path[0][at+1:]}, r.Path[1:]...)
	}
	return e.Template.Find(r)
}

// ReadsNodes reports whether the expression reads anything but the instance.
func (e *Expression) ReadsNodes() bool {
	for _, r := range e.References {
		if r != SchemaVar {
			return true
		}
	}
	return false
}

// Options are kro's feature gates and limits, and ours. The zero value of a
// limit means its default.
type Options struct {
	Kro             compat.Behaviors
	Next            compat.Behaviors // of the version that warnings are about; the zero value for none
	CELOmitFunction bool             // kro's feature gate of that name
	MaxDimensions   int              // of one forEach; default 10
	MaxResources    int              // of one RGD or Graph; default 10,000
	Lenient         bool             // an unknown kind is untyped, not an error
	CELCostLimit    uint             // per evaluation

	// Admission is what webhooks set in objects; nil for nothing.
	Admission *admission.Rules

	// Undefined says why kinds that other RGDs define are not in the catalog.
	Undefined map[k8sschema.GroupVersionKind]Undefined
}

// Undefined is why the kind that an RGD defines is not in the catalog.
type Undefined struct {
	RGD    string // as findings name it
	Reason string // follows its name: "has errors"
}

// kroDimensions is how many dimensions kro allows a forEach without a flag.
const kroDimensions = 10

// maxResources is the default of MaxResources. etcd takes no object of more than 1.5 MiB,
// so an RGD with more resources does not fit into a cluster.
const maxResources = 10_000

func (o Options) maxDimensions() int {
	switch {
	case o.MaxDimensions == 0, o.Kro.FixesDimensions && o.MaxDimensions > kroDimensions:
		return kroDimensions
	}
	return o.MaxDimensions
}
