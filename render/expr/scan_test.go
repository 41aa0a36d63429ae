package expr_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/krowave/krowave/render/compat"
	"github.com/krowave/krowave/render/expr"
)

func TestScan(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		want       []string
		nested     int // offset of the inner expression, 0 for none
	}{
		{name: "no expression", text: "plain $(x) $VAR {{ y }}"},
		{name: "whole text", text: "${schema.spec.name}", want: []string{"schema.spec.name"}},
		{name: "untrimmed", text: "a ${ x\n} b", want: []string{" x\n"}},
		{name: "two", text: "${a}-${b}", want: []string{"a", "b"}},
		{name: "empty", text: "${}", want: []string{""}},
		{name: "map literal", text: `${{"a": 1}}`, want: []string{`{"a": 1}`}},
		{name: "brace in double quotes", text: `${"}" + x}`, want: []string{`"}" + x`}},
		{name: "escaped quote", text: `${"\"}" + x}`, want: []string{`"\"}" + x`}},
		{name: "single quotes delimit nothing", text: `${'}' + x}`, want: []string{"'"}},
		{name: "unbalanced quote never ends", text: `${x.replace('"', '')}`},
		{name: "unclosed is text", text: "${a", want: nil},
		{name: "an expression after an unclosed one", text: `${"a ${b}`, want: []string{"b"}},
		{name: "dollar before", text: "$${x}", want: []string{"x"}},
		{name: "quoted inner expression is text", text: `${"${HOME}"}`, want: []string{`"${HOME}"`}},
		{name: "nested", text: "${outer(${inner})}", nested: 8},
		{name: "nested right after the opening", text: "${${a}}", nested: 2},
		{name: "nested behind a closing quote", text: `${"a"${b}}`, want: []string{`"a"${b}`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			parts, err := expr.Scan(tc.text, compat.Behaviors{})
			if nested := (*expr.ScanError)(nil); errors.As(err, &nested) != (tc.nested > 0) || nested != nil && nested.Offset != tc.nested {
				t.Fatalf("Scan(%q) error = %#v, want one at %d", tc.text, err, tc.nested)
			}
			var got []string
			for _, p := range parts {
				got = append(got, p.Source)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("Scan(%q) (-want +got):\n%s", tc.text, diff)
			}
		})
	}
}

