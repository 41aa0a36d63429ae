package instance

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/cache"
	"github.com/krowave/krowave/render/definition"
	"github.com/krowave/krowave/render/delegation"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/directive"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/internal/source"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/override"
	"github.com/krowave/krowave/render/policy"
	"github.com/krowave/krowave/render/schema"
	"github.com/krowave/krowave/render/wave"
)

// Expander expands instances of a Set. It is safe for concurrent use.
type Expander struct {
	Set     *definition.Set
	Plan    *delegation.Plan
	Options Options
}

// Options say how instances are expanded.
type Options struct {
	Project       string
	Runtime       policy.Runtime
	Graphs        policy.Graphs
	WaveMode      wave.Mode
	Namespace     string // of instances that name none
	MaxChainDepth int
	MaxObjects    int   // of one instance of the input and what is chained into it; 0 means no limit
	MaxSteps      int64 // of all its evaluations; 0 means no limit
	MaxBytes      int64 // of its objects, about; 0 means no limit
	Overrides     []override.Override
	Expand        expand.Options

	Cache  *cache.LRU[any] // nil for none
	Digest string          // of all that expansions have in common, but for the Set
}

// expanded is what is cached of an instance of the input.
type expanded struct {
	instance *Instance
	diags    diag.List
}

// bytesPerObject is about what an object of an expansion takes in memory.
const bytesPerObject = 4 << 10

// Expand expands an instance of the input, or takes it from the cache. The
// Instance is nil when the API server would refuse it, and when an annotation
// takes it out of the render.
func (e *Expander) Expand(ctx context.Context, doc *source.Document, g *graph.Graph) (*Instance, diag.List, error) {
	allowance := &expand.Allowance{Objects: e.Options.MaxObjects, Budget: expr.Budget{Steps: e.Options.MaxSteps, Bytes: e.Options.MaxBytes}}
	r := &run{Expander: e, ctx: allowance.Context(ctx), allowance: allowance, overrides: override.Of(e.Options.Overrides, doc.Key(e.Options.Namespace))}
	digest := ""
	if e.Options.Cache != nil && g.Native == nil { // whose digest says nothing of the kinds that it uses
		digest = cache.Digest("instance", e.Options.Digest, e.definitions(g), doc.Digest, r.overrides)
		if v, _ := e.Options.Cache.Get(digest); v != nil {
			x := v.(expanded)
			return x.instance, x.diags, nil
		}
	}
	directives := directive.Read(doc.Document)
	if directives.Left != "" {
		return nil, directives.Found, nil
	}
	top := r.top
	if g.Native != nil {
		top = r.native
	}
	i, err := top(doc, g)
	if i != nil {
		i.Directives, r.diags = directives, append(r.diags, directives.Found...)
		i.Made.Objects, i.Made.Steps, i.Made.Bytes = allowance.Used()
	}
	if err == nil && i != nil && digest != "" {
		objects := 0
		for _, each := range i.All() {
			objects += len(each.Objects) + 1
		}
		e.Options.Cache.Put(digest, expanded{i, r.diags}, int64(objects)*bytesPerObject)
	}
	return i, r.diags, err
}

// definitions is the digest of the definitions that an instance of a graph depends
// on. How a graph is divided between Git and kro depends on all.
func (e *Expander) definitions(g *graph.Graph) string {
	if e.Options.Runtime.Delegates() {
		return e.Set.Digest
	}
	return e.Set.DigestOf(g.RGD.GVK)
}

// run expands one instance of the input and what chains into it.
type run struct {
	*Expander
	ctx       context.Context
	overrides []override.Override
	allowance *expand.Allowance
	diags     diag.List
}

