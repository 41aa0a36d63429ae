package rgdtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/trace"
)

// mask is what may be shown of a render.
type mask struct {
	objects []map[string]any
	secret  bool // something was masked
	secrets trace.Secrets
}

// masked returns the rendered objects with a digest in the place of each value
// of a Secret, and of what is made of one.
func masked(res *render.Result) mask {
	var m mask
	for _, o := range res.Objects {
		if o.Instance != nil {
			m.objects = append(m.objects, m.value(o, o.Object, nil).(map[string]any))
		}
	}
	return m
}

func (m *mask) value(o render.Object, v any, path diag.Path) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = m.value(o, e, path.With(k))
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = m.value(o, e, path.With(i))
		}
		return out
	case nil:
		return nil
	}
	if !m.secrets.Field(o.Instance, o.Node, path) {
		return v
	}
	m.secret = true
	mac := hmac.New(sha256.New, []byte(name(o.Object)+"/"+path.String()))
	fmt.Fprintf(mac, "%T %v", v, v)
	return "hidden-" + hex.EncodeToString(mac.Sum(nil))[:12]
}

// hideInputs returns an instance without the values that its RGD puts into a
// Secret.
func hideInputs(i *render.Instance) any {
	if i.Graph.Native != nil { // whose values stand anywhere in it
		return map[string]any{"apiVersion": i.Instance["apiVersion"], "kind": i.Instance["kind"], "metadata": i.Instance["metadata"]}
	}
	var secret []diag.Path
	for _, n := range i.Graph.Nodes {
		for _, e := range n.Expressions() {
			for _, r := range e.Reads {
				if !e.Sensitive || r.Path[0] != graph.SchemaVar {
					continue
				}
				path := diag.Path{}
				for _, step := range r.Field()[1:] {
					path = append(path, step)
				}
				secret = append(secret, path)
			}
		}
	}
	var hide func(v any, path diag.Path) any
	hide = func(v any, path diag.Path) any {
		if slices.ContainsFunc(secret, func(s diag.Path) bool { return slices.Equal(s, path) }) {
			return "hidden"
		}
		m, ok := v.(map[string]any)
		if !ok {
			return v
		}
		out := make(map[string]any, len(m))
		for k, e := range m {
			out[k] = hide(e, path.With(k))
		}
		return out
	}
	return hide(i.Instance, nil)
}
