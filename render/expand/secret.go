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
	todo := n.After()
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
				next = append(next, other.After()...)
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
	if !ev.out.ReadsSecret(n) || errors.Is(err, expr.ErrCost) || errors.Is(err, errPath) || errors.Is(err, errEmptyCondition) || errors.Is(err, errItems) || errors.Is(err, errTooMany) {
		return text
	}
	for _, safe := range []string{
		"type conversion error from 'string' to '", "division by zero", "modulus by zero", "integer overflow", "unsupported type",
		"the index is out of range (", "the key does not exist (",
	} {
		if strings.HasPrefix(text, safe) {
			return text
		}
	}
	for _, m := range secretMistakes {
		if strings.Contains(text, m.text) {
			return "the value is not " + m.wanted + " (it is not shown because it may come from a Secret)"
		}
	}
	return "the value cannot be used here (the reason is not shown because it may quote a Secret)"
}

// secretMistakes tell the class of a mistake by what the libraries say, without
// the value that they quote.
var secretMistakes = [...]struct{ text, wanted string }{
	{"illegal base64 data", "base64"},
	{"RFC 3339 timestamp", "a time such as 2006-01-02T15:04:05Z"},
	{"URL parse error", "a URL"},
	{"network address parse error", "a CIDR such as 10.0.0.0/8"},
	{"index out of", "long enough for the index that is read"},
	{"invalid UTF-8", "UTF-8 text"},
	{"parsing time", "a time such as 2006-01-02T15:04:05Z"},
	{"time: invalid duration", "a duration such as 1h30m"},
	{"quantities must match", "a quantity such as 500m or 2Gi"},
	{"unable to parse quantity", "a quantity such as 500m or 2Gi"},
	{"CIDR", "a CIDR such as 10.0.0.0/8"},
	{"IP Address", "an IP address"},
	{"ParseAddr", "an IP address"},
	{"Major.Minor.Patch", "a semantic version such as 1.2.3"},
	{"error parsing regexp", "a regular expression"},
	{"JSON", "JSON"},
	{"invalid character", "JSON"},
}
