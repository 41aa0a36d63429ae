package graph

import (
	"slices"
	"strings"

	"github.com/krowave/krowave/render/admission"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/schema"
)

// Binding says when a value is known (S8).
type Binding string

// Bindings.
const (
	Static  Binding = "static"  // from Git: the instance, templates, literals
	Runtime Binding = "runtime" // from a cluster only
)

// RuntimeRead is a path of an expression whose value Git alone does not tell.
type RuntimeRead struct {
	expr.Read
	Why string // in a few words: a status, an external object

	// InstanceDependent is set when an instance may set the field after all, since a part of
	// the template above it is one expression. Rendering tells.
	InstanceDependent bool

	WholeObject bool // what is read includes all that a cluster adds to an object
}

// Cause is one reason why a node is Runtime: a read of its own, or a node that
// it depends on.
type Cause struct {
	Expression *Expression // that reads; nil for an external reference itself and for a dependency
	Read       RuntimeRead
	Dependency string // a node that is Runtime, when that is the reason
}

// bind finds the binding of every expression and node, and with it makes the
// nodes of the Graph.
func bind(t *typed, rules *admission.Rules) []*Node {
	return binder{nodes: make(map[string]*Node, len(t.nodes)), rules: rules}.bind(t.nodes, t.read)
}

func (b binder) bind(nodes []*typedNode, read map[string]bool) []*Node {
	out := make([]*Node, len(nodes))
	for i, n := range nodes { // in topological order, so that a dependency's binding is known
		out[i] = b.node(n, read[n.id])
		b.nodes[n.id] = out[i]
	}
	return out
}

type binder struct {
	nodes  map[string]*Node
	rules  *admission.Rules
	native bool // of an object of kind Graph
}

// node is the one place that makes a Node.
func (b binder) node(t *typedNode, isRead bool) *Node {
	n := &Node{
		ID: t.id, Index: t.index, At: t.at, Type: t.typ, Kind: t.kind, Template: t.template, Bytes: sizeOf(t.template), Dependencies: t.dependencies, IsRead: isRead,
		BaseScope: t.base, IterationScope: t.iteration, ForEachScope: t.forEach, IncludeScope: t.include,
		Children: t.children, IsDynamic: t.dynamic,
	}
	if !b.native {
		n.Workarounds = workarounds(t)
	}
	for _, f := range t.checked.fields {
		n.Fields = append(n.Fields, &Field{
			Path: f.path, Steps: f.steps, Expr: b.expression(f.expr), Iteration: f.expr.iterates,
			Workaround: slices.ContainsFunc(n.Workarounds, func(w KroArgoWorkaround) bool { return isBelow(f.path, w.Path) }),
		})
	}
	n.Own = ownOf(n.Fields)
	for _, d := range t.checked.forEach {
		n.ForEach = append(n.ForEach, Dimension{Name: d.name, Expr: b.expression(d.expr)})
	}
	for _, e := range t.checked.includeWhen {
		n.IncludeWhen = append(n.IncludeWhen, b.expression(e))
	}
	for _, e := range t.ready {
		n.ReadyWhen = append(n.ReadyWhen, e.expression(nil))
	}
	n.Causes = b.causes(n)
	n.Binding = Static
	if len(n.Causes) > 0 {
		n.Binding = Runtime
	}
	return n
}

func (b binder) expression(e typedExpr) *Expression {
	runtime := b.runtime(e.reads)
	out := e.expression(runtime)
	out.AsksForPresence = b.asksForPresence(e, runtime)
	return out
}

func (e typedExpr) expression(runtime []RuntimeRead) *Expression {
	return &Expression{
		Template: e.Template, Path: e.Path, References: e.references, Reads: e.reads, Runtime: runtime,
		UsesOmit: e.usesOmit, Sensitive: e.Sensitive, Program: e.program,
	}
}

