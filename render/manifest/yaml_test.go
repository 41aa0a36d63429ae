package manifest

import (
	"bytes"
	"cmp"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	yamlv2 "go.yaml.in/yaml/v2"
)

// checkLibrary holds an object's encoding to the library's, and reports whether
// the encoder wrote it itself.
func checkLibrary(t *testing.T, obj map[string]any) bool {
	t.Helper()
	value, err := yamlValue(obj)
	if err != nil {
		return false
	}
	want, err := yamlv2.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	e := yamlEncoder{}
	if err := e.document(obj); err != nil {
		t.Fatalf("document(%#v): %v", obj, err)
	}
	if !bytes.Equal(append([]byte("---\n"), want...), e.buf) {
		t.Errorf("%#v (-library +encoder):\n%s", obj, gocmp.Diff(strings.Split("---\n"+string(want), "\n"), strings.Split(string(e.buf), "\n")))
	}
	return !e.odd
}

// pieces are what decides how a scalar is written.
var pieces = []string{
	"a", "word", " ", "  ", "\n", "\t", ":", ": ", "#", " #", "-", "- ", "---", "...", "?", "? ", "'", "\"", "\\", "{", "}", "[", "]", ",", "&", "*", "!", "|", ">", "%", "@", "`",
	"0", "1", "9", "59", "2001-01-01", "12:30", ".", "_", "e", "E", "+", "x", "0x", "0b", "0o", "T", "Z", "t", "inf", "nan", "true", "yes", "no", "y", "n", "on", "off", "null", "~", "<", "=", "$", "${a}",
	"é", "日本", "😀", "\u0085", "\u00a0", "\u2028", "\ufeff", "\ufffd", "\x00", "\x07", "\x1b", "\x7f", "\r", "\r\n", "\xff", "word word word word word word word word", "0000", "007", "B", "Z9",
}

func randomText(r *rand.Rand) string {
	var b strings.Builder
	n := r.IntN(6)
	if r.IntN(8) == 0 {
		n += r.IntN(40)
	}
	subset := pieces
	if r.IntN(3) > 0 { // few kinds at a time, so that their combinations come up
		at := r.IntN(len(pieces) - 4)
		subset = append(pieces[at:at+4:at+4], "a", " ", "1")
	}
	for range n {
		b.WriteString(subset[r.IntN(len(subset))])
	}
	return b.String()
}

func randomValue(r *rand.Rand, depth int) any {
	switch n := r.IntN(12); {
	case n < 3 && depth > 0:
		out := map[string]any{}
		if r.IntN(2) == 0 {
			for range r.IntN(3) { // the order of more keys with numbers may be none, even the library's
				out[randomText(r)] = randomValue(r, depth-1)
			}
			return out
		}
		for i := range r.IntN(20) {
			out[string(rune('a'+i))+randomText(r)] = randomValue(r, depth-1)
		}
		return out
	case n < 5 && depth > 0:
		out := []any{}
		for range r.IntN(4) {
			out = append(out, randomValue(r, depth-1))
		}
		return out
	case n == 5:
		return []any{nil, true, false, int64(r.Uint64()), int64(r.IntN(100)), math.Float64frombits(r.Uint64()), float64(r.IntN(1000)) / 8, float64(r.Uint64()), uint64(math.MaxUint64), int32(-5), []any(nil), map[string]any(nil)}[r.IntN(12)]
	}
	return randomText(r)
}

func TestEncodeEqualsLibrary(t *testing.T) {
	own := 0
	const n = 10_000
	r := rand.New(rand.NewPCG(1, 2))
	for range n {
		obj := map[string]any{"k": randomValue(r, 5), randomText(r): randomValue(r, 2)}
		if checkLibrary(t, obj) {
			own++
		}
		if t.Failed() {
			return
		}
	}
	if own < n/4 {
		t.Errorf("%d of %d objects were written by the encoder itself", own, n)
	}
}

// What manifests are made of must not be left to the library.
func TestEncodeWritesManifestsItself(t *testing.T) {
	for _, s := range []string{"", "nginx:1.27", "100m", "8080", "a: b", "#!/bin/sh\necho \"$X\"\n", "tab\there\n", strings.Repeat("word ", 100), "naïve\n", "{{ .Values.x }}", "'", "😀", "\r\n", "yes"} {
		if !checkLibrary(t, map[string]any{"data": map[string]any{"key": s, "list": []any{s, []any{}, map[string]any{}}}}) {
			t.Errorf("%q is left to the library", s)
		}
	}
}

// Keys whose order is none still come in one order.
func TestEncodeSortsKeys(t *testing.T) {
	want := ""
	for range 50 {
		e := yamlEncoder{}
		if err := e.document(map[string]any{"0x": nil, "1a": nil, "001": nil, "b10": nil, "b9": nil, "b-": nil, "B": nil}); err != nil {
			t.Fatal(err)
		}
		want = cmp.Or(want, string(e.buf))
		if string(e.buf) != want {
			t.Fatalf("one object in two ways:\n%s%s", want, e.buf)
		}
	}
}

// Nothing is written of an object that cannot be encoded.
func TestEncodeDropsWhatFails(t *testing.T) {
	var b bytes.Buffer
	err := EncodeYAML(&b, []map[string]any{{"a": int64(1)}, {"a": "x", "b": math.NaN()}})
	if err == nil || b.String() != "---\na: 1\n" {
		t.Errorf("EncodeYAML: %v, %q", err, b.String())
	}
}
