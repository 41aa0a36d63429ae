package inspect

import (
	"strings"
	"testing"
)

// TestGraphText holds names that no RGD can have to be text in a graph.
func TestGraphText(t *testing.T) {
	const hostile = "a\"]:::x\n`<br/>&lt;\\N\x1b\u202e#35;"
	for _, tt := range []struct{ format, got, want string }{
		{"dot", dotText(hostile, "Kind"), `"a\"]:::x\\n` + "`" + `<br/>&amp;lt;\\N\\x1b\\u202e#35;\nKind"`},
		{"mermaid", mermaidText(hostile), "a#34;#93;:::x#92;n#96;#60;br/#62;#38;lt#59;#92;N#92;x1b#92;u202e#35;35#59;"},
		{"mermaid id", mermaidID("a b\n-->c"), "a_b____c"},
		{"a long name", mermaidText(strings.Repeat("x", 300)), strings.Repeat("x", 150) + "#8230;#40;300 characters#41;#8230;" + strings.Repeat("x", 50)},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %s, want %s", tt.format, tt.got, tt.want)
		}
	}
}