// causes lists why a node is Runtime.
func (b binder) causes(n *Node) []Cause {
	var out []Cause
	if n.Type.IsExternal() {
		out = append(out, Cause{Read: RuntimeRead{Read: expr.Read{Path: []string{n.ID}, Required: 1}, Why: whyExternal}})
	}
	for _, e := range n.Expressions() {
		for _, read := range e.Runtime {
			if !read.InstanceDependent {
				out = append(out, Cause{Expression: e, Read: read})
			}
		}
	}
	if n.Type == Patch {
		out = append(out, Cause{Read: RuntimeRead{Read: expr.Read{Path: []string{n.ID}, Required: 1}, Why: whyPatch}})
	}
	for _, dep := range n.After() {
		if b.nodes[dep].Binding == Runtime {
			out = append(out, Cause{Dependency: dep})
		}
	}
	return out
}

// runtime lists the reads of an expression that Git does not tell.
func (b binder) runtime(reads []expr.Read) []RuntimeRead {
	var out []RuntimeRead
	for _, read := range reads {
		if why, maybe := b.why(read); why != "" {
			out = append(out, RuntimeRead{Read: read, Why: why, InstanceDependent: maybe, WholeObject: why == whyWhole})
		}
	}
	return out
}

// Reasons.
const (
	whyExternal = "an object outside of the graph"
	whyPatch    = "a patch, which only kro makes"
	whyServer   = "set by the API server"
	whyKro      = "written by kro's controller"
	whyStatus   = "a status, which controllers write"
	whyUnset    = "not in the template: only a cluster may set it"
	whyWhole    = "the whole object, including fields that a cluster adds"
	whyInstance = "may be missing in the value that the template takes from an expression"
)

