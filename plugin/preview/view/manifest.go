package view

import (
	"cmp"
	"context"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v3"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/trace"
)

// Manifest is one object as text, with the place that each line comes from.
type Manifest struct {
	ObjectRow
	YAML     string         `json:"yaml"`
	Lines    []Line         `json:"lines,omitempty"` // those with a place, in order
	At       *diag.Position `json:"at,omitempty"`    // of the node in the RGD, or of the object that was passed through
	Written  *diag.Position `json:"written,omitempty"`
	Titled   string         `json:"instanceTitle,omitempty"`
	Why      *trace.Wave    `json:"why,omitempty"` // of its wave
	Included []trace.Value  `json:"includeWhen,omitempty"`
	Each     []trace.Value  `json:"forEach,omitempty"`
}

// Line says where a line of a manifest comes from.
type Line struct {
	Line  int         `json:"line"` // from 1
	Value trace.Value `json:"value"`
}

// Manifest returns an object of the output.
func (v *View) Manifest(ctx context.Context, id string) (*Manifest, error) {
	o := v.byID.objects[id]
	if o == nil {
		return nil, ErrUnknown
	}
	text, err := yamlOf(o.made.masks.Object(o.from))
	if err != nil {
		return nil, err
	}
	out := &Manifest{ObjectRow: objectRow(o), YAML: text}
	if o.from.Doc != nil {
		at := o.from.Doc.Start()
		out.At = &at
	}
	if o.instance != nil {
		out.Titled = o.instance.top.Title()
	}
	if o.instance != nil && o.instance.top.Doc != nil {
		at := o.instance.top.Doc.Start()
		out.Written = &at
	}
	target, ok := o.target()
	if !ok {
		return out, nil
	}
	x, err := o.made.tracer(ctx).Explain(target)
	if err != nil {
		return nil, err
	}
	if x.Node != nil {
		out.At = &x.Node.At
	}
	out.Why, out.Included, out.Each = x.Wave, x.Conditions, x.Iterators
	out.Lines = lines(text, x.Fields)
	return out, nil
}

// target names an object that a node renders.
func (o *product) target() (trace.Target, bool) {
	if o.from.Instance == nil || o.from.Node == nil {
		return trace.Target{}, false
	}
	for n, made := range o.from.Instance.Objects {
		if made.Node == o.from.Node && made.Index == o.from.Index {
			return trace.Target{Instance: o.from.Instance, Node: o.from.Node, Object: n}, true
		}
	}
	return trace.Target{}, false
}

// Explain says where a field of an object comes from: path is as explain reads
// it.
func (v *View) Explain(ctx context.Context, id string, path diag.Path) (*trace.Explanation, error) {
	o := v.byID.objects[id]
	if o == nil {
		return nil, ErrUnknown
	}
	target, ok := o.target()
	if !ok {
		return nil, ErrUnknown
	}
	target.Field = path
	return o.made.tracer(ctx).Explain(target)
}

// tracer readies explanations of one project. It is not safe for concurrent use.
func (m *made) tracer(ctx context.Context) *trace.Tracer {
	return trace.New(ctx, m.result, trace.Options{Waves: m.unit.Options.WaveMode})
}

// lines finds the line of each value in a text.
func lines(text string, values []trace.Value) []Line {
	var doc yaml.Node
	if yaml.Unmarshal([]byte(text), &doc) != nil || len(doc.Content) == 0 {
		return nil
	}
	at := map[string]int{}
	var walk func(n *yaml.Node, path diag.Path, line int)
	walk = func(n *yaml.Node, path diag.Path, line int) {
		at[path.String()] = line
		switch n.Kind {
		case yaml.MappingNode:
			for i := 0; i+1 < len(n.Content); i += 2 {
				walk(n.Content[i+1], path.With(n.Content[i].Value), n.Content[i].Line)
			}
		case yaml.SequenceNode:
			for i, item := range n.Content {
				walk(item, path.With(i), item.Line)
			}
		}
	}
	walk(doc.Content[0], nil, 1)
	var out []Line
	for _, value := range values {
		if line, ok := at[strings.TrimPrefix(value.Name, ".")]; ok {
			out = append(out, Line{line, value})
		}
	}
	slices.SortStableFunc(out, func(a, b Line) int { return cmp.Compare(a.Line, b.Line) })
	return out
}
