package expand

import (
	"errors"
	"strings"

	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/graph"
)

// ReadsSecret reports whether a node is a Secret or reads one, directly or by
// way of others: its values are then not quoted in findings.
func (x *Expansion) ReadsSecret(n *graph.Node) bool {
	if x.opts.Confidential {
		return true
	}
	if n.IsSecret() {
		return true
	}
	seen := map[string]bool{}
	todo := n.Dependencies
	for len(todo) > 0 {
		var next []string
		for _, other := range x.Graph.Nodes {
			for _, id := range todo {
				if other.ID != id || seen[id] {
					continue
				}
				if other.IsSecret() {
					return true
				}
				seen[id] = true
				next = append(next, other.Dependencies...)
			}
		}
		todo = next
	}
	return false
}

// textOf is what a finding shows of an expression.
func textOf(e *graph.Expression) string {
	if e.Sensitive {
		return e.Path[4:].String()
	}
	return e.UserText()
}

// reasonOf is what a finding says of an error. CEL and its libraries quote
// values, and the value may be a Secret's or made of it: only texts that hold
// none are repeated then.
func (ev *evaluator) reasonOf(n *graph.Node, err error) string {
	text := oneLine(err.Error())
	if !ev.out.ReadsSecret(n) || errors.Is(err, expr.ErrCost) || errors.Is(err, errPath) || errors.Is(err, errItems) || errors.Is(err, errTooMany) {
		return text
	}
	for _, safe := range []string{
		"type conversion error from 'string' to '", "division by zero", "modulus by zero", "integer overflow", "unsupported type",
	} {
		if strings.HasPrefix(text, safe) {
			return text
		}
	}
	return "the value cannot be used here (the reason is not shown, since it may quote a Secret)"
}