// top expands an instance of the input.
func (r *run) top(doc *source.Document, g *graph.Graph) (*Instance, error) {
	obj, broken := override.Apply(doc.Document, r.overrides, g.Instance)
	if r.diags = append(r.diags, broken...); broken.HasErrors() {
		return nil, nil
	}
	stored, pruned, problems := g.Admitter.Admit(obj, r.Options.Namespace)
	for _, p := range problems {
		r.diags.Add(diag.Diagnostic{
			Severity: diag.Error, Rule: p.Rule, Pos: doc.Position(p.Path), Message: p.Message + override.Sets(r.overrides, p.Path),
			Path: p.Path.String(), Object: doc.Title(),
		}.With(doc.Retype(p.Path, p.Message).Or(p.Meant())))
	}
	for _, field := range pruned {
		path := graph.ParsePath(field)
		r.diags.Add(diag.Diagnostic{
			Severity: diag.Warning, Rule: "unknown-field", Pos: doc.KeyPosition(path), Path: field,
			Message: fmt.Sprintf("field %s is not in the schema of %s and is dropped", field, doc.Kind()), Object: doc.Title(),
		}.With(doc.KeyRemedy(path).Or(graph.SuggestField(g.Instance, path))))
	}
	for _, path := range doc.BooleanKeys() {
		if !slices.Contains(pruned, path.String()) {
			r.diags.Add(doc.BooleanKey(path))
		}
	}
	if len(problems) > 0 {
		return nil, nil
	}
	r.longName(stored, g, func() diag.Position { return doc.Position(diag.Path{"metadata", "name"}) })
	i := &Instance{Doc: doc.Document, Project: r.Options.Project, authored: obj}
	if err := r.expand(i, g, stored, nil); err != nil {
		return nil, err
	}
	at := func() diag.Position { return doc.Position(diag.Path{"metadata", "annotations", wave.Annotation}) }
	r.diags = append(r.diags, wave.Assign(&i.Member, r.Options.WaveMode, at)...)
	return i, nil
}

// longName warns of an instance whose name is too long for the label that kro 0.9
// writes it into, on each object of the instance.
func (r *run) longName(stored map[string]any, g *graph.Graph, at func() diag.Position) {
	name := object.Name(stored)
	creates := slices.ContainsFunc(g.Nodes, func(n *graph.Node) bool { return n.Type.Creates() })
	if len(name) <= graph.MaxLabel || !creates {
		return
	}
	r.diags.Add(diag.Diagnostic{
		Severity: diag.Warning, Rule: "kro-label", Pos: at(), Path: "metadata.name", Object: object.KeyOf(stored).Title(),
		Message: fmt.Sprintf("the name has %d characters, and kro 0.9 writes it into the label kro.run/instance-name, which may have %d: it could not apply any object of the instance",
			len(name), graph.MaxLabel),
		Hint: "shorten it; what krowave renders has no such label",
	})
}

// expand fills i, and recursively what its objects are instances of. chain
// holds the kinds above it.
func (r *run) expand(i *Instance, g *graph.Graph, stored map[string]any, chain []string) error {
	opts := r.Options.Expand
	opts.Allowance = r.allowance
	opts.Confidential = i.Parent != nil && i.Parent.readsSecret(i.Node)
	x, diags, err := expand.Instance(r.ctx, g, stored, opts)
	if err != nil {
		return err
	}
	r.diags = append(r.diags, diags...)
	switch {
	case g.Native != nil && r.Options.Graphs.Divides(r.Options.Runtime):
		x, i.Residual = delegation.SplitNative(x)
		r.announce(i, x)
	case g.Native == nil && r.Options.Runtime.Delegates():
		x, i.Residual = r.Plan.Split(x, i.authored)
	}
	i.Trailing = i.Residual != nil
	r.pending(i, x)
	i.Expansion = x
	i.Chained = make([]*wave.Member, len(x.Objects))
	i.chained = make([]*Instance, len(x.Objects))
	chain = append(chain, g.RGD.GVK.Kind)
	for n, o := range x.Objects {
		inner := r.Set.Graph(object.GVK(o.Object))
		var child *Instance
		switch {
		case inner != nil:
			child, err = r.chained(i, o, inner, chain)
		case r.Set.IsNative(object.GVK(o.Object)):
			child, err = r.stamped(i, o, chain)
		default:
			continue
		}
		if err != nil {
			return err
		}
		if child == nil && (inner != nil || r.Options.Graphs.Renders()) {
			i.withheld = append(i.withheld, n)
		}
		if child != nil {
			i.chained[n], i.Chained[n] = child, &child.Member
		}
	}
	return nil
}

