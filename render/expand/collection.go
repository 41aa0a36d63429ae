package expand

import (
	"errors"
	"fmt"
	"maps"
	"strconv"

	"github.com/krowave/krowave/render/graph"
)

// collection renders a forEach node (S7.7): expressions that read no iterator
// once, also for an empty list, then the product of the dimensions, the first
// being the outermost loop.
func (ev *evaluator) collection(n *graph.Node) ([]map[string]any, bool) {
	values := make([]any, len(n.Fields))
	vars := ev.scope(n, n.BaseScope)
	for i, f := range n.Fields {
		if f.Iteration || ev.drops(f) {
			continue
		}
		v, ok := ev.value(n, f.Expr, vars)
		if !ok {
			ev.restPending(n, i, vars, false)
			return nil, false
		}
		values[i] = v
	}
	items, ok := ev.items(n)
	if !ok {
		return nil, false
	}
	out := make([]map[string]any, 0, len(items))
	seen := make(map[identity]bool, len(items))
	for _, item := range items {
		obj, ok := ev.item(n, values, item)
		if !ok {
			return nil, false
		}
		id := identityOf(obj)
		if seen[id] && !n.Type.IsDef() {
			ev.nodeErrorf(n, "duplicate-object", "two items render %s", id)
			return nil, false
		}
		seen[id] = true
		out = append(out, obj)
	}
	return out, true
}

// item renders one item. base holds the values that all items share; they are
// copied, since items are objects of their own.
func (ev *evaluator) item(n *graph.Node, base []any, item map[string]any) (map[string]any, bool) {
	vars := ev.scope(n, n.IterationScope)
	vars.item = item
	values := make([]any, len(base))
	for i, f := range n.Fields {
		if !f.Iteration {
			values[i] = deepCopy(base[i])
			continue
		}
		if ev.drops(f) {
			continue
		}
		v, ok := ev.value(n, f.Expr, vars)
		if !ok {
			ev.restPending(n, i, vars, true)
			return nil, false
		}
		values[i] = v
	}
	obj := ev.fill(n, values)
	if obj == nil {
		return nil, false
	}
	if n.Type.Creates() {
		normalizeLabels(obj)
	}
	return obj, true
}

// normalizeLabels does what kro's writing of its index label does to the
// author's labels: null values become empty, and a map with any other value
// that is not a string is lost (S3.6). The label itself is kro's and is not
// rendered.
func normalizeLabels(obj map[string]any) {
	meta, _ := obj["metadata"].(map[string]any)
	raw, ok := meta["labels"]
	if !ok {
		return
	}
	labels, _ := raw.(map[string]any)
	for k, v := range labels {
		switch v.(type) {
		case string:
		case nil:
			labels[k] = ""
		default:
			labels = nil
		}
		if labels == nil {
			break
		}
	}
	if len(labels) == 0 {
		delete(meta, "labels")
	}
}

// Reasons that quote no value.
var (
	errItems   = errors.New("forEach needs a list")
	errTooMany = errors.New("the collection is too large")
)

// items evaluates the dimensions and returns the iterators of each item. An
// empty dimension ends evaluation at once.
func (ev *evaluator) items(n *graph.Node) ([]map[string]any, bool) {
	vars := ev.scope(n, n.ForEachScope)
	lists := make([][]any, len(n.ForEach))
	total := 1
	for i, d := range n.ForEach {
		v, ok := ev.value(n, d.Expr, vars)
		if !ok {
			return nil, false
		}
		list, ok := v.([]any)
		if text, is := v.(string); is && ev.opts.Placeholder {
			list, ok = []any{text}, true
		}
		if !ok {
			ev.fail(n, d.Expr, fmt.Errorf("%w; the expression gave %s", errItems, kindOf(v)))
			return nil, false
		}
		if len(list) == 0 {
			return nil, true
		}
		lists[i] = list
	}
	for i, list := range lists {
		if total *= len(list); total > ev.opts.maxCollectionSize() {
			ev.fail(n, n.ForEach[i].Expr, fmt.Errorf("%w: it has %d or more items; at most %d are allowed (--max-collection-size)",
				errTooMany, total, ev.opts.maxCollectionSize()))
			return nil, false
		}
	}
	return product(n.ForEach, lists, total), true
}

// product is the Cartesian product; the last dimension varies fastest.
func product(dims []graph.Dimension, lists [][]any, total int) []map[string]any {
	out := make([]map[string]any, total)
	for i := range out {
		item := make(map[string]any, len(dims))
		rest := i
		for d := len(dims) - 1; d >= 0; d-- {
			item[dims[d].Name] = lists[d][rest%len(lists[d])]
			rest /= len(lists[d])
		}
		out[i] = item
	}
	return out
}

func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case map[string]any:
		return "an object"
	case string:
		return "a string"
	}
	return "a number or a boolean"
}

// withIndexLabel returns an item as other nodes see it: with the label that kro
// gives it, which is not rendered (S7.7).
func withIndexLabel(obj map[string]any, index int) map[string]any {
	out := maps.Clone(obj)
	meta, _ := obj["metadata"].(map[string]any)
	meta = maps.Clone(meta)
	labels, _ := meta["labels"].(map[string]any)
	labels = maps.Clone(labels)
	if labels == nil {
		labels = map[string]any{}
	}
	labels["kro.run/collection-index"] = strconv.Itoa(index)
	meta["labels"], out["metadata"] = labels, meta
	return out
}
