package tree

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/object"
)

// healthOf says whether an object does what it is for: by readyWhen of its node, as
// kro asks it (S7.9), else by kstatus, which Flux and Helm ask.
func healthOf(ctx context.Context, x *Item, live *unstructured.Unstructured) (Health, string, []Condition) {
	if live.GetDeletionTimestamp() != nil {
		return Progressing, "it is being deleted", nil
	}
	if x.node == nil || len(x.node.ReadyWhen) == 0 {
		return kstatus(live)
	}
	health, message := Healthy, ""
	var out []Condition
	for _, e := range x.node.ReadyWhen {
		c := x.condition(ctx, e, live)
		if out = append(out, c); c.True {
			continue
		}
		if health == Healthy {
			health, message = Progressing, "readyWhen is not true"
		}
		if c.Error != "" {
			message = "readyWhen cannot be evaluated"
		}
	}
	return health, message, out
}

// kstatus is the answer for an object without readyWhen.
func kstatus(live *unstructured.Unstructured) (Health, string, []Condition) {
	res, err := status.Compute(live)
	if err != nil {
		return NotKnown, "its status cannot be read", nil
	}
	switch res.Status {
	case status.CurrentStatus:
		return Healthy, "", nil
	case status.FailedStatus:
		return Degraded, res.Message, nil
	case status.InProgressStatus, status.TerminatingStatus:
		return Progressing, res.Message, nil
	}
	return NotKnown, res.Message, nil
}

// condition asks one expression. In a collection the object is called each, else by
// the id of its node.
func (x *Item) condition(ctx context.Context, e *graph.Expression, live *unstructured.Unstructured) Condition {
	name := x.node.ID
	if x.node.Type.IsCollection() || x.node.Type.Selects() {
		name = "each"
	}
	at := x.of.Graph.RGD.Doc.Position(e.Path)
	c := Condition{Expression: "${" + strings.TrimSuffix(strings.TrimPrefix(e.UserText(), "${"), "}") + "}", Position: &at}
	secret := e.Sensitive || object.IsSecret(live.Object) || x.of.ReadsSecret(x.node)
	v, err := e.Program.Eval(ctx, map[string]any{name: live.Object})
	switch ok, isBool := v.(bool); {
	case err != nil && secret:
		c.Error = "the evaluation failed"
	case err != nil:
		c.Error = err.Error()
	case isBool:
		c.True = ok
	}
	for _, r := range e.Reads {
		if path := r.Field(); len(path) > 1 && path[0] == name {
			c.Values = append(c.Values, Value{expr.Dotted(path), shown(live.Object, path[1:], secret)})
		}
	}
	return c
}

// shown is a value as JSON.
func shown(obj any, path []string, secret bool) string {
	for _, step := range path {
		m, _ := obj.(map[string]any)
		v, ok := m[step]
		if !ok {
			return "not set"
		}
		obj = v
	}
	if secret && (len(path) == 0 || path[0] != "metadata" && path[0] != "status") {
		return "hidden"
	}
	text, err := json.Marshal(obj)
	if err != nil {
		return "not JSON"
	}
	const most = 300
	if len(text) > most {
		return strings.ToValidUTF8(string(text[:most]), "") + "..."
	}
	return string(text)
}
