package compare_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"sigs.k8s.io/yaml"

	"github.com/krowave/krowave/plugin/compare"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/repo"
)

var update = flag.Bool("update", false, "rewrite the out/ sections of testdata/compare")

// TestCompare renders the two sides of each archive of testdata/compare and
// compares them. Files below old/ and new/ are of one side, those below both/ of
// either, without the folder in their names.
func TestCompare(t *testing.T) {
	paths, err := filepath.Glob("../../testdata/compare/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if len(bytes.TrimSpace(a.Comment)) == 0 {
				t.Error("the archive does not say what it shows")
			}
			c := readArchive(t, a)
			report := c.compare(t, compare.Options{})
			c.sameAgain(t)
			sameCounts(t, report)
			c.keepsSecrets(t, report)
			c.reverse(t, report)
			if *update {
				c.write(t, path, a, report)
				return
			}
			if len(c.want) != len(c.formats()) {
				t.Errorf("%d sections below out/ for %d formats: run with -update", len(c.want), len(c.formats()))
			}
			for _, format := range c.formats() {
				if diff := cmp.Diff(c.want[format], c.print(t, report, format)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", format, diff)
				}
			}
		})
	}
}

type archive struct {
	Formats  []compare.Format // default human
	MaxBytes int
	Secrets  []string // that no format may show
	Options  render.Options

	old, new []repo.File
	want     map[compare.Format]string
}

func readArchive(t testing.TB, a *txtar.Archive) *archive {
	t.Helper()
	c := &archive{want: map[compare.Format]string{}}
	for _, f := range a.Files {
		dir, name, _ := strings.Cut(f.Name, "/")
		file := repo.File{Name: name, Data: f.Data}
		switch dir {
		case "settings":
			if err := yaml.UnmarshalStrict(f.Data, c); err != nil {
				t.Fatal(err)
			}
		case "old":
			c.old = append(c.old, file)
		case "new":
			c.new = append(c.new, file)
		case "both":
			c.old, c.new = append(c.old, file), append(c.new, file)
		case "out":
			c.want[compare.Format(name)] = string(f.Data)
		default:
			t.Fatalf("file %s belongs to no side", f.Name)
		}
	}
	return c
}

func (c *archive) formats() []compare.Format {
	if c.Formats == nil {
		return []compare.Format{compare.Human}
	}
	return c.Formats
}

func (c *archive) side(t testing.TB, label string, files []repo.File) compare.Side {
	t.Helper()
	opts := c.Options
	if opts.Runtime == "" {
		opts.Runtime = render.Withhold
	}
	res, err := render.Render(t.Context(), render.Input{Files: files}, opts)
	if err != nil {
		t.Fatal(err)
	}
	return compare.Side{Result: res, Label: label}
}

func (c *archive) compare(t testing.TB, opts compare.Options) *compare.Report {
	t.Helper()
	report, err := compare.Compare(t.Context(), c.side(t, "main", c.old), c.side(t, "HEAD", c.new), opts)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func (c *archive) print(t testing.TB, r *compare.Report, format compare.Format) string {
	t.Helper()
	var out bytes.Buffer
	if err := compare.Write(&out, r, format, compare.PrintOptions{MaxBytes: c.MaxBytes}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// sameAgain compares again: with other parallelism, and with all files in
// reverse.
func (c *archive) sameAgain(t *testing.T) {
	t.Helper()
	want := c.print(t, c.compare(t, compare.Options{Jobs: 1}), compare.JSON)
	if diff := cmp.Diff(want, c.print(t, c.compare(t, compare.Options{Jobs: 4}), compare.JSON)); diff != "" {
		t.Errorf("with 4 jobs (-1 +4):\n%s", diff)
	}
	turned := &archive{Options: c.Options, old: slices.Clone(c.old), new: slices.Clone(c.new)}
	slices.Reverse(turned.old)
	slices.Reverse(turned.new)
	if diff := cmp.Diff(want, turned.print(t, turned.compare(t, compare.Options{}), compare.JSON)); diff != "" {
		t.Errorf("with the files in reverse (-forward +reverse):\n%s", diff)
	}
}

var planLine = regexp.MustCompile(`Plan: (\d+) to add, (\d+) to change, (\d+) to delete across (\d+) instances? \((\d+) RGDs?\)`)

// sameCounts holds every format to the same numbers.
func sameCounts(t *testing.T, r *compare.Report) {
	t.Helper()
	s := r.Summary
	want := fmt.Sprint([]int{s.Added, s.Changed, s.Deleted, s.Instances.Touched(), s.Definitions})
	for _, format := range compare.Formats() {
		var out bytes.Buffer
		if err := compare.Write(&out, r, format, compare.PrintOptions{}); err != nil {
			t.Fatal(err)
		}
		got := ""
		if format == compare.JSON {
			var back struct{ Summary compare.Summary }
			if err := json.Unmarshal(out.Bytes(), &back); err != nil {
				t.Fatal(err)
			}
			s := back.Summary
			got = fmt.Sprint([]int{s.Added, s.Changed, s.Deleted, s.Instances.Touched(), s.Definitions})
		} else if m := planLine.FindStringSubmatch(out.String()); m != nil {
			got = fmt.Sprint(m[1:])
		}
		if got != want {
			t.Errorf("%s counts %s, want %s", format, got, want)
		}
	}
}

// keepsSecrets looks for values that no format may show.
func (c *archive) keepsSecrets(t *testing.T, r *compare.Report) {
	t.Helper()
	for _, format := range compare.Formats() {
		text := c.print(t, r, format)
		for _, secret := range c.Secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s shows the secret %q", format, secret)
			}
		}
	}
}

// reverse compares the other way round, and each side with itself.
func (c *archive) reverse(t *testing.T, r *compare.Report) {
	t.Helper()
	back := (&archive{Options: c.Options, old: c.new, new: c.old}).compare(t, compare.Options{})
	if r.Summary.Instances.Broken+back.Summary.Instances.Broken == 0 {
		a, b := r.Summary, back.Summary
		if a.Added != b.Deleted || a.Deleted != b.Added || a.Changed != b.Changed || a.Moved != b.Moved || a.Unchanged != b.Unchanged {
			t.Errorf("there %+v, back %+v", a, b)
		}
	}
	for _, files := range [][]repo.File{c.old, c.new} {
		same := (&archive{Options: c.Options, old: files, new: files}).compare(t, compare.Options{})
		broken := same.Summary.Instances.Broken > 0
		for _, d := range same.Definitions {
			if broken = true; d.Status != compare.Broken {
				t.Errorf("the RGD %s differs from itself", d.Name)
			}
		}
		if s := same.Summary; s.Added+s.Changed+s.Deleted+s.Moved > 0 || same.Differs() != broken {
			t.Errorf("a side differs from itself: %+v", s)
		}
	}
}

func (c *archive) write(t *testing.T, path string, a *txtar.Archive, r *compare.Report) {
	a.Files = slices.DeleteFunc(a.Files, func(f txtar.File) bool { return strings.HasPrefix(f.Name, "out/") })
	for _, format := range c.formats() {
		a.Files = append(a.Files, txtar.File{Name: "out/" + string(format), Data: []byte(c.print(t, r, format))})
	}
	if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
		t.Fatal(err)
	}
}