// TestScanNext scans as kro 0.10 does (U2, U3).
func TestScanNext(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		want       []string
		unclosed   int // offset of the unclosed expression, -1 for none
		nested     int // offset of the inner expression, 0 for none
	}{
		{name: "no expression", text: "plain it's $(x)", unclosed: -1},
		{name: "two", text: "${a}'s ${b}", want: []string{"a", "b"}, unclosed: -1},
		{name: "brace in single quotes", text: `${'}' + x}`, want: []string{`'}' + x`}, unclosed: -1},
		{name: "double quote in single quotes", text: `${x.replace('"', '')}`, want: []string{`x.replace('"', '')`}, unclosed: -1},
		{name: "single quote in double quotes", text: `${"it's"}`, want: []string{`"it's"`}, unclosed: -1},
		{name: "escaped single quote", text: `${'\'}' + x}`, want: []string{`'\'}' + x`}, unclosed: -1},
		{name: "backslash outside of a string", text: `${a \}`, want: []string{`a \`}, unclosed: -1},
		{name: "opener in single quotes", text: `${'${HOME}'}`, want: []string{`'${HOME}'`}, unclosed: -1},
		{name: "opener behind a closing single quote", text: `${'a'${b}}`, want: []string{`'a'${b}`}, unclosed: -1},
		{name: "nested", text: "${outer(${inner})}", unclosed: -1, nested: 8},
		{name: "unclosed", text: "a ${b", unclosed: 2},
		{name: "unclosed behind a closed one", text: "${a} ${b", unclosed: 5},
		{name: "apostrophe swallows the brace", text: `${a // don't
}`, unclosed: 0},
		{name: "triple quotes", text: `${'''it's'''}`, unclosed: 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			parts, err := expr.Scan(tc.text, compat.Of(compat.V0_10))
			unclosed, nested := -1, 0
			if e := (*expr.ScanError)(nil); errors.As(err, &e) && e.Unclosed {
				unclosed = e.Offset
			} else if e != nil {
				nested = e.Offset
			}
			if unclosed != tc.unclosed || nested != tc.nested {
				t.Fatalf("Scan(%q) error = %#v, want unclosed at %d, nested at %d", tc.text, err, tc.unclosed, tc.nested)
			}
			var got []string
			for _, p := range parts {
				got = append(got, p.Source)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("Scan(%q) (-want +got):\n%s", tc.text, diff)
			}
		})
	}
}

// A quadratic scan of these takes minutes.
func TestScanHostileText(t *testing.T) {
	for _, unit := range []string{`${"`, "${{", `"${ `} {
		if parts, err := expr.Scan(strings.Repeat(unit, 400_000), compat.Behaviors{}); err == nil && len(parts) > 0 {
			t.Errorf("Scan of repeated %q found %d expressions", unit, len(parts))
		}
	}
}

func FuzzScan(f *testing.F) {
	for _, s := range []string{"", "${a}", `${"${b}"}-${{"c": 1}}`, "${a(${b})}", `${"a ${b}`, "é${é}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parts, err := expr.Scan(text, compat.Behaviors{})
		if e := (*expr.ScanError)(nil); errors.As(err, &e) {
			if !strings.HasPrefix(text[e.Offset:], "${") {
				t.Errorf("error at %d of %q", e.Offset, text)
			}
			return
		}
		pos := 0
		for _, p := range parts {
			if p.Start < pos || text[p.Start:p.End] != "${"+p.Source+"}" {
				t.Fatalf("part %+v of %q", p, text)
			}
			pos = p.End
		}
	})
}

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		want       *expr.Template
	}{
		{name: "literal", text: "plain"},
		{name: "standalone", text: "${a.b}", want: &expr.Template{Standalone: true, Source: "a.b"}},
		{name: "newline behind", text: "${a}\n", want: &expr.Template{Source: `(a) + "\n"`}},
		{name: "no literal between", text: "${a}${b}", want: &expr.Template{Source: `(a) + (b)`}},
		{name: "quoting", text: "é\"\\ ${a} z", want: &expr.Template{Source: `"é\"\\ " + (a) + " z"`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := expr.Parse(tc.text, compat.Behaviors{})
			if err != nil {
				t.Fatal(err)
			}
			opts := cmp.Options{cmpopts.IgnoreUnexported(expr.Template{}), cmpopts.IgnoreFields(expr.Template{}, "Text", "Parts")}
			if diff := cmp.Diff(tc.want, got, opts); diff != "" {
				t.Errorf("Parse(%q) (-want +got):\n%s", tc.text, diff)
			}
		})
	}
}

func TestTemplateOffset(t *testing.T) {
	text := "ab-${one}\t${two}."
	tmpl, err := expr.Parse(text, compat.Behaviors{})
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"one", "two", "wo", "e"} {
		if got, want := tmpl.Offset(strings.Index(tmpl.Source, word)), strings.Index(text, word); got != want {
			t.Errorf("Offset of %s = %d, want %d (source %s)", word, got, want, tmpl.Source)
		}
	}
	if got := tmpl.Offset(strings.Index(tmpl.Source, `\t`)); got != strings.Index(text, "\t") {
		t.Errorf("Offset inside a literal = %d, want its start", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "${a}", "x${a}y${'b'}", "${1 +}", "é-${schema.spec.é}", "${\"${x}\"}!"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tmpl, err := expr.Parse(text, compat.Behaviors{})
		if err != nil || tmpl == nil {
			return
		}
		_, errs := expr.NewInspector([]string{"schema"}).Inspect(tmpl.Source)
		for _, e := range errs {
			if e.Offset < 0 || e.Offset > len(tmpl.Source) {
				t.Errorf("offset %d of %q", e.Offset, tmpl.Source)
			}
			if at := tmpl.Offset(e.Offset); at < 0 || at >= len(text) {
				t.Errorf("offset %d of text %q", at, text)
			}
		}
	})
}