// chained expands an object that is itself an instance.
func (r *run) chained(parent *Instance, o expand.Object, g *graph.Graph, chain []string) (*Instance, error) {
	if r.tooDeep(parent, o, chain) {
		return nil, nil
	}
	stored, pruned, problems := g.Admitter.Admit(o.Object, r.Options.Namespace)
	if len(problems) > 0 && r.Options.Runtime.Fills() && parent.Waits(o.Node) {
		return nil, nil // a placeholder does not fit its schema; the instance itself is shown
	}
	for _, p := range problems {
		r.diags.Add(refused(parent, o.Node, g, p))
	}
	if len(problems) == 0 && !parent.ReadsSecret(o.Node) {
		r.longName(stored, g, func() diag.Position { return nodePosition(parent, o.Node) })
	}
	for _, field := range pruned {
		r.diags.Warnf(parent.Graph.RGD.Doc.KeyPosition(o.Node.At.With("template").With(graph.ParsePath(field)...)), "unknown-field", "%s renders field %s, which is not in the schema of %s and is dropped",
			o.Node.ID, field, g.RGD.GVK.Kind)
	}
	if len(problems) > 0 {
		return nil, nil
	}
	child := &Instance{Parent: parent, Node: o.Node.ID, Project: r.Options.Project, authored: o.Object}
	return child, r.expand(child, g, stored, chain)
}

// tooDeep reports an object that is one instance too many below others.
func (r *run) tooDeep(parent *Instance, o expand.Object, chain []string) bool {
	limit := r.Options.MaxChainDepth
	if len(chain) > limit {
		r.nodeErrorf(parent, o.Node, "chain-depth", "instances chain deeper than %d: %s (--max-chain-depth)",
			limit, strings.Join(append(chain, object.Kind(o.Object)), " -> "))
	}
	return len(chain) > limit
}

// Waits reports whether a node of the instance is pending.
func (i *Instance) Waits(n *graph.Node) bool {
	return slices.ContainsFunc(i.Pending, func(p expand.Pending) bool { return p.Node == n })
}

func (r *run) nodeErrorf(i *Instance, n *graph.Node, rule, format string, args ...any) {
	r.diags.Add(diag.Diagnostic{
		Severity: diag.Error, Rule: rule, Pos: nodePosition(i, n), Object: i.Title(), Message: fmt.Sprintf(format, args...),
	})
}

// refused is the finding about an instance that a node renders and its kind does
// not allow, at the line of the template.
func refused(parent *Instance, n *graph.Node, g *graph.Graph, p schema.Problem) diag.Diagnostic {
	at, remedy := n.At.With("template").With(p.Path...), p.MeantIn(n.Template)
	if parent.ReadsSecret(n) {
		p.Message, remedy = p.Hidden(), diag.Remedy{}
	} else {
		p.Message = p.Path.String() + ": " + p.Message
	}
	return diag.Diagnostic{
		Severity: diag.Error, Rule: p.Rule, Pos: parent.Graph.RGD.Doc.Position(at), Path: at.String(), Object: parent.Title(),
		Message: fmt.Sprintf("the API server would refuse the %s that %s renders: %s", g.RGD.GVK.Kind, n.ID, p.Message),
	}.With(remedy)
}

func nodePosition(i *Instance, n *graph.Node) diag.Position {
	return i.Graph.RGD.Doc.Position(n.At.With("id"))
}
