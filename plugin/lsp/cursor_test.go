package lsp

import (
	"fmt"
	"strings"
	"testing"
)

// TestCursor: where the mark ¦ of a text is, told by indentation alone.
func TestCursor(t *testing.T) {
	const rgd = "kind: R\nspec:\n  schema:\n    spec:\n      a: string\n      ¦\n  resources:\n  - id: x\n    template:\n      kind: C\n"
	for _, c := range []struct{ name, text, want string }{
		{"empty", "¦", `key "" in , word ""`},
		{"top key", "kind: A\nmeta¦", `key "" in , word "meta", beside kind`},
		{"blank line", rgd, `key "" in spec.schema.spec, word "", beside a`},
		{"value", "kind: A\nspec:\n  tier: sm¦\n", `value in spec.tier, word "sm"`},
		{"item of a list", "a:\n- b: 1\n- c: 2\n  d¦", `key "" in a[1], word "d", beside c`},
		{"item at the column of its key", "a:\n  l:\n  - x: 1\n    y¦\n  m: 2\n", `key "" in a.l[0], word "y", beside x`},
		{"nested dashes", "a:\n- - b\n  - c¦", `key "" in a[0][1], word "c"`},
		{"second document", "kind: A\n---\nkind: B\nspec:\n  x¦\n---\nkind: C\n", `key "" in spec, word "x"`},
		{"expression", "a:\n  b: x-${schema.spec.n¦}", `value in a.b, word "n", expression "schema.spec.n"`},
		{"after an expression", "a:\n  b: ${x}-y¦", `value in a.b, word "-y"`},
		{"brace in a string", `a: "${f('}', sch¦"`, `value in a, word "sch", expression "f('}', sch"`},
		{"block", "a:\n  b: |\n    k: v\n      ${schema.¦\n  c: 1\n", `value in a.b, word "", expression "schema."`},
		{"folded item", "a:\n- >-\n  text ${x.y¦\n", `value in a[0], word "y", expression "x.y"`},
		{"comment", "a: # what\n- b: 1\n  c¦", `key "" in a[0], word "c", beside b`},
		{"quoted key", "\"a.b\":\n  c¦", `key "" in ["a.b"], word "c"`},
	} {
		offset := strings.Index(c.text, "¦")
		got := cursorAt(strings.Replace(c.text, "¦", "", 1), offset)
		text := fmt.Sprintf("key \"\" in %s, word %q", got.path, got.word)
		if got.value {
			text = fmt.Sprintf("value in %s, word %q", got.path, got.word)
		}
		if got.inside {
			text += fmt.Sprintf(", expression %q", got.expr)
		}
		if len(got.keys) > 0 {
			text += ", beside " + strings.Join(got.keys, " ")
		}
		if text != c.want {
			t.Errorf("%s:\n  got  %s\n  want %s", c.name, text, c.want)
		}
	}
}
