//go:build linux

package torture_test

import (
	"fmt"
	"strings"
)

const (
	app = "apiVersion: kro.run/v1alpha1\nkind: App\nmetadata: {name: a, namespace: n}\nspec: {}\n"
	// config is a plain object.
	config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
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

// documents are attacks on the reader of YAML.
var documents = []attack{
	{
		name: "aliases that expand without end", build: of(files{"a.yaml": config + "data:\n" + bomb("  %s: &%s [%s]\n", 12)}),
		says: `limit of 1000000 values|max-yaml-nodes`,
	},
	{
		name: "merge keys that expand without end", build: of(files{"a.yaml": config + mergeBomb(24)}),
		says: `limit of|max-yaml-nodes`,
	},
	{
		name: "maps 100,000 deep", build: of(files{"a.yaml": config + "data: " + strings.Repeat("{a: ", 100_000) + "1" + strings.Repeat("}", 100_000) + "\n"}),
		says: `depth|deep|nest`,
	},
	{
		name: "lists 100,000 deep, never closed", build: of(files{"a.yaml": config + "data: " + strings.Repeat("[", 100_000)}),
		says: `depth|deep|nest|yaml-syntax`,
	},
	{
		name: "block maps 3,000 deep", build: of(files{"a.yaml": config + "data:\n" + repeat(3000, func(i int) string { return strings.Repeat(" ", i+1) + "a:\n" })}),
		says: `depth|deep|nest`,
	},
	{
		name: "20,000 equal keys", build: of(files{"a.yaml": config + "data:\n" + strings.Repeat("  k: v\n", 20_000)}),
		code: either, says: `key "k" is set twice`,
	},
	{
		name: "2,000,000 empty documents", build: of(files{"a.yaml": config + strings.Repeat("---\n", 2_000_000)}),
		code: either,
	},
	{
		name: "100,000 documents", build: of(files{"a.yaml": repeat(100_000, func(i int) string {
			return fmt.Sprintf("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a%d}\n", i)
		})}),
		says: `50000|max-documents`,
	},
	{
		name: "a line of 40 MB", build: of(files{"a.yaml": config + "data: {a: \"" + strings.Repeat("x", 40<<20) + "\"}\n"}),
		says: `max-file-bytes|max-ratio`,
	},
	{
		name: "a key of 20 MB", build: of(files{"a.yaml": config + "data: {? \"" + strings.Repeat("x", 20<<20) + "\" : 1}\n"}),
		code: either,
	},
	{
		name: "zero bytes", build: of(files{"a.yaml": config + "data: {a: \"\x00\x00\"}\n"}),
		says: `a.yaml:\d+`,
	},
	{
		name: "UTF-16", build: of(files{"a.yaml": "\xff\xfea\x00p\x00i\x00V\x00e\x00r\x00s\x00i\x00o\x00n\x00:\x00 \x00v\x001\x00\n\x00"}),
		says: `a.yaml`,
	},
	{
		name: "invalid UTF-8", build: of(files{"a.yaml": config + "data: {a: \"\xc3\x28\xff\"}\n"}),
		says: `a.yaml:\d+`,
	},
	{
		name: "tags that name types", build: of(files{"a.yaml": config + "data: {a: !!python/object/apply:os.system ['touch MARK']}\n"}),
		code: either,
	},
	{
		name: "an anchor that contains itself", build: of(files{"a.yaml": config + "data: &a {a: *a}\n"}),
		says: `a.yaml:\d+`,
	},
	{
		name: "a number of a million digits", build: of(files{"a.yaml": config + "data: {a: 1" + strings.Repeat("0", 1_000_000) + "}\n"}),
		code: either,
	},
	{
		name: "20,000 findings", build: of(files{
			"rgd.yaml": rgd("{n: integer}", node("x", "a")),
			"a.yaml": repeat(5_000, func(i int) string {
				return fmt.Sprintf("---\napiVersion: kro.run/v1alpha1\nkind: App\nmetadata: {name: a%d}\nspec: {n: x, b: 1, c: 2, d: 3}\n", i)
			}),
		}),
		says: `a.yaml:5:11: must be of type integer`,
	},
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