// serverSet are the fields of metadata that an API server gives every object
// (S8).
var serverSet = setOf("uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "managedFields", "selfLink", "finalizers")

// PresentInstance are the fields of metadata that an instance has in a cluster,
// whatever their values, when kro renders it; PresentObject those of an object
// that kro has applied. An object that is being deleted is not rendered, so that
// deletionTimestamp is never there (S7.2).
var (
	PresentInstance = []string{"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "finalizers"}
	PresentObject   = []string{"uid", "resourceVersion", "creationTimestamp", "managedFields"}
)

// neverOnInstance are fields of metadata that no instance has while kro renders
// it.
var neverOnInstance = setOf("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink")

// presence reports whether a read only asks for the presence of a field that is
// always there in a cluster.
func (b binder) presence(read expr.Read) bool {
	field, fields := "", PresentInstance
	if n := b.nodes[read.Path[0]]; n != nil {
		fields = PresentObject
		if !n.Type.Creates() {
			return false
		}
		if steps := read.Path[1:]; n.Type.Repeats() && len(steps) == 3 {
			field = fieldOfMetadata(steps[1:])
		} else if !n.Type.Repeats() {
			field = fieldOfMetadata(steps)
		}
	} else if b.isInstance(read.Path[0]) {
		field = fieldOfMetadata(read.Path[1:])
	}
	return read.Presence && slices.Contains(fields, field)
}

func fieldOfMetadata(steps []string) string {
	if len(steps) == 2 && steps[0] == "metadata" {
		return steps[1]
	}
	return ""
}

// asksForPresence reports whether an expression is evaluated with the fields of
// PresentInstance and PresentObject there: it asks whether they are there and
// reads none of them.
func (b binder) asksForPresence(e typedExpr, runtime []RuntimeRead) bool {
	reads := func(r RuntimeRead) bool {
		return r.WholeObject || slices.ContainsFunc(r.Path, func(step string) bool { return serverSet[step] })
	}
	return slices.ContainsFunc(e.reads, b.presence) && !slices.ContainsFunc(runtime, reads)
}

// ownedByKro reports whether a label or annotation of an instance is one that
// kro writes (S7.13).
func ownedByKro(key string) bool {
	return strings.HasPrefix(key, "kro.run/") || strings.HasPrefix(key, "internal.kro.run/") || strings.HasPrefix(key, "applyset.kubernetes.io/")
}

// why says why the value of a path is not known from Git; "" when it is. maybe
// is set when that depends on the instance.
func (b binder) why(read expr.Read) (why string, maybe bool) {
	steps := read.Path[1:]
	if b.isInstance(read.Path[0]) {
		switch {
		case b.presence(read):
			return "", false
		case len(steps) > 1 && steps[0] == "metadata" && neverOnInstance[steps[1]]:
			return "", false // nor does a cluster tell it
		case len(steps) > 1 && steps[0] == "metadata" && serverSet[steps[1]]:
			return whyServer, false
		case len(steps) > 2 && steps[0] == "metadata" && (steps[1] == "labels" || steps[1] == "annotations") && ownedByKro(steps[2]):
			return whyKro, false
		case !read.Shape && (len(steps) == 0 || len(steps) == 1 && steps[0] == "metadata"):
			return whyWhole, false
		}
		return "", false
	}
	n := b.nodes[read.Path[0]]
	switch {
	case b.presence(read):
		return "", false
	case n == nil:
		return "", false // a name that a loop hides (S4.10)
	case n.Type.IsExternal():
		return whyExternal, false
	case n.Type == Nested:
		return b.nested(n, read)
	case n.Type.IsDef():
		return "", false // it is evaluated, and with it all that is in it
	}
	if n.Type.Repeats() {
		if len(steps) == 0 && read.Shape {
			return "", false
		}
		if len(steps) > 0 { // the index
			steps = steps[1:]
		}
	}
	if !read.Shape && (len(steps) == 0 || len(steps) == 1 && steps[0] == "metadata") {
		return whyWhole, false
	}
	if len(steps) == 2 && steps[0] == "metadata" && steps[1] == "namespace" {
		return "", false // given when absent (S7.8)
	}
	why, maybe = templated(n.Template, n.Kind.Schema, steps)
	if (why == whyUnset || why == whyInstance) && b.admitted(n.Kind, steps) {
		return "", false
	}
	return why, maybe
}

// isInstance reports whether a name stands for the instance.
func (b binder) isInstance(name string) bool { return name == SchemaVar && !b.native }

// nested says why the value of a path into a nested graph is not known: that of the node in
// it, else of any.
func (b binder) nested(n *Node, read expr.Read) (why string, maybe bool) {
	if len(read.Path) > 1 && read.Path[1] != expr.Item {
		read.Path = append([]string{n.ID + "." + read.Path[1]}, read.Path[2:]...)
		return b.why(read)
	}
	for _, child := range n.Children {
		if b.nodes[child].Binding == Runtime {
			return whyWhole, false
		}
	}
	return "", false
}

// admitted reports whether a webhook sets a field where the template does not.
func (b binder) admitted(k *schema.Kind, steps []string) bool {
	for i := range steps {
		if _, ok := b.rules.Sets(k.GVK.GroupKind(), steps[:i+1]); ok {
			return true
		}
	}
	return false
}

// Expressions lists the expressions that decide what a node renders: those of
// its template, without those of workarounds, of forEach and of includeWhen.
func (n *Node) Expressions() []*Expression {
	out := make([]*Expression, 0, len(n.Fields)+len(n.ForEach)+len(n.IncludeWhen))
	for _, f := range n.Fields {
		if !f.Workaround {
			out = append(out, f.Expr)
		}
	}
	for _, d := range n.ForEach {
		out = append(out, d.Expr)
	}
	return append(out, n.IncludeWhen...)
}

// IsRuntime reports whether the value of the expression is not known from Git.
// Reads that depend on the instance do not count.
func (e *Expression) IsRuntime() bool {
	return slices.ContainsFunc(e.Runtime, func(r RuntimeRead) bool { return !r.InstanceDependent })
}

// sizeOf is about how many bytes a JSON value has as text.
func sizeOf(v any) int64 {
	switch v := v.(type) {
	case string:
		return int64(len(v)) + 2
	case map[string]any:
		n := int64(2)
		for key, e := range v {
			n += int64(len(key)) + 4 + sizeOf(e)
		}
		return n
	case []any:
		n := int64(2)
		for _, e := range v {
			n += 1 + sizeOf(e)
		}
		return n
	}
	return 8
}
