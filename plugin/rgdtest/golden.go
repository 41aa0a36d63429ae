package rgdtest

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/krowave/krowave/render/manifest"
)

// sameContent reports whether a golden file holds the objects that were
// rendered. Line ends, comments, quotes and the order of keys do not count: a
// checkout or a formatter may change them.
func sameContent(golden, rendered []byte) bool {
	golden = plain(golden)
	if bytes.Equal(golden, rendered) {
		return true
	}
	canonical, ok := canonicalText(golden)
	return ok && bytes.Equal(canonical, rendered)
}

// plain is a text without a byte order mark and with line feeds as line ends.
func plain(text []byte) []byte {
	return bytes.ReplaceAll(bytes.TrimPrefix(text, []byte("\ufeff")), []byte("\r\n"), []byte("\n"))
}

// canonicalText encodes the objects of a golden file as krowave does.
func canonicalText(golden []byte) ([]byte, bool) {
	docs, diags := manifest.Read("golden", golden, manifest.Limits{})
	if diags.HasErrors() {
		return nil, false
	}
	var objects []map[string]any
	for _, d := range docs {
		objects = append(objects, d.Object)
	}
	var out bytes.Buffer
	if err := manifest.EncodeYAML(&out, objects); err != nil {
		return nil, false
	}
	return out.Bytes(), true
}

// goldenDiff shows the lines in which a golden file and the rendered objects
// differ. Characters that nobody sees are written as escapes.
func goldenDiff(golden, rendered []byte) []string {
	golden = plain(golden)
	if canonical, ok := canonicalText(golden); ok {
		golden = canonical
	}
	text := string(diff.Diff("want", golden, "got", rendered))
	_, text, _ = strings.Cut(text, "\n") // a line for programs
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, "+") || strings.HasPrefix(l, "-") {
			lines[i] = visible(l)
		}
	}
	return lines
}

// visible writes characters that do not print, and white space at the end of a
// line, as escapes of Go.
func visible(line string) string {
	shown := strings.TrimRight(line, " \t")
	var out strings.Builder
	for _, r := range shown {
		if unicode.IsPrint(r) || r == '\t' {
			out.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRuneToASCII(r)
		out.WriteString(quoted[1 : len(quoted)-1])
	}
	for _, r := range line[len(shown):] {
		out.WriteString(map[rune]string{' ': `\x20`, '\t': `\t`}[r])
	}
	return out.String()
}
