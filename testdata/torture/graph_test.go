//go:build linux

package torture_test

import (
	"fmt"
	"strings"
)

// graphs are attacks on definitions, expressions and instances.
var graphs = []attack{
	{
		name: "a graph of 30,000 nodes", build: of(files{"rgd.yaml": rgd("{}", repeat(30_000, func(i int) string { return node(fmt.Sprintf("n%d", i), "a") })), "a.yaml": app}),
		says: `30000 resources; at most 10000`,
	},
	{
		name: "a chain of 2,000 nodes", build: of(files{"rgd.yaml": rgd("{}", repeat(2_000, func(i int) string {
			if i == 0 {
				return node("n0", "a")
			}
			return node(fmt.Sprintf("n%d", i), fmt.Sprintf("\"${n%d.data.v}\"", i-1))
		})), "a.yaml": app}),
		code: either,
	},
	{
		name: "a graph of 150 nodes that each read all before", build: of(files{"rgd.yaml": rgd("{}", repeat(150, func(i int) string {
			sum := "\"${''" + repeat(i, func(j int) string { return fmt.Sprintf(" + n%d.metadata.name", j) }) + "}\""
			return node(fmt.Sprintf("n%d", i), sum)
		})), "a.yaml": app}),
		code: either,
	},
	{
		name: "nodes that read each other", build: of(files{"rgd.yaml": rgd("{}", node("a", "\"${b.data.v}\"")+node("b", "\"${a.data.v}\"")), "a.yaml": app}),
		says: `cycl|circle|each other`,
	},
	{
		name: "an expression of 1 MB", build: of(files{"rgd.yaml": rgd("{}", node("a", "\"${'a'"+strings.Repeat(" + 'a'", 140_000)+"}\"")), "a.yaml": app}),
		says: `rgd.yaml:\d+`,
	},
	{
		name: "parentheses 50,000 deep", build: of(files{"rgd.yaml": rgd("{}", node("a", "\"${"+strings.Repeat("(", 50_000)+"'a'"+strings.Repeat(")", 50_000)+"}\"")), "a.yaml": app}),
		says: `rgd.yaml:\d+`,
	},
	{
		name: "100,000 expressions in one text", build: of(files{"rgd.yaml": rgd("{}", node("a", "\""+strings.Repeat("${'a'} ", 100_000)+"\"")), "a.yaml": app}),
		code: either,
	},
	{
		name: "comprehensions five deep", build: of(files{"rgd.yaml": rgd("{}", node("a", "\"${string([0,1,2,3,4,5,6,7,8,9].map(a, "+
			strings.Repeat("lists.range(100).map(b, ", 5)+"a"+strings.Repeat(")", 5)+").size())}\"")), "a.yaml": app}),
		says: `cost`,
	},
	{
		name: "text that doubles", build: of(files{"rgd.yaml": rgd("{}", node("a", "\"${"+strings.Repeat("[", 28)+"'x'"+strings.Repeat("].map(s, s + s)[0]", 28)+"}\"")), "a.yaml": app}),
		code: either,
	},
	{
		name: "text that grows by replace", build: of(files{"rgd.yaml": rgd("{}", node("a", "\"${'aaaaaaaaaa'"+strings.Repeat(".replace('a', 'aaaaaaaaaa')", 8)+"}\"")), "a.yaml": app}),
		says: `cost|limit|bytes`,
	},
	{
		name: "a pattern that backtracks elsewhere", build: of(files{"rgd.yaml": rgd("{}", node("a", "\"${string('"+strings.Repeat("a", 100_000)+"!'.matches('^(a+)+$'))}\"")), "a.yaml": app}),
		code: either,
	},
	{
		name: "a pattern that grows", build: of(files{"rgd.yaml": rgd("{}", node("a", "\"${string('a'.matches('((a{100}){100}){100}'))}\"")), "a.yaml": app}),
		says: `rgd.yaml:\d+`,
	},
	{
		name: "100 costly expressions", build: of(files{"rgd.yaml": rgd("{}", repeat(100, func(i int) string {
			return node(fmt.Sprintf("n%d", i), "\"${string(lists.range(300).map(a, lists.range(300).map(b, a + b)).size())}\"")
		})), "a.yaml": app}),
		says: `cost`,
	},
	{
		name: "the product of ten lists", build: of(files{"rgd.yaml": rgd("{}", "  - id: a\n    forEach:\n"+
			repeat(10, func(i int) string { return fmt.Sprintf("    - i%d: ${lists.range(100)}\n", i) })+
			"    template: {apiVersion: v1, kind: ConfigMap, metadata: {name: \"a"+repeat(10, func(i int) string { return fmt.Sprintf("${string(i%d)}", i) })+"\"}}\n"), "a.yaml": app}),
		says: `1000|max-collection-size`,
	},
	{
		name: "instances that multiply over eight levels", build: of(files{"rgd.yaml": levels(8, 10), "a.yaml": "apiVersion: kro.run/v1alpha1\nkind: L0\nmetadata: {name: a, namespace: n}\nspec: {}\n"}),
		says: `max-objects-per-instance|limit of|max-chain-depth|levels`,
	},
	{
		name: "an instance that makes itself", build: of(files{"rgd.yaml": rgd("{}", "  - id: a\n    template: {apiVersion: kro.run/v1alpha1, kind: App, metadata: {name: \"${schema.metadata.name}-a\"}, spec: {}}\n"), "a.yaml": app}),
		says: `depends on the definitions that use it`,
	},
	{
		name: "one text of 10 MB in a thousand objects", build: of(files{
			"rgd.yaml": rgd("{t: string}", "  - id: a\n    forEach:\n    - i: ${lists.range(1000)}\n    template: {apiVersion: v1, kind: ConfigMap, metadata: {name: \"a-${string(i)}\"}, data: {t: \"${schema.spec.t}-${string(i)}\"}}\n"),
			"a.yaml":   "apiVersion: kro.run/v1alpha1\nkind: App\nmetadata: {name: a, namespace: n}\nspec: {t: \"" + strings.Repeat("x", 10<<20) + "\"}\n",
		}),
		says: `max-output-bytes|limit of`,
	},
	{
		name: "a schema 5,000 deep", build: of(files{"rgd.yaml": rgd("{a: \""+strings.Repeat("[]", 5_000)+"string\"}", node("a", "x")), "a.yaml": app}),
		says: `rgd.yaml:\d+`,
	},
	{
		name: "a type that contains itself", build: of(files{"rgd.yaml": strings.Replace(rgd("{a: T}", node("a", "x")), "    spec:", "    types: {T: {t: \"[]T\"}}\n    spec:", 1), "a.yaml": app}),
		says: `rgd.yaml:\d+`,
	},
	{
		name: "types that double", build: of(files{"rgd.yaml": strings.Replace(rgd("{a: T29}", node("a", "x")), "    spec:",
			"    types:\n      T0: {a: string, b: string}\n"+repeat(29, func(i int) string { return fmt.Sprintf("      T%d: {a: T%d, b: T%d}\n", i+1, i, i) })+"    spec:", 1), "a.yaml": app}),
		code: either,
	},
	{
		name: "an enum of 100,000 words", build: of(files{"rgd.yaml": rgd("{a: 'string | enum=\""+repeat(100_000, func(i int) string { return fmt.Sprintf("w%d,", i) })+"z\"'}", node("a", "x")), "a.yaml": app}),
		code: either,
	},
	{
		name: "markers of 1 MB", build: of(files{"rgd.yaml": rgd("{a: 'string | "+strings.Repeat("x=1 ", 250_000)+"'}", node("a", "x")), "a.yaml": app}),
		says: `rgd.yaml:\d+`,
	},
	{
		name: "a default of 5 MB", build: of(files{"rgd.yaml": rgd("{a: 'string | default=\""+strings.Repeat("x", 5<<20)+"\"'}", node("a", "\"${schema.spec.a}\"")), "a.yaml": app}),
		code: either,
	},
	{
		name: "50,000 fields", build: of(files{"rgd.yaml": rgd("\n"+repeat(50_000, func(i int) string { return fmt.Sprintf("      f%d: string\n", i) }), node("a", "x")), "a.yaml": app}),
		code: either,
	},
	{
		name: "a name of 1 MB", build: of(files{"rgd.yaml": rgd("{}", node("a", "x")), "a.yaml": strings.Replace(app, "name: a", "name: "+strings.Repeat("a", 1<<20), 1)}),
		says: `a.yaml:\d+`,
	},
	{
		name: "1,000 definitions of one kind", build: of(files{"rgd.yaml": repeat(1000, func(i int) string {
			return "---\n" + strings.Replace(rgd("{}", node("a", "x")), "name: app", fmt.Sprintf("name: app%d", i), 1)
		}), "a.yaml": app}),
		says: `App`,
	},
}

// levels are definitions of which each makes ten instances of the next.
func levels(depth, width int) string {
	return repeat(depth, func(i int) string {
		child := node("leaf", "x")
		if i < depth-1 {
			child = fmt.Sprintf("  - id: child\n    forEach:\n    - i: ${lists.range(%d)}\n    template: {apiVersion: kro.run/v1alpha1, kind: L%d, metadata: {name: \"${schema.metadata.name}-${string(i)}\"}, spec: {}}\n", width, i+1)
		}
		text := strings.ReplaceAll(rgd("{}", child), "kind: App", fmt.Sprintf("kind: L%d", i))
		return "---\n" + strings.Replace(text, "name: app", fmt.Sprintf("name: l%d", i), 1)
	})
}
