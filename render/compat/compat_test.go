package compat_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render/compat"
)

var update = flag.Bool("update", false, "rewrite the table of docs/kro-versions.md")

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		text string
		want compat.Version
		err  string
	}{
		{text: "0.9", want: compat.V0_9},
		{text: "0.10", want: compat.V0_10},
		{text: "v0.9.4", want: compat.V0_9},
		{text: "v0.10.0-rc.0", want: compat.V0_10},
		{text: "0.10.3", want: compat.V0_10},
		{text: "0.1", err: `"0.1" is not a known kro version; known versions: 0.9, 0.10; YAML reads 0.10 without quotes as a number: write "0.10"`},
		{text: "0.11", err: `"0.11" is not a known kro version; known versions: 0.9, 0.10; did you mean 0.10?`},
		{text: "", err: `"" is not a known kro version; known versions: 0.9, 0.10`},
		{text: "0.9.x", err: `"0.9.x" is not a known kro version; known versions: 0.9, 0.10; did you mean 0.9?`},
		{text: "0.9.", err: `"0.9." is not a known kro version; known versions: 0.9, 0.10; did you mean 0.9?`},
	} {
		got, err := compat.Parse(tc.text)
		message := ""
		if err != nil {
			message = err.Error()
		}
		if got != tc.want || message != tc.err {
			t.Errorf("Parse(%q) = %q, %q; want %q, %q", tc.text, got, message, tc.want, tc.err)
		}
	}
}

func TestString(t *testing.T) {
	for v, want := range map[compat.Version]string{"": "0.9", compat.V0_9: "0.9", compat.V0_10: "0.10 (preview of v0.10.0-rc.0)"} {
		if got := v.String(); got != want {
			t.Errorf("%q is %q, want %q", string(v), got, want)
		}
	}
}

// TestOf asks for the behaviors of each version.
func TestOf(t *testing.T) {
	if got := compat.Of(compat.V0_9); got != (compat.Behaviors{}) {
		t.Errorf("kro 0.9 has %+v", got)
	}
	if compat.Of("") != compat.Of(compat.Default) {
		t.Error("the zero version is not the default")
	}
	want := compat.Behaviors{
		UnclosedIsError: true, KnowsSingleQuotes: true, ReservesGraphEngine: true, OmitsEmptyOptionals: true,
		RefusesEmptyCondition: true, FixesDimensions: true, PlainSchemaFormats: true, NeedsNamespaceValue: true, ComparesMoreOfCRDs: true,
	}
	if diff := cmp.Diff(want, compat.Of(compat.V0_10)); diff != "" {
		t.Errorf("kro 0.10 (-want +got):\n%s", diff)
	}
}

// TestPage holds docs/kro-versions.md to the table. -update rewrites it.
func TestPage(t *testing.T) {
	const page = "../../docs/kro-versions.md"
	const begin, end = "<!-- table of differences: go test ./render/compat -update -->\n", "<!-- end of the table -->\n"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", page)
	}
	want := before + begin + markdown() + end + after
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("%s is not what the table says (-want +got); go test ./render/compat -update rewrites it:\n%s", page, diff)
	}
}

func markdown() string {
	var b strings.Builder
	b.WriteString("| number | changes | until 0.9 | 0.10 | to make both agree |\n|---|---|---|---|---|\n")
	for _, d := range compat.Table() {
		effect, remedy := string(d.Effect), d.Remedy
		if d.Since == compat.V0_9 {
			effect += " (0.9 has it)"
		}
		if d.Doubt != "" {
			remedy += "; " + d.Doubt
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", d.Number, effect, d.Old, d.New, remedy)
	}
	return b.String()
}
