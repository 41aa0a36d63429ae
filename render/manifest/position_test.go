package manifest_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
)

func read(t *testing.T, text string) []*manifest.Document {
	t.Helper()
	docs, found := manifest.Read("a.yaml", []byte(text), manifest.Limits{})
	if len(found) > 0 {
		t.Fatalf("unexpected findings: %v", found)
	}
	return docs
}

// where is the position of the only mark in text.
func where(t *testing.T, text, mark string) string {
	t.Helper()
	if strings.Count(text, mark) != 1 {
		t.Fatalf("%q is not in the text once:\n%s", mark, text)
	}
	before := text[:strings.Index(text, mark)]
	begin := strings.LastIndexByte(before, '\n') + 1
	return fmt.Sprintf("a.yaml:%d:%d", 1+strings.Count(before, "\n"), 1+utf8.RuneCountInString(strings.TrimPrefix(before[begin:], "\ufeff")))
}

// Each text has one character X inside the string at "v"; Within must lead from
// where it is in the decoded string back to where it is in the file.
func TestWithin(t *testing.T) {
	tests := []struct{ name, text string }{
		{"plain", "v: ab ${X}\n"},
		{"plain behind a comment and a marker", "# c\n---\n# d\nv: abX # e\n"},
		{"plain, code points", "v: größe 日本 X\n"},
		{"plain folded", "v: one\n  two\n\n\n  three X\nw: 1\n"},
		{"plain folded with CRLF", "v: one\r\n  two\r\n\r\n  three X\r\nw: 1\r\n"},
		{"plain in flow", "{w: [1], v: a b X, z: 1}\n"},
		{"single quoted", "v: 'it''s ''X'' ok'\n"},
		{"single quoted folded", "v: 'one \n\n   two\n   X'\n"},
		{"double quoted", `v: "a\n\"\t\\X"` + "\n"},
		{"double quoted hex", `v: "\x41\u00e9\U0001F600 X"` + "\n"},
		{"double quoted rare escapes", `v: "\0\a\b\e\v\f\r\ \N\_\L\PX"` + "\n"},
		{"double quoted folded", "v: \"one\n  two\n\n  three X\"\n"},
		{"double quoted escaped break", "v: \"one\\\n  two \\\n\n  three X\"\n"},
		{"literal", "v: |\n  one\n    two\n\n  three X\n"},
		{"literal with CRLF", "v: |\r\n  one\r\n\r\n  two X\r\n"},
		{"literal strip", "v: |-  # why\n  one\n  X\n\n\nw: 1\n"},
		{"literal keep", "v: |+\n  one\n  X\n\n\nw: 1\n"},
		{"literal with indicator", "w:\n  v: |2\n      one\n     X\n"},
		{"literal at the end without break", "v: |\n  one\n  X"},
		{"literal with leading empty lines", "v: |\n\n\n  one\n  X\n"},
		{"literal in a list", "w:\n- |\n  one\n  X\n"},
		{"folded", "v: >\n  one\n  two\n\n  three\n    more\n    X\n  four\n"},
		{"folded strip with indicator", "v: >-1\n  one\n X two\n three\n"},
		{"folded with CRLF", "v: >\r\n  one\r\n  two X\r\n  three\r\n"},
		{"tag and anchor", "v: !!str &a\n  12 X\n"},
		{"JSON", `{"w": 1, "v": "a\ud83d\ude00\/\nX"}`},
		{"JSON stream", "{\"v\": 1}\n {\"w\": 1,\n\t\"v\": \"aX\"}"},
		{"second document", "v: a\n---\nw: 1\nv: \"b X\"\n"},
		{"byte order mark", "\ufeffv: a X\n"},
		{"list item", "apiVersion: v1\nkind: List\nitems:\n- v: a\n- w: 1\n  v: a X\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			docs := read(t, tt.text)
			d := docs[len(docs)-1]
			for _, p := range []diag.Path{{"v"}, {"w", "v"}, {"w", 0}} {
				s, _ := valueAt(d.Object, p).(string)
				if i := strings.Index(s, "X"); i >= 0 {
					if diff := cmp.Diff(where(t, tt.text, "X"), d.Within(p, i).String()); diff != "" {
						t.Errorf("Within(%s, %d) of %q (-want +got):\n%s", p, i, s, diff)
					}
					return
				}
			}
			t.Fatalf("no string with an X in %v", d.Object)
		})
	}
}

