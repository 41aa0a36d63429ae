//go:build linux

package torture

import (
	"fmt"
	"strings"
)

// Graphs are attacks on definitions, expressions and instances.
func Graphs() []Attack {
	return []Attack{
		{
			Name: "a graph of 30,000 nodes", Build: of(Files{"rgd.yaml": rgd("{}", repeat(30_000, func(i int) string { return node(fmt.Sprintf("n%d", i), "a") })), "a.yaml": app}),
			Says: `30000 resources; at most 10000`,
		},
		{
			Name: "a chain of 2,000 nodes", Build: of(Files{"rgd.yaml": rgd("{}", repeat(2_000, func(i int) string {
				if i == 0 {
					return node("n0", "a")
				}
				return node(fmt.Sprintf("n%d", i), fmt.Sprintf("\"${n%d.data.v}\"", i-1))
			})), "a.yaml": app}),
			Code: Either,
		},
		{
			Name: "a graph of 150 nodes that each read all before", Build: of(Files{"rgd.yaml": rgd("{}", repeat(150, func(i int) string {
				sum := "\"${''" + repeat(i, func(j int) string { return fmt.Sprintf(" + n%d.metadata.name", j) }) + "}\""
				return node(fmt.Sprintf("n%d", i), sum)
			})), "a.yaml": app}),
			Code: Either,
		},
		{
			Name: "nodes that read each other", Build: of(Files{"rgd.yaml": rgd("{}", node("a", "\"${b.data.v}\"")+node("b", "\"${a.data.v}\"")), "a.yaml": app}),
			Says: `cycl|circle|each other`,
		},
		{
			Name: "an expression of 1 MB", Build: of(Files{"rgd.yaml": rgd("{}", node("a", "\"${'a'"+strings.Repeat(" + 'a'", 140_000)+"}\"")), "a.yaml": app}),
			Says: `rgd.yaml:\d+`,
		},
		{
			Name: "parentheses 50,000 deep", Build: of(Files{"rgd.yaml": rgd("{}", node("a", "\"${"+strings.Repeat("(", 50_000)+"'a'"+strings.Repeat(")", 50_000)+"}\"")), "a.yaml": app}),
			Says: `rgd.yaml:\d+`,
		},
		{
			Name: "100,000 expressions in one text", Build: of(Files{"rgd.yaml": rgd("{}", node("a", "\""+strings.Repeat("${'a'} ", 100_000)+"\"")), "a.yaml": app}),
			Code: Either,
		},
		{
			Name: "comprehensions five deep", Build: of(Files{"rgd.yaml": rgd("{}", node("a", "\"${string([0,1,2,3,4,5,6,7,8,9].map(a, "+
				strings.Repeat("lists.range(100).map(b, ", 5)+"a"+strings.Repeat(")", 5)+").size())}\"")), "a.yaml": app}),
			Says: `cost`,
		},
		{
			Name: "text that doubles", Build: of(Files{"rgd.yaml": rgd("{}", node("a", "\"${"+strings.Repeat("[", 28)+"'x'"+strings.Repeat("].map(s, s + s)[0]", 28)+"}\"")), "a.yaml": app}),
			Code: Either,
		},
		{
			Name: "text that grows by replace", Build: of(Files{"rgd.yaml": rgd("{}", node("a", "\"${'aaaaaaaaaa'"+strings.Repeat(".replace('a', 'aaaaaaaaaa')", 8)+"}\"")), "a.yaml": app}),
			Says: `cost|limit|bytes`,
		},
		{
			Name: "a pattern that backtracks elsewhere", Build: of(Files{"rgd.yaml": rgd("{}", node("a", "\"${string('"+strings.Repeat("a", 100_000)+"!'.matches('^(a+)+$'))}\"")), "a.yaml": app}),
			Code: Either,
		},
		{
			Name: "a pattern that grows", Build: of(Files{"rgd.yaml": rgd("{}", node("a", "\"${string('a'.matches('((a{100}){100}){100}'))}\"")), "a.yaml": app}),
			Says: `rgd.yaml:\d+`,
		},
		{
			Name: "100 costly expressions", Build: of(Files{"rgd.yaml": rgd("{}", repeat(100, func(i int) string {
				return node(fmt.Sprintf("n%d", i), "\"${string(lists.range(300).map(a, lists.range(300).map(b, a + b)).size())}\"")
			})), "a.yaml": app}),
			Says: `cost`,
		},
		{
			Name: "the product of ten lists", Build: of(Files{"rgd.yaml": rgd("{}", "  - id: a\n    forEach:\n"+
				repeat(10, func(i int) string { return fmt.Sprintf("    - i%d: ${lists.range(100)}\n", i) })+
				"    template: {apiVersion: v1, kind: ConfigMap, metadata: {name: \"a"+repeat(10, func(i int) string { return fmt.Sprintf("${string(i%d)}", i) })+"\"}}\n"), "a.yaml": app}),
			Says: `1000|max-collection-size`,
		},
		{
			Name: "instances that multiply over eight levels", Build: of(Files{"rgd.yaml": levels(8, 10), "a.yaml": "apiVersion: kro.run/v1alpha1\nkind: L0\nmetadata: {name: a, namespace: ns}\nspec: {}\n"}),
			Says: `max-objects-per-instance|limit of|max-chain-depth|levels`,
		},
		{
			Name: "an instance that makes itself", Build: of(Files{"rgd.yaml": rgd("{}", "  - id: a\n    template: {apiVersion: kro.run/v1alpha1, kind: App, metadata: {name: \"${schema.metadata.name}-a\"}, spec: {}}\n"), "a.yaml": app}),
			Says: `depends on the definitions that use it`,
		},
		{
			Name: "one text of 10 MB in a thousand objects", Build: of(Files{
				"rgd.yaml": rgd("{t: string}", "  - id: a\n    forEach:\n    - i: ${lists.range(1000)}\n    template: {apiVersion: v1, kind: ConfigMap, metadata: {name: \"a-${string(i)}\"}, data: {t: \"${schema.spec.t}-${string(i)}\"}}\n"),
				"a.yaml":   "apiVersion: kro.run/v1alpha1\nkind: App\nmetadata: {name: a, namespace: ns}\nspec: {t: \"" + strings.Repeat("x", 10<<20) + "\"}\n",
			}),
			Says: `max-output-bytes|limit of`,
		},
		{
			Name: "a schema 5,000 deep", Build: of(Files{"rgd.yaml": rgd("{a: \""+strings.Repeat("[]", 5_000)+"string\"}", node("a", "x")), "a.yaml": app}),
			Says: `rgd.yaml:\d+`,
		},
		{
			Name: "a type that contains itself", Build: of(Files{"rgd.yaml": strings.Replace(rgd("{a: T}", node("a", "x")), "    spec:", "    types: {T: {t: \"[]T\"}}\n    spec:", 1), "a.yaml": app}),
			Says: `rgd.yaml:\d+`,
		},
		{
			Name: "types that double", Build: of(Files{"rgd.yaml": strings.Replace(rgd("{a: T29}", node("a", "x")), "    spec:",
				"    types:\n      T0: {a: string, b: string}\n"+repeat(29, func(i int) string { return fmt.Sprintf("      T%d: {a: T%d, b: T%d}\n", i+1, i, i) })+"    spec:", 1), "a.yaml": app}),
			Code: Either,
		},
		{
			Name: "an enum of 100,000 words", Build: of(Files{"rgd.yaml": rgd("{a: 'string | enum=\""+repeat(100_000, func(i int) string { return fmt.Sprintf("w%d,", i) })+"z\"'}", node("a", "x")), "a.yaml": app}),
			Code: Either,
		},
		{
			Name: "markers of 1 MB", Build: of(Files{"rgd.yaml": rgd("{a: 'string | "+strings.Repeat("x=1 ", 250_000)+"'}", node("a", "x")), "a.yaml": app}),
			Says: `rgd.yaml:\d+`,
		},
		{
			Name: "a default of 5 MB", Build: of(Files{"rgd.yaml": rgd("{a: 'string | default=\""+strings.Repeat("x", 5<<20)+"\"'}", node("a", "\"${schema.spec.a}\"")), "a.yaml": app}),
			Code: Either,
		},
		{
			Name: "50,000 fields", Build: of(Files{"rgd.yaml": rgd("\n"+repeat(50_000, func(i int) string { return fmt.Sprintf("      f%d: string\n", i) }), node("a", "x")), "a.yaml": app}),
			Code: Either,
		},
		{
			Name: "a name of 1 MB", Build: of(Files{"rgd.yaml": rgd("{}", node("a", "x")), "a.yaml": strings.Replace(app, "name: a", "Name: "+strings.Repeat("a", 1<<20), 1)}),
			Says: `a.yaml:\d+`,
		},
		{
			Name: "1,000 definitions of one kind", Build: of(Files{"rgd.yaml": repeat(1000, func(i int) string {
				return "---\n" + strings.Replace(rgd("{}", node("a", "x")), "name: app", fmt.Sprintf("name: app%d", i), 1)
			}), "a.yaml": app}),
			Says: `App`,
		},
	}
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
