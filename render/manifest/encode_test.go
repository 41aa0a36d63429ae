package manifest_test

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/krowave/krowave/render/manifest"
)

func encode(t *testing.T, object map[string]any) string {
	t.Helper()
	var b bytes.Buffer
	if err := manifest.EncodeYAML(&b, []map[string]any{object}); err != nil {
		t.Fatalf("EncodeYAML(%v): %v", object, err)
	}
	return b.String()
}

// normal is what is lost on the way: the sign of zero, bytes that are not text.
var normal = strings.NewReplacer(":-0,", ":0,", "[-0]", "[0]", "[-0,", "[0,", ",-0,", ",0,", ":-0}", ":0}", `\ufffd`, "\ufffd")

// checkEncoding holds an encoding to kubectl's bytes and reads it back.
func checkEncoding(t *testing.T, object map[string]any) {
	t.Helper()
	got := encode(t, object)
	if want, err := sigsyaml.Marshal(object); err == nil { // it refuses some control characters
		if diff := cmp.Diff("---\n"+string(want), got); diff != "" {
			t.Errorf("EncodeYAML and sigs.k8s.io/yaml (-want +got):\n%s", diff)
		}
	}
	docs, found := manifest.Read("a.yaml", []byte(got), manifest.Limits{})
	if len(found) > 0 || len(docs) != 1 {
		t.Fatalf("%d documents, findings %v in\n%s", len(docs), found, got)
	}
	want, err := manifest.CanonicalJSON(object)
	if err != nil {
		t.Fatal(err)
	}
	back, err := manifest.CanonicalJSON(docs[0].Object)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(normal.Replace(string(want)), string(back)); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
}

func TestEncodeYAML(t *testing.T) {
	texts := append([]string{
		"", " ", "a", "a b", "yes", "NO", "null", "~", "1", "1.0", "1e3", "0x1", "012", "1_0", "12:30", "12:30:45", "-", "- a", "? a", ":", "a: b",
		"a #b", "#a", "'", "\"", "a'b", "{a}", "[a]", "${schema.spec.x}", "${a ? \"b\" : 'c'}", "*a", "&a", "!a", "|", ">", "%a", "@a", "`a`", "---", "...",
		"a\n", "a\nb", "\na", " a\nb", "a \nb", "a\n\n", "a\tb\n", "\ta", "a\r\nb", "é", "日本", "\u2028", "\u0085", "\ufeff", "😀", "\x00", "\x7f", "\xff",
		"<", "<<", "=", "2001-01-01", ".inf", strings.Repeat("word ", 40), strings.Repeat("x", 200), strings.Repeat("line of text\n", 10),
	}, scalars...)
	for _, s := range texts {
		object := map[string]any{"a": s, "l": []any{s, map[string]any{"k": s}}}
		if s != "<<" {
			object["m"] = map[string]any{s: "v"}
		}
		t.Run(s, func(t *testing.T) { checkEncoding(t, object) })
	}
	for _, v := range []any{nil, true, int64(0), int64(math.MaxInt64), int64(math.MinInt64), 0.1, 3.0, -3.0, math.Copysign(0, -1), 1e8, 1e20, 1e21, -1e20, 1e-7,
		123456789.5, 1.5e300, 9.3e18, 1152921504606846976.0, []any{}, map[string]any{}, []any{[]any{int64(1)}, []any{}}, []any(nil), map[string]any(nil)} {
		checkEncoding(t, map[string]any{"a": v, "l": []any{v}})
	}
	got := encode(t, map[string]any{"b": []any{map[string]any{"y": "on", "x": int64(1)}}, "a": "<b>"})
	if diff := cmp.Diff("---\na: <b>\nb:\n- x: 1\n  \"y\": \"on\"\n", got); diff != "" {
		t.Errorf("layout (-want +got):\n%s", diff)
	}
}

func TestEncodeYAMLRefuses(t *testing.T) {
	for _, v := range []any{math.NaN(), math.Inf(1), struct{}{}, map[string]any{"<<": "x"}} {
		if err := manifest.EncodeYAML(&bytes.Buffer{}, []map[string]any{{"a": []any{v}}}); err == nil {
			t.Errorf("EncodeYAML of %v: no error", v)
		}
	}
}

func TestEncodeJSON(t *testing.T) {
	var b bytes.Buffer
	if err := manifest.EncodeJSON(&b, []map[string]any{{"b": "<&>", "a": 3.0}}); err != nil {
		t.Fatal(err)
	}
	want := "{\n  \"apiVersion\": \"v1\",\n  \"items\": [\n    {\n      \"a\": 3,\n      \"b\": \"<&>\"\n    }\n  ],\n  \"kind\": \"List\"\n}\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("EncodeJSON (-want +got):\n%s", diff)
	}
	b.Reset()
	if err := manifest.EncodeJSON(&b, nil); err != nil || !strings.Contains(b.String(), `"items": []`) {
		t.Errorf("EncodeJSON of nothing: %v %s", err, b.String())
	}
}

func TestCanonicalJSON(t *testing.T) {
	got, err := manifest.CanonicalJSON(map[string]any{"b": []any{1.0, 1e21, 0.5, nil}, "a": "<&>"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(`{"a":"<&>","b":[1,1e+21,0.5,null]}`, string(got)); diff != "" {
		t.Errorf("CanonicalJSON (-want +got):\n%s", diff)
	}
}

func FuzzEncodeYAML(f *testing.F) {
	for _, s := range scalars {
		f.Add(s, s, 1.5, int64(7))
	}
	f.Add("a\nb ", " \n x", 1e20, int64(math.MinInt64))
	f.Fuzz(func(t *testing.T, key, text string, number float64, integer int64) {
		if key == "<<" || math.IsNaN(number) || math.IsInf(number, 0) {
			return
		}
		checkEncoding(t, map[string]any{"m": map[string]any{key: []any{text, number, integer}}, "l": []any{[]any{text}}})
	})
}
