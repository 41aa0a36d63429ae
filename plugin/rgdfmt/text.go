package rgdfmt

import (
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/krowave/krowave/render/compat"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/simpleschema"
)

// form is the form of a text of an RGD: of a field's type with its markers, or of
// expressions.
func form(text string, path []string) string {
	switch {
	case below(path, "spec", "schema", "spec"), below(path, "spec", "schema", "types"):
		return simpleschema.Canonical(text)
	case below(path, "spec", "schema", "status"), below(path, "spec", "resources"):
		return spaced(text)
	}
	return text
}

func below(path []string, at ...string) bool {
	if len(path) <= len(at) {
		return false
	}
	for i := range at {
		if path[i] != at[i] {
			return false
		}
	}
	return true
}

// spaced is a text without white space at the ends of its expressions.
func spaced(text string) string {
	parts, err := expr.Scan(text, compat.Of(compat.Default))
	if err != nil || len(parts) == 0 {
		return text
	}
	var b strings.Builder
	end := 0
	for _, p := range parts {
		b.WriteString(text[end:p.Start])
		if source := strings.TrimSpace(p.Source); source != "" {
			b.WriteString("${" + source + "}")
		} else {
			b.WriteString(text[p.Start:p.End])
		}
		end = p.End
	}
	return b.String() + text[end:]
}

// editor changes the lines of a file.
type editor struct{ lines []string }

// texts gives the texts of an RGD their form, last ones first.
func (e *editor) texts(doc *yaml.Node) { e.walk(doc, nil) }

func (e *editor) walk(n *yaml.Node, path []string) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := len(n.Content) - 2; i >= 0; i -= 2 {
			e.walk(n.Content[i+1], append(path[:len(path):len(path)], n.Content[i].Value))
		}
	case yaml.SequenceNode:
		for i := len(n.Content) - 1; i >= 0; i-- {
			e.walk(n.Content[i], append(path[:len(path):len(path)], "[]"))
		}
	case yaml.ScalarNode:
		if fresh := form(n.Value, path); n.Tag == "!!str" && n.Anchor == "" && fresh != n.Value {
			e.replace(n, fresh)
		}
	}
}

// replace writes a text in the place of a scalar that stands on one line, in the
// same style. Others are left as they are.
func (e *editor) replace(n *yaml.Node, fresh string) {
	line := e.lines[n.Line-1]
	at := offset(line, n.Column)
	old, ok := written(n.Value, n.Style)
	text, writable := written(fresh, n.Style)
	if ok && writable && strings.HasPrefix(line[at:], old) {
		e.lines[n.Line-1] = line[:at] + text + line[at+len(old):]
	}
}

// offset is the byte of a column, which counts characters from 1.
func offset(line string, column int) int {
	at := 0
	for i := 1; i < column && at < len(line); i++ {
		_, size := utf8.DecodeRuneInString(line[at:])
		at += size
	}
	return at
}

// written is a text as it stands in a file; false where that is not simple.
func written(text string, style yaml.Style) (string, bool) {
	if strings.ContainsAny(text, "\n\r\t") {
		return "", false
	}
	switch style {
	case 0:
		return text, true
	case yaml.SingleQuotedStyle:
		return "'" + strings.ReplaceAll(text, "'", "''") + "'", true
	case yaml.DoubleQuotedStyle:
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`, true
	}
	return "", false
}
