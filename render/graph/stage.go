package graph

import (
	"slices"

	"github.com/google/cel-go/cel"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/schema"
)

// The stages of a compilation are values. Each stage reads the value before it
// and returns a new one:
//
//	parsed  kinds, templates and the texts of expressions
//	linked  what every expression refers to, and with it dependencies and order
//	typed   the type and the program of every expression
//	Graph   what Git tells of every value; see binder.node
//
// A stage that finds errors returns nil.

// parsed is what an RGD says, in author order.
type parsed struct {
	spec     *apiextensionsv1.JSONSchemaProps
	instance *schema.Schema // of the variable schema
	nodes    []*parsedNode
}

// ids returns the ids of all nodes, sorted.
func (p *parsed) ids() []string {
	out := make([]string, len(p.nodes))
	for i, n := range p.nodes {
		out[i] = n.id
	}
	slices.Sort(out)
	return out
}

type parsedNode struct {
	id       string
	index    int       // in spec.resources
	at       diag.Path // in the document
	typ      NodeType
	kind     *schema.Kind
	template map[string]any

	texts     parts[source]
	readyWhen []source
}

// linked has its nodes in topological order (S6.4).
type linked struct {
	*parsed
	nodes []*linkedNode
	read  map[string]bool // nodes that others depend on
}

type linkedNode struct {
	*parsedNode
	links        parts[linkedExpr]
	dependencies []string // ids, sorted

	base, iteration, forEach, include []string // names that each group of expressions reads, sorted

	children []string // of a nested graph
	dynamic  bool     // its kind is an expression
}

type typed struct {
	*linked
	*checker
	nodes []*typedNode
}

type typedNode struct {
	*linkedNode
	checked parts[typedExpr]
	ready   []typedExpr
}

// parts are the expressions that decide what a node renders, at a stage that
// knows E of each.
type parts[E any] struct {
	fields      []field[E]
	forEach     []dimension[E]
	includeWhen []E
}

// field is an expression in a template and the place of its value.
type field[E any] struct {
	path  diag.Path // in the template
	steps diag.Path // the path as kro reads it back; nil when it cannot be read (S3.5)
	expr  E
}

type dimension[E any] struct {
	name string
	expr E
}

// source is an expression as the author wrote it.
type source struct {
	*expr.Template
	Path      diag.Path // of the string in the RGD's document
	Sensitive bool      // a value of a Secret: its text is not shown
}

// userText is the expression as the author wrote it, without ${} when it stands
// alone.
func (s source) userText() string {
	if s.Standalone {
		return s.Source
	}
	return s.Text
}

type linkedExpr struct {
	source
	ast        *cel.Ast
	references []string // identifiers that it reads, iterators included
	reads      []expr.Read
	iterates   bool // reads an iterator
	usesOmit   bool
}

type typedExpr struct {
	linkedExpr
	typ     *cel.Type
	program *expr.Program
}