func valueAt(v any, p diag.Path) any {
	for _, s := range p {
		switch s := s.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[s]
		case int:
			l, _ := v.([]any)
			if s >= len(l) {
				return nil
			}
			v = l[s]
		}
	}
	return v
}

func TestPosition(t *testing.T) {
	const text = `# first
kind: Web
base: &base
  image: &img nginx
spec:
  y: on
  0x10: hex
  ports:
  - name: web
    number: !!int 80
  copy: *img
  all: *base
  merged:
    <<: *base
    size: 1
  empty:
`
	doc := read(t, text)[0]
	tests := []struct {
		path                diag.Path
		value, key, related string
	}{
		{nil, "2:1", "2:1", ""},
		{diag.Path{"kind"}, "2:7", "2:1", ""},
		{diag.Path{"spec"}, "6:3", "5:1", ""},
		{diag.Path{"spec", "true"}, "6:6", "6:3", ""},
		{diag.Path{"spec", "16"}, "7:9", "7:3", ""},
		{diag.Path{"spec", "ports", 0}, "9:5", "9:5", ""},
		{diag.Path{"spec", "ports", 0, "number"}, "10:19", "10:5", ""},
		{diag.Path{"spec", "ports", 7, "number"}, "9:3", "8:3", ""},
		{diag.Path{"spec", "nothing", "here"}, "6:3", "5:1", ""},
		{diag.Path{"base", "image"}, "4:15", "4:3", ""},
		{diag.Path{"spec", "copy"}, "11:9", "11:3", "4:15"},
		{diag.Path{"spec", "all", "image"}, "12:8", "12:3", "4:15"},
		{diag.Path{"spec", "merged", "image"}, "14:9", "14:9", "4:15"},
		{diag.Path{"spec", "merged", "size"}, "15:11", "15:5", ""},
	}
	for _, tt := range tests {
		t.Run(tt.path.String(), func(t *testing.T) {
			var related string
			for _, r := range doc.Related(tt.path) {
				related = strings.TrimPrefix(r.Position.String(), "a.yaml:")
			}
			want := []string{"a.yaml:" + tt.value, "a.yaml:" + tt.key, tt.related}
			got := []string{doc.Position(tt.path).String(), doc.KeyPosition(tt.path).String(), related}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("value, key, related (-want +got):\n%s", diff)
			}
		})
	}
	if diff := cmp.Diff("a.yaml:11:9", doc.Within(diag.Path{"spec", "copy"}, 3).String()); diff != "" {
		t.Errorf("Within an alias (-want +got):\n%s", diff)
	}
}

func TestStart(t *testing.T) {
	docs := read(t, "\n# c\n---   # d\n# e\n  a: 1\n--- {b: 1}\n---\nkind: XList\nitems:\n- c: 1\n")
	var got []string
	for _, d := range docs {
		got = append(got, d.Start().String())
	}
	if diff := cmp.Diff([]string{"a.yaml:5:3", "a.yaml:6:5", "a.yaml:10:3"}, got); diff != "" {
		t.Errorf("Start (-want +got):\n%s", diff)
	}
}

// The race detector makes this test meaningful.
func TestPositionConcurrently(t *testing.T) {
	doc := read(t, "a:\n  b: c\n")[0]
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if got := doc.Within(diag.Path{"a", "b"}, 0).String(); got != "a.yaml:2:6" {
				t.Errorf("Within = %s", got)
			}
		})
	}
	wait.Wait()
}
