package report_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render/diag"
)

var update = flag.Bool("update", false, "rewrite testdata")

func at(file string, line, column int) diag.Position {
	return diag.Position{File: file, Line: line, Column: column}
}

// findings are an error that two instances share, a warning, a note, and an error
// about a file that could not be read.
func findings() *report.Report {
	shared := func(line int) diag.Diagnostic {
		return diag.Diagnostic{
			Severity: diag.Error, Rule: "object-schema", Pos: at("rgd.yaml", 3, 5), Message: "spec.size: 100% is no integer,\nor so", Object: "Shop one",
			Path: "spec.size", Hint: "write 1",
			Related: []diag.Related{{Position: at("shops.yaml", line, 1), Message: "for this instance"}},
		}
	}
	r := &report.Report{
		Source: func(string) []byte { return []byte("a: 1\nb: 2\n    size: ${x}\n") },
		Subjects: []report.Subject{
			{Suite: report.SuiteDefinitions, Title: "ResourceGraphDefinition shop", At: at("rgd.yaml", 1, 1)},
			{Suite: report.SuiteInstances, Title: "Shop one", At: at("shops.yaml", 1, 1)},
			{Suite: report.SuiteInstances, Title: "Shop two", At: at("shops.yaml", 9, 1)},
		},
		Each: diag.List{
			shared(1), shared(9),
			{Severity: diag.Warning, Rule: "unused", Pos: at("rgd.yaml", 2, 1), Message: "b is not used"},
			{Severity: diag.Info, Rule: "note", Pos: at("shops.yaml", 10, 2), Message: "a note: with a colon"},
			{Severity: diag.Error, Rule: "file-read", Pos: at("a b.yaml", 1, 1), Message: "permission denied"},
		},
		Summary: report.Summary{Definitions: 1, Instances: 2},
	}
	r.Count()
	return r
}

// TestFormats pins each format. -update rewrites testdata.
func TestFormats(t *testing.T) {
	for _, format := range []string{"human", "json", "sarif", "github", "junit"} {
		t.Run(format, func(t *testing.T) {
			var out bytes.Buffer
			if err := findings().Write(&out, format); err != nil {
				t.Fatal(err)
			}
			name := filepath.Join("testdata", format+".golden")
			if *update {
				if err := os.WriteFile(name, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), out.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestStrict(t *testing.T) {
	r := findings()
	r.Strict()
	if s := r.Summary; s.Errors != 3 || s.Warnings != 0 || s.Notes != 1 {
		t.Errorf("%d errors, %d warnings, %d notes, want 3, 0, 1", s.Errors, s.Warnings, s.Notes)
	}
}

func TestFindings(t *testing.T) {
	warning := func() diag.List {
		return diag.List{{Severity: diag.Warning, Rule: "unused", Pos: at("a.yaml", 1, 1), Message: "b is not used"}}
	}
	for _, tt := range []struct {
		name   string
		strict bool
		want   error
		text   string
	}{
		{"a warning", false, nil, "a.yaml:1:1: warning: b is not used [unused]"},
		{"a warning that counts as an error", true, cli.ErrFindings, "a.yaml:1:1: b is not used [unused]"},
	} {
		var out bytes.Buffer
		err := report.Findings(&out, warning(), report.Printing{Strict: tt.strict})
		if !errors.Is(err, tt.want) || (tt.want == nil) != (err == nil) || !strings.HasPrefix(out.String(), tt.text) {
			t.Errorf("%s: %v, %q, want %v, %q", tt.name, err, out.String(), tt.want, tt.text)
		}
	}
}

func TestKind(t *testing.T) {
	kind := report.Kind{Name: "Things"}
	for _, tt := range []struct {
		name    string
		content any
		want    string // "" is an error
	}{
		{"fields", struct {
			A string `json:"a"`
		}{"<b>"}, "{\n  \"apiVersion\": \"krowave.dev/v1alpha1\",\n  \"kind\": \"Things\",\n  \"a\": \"<b>\"\n}\n"},
		{"no field", struct{}{}, "{\n  \"apiVersion\": \"krowave.dev/v1alpha1\",\n  \"kind\": \"Things\"\n}\n"},
		{"no object", []string{"a"}, ""},
	} {
		var out bytes.Buffer
		err := kind.Write(&out, tt.content)
		if diff := cmp.Diff(tt.want, out.String()); diff != "" || (err == nil) != (tt.want != "") {
			t.Errorf("%s: %v (-want +got):\n%s", tt.name, err, diff)
		}
	}
}
