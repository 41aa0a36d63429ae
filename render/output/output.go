// Package output assembles the objects that a render prints. It takes the
// documents of the input and the instances among them, and returns objects in the
// order of the input, with the requested annotations. An instance is replaced by
// the objects that it expands to.
package output

import (
	"github.com/krowave/krowave/render/definition"
	"github.com/krowave/krowave/render/delegation"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/instance"
	"github.com/krowave/krowave/render/internal/source"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/policy"
	"github.com/krowave/krowave/render/wave"
)

// Object is one object to print. The map may be shared with the input and with
// other renders, and must not be changed.
type Object struct {
	Object   map[string]any     // nil when Encoded is there
	Instance *instance.Instance // nil for an object that was passed through
	Node     *graph.Node
	Index    int // in a collection
	Wave     int
	Doc      *manifest.Document // of an object that was passed through
	Project  string             // of the input
	Default  string             // namespace that it is applied to if it names none and is namespaced
	For      *instance.Instance // of an object for kro: whose residual it is, or the first that needs the RGD
	Shared   bool               // an RGD for kro, which other renders may hand over too and none of them deletes
	Encoded  *Encoded           // in place of Object, for those who only print
}

// Annotate says which annotations objects get.
type Annotate struct{ Waves, Origin bool }

// Emit says what is printed beside objects and pass-through.
type Emit struct{ Definitions, Instances, CRDs bool }

// Residuals says what is printed of that which is left to kro.
type Residuals string

// What there is to print of it. The zero value is all.
const (
	ResidualAll         Residuals = "all"
	ResidualInstances   Residuals = "instances"   // their RGDs are handed over elsewhere
	ResidualDefinitions Residuals = "definitions" // RGDs, and nothing else of the input
)

// Options say what is printed.
type Options struct {
	Runtime        policy.Runtime
	Graphs         policy.Graphs
	Residuals      Residuals
	Namespace      string   // of objects that name none
	InstanceGroups []string // API groups beside kro.run in which only RGDs define kinds
	WaveMode       wave.Mode
	Annotate       Annotate
	Emit           Emit
	APIVersions    []string // group/version/Kind that the destination serves
}

// Input is what to print.
type Input struct {
	Documents []*source.Document
	Instances []*instance.Instance // by document; nil where it is not an instance, or one that is not rendered
	Set       *definition.Set
	Plan      *delegation.Plan
	Encoded   [][]Object // by document: the objects of an instance that Encode has taken them from
}

// Assemble returns the objects to print.
func Assemble(in Input, opts Options) ([]Object, diag.List) {
	a := &assembler{Input: in, opts: opts, objects: make([]Object, 0, in.size())}
	kro := a.newDelegated()
	for n, d := range in.Documents {
		switch top := in.Instances[n]; {
		case d.GVK.Empty():
		case object.IsTestKind(d.GVK), object.IsReportKind(d.GVK): // belong to krowave, not to a cluster
		case object.IsCRDKind(d.GVK) && in.Set.IsLookedUp(d): // whoever owns it applies it
		case object.IsRGDKind(d.GVK):
			if opts.Emit.Definitions {
				a.pass(d)
			}
		case top != nil:
			if opts.Emit.Instances && top.Graph.Native == nil && (top.Residual == nil || !top.Residual.Whole) {
				a.pass(d)
			}
			kro.definitions(top)
			if len(in.Encoded) > 0 {
				a.objects = append(a.objects, in.Encoded[n]...)
			}
			a.instance(top)
		case opts.Graphs.Renders() && in.Set.IsNative(d.GVK):
		case in.Set.Defines(d.GVK): // not selected, or refused, which is reported
		default:
			a.diags = append(a.diags, in.Set.Stray(d, opts.Namespace, opts.InstanceGroups)...)
			a.pass(d)
		}
	}
	a.placeGraphs()
	if opts.Emit.CRDs {
		for _, g := range in.Set.Graphs {
			a.objects = append(a.objects, Object{Object: definition.CRD(g)})
		}
	}
	return a.objects, a.diags
}

// size is about how many objects there are to print.
func (in Input) size() int {
	n := len(in.Documents)
	for i, top := range in.Instances {
		if top != nil {
			n += len(top.Objects)
		}
		if len(in.Encoded) > 0 {
			n += len(in.Encoded[i])
		}
	}
	return n
}

// assembler is the output in the making.
type assembler struct {
	Input
	opts    Options
	objects []Object
	diags   diag.List
}

func (a *assembler) pass(d *source.Document) {
	a.objects = append(a.objects, Object{Object: d.Object, Doc: d.Document})
}

// instance adds what an instance expands to.
func (a *assembler) instance(i *instance.Instance) {
	for n, o := range i.Objects {
		if inner := i.Inner(n); inner != nil {
			a.instance(inner)
			continue
		}
		if i.Withheld(n) && !(a.opts.Runtime.Fills() && i.Waits(o.Node)) {
			continue // a chained instance that was refused
		}
		a.objects = append(a.objects, a.annotated(Object{Object: o.Object, Instance: i, Node: o.Node, Index: o.Index, Wave: i.Waves[n]}))
	}
	if i.Residual != nil {
		a.objects = append(a.objects, a.delegated(Object{Object: i.Residual.Object, For: i, Wave: i.Trail}))
	}
}
