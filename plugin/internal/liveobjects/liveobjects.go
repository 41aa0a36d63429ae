// Package liveobjects makes up the live objects of a cluster for tests: the
// objects that the runtime values of a render can be read from. Each is an object
// that a node renders, or that an external reference selects, with the fields
// that expressions read, of the types in their schemas. Tests use them as
// observed objects.
//
//	made, err := liveobjects.Make(ctx, in, opts)
//	in.Observed = made.Files()
package liveobjects

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/repo"
)

// Objects are what Make makes up.
type Objects struct {
	Live     []map[string]any // of what nodes render, and of instances
	External []map[string]any // of external references
	Open     []string         // what is waited for all the same
	Errors   []string         // what evaluation complains of with these values
}

// Files are the objects as observed files.
func (o *Objects) Files() []repo.File { return []repo.File{encode(slices.Concat(o.Live, o.External))} }

// maxRounds bounds the chains of values that depend on each other.
const maxRounds = 25

const cacheBytes = 64 << 20

// Make renders with what it has made up so far until nothing waits, nothing
// more can be made up, or an evaluation fails; in.Observed is where it begins.
// Texts that have to be something special, such as an ARN, are tried out.
func Make(ctx context.Context, in render.Input, opts render.Options) (*Objects, error) {
	opts.Runtime, opts.AllowEmpty = render.Withhold, true
	if opts.Cache == nil {
		opts.Cache = render.NewCache(cacheBytes) // the graphs stay the same
	}
	var best *Objects
	for variant := range variants() {
		m := &maker{in: in, opts: opts, variant: variant, byID: map[identity]*object{}}
		made, err := m.run(ctx)
		if err != nil {
			return nil, err
		}
		if best == nil || made.worse() < best.worse() {
			best = made
		}
		if best.worse() == 0 {
			break
		}
	}
	return best, nil
}

func (o *Objects) worse() int { return 1000*len(o.Errors) + len(o.Open) }

// identity tells objects apart. One without a namespace counts as in default,
// whether its kind has namespaces or not.
type identity struct{ apiVersion, kind, namespace, name string }

// object is one that is made up.
type object struct {
	value    map[string]any
	external bool
}

type maker struct {
	in      render.Input
	opts    render.Options
	variant int
	ids     []identity // in the order in which they were made
	byID    map[identity]*object
	changed bool
}

func (m *maker) run(ctx context.Context) (*Objects, error) {
	for _, f := range m.in.Observed {
		docs, _ := manifest.Read(f.Name, f.Data, m.opts.Documents)
		for _, d := range docs {
			m.add(d.Object, false)
		}
	}
	var out *Objects
	for range maxRounds {
		res, err := m.render(ctx)
		if err != nil {
			return nil, err
		}
		out = m.objects(res)
		m.changed = false
		for _, i := range res.Instances {
			m.instance(i)
		}
		if !m.changed {
			break
		}
	}
	return out, nil
}

func (m *maker) render(ctx context.Context) (*render.Result, error) {
	in := m.in
	in.Observed = m.objects(nil).Files()
	return render.Render(ctx, in, m.opts)
}

// objects collects the live objects, and what res says of them.
func (m *maker) objects(res *render.Result) *Objects {
	out := &Objects{}
	for _, id := range m.ids {
		if o := m.byID[id]; o.external {
			out.External = append(out.External, o.value)
		} else {
			out.Live = append(out.Live, o.value)
		}
	}
	if res == nil {
		return out
	}
	for _, i := range res.Instances {
		for _, p := range slices.Concat(i.Pending, i.FallbackUsed) {
			if !p.Unsatisfiable {
				out.Open = append(out.Open, fmt.Sprintf("%s: %s needs %s", i.Title(), p.Node.ID, p.Needs))
			}
		}
	}
	for _, d := range res.Diagnostics {
		if d.Severity == diag.Error && d.Rule != "never-set" {
			out.Errors = append(out.Errors, d.Message)
		}
	}
	return out
}

// instance makes up what the nodes of an instance wait for.
func (m *maker) instance(i *render.Instance) {
	for _, n := range i.Graph.Nodes {
		if ref := i.External[n.ID]; ref != nil {
			m.external(n, ref)
		}
	}
	for _, o := range i.Objects {
		if known := m.byID[identityOf(o.Object)]; known != nil {
			known.value = overlay(known.value, o.Object).(map[string]any) // a later round may render it otherwise
		}
	}
	for _, p := range slices.Concat(i.Pending, i.FallbackUsed) {
		if p.Expression == nil {
			continue
		}
		for _, read := range p.Expression.Reads {
			m.read(i, p.Expression, read.Path)
		}
	}
}

// external makes up the object that an external reference looks for.
func (m *maker) external(n *graph.Node, ref map[string]any) {
	meta, _ := ref["metadata"].(map[string]any)
	obj := map[string]any{"apiVersion": ref["apiVersion"], "kind": ref["kind"]}
	own := map[string]any{"name": meta["name"]}
	if n.Type.Selects() {
		own["name"] = "found-" + strings.ToLower(n.ID)
		selector, _ := meta["selector"].(map[string]any)
		if wanted, ok := selector["matchLabels"].(map[string]any); ok {
			own["labels"] = wanted
		}
	}
	if ns, _ := meta["namespace"].(string); ns != "" {
		own["namespace"] = ns
	} else if n.Kind.Namespaced {
		own["namespace"] = "default"
	}
	obj["metadata"] = own
	m.add(obj, true)
}

