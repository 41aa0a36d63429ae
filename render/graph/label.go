package graph

import (
	"fmt"

	"github.com/krowave/krowave/render/diag"
)

// MaxLabel is the number of characters that the value of a label may have.
const MaxLabel = 63

// checkLabels warns of names that kro 0.9 writes into labels and that are too
// long for one (S7.12): it could not apply the objects.
func (c *compiler) checkLabels() {
	c.tooLong(c.rgd.Name, "the name of the definition", "resource-graph-definition-name", "the CRD and its instances", diag.Path{"metadata", "name"})
	creates := false
	for i, r := range c.rgd.Resources {
		if r.Template != nil {
			creates = true
			c.tooLong(r.ID, "the id", "node-id", "the object", resourcePath(i).With("id"))
		}
	}
	if creates {
		c.tooLong(c.rgd.GVK.Group, "the group", "instance-group", "any object of an instance", diag.Path{"spec", "schema", "group"})
	}
}

func (c *compiler) tooLong(text, what, label, affected string, path diag.Path) {
	if len(text) <= MaxLabel {
		return
	}
	c.diags.Add(diag.Diagnostic{
		Severity: diag.Warning, Rule: "kro-label", Pos: c.rgd.Doc.Position(path), Path: path.String(), Object: c.rgd.Doc.Title(),
		Message: fmt.Sprintf("%s has %d characters, and kro 0.9 writes it into the label kro.run/%s, which may have %d: it could not apply %s",
			what, len(text), label, MaxLabel, affected),
		Hint: "shorten it; what krowave renders has no such label",
	})
}
