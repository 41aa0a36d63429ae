package graph

import (
	"github.com/krowave/krowave/render/diag"
)

// checkStatus warns of a status in a template: kro sends it (S9), and the API
// server drops it.
func (c *compiler) checkStatus(n *parsedNode, root diag.Path) {
	status, ok := n.template["status"]
	if !ok || !n.kind.OwnStatus || !says(status) {
		return
	}
	at := root.With("status")
	c.diags.Add(diag.Diagnostic{
		Severity: diag.Warning, Rule: "template-status", Pos: c.rgd.Doc.KeyPosition(at), Path: at.String(), Object: c.rgd.Doc.Title(),
		Message: "the API server drops the status of a " + n.kind.GVK.Kind + " that is applied: only its controller writes it",
		Hint:    "remove it",
	})
}

// says reports whether a value holds more than empty mappings and lists, which
// kubectl writes for a status that is not known.
func says(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case map[string]any:
		for _, item := range v {
			if says(item) {
				return true
			}
		}
		return false
	case []any:
		return len(v) > 0
	}
	return true
}
