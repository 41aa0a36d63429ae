package expand

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/schema"
)

// Annotations of observed objects that krowave itself recorded.
const (
	ObservedAnnotation = "krowave.dev/observed" // present: only the fields that are read are there
	RenderedAnnotation = "krowave.dev/rendered" // Digest of what was rendered when the object had all of it
)

// Digest identifies a rendered object in RenderedAnnotation.
func Digest(obj map[string]any) string {
	data, err := manifest.CanonicalJSON(obj)
	if err != nil {
		return "" // a value that no JSON has; such an object cannot be applied
	}
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// live returns a rendered object as a cluster has it: what was observed, with
// what is rendered now. kro reads the live object after it has applied the
// rendered one, so a rendered field wins, but for values that only differ in
// how the API server writes them. An observed object that is whole and holds
// all that is rendered is taken as it is.
func (ev *evaluator) live(n *graph.Node, obj map[string]any) (map[string]any, bool) {
	kind := ev.kindOf(n, obj)
	l := ev.opts.Observed.find(kind, obj)
	if l == nil {
		return obj, false
	}
	o := overlay{}
	merged, _ := o.merge(nil, obj, withoutRecord(l.Object), kind.Schema).(map[string]any)
	ev.checkStale(n, obj, l, o.differ)
	if len(o.differ) == 0 && whole(l.Object) {
		merged = l.Object
	}
	return merged, true
}

// withoutRecord returns an observed object without the annotations that krowave
// observe adds to what a cluster has.
func withoutRecord(obj map[string]any) map[string]any {
	annotations := annotationsOf(obj)
	if annotations[ObservedAnnotation] == nil && annotations[RenderedAnnotation] == nil {
		return obj
	}
	left := maps.Clone(annotations)
	delete(left, ObservedAnnotation)
	delete(left, RenderedAnnotation)
	meta, _ := obj["metadata"].(map[string]any)
	out, meta := maps.Clone(obj), maps.Clone(meta)
	if meta["annotations"] = left; len(left) == 0 {
		delete(meta, "annotations")
	}
	out["metadata"] = meta
	return out
}

// whole reports whether an object is all that a cluster had of it.
func whole(obj map[string]any) bool {
	_, recorded := annotationsOf(obj)[ObservedAnnotation]
	uid, _ := metaString(obj, "uid")
	return uid != "" && !recorded
}

// checkStale warns of an observed object that was made by another spec than the
// one that is rendered now.
func (ev *evaluator) checkStale(n *graph.Node, obj map[string]any, l *Live, differ []string) {
	why := ""
	recorded, _ := annotationsOf(l.Object)[RenderedAnnotation].(string)
	switch {
	case len(differ) > 0:
		why = strings.Join(differ[:min(len(differ), 3)], ", ") + " differ from what is rendered now"
		if len(differ) == 1 {
			why = differ[0] + " differs from what is rendered now"
		}
	case recorded != "" && recorded != Digest(obj):
		why = "it was recorded for a different render"
	default:
		return
	}
	path := n.At.With("id")
	ev.diags.Add(diag.Diagnostic{
		Severity: diag.Warning, Rule: "observed-stale", Pos: l.At, Object: ev.title(),
		Message: fmt.Sprintf("observed %s is stale: %s", identityOf(obj), why),
		Hint:    "record it again with krowave observe once the cluster has the change",
		Related: []diag.Related{{Position: ev.g.RGD.Doc.Position(path), Message: "rendered by " + n.ID}},
	})
}

// overlay lays a rendered object over an observed one.
type overlay struct {
	differ []string // paths of values that both have and that mean different things
}

// merge returns both values as one. Neither is changed.
func (o *overlay) merge(path diag.Path, rendered, live any, s *schema.Schema) any {
	switch r := rendered.(type) {
	case map[string]any:
		if l, ok := live.(map[string]any); ok {
			return o.maps(path, r, l, s)
		}
	case []any:
		if l, ok := live.([]any); ok {
			return o.lists(path, r, l, s)
		}
	case nil:
		return live // null is nothing to the API server
	}
	if !same(rendered, live) {
		o.differ = append(o.differ, path.String())
		return rendered
	}
	return live
}

func (o *overlay) maps(path diag.Path, rendered, live map[string]any, s *schema.Schema) any {
	out := maps.Clone(live)
	for _, key := range slices.Sorted(maps.Keys(rendered)) {
		l, ok := live[key]
		if !ok {
			if rendered[key] != nil {
				out[key] = rendered[key]
			}
			continue
		}
		out[key] = o.merge(path.With(key), rendered[key], l, field(s, key))
	}
	return out
}

// lists merges items by their keys where the schema names keys, else by index in
// lists of one length.
func (o *overlay) lists(path diag.Path, rendered, live []any, s *schema.Schema) any {
	var items *schema.Schema
	if s != nil {
		items = s.Items
	}
	if s != nil && s.ListType == "map" && len(s.ListMapKeys) > 0 {
		return o.keyed(path, rendered, live, s)
	}
	if len(rendered) != len(live) {
		o.differ = append(o.differ, path.String())
		return rendered
	}
	out := make([]any, len(live))
	for i := range live {
		out[i] = o.merge(path.With(i), rendered[i], live[i], items)
	}
	return out
}

// keyed merges lists whose items have keys. Live items beside the rendered ones
// stay: others may have put them there. Once a rendered one is missing, the list
// is of another rendering, and no item that is not rendered is sure to stay.
func (o *overlay) keyed(path diag.Path, rendered, live []any, s *schema.Schema) any {
	out, merged := slices.Clone(live), make([]any, 0, len(rendered))
	missing := false
	for i, r := range rendered {
		at := slices.IndexFunc(live, func(l any) bool { return sameKeys(r, l, s.Items, s.ListMapKeys) })
		if at < 0 {
			missing, merged = true, append(merged, r)
			continue
		}
		out[at] = o.merge(path.With(i), r, live[at], s.Items)
		merged = append(merged, out[at])
	}
	if missing {
		o.differ = append(o.differ, path.String())
		return merged
	}
	return out
}

// sameKeys compares the keys of two items of a keyed list. A key that is left
// out has its default.
func sameKeys(a, b any, items *schema.Schema, keys []string) bool {
	x, _ := a.(map[string]any)
	y, _ := b.(map[string]any)
	value := func(m map[string]any, key string) any {
		v, ok := m[key]
		if f := field(items, key); !ok && f != nil && f.HasDefault {
			return f.Default
		}
		return v
	}
	for _, key := range keys {
		if !same(value(x, key), value(y, key)) {
			return false
		}
	}
	return true
}

func field(s *schema.Schema, key string) *schema.Schema {
	switch {
	case s == nil:
		return nil
	case s.Properties[key] != nil:
		return s.Properties[key]
	}
	return s.AdditionalProperties
}

// same compares scalars as the API server does: 1 and 1.0, 1024Mi and 1Gi are
// the same.
func same(a, b any) bool {
	if a == b {
		return true
	}
	x, y := fmt.Sprint(a), fmt.Sprint(b)
	if x == y {
		return true
	}
	p, err := resource.ParseQuantity(x)
	if err != nil {
		return false
	}
	q, err := resource.ParseQuantity(y)
	return err == nil && p.Cmp(q) == 0
}

func annotationsOf(obj map[string]any) map[string]any {
	meta, _ := obj["metadata"].(map[string]any)
	annotations, _ := meta["annotations"].(map[string]any)
	return annotations
}
