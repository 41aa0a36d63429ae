package diag_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render/diag"
)

func at(file string, line, column int) diag.Position {
	return diag.Position{File: file, Line: line, Column: column}
}

func TestSorted(t *testing.T) {
	in := diag.List{
		{Rule: "b", Pos: at("b.yaml", 1, 1), Message: "m"},
		{Rule: "b", Pos: at("a.yaml", 10, 1), Message: "m"},
		{Rule: "b", Pos: at("a.yaml", 9, 2), Message: "m"},
		{Rule: "b", Pos: at("a.yaml", 9, 1), Message: "n"},
		{Rule: "b", Pos: at("a.yaml", 9, 1), Message: "m"},
		{Rule: "a", Pos: at("a.yaml", 9, 1), Message: "z"},
		{Rule: "b", Pos: at("a.yaml", 9, 1), Message: "m"},
		{Rule: "b", Pos: at("a.yaml", 9, 1), Message: "m", Hint: "kept: not the same"},
	}
	before := append(diag.List(nil), in...)
	want := diag.List{in[5], in[4], in[7], in[3], in[2], in[1], in[0]}
	if diff := cmp.Diff(want, in.Sorted()); diff != "" {
		t.Errorf("Sorted (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, in); diff != "" {
		t.Errorf("Sorted changed its receiver (-want +got):\n%s", diff)
	}
}

func TestPrint(t *testing.T) {
	source := func(file string) []byte {
		if file != "a.yaml" {
			return nil
		}
		return []byte("first\r\n\tname: größe x\r\n")
	}
	full := diag.Diagnostic{
		Rule: "cel-reference", Pos: at("a.yaml", 2, 14), Message: "undeclared\nreference",
		Object: "Web shop/web", Path: "spec.size", Hint: "did you mean \"y\"?",
		Related: []diag.Related{{Position: at("b.yaml", 3, 4), Message: "declared here"}},
	}
	tests := []struct {
		name string
		list diag.List
		opts diag.PrintOptions
		want string
	}{
		{"nothing", nil, diag.PrintOptions{}, ""},
		{"all lines", diag.List{full}, diag.PrintOptions{}, "" +
			"a.yaml:2:14: undeclared reference [cel-reference]\n" +
			"    object: Web shop/web\n" +
			"    path: spec.size\n" +
			"    hint: did you mean \"y\"?\n" +
			"    b.yaml:3:4: declared here\n"},
		{"caret keeps tabs and counts code points", diag.List{{Rule: "r", Pos: at("a.yaml", 2, 14), Message: "m"}},
			diag.PrintOptions{Source: source}, "a.yaml:2:14: m [r]\n    \tname: größe x\n    \t            ^\n"},
		{"caret after the last character", diag.List{{Rule: "r", Pos: at("a.yaml", 1, 6), Message: "m"}},
			diag.PrintOptions{Source: source}, "a.yaml:1:6: m [r]\n    first\n         ^\n"},
		{"no such line", diag.List{{Rule: "r", Pos: at("a.yaml", 9, 1), Message: "m"}},
			diag.PrintOptions{Source: source}, "a.yaml:9:1: m [r]\n"},
		{"no source", diag.List{{Rule: "r", Pos: at("b.yaml", 1, 1), Message: "m"}},
			diag.PrintOptions{Source: source}, "b.yaml:1:1: m [r]\n"},
		{"warning", diag.List{{Severity: diag.Warning, Rule: "r", Pos: at("b.yaml", 1, 1), Message: "m"}},
			diag.PrintOptions{}, "b.yaml:1:1: warning: m [r]\n"},
		{"cap", diag.List{full, {Rule: "r", Pos: at("x", 1, 1)}, {Rule: "r", Pos: at("y", 1, 1)}}[1:],
			diag.PrintOptions{Max: 1}, "x:1:1:  [r]\nand 1 more\n"},
		{"colour", diag.List{{Severity: diag.Warning, Rule: "r", Pos: at("b.yaml", 1, 1), Message: "m"}},
			diag.PrintOptions{Color: true}, "\x1b[1mb.yaml:1:1:\x1b[0m \x1b[33mwarning:\x1b[0m m [r]\n"},
		{"a link", diag.List{{Rule: "r", Pos: at("b.yaml", 1, 1), Message: "m"}, {Rule: "r", Pos: at("none", 1, 1), Message: "m"}},
			diag.PrintOptions{Link: func(file string) string {
				if file == "none" {
					return ""
				}
				return "file:///x/" + file
			}}, "\x1b]8;;file:///x/b.yaml\x1b\\b.yaml:1:1:\x1b]8;;\x1b\\ m [r]\nnone:1:1: m [r]\n"},
		{"hostile names", diag.List{{Rule: "r", Pos: at("b\x1b]0;x.yaml", 1, 1), Message: "a\u202eb\u200bc\u2028d\u009b1m\U000e0041", Object: "K \u2066n", Path: "p\nq", Hint: "\ufeffh"}},
			diag.PrintOptions{}, "b\ufffd]0;x.yaml:1:1: a\ufffdb\ufffdc d\ufffd1m\ufffd [r]\n    object: K \ufffdn\n    path: p q\n    hint: \ufffdh\n"},
		{"long texts", diag.List{{Rule: "r", Pos: at("b.yaml", 1, 1), Message: "begin " + strings.Repeat("ö", 1000) + " end"}},
			diag.PrintOptions{}, "b.yaml:1:1: begin " + strings.Repeat("ö", 369) + "…(1010 characters)…" + strings.Repeat("ö", 121) + " end [r]\n"},
		{"long line", diag.List{{Rule: "r", Pos: at("long", 1, 501), Message: "m"}},
			diag.PrintOptions{Source: func(string) []byte { return []byte(strings.Repeat("ä", 500) + "X" + strings.Repeat("b", 500)) }},
			"long:1:501: m [r]\n    …" + strings.Repeat("ä", 79) + "X" + strings.Repeat("b", 80) + "… (1001 characters)\n" + strings.Repeat(" ", 4+80) + "^\n"},
		{"control characters", diag.List{{Rule: "r", Pos: at("b.yaml", 1, 1), Message: "a\x1b[2Jb"}},
			diag.PrintOptions{}, "b.yaml:1:1: a\ufffd[2Jb [r]\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b strings.Builder
			if err := diag.Print(&b, tt.list, tt.opts); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, b.String()); diff != "" {
				t.Errorf("Print (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMarshalJSON(t *testing.T) {
	got, err := json.Marshal(diag.List{
		{Rule: "r", Pos: at("a.yaml", 1, 2), Message: "m"},
		{Severity: diag.Warning, Rule: "r", Pos: at("a.yaml", 1, 2), Message: "m", Object: "o", Path: "p", Hint: "h",
			Related: []diag.Related{{Position: at("b", 3, 4), Message: "n"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"severity":"error","rule":"r","file":"a.yaml","line":1,"column":2,"message":"m"},` +
		`{"severity":"warning","rule":"r","file":"a.yaml","line":1,"column":2,"message":"m","object":"o","path":"p","hint":"h",` +
		`"related":[{"position":{"file":"b","line":3,"column":4},"message":"n"}]}]`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}

func TestClosest(t *testing.T) {
	tests := []struct {
		name       string
		candidates []string
		want       string
	}{
		{"schma", []string{"self", "schema"}, "schema"},
		{"shcema", []string{"scheme", "schema"}, "schema"},
		{"Schema", []string{"scheme", "schema"}, "schema"},
		{"replicsa", []string{"replicas", "image"}, "replicas"},
		{"colour", []string{"image", "port"}, ""},
		{"db", []string{"dc"}, "dc"},
		{"x", []string{"y"}, ""},
		{"name", nil, ""},
		{"name", []string{"name"}, ""},
	}
	for _, tt := range tests {
		if got := diag.Closest(tt.name, tt.candidates); got != tt.want {
			t.Errorf("Closest(%q, %q) = %q, want %q", tt.name, tt.candidates, got, tt.want)
		}
	}
}
