package render

import (
	"slices"

	"github.com/krowave/krowave/render/delegation"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/instance"
	"github.com/krowave/krowave/render/internal/parallel"
	"github.com/krowave/krowave/render/output"
	"github.com/krowave/krowave/render/schema"
)

// Result is what a render makes. What it points to may be shared with the input
// and, through a Cache, with other results: it must not be changed.
type Result struct {
	Objects     []Object       // to print, in order
	Instances   []*Instance    // every expansion: each instance, then those chained into it
	Foreseen    []*Instance    // with Options.Foresee: what kro makes of Graphs among the Objects, as far as Git knows
	Graphs      []*graph.Graph // of RGDs
	Natives     []*graph.Graph // objects of kind Graph
	Catalog     *schema.Catalog
	Diagnostics diag.List // sorted
	Lifted      diag.List // errors of Diagnostics that the version of Options.WarnNext does not have
}

// Object is one object to print.
type Object = output.Object

// Instance is one expanded instance.
type Instance = instance.Instance

// Residual is what kro in the cluster has to make of an instance.
type Residual = delegation.Residual

// Identity names an instance.
type Identity = instance.Identity

// IdentityOf returns the identity of an object.
func IdentityOf(obj map[string]any) Identity { return instance.IdentityOf(obj) }

// Annotations that objects get beside wave.Annotation.
const (
	InstanceAnnotation = output.InstanceAnnotation // group/Kind/namespace/name
	NodeAnnotation     = output.NodeAnnotation     // rgd/id, with [index] in a collection
	ResidualAnnotation = output.ResidualAnnotation // of a residual RGD: the RGD that it is a part of
)

// Crash is the error of a Render in which code panicked. Stack is for a log;
// it names no value of the input.
type Crash = parallel.Crash

// waits reports whether a node of an instance is pending.
func (r *Result) waits() bool {
	return slices.ContainsFunc(r.Instances, func(i *Instance) bool { return len(i.Pending) > 0 })
}
