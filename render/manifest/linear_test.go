package manifest_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
)

// TestReadingIsLinear doubles one dimension of a text at a time. What reading it
// and looking up every position allocates may double, too, and no more.
func TestReadingIsLinear(t *testing.T) {
	repeat := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	tests := map[string]func(n int) string{
		"keys":                 func(n int) string { return repeat(n, "k%d: v\n") },
		"keys on a line":       func(n int) string { return "a: {" + repeat(n, "k%d: v,") + "}\n" },
		"duplicate keys":       func(n int) string { return repeat(n, "k: v%d\n") },
		"duplicates on a line": func(n int) string { return "a: {" + repeat(n, "k: v%d,") + "}\n" },
		"duplicates in JSON":   func(n int) string { return "{" + repeat(n, `"k": "v%d",`) + `"z": 1}` },
		"items":                func(n int) string { return "a:\n" + repeat(n, "- v%d\n") },
		"documents":            func(n int) string { return repeat(n, "a: v%d\n---\n") },
		"items of a List":      func(n int) string { return "apiVersion: v1\nkind: List\nitems:\n" + repeat(n, "- {a: v%d}\n") },
		"lines of a text":      func(n int) string { return "a: |\n" + repeat(n, "  line %d\n") },
		"folded lines":         func(n int) string { return "a: >-\n" + repeat(n, "  line %d\n") },
		"plain lines":          func(n int) string { return "a: b\n" + repeat(n, "  line %d\n") },
		"quoted lines":         func(n int) string { return "a: \"\n" + repeat(n, "  line\\t%d\n") + "  \"\n" },
		"comments":             func(n int) string { return "a: b\n" + repeat(n, "# c%d\n") + "c: d\n" },
		"comments in between":  func(n int) string { return repeat(n, "# c\nk%d: v\n") },
		"empty lines":          func(n int) string { return "a: b\n" + strings.Repeat("\n", n) + "c: d\n" },
		"aliases":              func(n int) string { return "a: &a x\n" + repeat(n, "k%d: *a\n") },
		"anchors":              func(n int) string { return repeat(n, "k%d: &a v\n") },
		"merges":               func(n int) string { return "a: &a {b: c}\n" + repeat(n, "k%d:\n  <<: *a\n") },
		"errors":               func(n int) string { return repeat(n, "a: [%d\n---\n") },
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			const n = 1000
			work(t, text(n)) // what is made once
			one, two := work(t, text(n)), work(t, text(2*n))
			if ratio := float64(two) / float64(one); ratio > 2.6 {
				t.Errorf("twice the input allocates %.1f times as much: %d and %d bytes", ratio, one, two)
			}
		})
	}
}

// work reads a text, asks for the position of every value and character, prints
// what was found, and returns the bytes allocated.
func work(t *testing.T, text string) uint64 {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	docs, found := manifest.Read("a.yaml", []byte(text), manifest.Limits{})
	for _, d := range docs {
		for key, value := range d.Object {
			path := diag.Path{key}
			d.KeyPosition(path)
			lookUp(d, path, value)
		}
	}
	var out strings.Builder
	if err := diag.Print(&out, found.Sorted(), diag.PrintOptions{Source: func(string) []byte { return []byte(text) }}); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func lookUp(d *manifest.Document, path diag.Path, value any) {
	d.Position(path)
	switch v := value.(type) {
	case string:
		for i := 0; i < len(v); i += 16 {
			d.Within(path, i)
		}
	case map[string]any:
		for key, item := range v {
			lookUp(d, path.With(key), item)
		}
	case []any:
		for i, item := range v {
			lookUp(d, path.With(i), item)
		}
	}
}