// read makes up the value of a path that an expression of an instance reads.
func (m *maker) read(i *render.Instance, e *graph.Expression, path []string) {
	root, steps := path[0], path[1:]
	if root == graph.SchemaVar {
		if len(steps) > 0 && steps[0] == "metadata" {
			m.put(m.add(identityOnly(i.Instance), false), i.Graph.Instance, steps, e)
		}
		return
	}
	n := nodeOf(i.Graph, root)
	if n == nil {
		return
	}
	if n.Type.IsCollection() && len(steps) > 0 {
		steps = steps[1:]
	}
	for _, o := range m.seen(i, n) {
		m.put(o, n.Kind.Schema, steps, e)
	}
}

// seen are the live objects that the name of a node stands for.
func (m *maker) seen(i *render.Instance, n *graph.Node) []*object {
	var out []*object
	if ref := i.External[n.ID]; ref != nil {
		for _, id := range m.ids {
			if id.kind == ref["kind"] && id.apiVersion == ref["apiVersion"] && (n.Type.Selects() || id.name == identityOf(ref).name) {
				out = append(out, m.byID[id])
			}
		}
		return out
	}
	for _, o := range i.Objects {
		if o.Node.ID != n.ID {
			continue
		}
		live := m.add(o.Object, false)
		if n.Type.Repeats() {
			label(live.value, "kro.run/collection-index", strconv.Itoa(o.Index))
		}
		out = append(out, live)
	}
	return out
}

// label gives an object a label, as kro does.
func label(obj map[string]any, key, value string) {
	meta, _ := obj["metadata"].(map[string]any)
	labels, ok := meta["labels"].(map[string]any)
	if !ok {
		labels = map[string]any{}
		meta["labels"] = labels
	}
	labels[key] = value
}

// put gives an object a value at a path.
func (m *maker) put(o *object, s *schemaOf, steps []string, e *graph.Expression) {
	v := values{source: e.Source, variant: m.variant, object: slices.Index(m.ids, identityOf(o.value))}
	if next, ok := v.put(o.value, s, steps).(map[string]any); ok {
		o.value = next
	}
	m.changed = m.changed || v.changed
}

// add returns the live object for one that is rendered or looked for.
func (m *maker) add(obj map[string]any, external bool) *object {
	id := identityOf(obj)
	if o := m.byID[id]; o != nil {
		return o
	}
	if o := m.placed(id); o != nil {
		return o
	}
	o := &object{value: deepCopy(obj).(map[string]any), external: external}
	meta, ok := o.value["metadata"].(map[string]any)
	if !ok {
		meta = map[string]any{}
		o.value["metadata"] = meta
	}
	for field, value := range map[string]any{ // as every object of a cluster has
		"uid":               fmt.Sprintf("00000000-0000-4000-8000-%012d", len(m.ids)+1),
		"resourceVersion":   "1000",
		"generation":        int64(1),
		"creationTimestamp": "2024-01-01T00:00:00Z",
	} {
		if meta[field] == nil {
			meta[field] = value
		}
	}
	m.ids, m.byID[id], m.changed = append(m.ids, id), o, true
	return o
}

// placed returns the object that was given without the namespace that it is in.
func (m *maker) placed(id identity) *object {
	left := id
	left.namespace = "default"
	o := m.byID[left]
	if o == nil {
		return nil
	}
	meta, _ := o.value["metadata"].(map[string]any)
	if ns, _ := meta["namespace"].(string); ns != "" {
		return nil
	}
	meta["namespace"] = id.namespace
	m.ids[slices.Index(m.ids, left)] = id
	delete(m.byID, left)
	m.byID[id], m.changed = o, true
	return o
}

func nodeOf(g *graph.Graph, id string) *graph.Node {
	i := slices.IndexFunc(g.Nodes, func(n *graph.Node) bool { return n.ID == id })
	if i < 0 {
		return nil
	}
	return g.Nodes[i]
}

// identityOnly is an instance without what its author wrote.
func identityOnly(obj map[string]any) map[string]any {
	id := identityOf(obj)
	meta := map[string]any{"name": id.name}
	if own, _ := obj["metadata"].(map[string]any); own["namespace"] != nil {
		meta["namespace"] = own["namespace"]
	}
	return map[string]any{"apiVersion": id.apiVersion, "kind": id.kind, "metadata": meta}
}

func identityOf(obj map[string]any) identity {
	meta, _ := obj["metadata"].(map[string]any)
	text := func(m map[string]any, key string) string { s, _ := m[key].(string); return s }
	return identity{text(obj, "apiVersion"), text(obj, "kind"), cmp.Or(text(meta, "namespace"), "default"), text(meta, "name")}
}

func encode(objects []map[string]any) repo.File {
	var b bytes.Buffer
	_ = manifest.EncodeYAML(&b, objects) // a buffer takes it all, and values are plain JSON
	return repo.File{Name: "observed/made.yaml", Data: b.Bytes()}
}

// overlay is a live value after another one has been applied.
func overlay(live, applied any) any {
	in, ok := applied.(map[string]any)
	out, isMap := live.(map[string]any)
	if !ok || !isMap {
		return deepCopy(applied)
	}
	for key, value := range in {
		out[key] = overlay(out[key], value)
	}
	return out
}

func deepCopy(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, item := range v {
			out[key] = deepCopy(item)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = deepCopy(item)
		}
		return out
	}
	return v
}
