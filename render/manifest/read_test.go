package manifest_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
)

func objects(docs []*manifest.Document) []map[string]any {
	var out []map[string]any
	for _, d := range docs {
		out = append(out, d.Object)
	}
	return out
}

func TestReadSplits(t *testing.T) {
	a, b := map[string]any{"a": int64(1)}, map[string]any{"b": int64(2)}
	tests := []struct {
		name, text string
		want       []map[string]any
	}{
		{"empty", "", nil},
		{"comments only", "# a\n---\n# b\n", nil},
		{"null", "null\n---\n~\n", nil},
		{"one", "a: 1", []map[string]any{a}},
		{"two", "a: 1\n---\nb: 2\n", []map[string]any{a, b}},
		{"markers with comments", "--- # x\na: 1\n--- # y\n---\n\n---\nb: 2\n---\n", []map[string]any{a, b}},
		{"content on the marker's line", "--- {a: 1}\n--- {b: 2}\n", []map[string]any{a, b}},
		{"document end", "a: 1\n...\n# c\nb: 2\n...\n", []map[string]any{a, b}},
		{"directive", "%YAML 1.1\n---\na: 1\n", []map[string]any{a}},
		{"CRLF", "a: 1\r\n---\r\nb: 2\r\n", []map[string]any{a, b}},
		{"byte order mark", "\ufeffa: 1\n", []map[string]any{a}},
		{"marker inside a word", "a: 1\n---b: x\n", []map[string]any{{"a": int64(1), "---b": "x"}}},
		{"JSON", `{"a": 1}`, []map[string]any{a}},
		{"JSON stream", "{\"a\": 1}{\"b\": 2}\n{\"a\":1}", []map[string]any{a, b, a}},
		{"JSON and YAML", "{\"a\": 1}\n---\nb: 2\n", []map[string]any{a, b}},
		{"flow mapping", "{a: 1}\n", []map[string]any{a}},
		{"List", "apiVersion: v1\nkind: List\nitems:\n- a: 1\n- kind: List\n  items: [{b: 2}]\n", []map[string]any{a, b}},
		{"empty List", "apiVersion: v1\nkind: List\nitems:\n", nil},
		{"ConfigMapList", "apiVersion: v1\nkind: ConfigMapList\nitems: [{a: 1}]\n",
			[]map[string]any{{"apiVersion": "v1", "kind": "ConfigMap", "a": int64(1)}}},
		{"a kind that only ends in List", "kind: AllowList\nitems: [x]\n", []map[string]any{{"kind": "AllowList", "items": []any{"x"}}}},
		{"override of a merged key", "x: &x {a: 1}\nz:\n  <<: *x\n  a: 2\n",
			[]map[string]any{{"x": a, "z": map[string]any{"a": int64(2)}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			docs, found := manifest.Read("a.yaml", []byte(tt.text), manifest.Limits{})
			if len(found) > 0 {
				t.Errorf("findings: %v", found)
			}
			if diff := cmp.Diff(tt.want, objects(docs)); diff != "" {
				t.Errorf("objects (-want +got):\n%s", diff)
			}
			for i, d := range docs {
				if d.Index != i || d.File != "a.yaml" {
					t.Errorf("document %d is %s#%d", i, d.File, d.Index)
				}
			}
		})
	}
}

func TestReadFindings(t *testing.T) {
	tests := []struct {
		name, text string
		lim        manifest.Limits
		want       []string
	}{
		{"not a mapping", "a: 1\n---\n# c\n- x\n---\ntext\n", manifest.Limits{}, []string{
			"a.yaml:4:1 yaml-object a list found where an object is expected; a manifest is a mapping with apiVersion and kind",
			"a.yaml:6:1 yaml-object a string found where an object is expected; a manifest is a mapping with apiVersion and kind"}},
		{"item is not a mapping", "apiVersion: v1\nkind: List\nitems:\n- a: 1\n- 7\n", manifest.Limits{}, []string{
			"a.yaml:5:3 yaml-object a number found where an object is expected; a manifest is a mapping with apiVersion and kind"}},
		{"duplicate keys", "a: 1\n---\nb:\n  c: 1\n  'c': 2\nb: 3\n", manifest.Limits{}, []string{
			`a.yaml:6:1 yaml-duplicate-key key "b" is set twice in this mapping; the last one is used (a.yaml:3:1 first set here)`,
			`a.yaml:5:3 yaml-duplicate-key key "c" is set twice in this mapping; the last one is used (a.yaml:4:3 first set here)`}},
		{"duplicate only as JSON", "a:\n  yes: 1\n  \"true\": 2\n", manifest.Limits{}, []string{
			`a.yaml:3:3 yaml-duplicate-key key "true" is set twice in this mapping`}},
		{"duplicate in JSON", "{\"a\": 1,\n \"a\": 2}", manifest.Limits{}, []string{
			`a.yaml:2:2 yaml-duplicate-key key "a" is set twice in this mapping; the last one is used (a.yaml:1:2 first set here)`}},
		{"syntax, parser", "a: 1\n---\nb: 1\n  c: 2\n", manifest.Limits{}, []string{
			"a.yaml:4:3 yaml-syntax mapping values are not allowed in this context"}},
		{"syntax, indentation", "a:\n  - b\n c: 1\n", manifest.Limits{}, []string{
			"a.yaml:3:2 yaml-syntax did not find expected key"}},
		{"tab", "a:\n\tb: 1\n", manifest.Limits{}, []string{
			"a.yaml:2:2 yaml-syntax found character that cannot start any token"}},
		{"template", "a: {{ .Values.x }}\n", manifest.Limits{}, []string{
			"a.yaml:1:5 yaml-syntax a mapping or list cannot be a key; quote a value that begins with { or ["}},
		{"unknown anchor", "a: 1\nb: *x\n", manifest.Limits{}, []string{
			"a.yaml:2:4 yaml-syntax unknown anchor 'x' referenced"}},
		{"no secret in a message", "a: !!int hunter2\n", manifest.Limits{}, []string{
			"a.yaml:1:1 yaml-syntax cannot decode !!str value as a !!int"}},
		{"trailing", "{a: 1}\n{b: 1}\n", manifest.Limits{}, []string{
			"a.yaml:2:1 yaml-syntax did not find expected <document start>"}},
		{"infinity", "a:\n- .inf\n", manifest.Limits{}, []string{
			"a.yaml:2:3 yaml-number infinity and NaN cannot be written in JSON; quote it if a string is meant"}},
		{"invalid UTF-8", "a: 1\nb: ö\xff\n", manifest.Limits{}, []string{
			"a.yaml:2:5 yaml-encoding text is not valid UTF-8; save the file as UTF-8"}},
		{"control character", "a: 1\nb: ö\x01\n", manifest.Limits{}, []string{
			"a.yaml:2:5 yaml-syntax control characters are not allowed; write them as escapes in double quotes"}},
		{"file bytes", "a: 1\n", manifest.Limits{FileBytes: 4}, []string{
			"a.yaml:1:1 limit-file-bytes file has 5 bytes, more than 4; raise --max-file-bytes to read it"}},
		{"documents", "a: 1\n---\na: 1\n---\na: 1\n", manifest.Limits{Documents: 1}, []string{
			"a.yaml:3:1 limit-documents file has more than 1 objects, the rest is not read; raise --max-documents to read them"}},
		{"depth", "a:\n  b:\n  - c\n", manifest.Limits{Depth: 2}, []string{
			"a.yaml:3:3 limit-depth values are nested more than 2 deep; raise --max-depth to read them"}},
		{"depth of JSON", `{"a": {"b": []}}`, manifest.Limits{Depth: 2}, []string{
			"a.yaml:1:13 limit-depth values are nested more than 2 deep; raise --max-depth to read them"}},
		{"nodes", "a: [1, 2, 3, 4]\n", manifest.Limits{Nodes: 4}, []string{
			"a.yaml:1:11 limit-nodes document has more than 4 values; raise --max-yaml-nodes to read it"}},
		{"nodes of JSON", `{"a": [1, 2, 3, 4]}`, manifest.Limits{Nodes: 4}, []string{
			"a.yaml:1:1 limit-nodes document has more than 4 values; raise --max-yaml-nodes to read it"}},
		{"billion laughs", "# bomb\n" + laughs(30), manifest.Limits{}, []string{
			"a.yaml:2:1 limit-aliases document has more than 1000000 values once its aliases are expanded; raise --max-yaml-nodes, or write the values out"}},
		{"laughs below the limit", laughs(4), manifest.Limits{Nodes: 1 << 40}, []string{
			"a.yaml:1:1 limit-aliases aliases expand to more than a hundred times the document; write the values out"}},
		{"anchor inside itself", "a: &a\n  b: *a\n", manifest.Limits{}, []string{
			"a.yaml:2:6 yaml-syntax anchor 'a' value contains itself"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, found := manifest.Read("a.yaml", []byte(tt.text), tt.lim)
			var got []string
			for _, d := range found {
				s := fmt.Sprintf("%s %s %s", d.Pos, d.Rule, d.Message)
				for _, r := range d.Related {
					s += fmt.Sprintf(" (%s %s)", r.Position, r.Message)
				}
				got = append(got, s)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func laughs(n int) string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), ", "))
	}
	return b.String()
}

func TestTitle(t *testing.T) {
	docs := read(t, "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b}\n---\nkind: Pod\nmetadata: {name: a}\n---\nmetadata: 1\nkind: 2\n")
	var got []string
	for _, d := range docs {
		got = append(got, strings.Join([]string{d.Title(), d.APIVersion(), d.Kind(), d.Name(), d.Namespace()}, "|"))
	}
	if diff := cmp.Diff([]string{"Pod b/a|v1|Pod|a|b", "Pod a||Pod|a|", "||||"}, got); diff != "" {
		t.Errorf("titles (-want +got):\n%s", diff)
	}
}

// throughJSON is the way of the API server: YAML, JSON text, Kubernetes' JSON
// decoder.
func throughJSON(text []byte, strict bool) (any, error) {
	convert := sigsyaml.YAMLToJSON
	if strict {
		convert = sigsyaml.YAMLToJSONStrict
	}
	j, err := convert(text)
	if err != nil {
		return nil, err
	}
	var v any
	return v, utiljson.Unmarshal(j, &v)
}

var scalars = []string{
	"yes", "No", "on", "OFF", "y", "n", "true", "~", "null", "", "0", "-0", "+1", "010", "0o10", "0x1F", "0b11", "-0b1", "1_000",
	"3.0", "-0.0", "1e3", "1e21", "1e22", "1e400", "1.5e-7", "0.1", ".5", "5.", "9223372036854775807", "9223372036854775808",
	"18446744073709551615", "18446744073709551616", "-9223372036854775808", "-9223372036854775809", "1152921504606846976.0",
	"9007199254740993", "9007199254740993.0", "9223372036854775807.0", "123456789012345680000.0",
	"2001-12-14", "2001-12-14t21:59:43.10-05:00", "12:30:45", "'1'", `"\u2028\x7f\u0000"`, "!!str 1", "!!float 3", "!!binary aGk=",
	"!!binary /w==", "!!bool yes", "=", "<<", "!custom x", "!!timestamp 2001-01-01", "0x", "1__0", "+.5", "1:20", "é", "|\n    x\n",
}

func TestConvertEqualsJSON(t *testing.T) {
	for _, s := range scalars {
		for _, text := range []string{"a: " + s + "\n", "a: [" + s + "]\n", s + ": 1\n"} {
			if strings.Contains(s, "|") && strings.Contains(text, "[") || strings.HasPrefix(text, "|") {
				continue
			}
			want, err := throughJSON([]byte(text), true)
			docs, found := manifest.Read("a.yaml", []byte(text), manifest.Limits{})
			if err != nil || len(found) > 0 {
				if (err != nil) != (len(found) > 0) {
					t.Errorf("%q: sigs.k8s.io/yaml says %v, Read %v", text, err, found)
				}
				continue
			}
			if _, ok := want.(map[string]any); !ok {
				continue
			}
			if diff := cmp.Diff(want, any(docs[0].Object)); diff != "" {
				t.Errorf("%q (-want +got):\n%s", text, diff)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range scalars {
		f.Add([]byte("a: " + s + "\nb: [x, {c: " + s + "}]\n"))
	}
	f.Add([]byte(laughs(3)))
	f.Add([]byte("a: &a {b: 'x''y'}\nc:\n  <<: *a\n  d: |2-\n      e\n     f\n---\n{\"a\": \"\\ud83d\\ude00\"}\n"))
	f.Add([]byte("\ufeffkind: List\r\nitems:\r\n- a: >\r\n    b\r\n    c\r\n"))
	files, _ := filepath.Glob("testdata/*.yaml")
	for _, name := range files {
		if data, err := os.ReadFile(name); err == nil {
			f.Add(data)
		}
	}
	lim := manifest.Limits{Nodes: 5000, Depth: 50}
	f.Fuzz(func(t *testing.T, data []byte) {
		docs, found := manifest.Read("a.yaml", data, lim)
		again, foundAgain := manifest.Read("a.yaml", data, lim)
		if !reflect.DeepEqual(objects(docs), objects(again)) || !reflect.DeepEqual(found, foundAgain) {
			t.Fatal("two reads differ")
		}
		for _, d := range found {
			inside(t, data, d.Pos)
			for _, r := range d.Related {
				inside(t, data, r.Position)
			}
		}
		for _, d := range docs {
			inside(t, data, d.Start())
			positions(t, data, d, nil, d.Object)
		}
		if len(docs) != 1 || len(found) > 0 || json.Valid(data) {
			return
		}
		// A merged key that is overridden is what strict decoding refuses.
		for _, strict := range []bool{true, false} {
			if want, err := throughJSON(data, strict); err == nil {
				if diff := cmp.Diff(want, any(docs[0].Object)); diff != "" && !strings.HasSuffix(fmt.Sprint(valueAt(want, diag.Path{"kind"})), "List") && !strings.Contains(string(data), "---") && !strings.Contains(string(data), "...") {
					t.Fatalf("not what sigs.k8s.io/yaml reads (-want +got):\n%s", diff)
				}
				break
			}
		}
	})
}

func positions(t *testing.T, data []byte, d *manifest.Document, p diag.Path, v any) {
	inside(t, data, d.Position(p))
	inside(t, data, d.KeyPosition(p))
	for _, r := range d.Related(p) {
		inside(t, data, r.Position)
	}
	switch v := v.(type) {
	case map[string]any:
		for k, item := range v {
			positions(t, data, d, p.With(k), item)
		}
	case []any:
		for i, item := range v {
			positions(t, data, d, p.With(i), item)
		}
	case string:
		for _, i := range []int{0, len(v) / 2, len(v)} {
			inside(t, data, d.Within(p, i))
		}
	}
}

func inside(t *testing.T, data []byte, pos diag.Position) {
	t.Helper()
	lines := strings.Split(strings.TrimPrefix(string(data), "\ufeff"), "\n")
	if pos.Line < 1 || pos.Line > len(lines) || pos.Column < 1 || pos.Column > 1+utf8.RuneCountInString(lines[pos.Line-1]) {
		t.Fatalf("position %v is outside the file", pos)
	}
}
