//go:build linux

package torture

import (
	"fmt"
	"strings"
)

const (
	app = "apiVersion: kro.run/v1alpha1\nkind: App\nmetadata: {name: a, namespace: ns}\nspec: {}\n"
)

// rgd is a definition of kind App with a schema's spec, in flow or block style, and
// resources.
func rgd(spec, resources string) string {
	return "apiVersion: kro.run/v1alpha1\nkind: ResourceGraphDefinition\nmetadata: {name: app}\nspec:\n" +
		"  schema:\n    apiVersion: v1alpha1\n    kind: App\n    spec: " + spec + "\n  resources:\n" + resources
}

// node is a ConfigMap whose data has one value.
func node(id, value string) string {
	return "  - id: " + id + "\n    template:\n      apiVersion: v1\n      kind: ConfigMap\n      metadata: {name: \"${schema.metadata.name}-" +
		strings.ToLower(id) + "\"}\n      data: {v: " + value + "}\n"
}

func repeat(n int, line func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(line(i))
	}
	return b.String()
}

// Documents are attacks on the reader of YAML.
func Documents() []Attack {
	return []Attack{
		{
			Name: "aliases that expand without end", Build: of(Files{"a.yaml": Config + "data:\n" + bomb("  %s: &%s [%s]\n", 12)}),
			Says: `limit of 1000000 values|max-yaml-nodes`,
		},
		{
			Name: "merge keys that expand without end", Build: of(Files{"a.yaml": Config + mergeBomb(24)}),
			Says: `limit of|max-yaml-nodes`,
		},
		{
			Name: "maps 100,000 deep", Build: of(Files{"a.yaml": Config + "data: " + strings.Repeat("{a: ", 100_000) + "1" + strings.Repeat("}", 100_000) + "\n"}),
			Says: `depth|deep|nest`,
		},
		{
			Name: "lists 100,000 deep, never closed", Build: of(Files{"a.yaml": Config + "data: " + strings.Repeat("[", 100_000)}),
			Says: `depth|deep|nest|yaml-syntax`,
		},
		{
			Name: "block maps 3,000 deep", Build: of(Files{"a.yaml": Config + "data:\n" + repeat(3000, func(i int) string { return strings.Repeat(" ", i+1) + "a:\n" })}),
			Says: `depth|deep|nest`,
		},
		{
			Name: "20,000 equal keys", Build: of(Files{"a.yaml": Config + "data:\n" + strings.Repeat("  k: v\n", 20_000)}),
			Code: Either, Says: `key "k" is set twice`,
		},
		{
			Name: "2,000,000 empty documents", Build: of(Files{"a.yaml": Config + strings.Repeat("---\n", 2_000_000)}),
			Code: Either,
		},
		{
			Name: "100,000 documents", Build: of(Files{"a.yaml": repeat(100_000, func(i int) string {
				return fmt.Sprintf("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a%d}\n", i)
			})}),
			Says: `50000|max-documents`,
		},
		{
			Name: "a line of 40 MB", Build: of(Files{"a.yaml": Config + "data: {a: \"" + strings.Repeat("x", 40<<20) + "\"}\n"}),
			Says: `max-file-bytes|max-ratio`,
		},
		{
			Name: "a key of 20 MB", Build: of(Files{"a.yaml": Config + "data: {? \"" + strings.Repeat("x", 20<<20) + "\" : 1}\n"}),
			Code: Either,
		},
		{
			Name: "zero bytes", Build: of(Files{"a.yaml": Config + "data: {a: \"\x00\x00\"}\n"}),
			Says: `a.yaml:\d+`,
		},
		{
			Name: "UTF-16", Build: of(Files{"a.yaml": "\xff\xfea\x00p\x00i\x00V\x00e\x00r\x00s\x00i\x00o\x00n\x00:\x00 \x00v\x001\x00\n\x00"}),
			Says: `a.yaml`,
		},
		{
			Name: "invalid UTF-8", Build: of(Files{"a.yaml": Config + "data: {a: \"\xc3\x28\xff\"}\n"}),
			Says: `a.yaml:\d+`,
		},
		{
			Name: "tags that name types", Build: of(Files{"a.yaml": Config + "data: {a: !!python/object/apply:os.system ['touch MARK']}\n"}),
			Code: Either,
		},
		{
			Name: "an anchor that contains itself", Build: of(Files{"a.yaml": Config + "data: &a {a: *a}\n"}),
			Says: `a.yaml:\d+`,
		},
		{
			Name: "a number of a million digits", Build: of(Files{"a.yaml": Config + "data: {a: 1" + strings.Repeat("0", 1_000_000) + "}\n"}),
			Code: Either,
		},
		{
			Name: "20,000 findings", Build: of(Files{
				"rgd.yaml": rgd("{n: integer}", node("x", "a")),
				"a.yaml": repeat(5_000, func(i int) string {
					return fmt.Sprintf("---\napiVersion: kro.run/v1alpha1\nkind: App\nmetadata: {name: a%d}\nspec: {n: x, b: 1, c: 2, d: 3}\n", i)
				}),
			}),
			Says: `a.yaml:5:11: must be of type integer`,
		},
	}
}

// bomb are anchors each of which repeats the one before ten times.
func bomb(line string, levels int) string {
	var b strings.Builder
	before := "x"
	for i := range levels {
		name := fmt.Sprintf("a%d", i)
		fmt.Fprintf(&b, line, name, name, strings.TrimSuffix(strings.Repeat(before+", ", 10), ", "))
		before = "*" + name
	}
	return b.String()
}

// mergeBomb are maps that each merge the one before into two keys.
func mergeBomb(levels int) string {
	var b strings.Builder
	b.WriteString("x0: &m0 {a: 1}\n")
	for i := range levels {
		fmt.Fprintf(&b, "x%d: &m%d\n  l: {<<: *m%d}\n  r: {<<: *m%d}\n", i+1, i+1, i, i)
	}
	return b.String()
}
