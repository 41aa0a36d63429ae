package graph

import (
	"regexp"

	"github.com/krowave/krowave/render/diag"
)

var (
	lowerCamelCase = regexp.MustCompile(`^[a-z][a-zA-Z0-9]*$`)
	upperCamelCase = regexp.MustCompile(`^[A-Z][a-zA-Z0-9]*$`)
)

// reservedWords are neither ids nor iterator names (S1.4): CEL's own words and
// kro's.
var reservedWords = setOf(
	"true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if",
	"import", "let", "loop", "package", "namespace", "return", "var", "void", "while",

	"apiVersion", "context", "dependency", "dependencies", "each", "externalRef", "externalReference",
	"externalRefs", "externalReferences", "graph", "instance", "item", "items", "kind", "kro", "metadata",
	"object", "resource", "resourcegraphdefinition", "resourceGraphDefinition", "resources", "root",
	"runtime", "schema", "self", "serviceAccountName", "spec", "status", "this", "variables", "vars", "version",
)

func setOf(words ...string) map[string]bool {
	set := make(map[string]bool, len(words))
	for _, w := range words {
		set[w] = true
	}
	return set
}

// IsReserved reports whether no node can be called so.
func IsReserved(name string) bool { return reservedWords[name] }

// isReserved reports whether a name is no id and no iterator.
func (c *compiler) isReserved(name string) bool {
	return reservedWords[name] || name == "graphengine" && c.opts.Kro.ReservesGraphEngine
}

// checkNames applies the naming rules of S1.4.
func (c *compiler) checkNames() {
	if !upperCamelCase.MatchString(c.rgd.GVK.Kind) {
		c.errorf(diag.Path{"spec", "schema", "kind"}, "kind-name",
			"kind %q is not UpperCamelCase", c.rgd.GVK.Kind)
	}
	ids := map[string]bool{}
	for i, r := range c.rgd.Resources {
		at := resourcePath(i).With("id")
		switch {
		case c.isReserved(r.ID):
			c.errorf(at, "reserved-word", "id %q is a reserved word", r.ID)
		case !lowerCamelCase.MatchString(r.ID):
			c.errorf(at, "id-name", "id %q is not lowerCamelCase (letters and digits only)", r.ID)
		case ids[r.ID]:
			c.errorf(at, "duplicate-id", "id %q is used twice", r.ID)
		}
		ids[r.ID] = true
	}
	for i, r := range c.rgd.Resources {
		c.checkIterators(i, r, ids)
		c.nextNames(i, r)
	}
}

func (c *compiler) checkIterators(i int, r Resource, ids map[string]bool) {
	at := resourcePath(i).With("forEach")
	if limit := c.opts.maxDimensions(); len(r.ForEach) > limit {
		c.errorf(at, "foreach-dimensions", "forEach has %d dimensions; at most %d are allowed "+
			"(--max-collection-dimensions)", len(r.ForEach), limit)
	}
	seen := map[string]bool{}
	for d, dim := range r.ForEach {
		at := at.With(d, dim.Name)
		switch {
		case !lowerCamelCase.MatchString(dim.Name):
			c.keyErrorf(at, "iterator-name", "iterator %q is not lowerCamelCase", dim.Name)
		case c.isReserved(dim.Name):
			c.keyErrorf(at, "reserved-word", "iterator %q is a reserved word", dim.Name)
			if written := c.rgd.Doc.KeyText(at); written != dim.Name && written != "" {
				last := &c.diags[len(c.diags)-1]
				last.Message = "YAML reads " + written + " as " + dim.Name + ", which is a reserved word"
				last.Hint = "rename the iterator, or quote it"
			}
		case ids[dim.Name]:
			c.keyErrorf(at, "iterator-name", "iterator %q has the name of a resource", dim.Name)
		case seen[dim.Name]:
			c.keyErrorf(at, "iterator-name", "iterator %q is used twice", dim.Name)
		}
		seen[dim.Name] = true
	}
}
