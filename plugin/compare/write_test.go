package compare

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/repo"
)

const patchRGD = `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: app}
spec:
  schema:
    apiVersion: v1alpha1
    kind: App
    spec: {text: string, more: boolean | default=false}
  resources:
    - id: config
      template:
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: "${schema.metadata.name}"}
        data: {text: "${schema.spec.text}"}
    - id: more
      includeWhen: ["${schema.spec.more}"]
      template:
        apiVersion: v1
        kind: Service
        metadata: {name: "${schema.metadata.name}"}
        spec: {ports: [{port: 80}]}
`

const instance = `apiVersion: kro.run/v1alpha1
kind: App
`

// TestPatchApplies gives a patch to Git and expects the files of the new side.
func TestPatchApplies(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	old := instance + "metadata: {name: a, namespace: one}\nspec: {text: \"one\\ntwo\\n\", more: true}\n---\n" +
		instance + "metadata: {name: b, namespace: two}\nspec: {text: same}\n---\n" +
		instance + "metadata: {name: gone}\nspec: {text: x}\n---\n" +
		"apiVersion: apps/v1\nkind: Thing\nmetadata: {name: t}\n"
	now := instance + "metadata: {name: a, namespace: one}\nspec: {text: \"one\\n2\\n\"}\n---\n" +
		instance + "metadata: {name: b, namespace: two}\nspec: {text: same}\n---\n" +
		instance + "metadata: {name: came}\nspec: {text: x, more: true}\n---\n" +
		"apiVersion: apps/v1\nkind: Thing\nmetadata: {name: t, labels: {a: b}}\n---\n" +
		"apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t}\n"
	before, after := renderText(t, old), renderText(t, now)
	report, err := Compare(t.Context(), Side{Result: before}, Side{Result: after}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var patch bytes.Buffer
	if err := Write(&patch, report, Patch, PrintOptions{}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range files(t, before) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	git := exec.CommandContext(t.Context(), "git", "apply", "-")
	git.Dir, git.Stdin = dir, &patch
	git.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir))
	text := patch.String()
	if out, err := git.CombinedOutput(); err != nil {
		t.Fatalf("git apply: %v\n%s\n%s", err, out, text)
	}
	got := map[string]string{}
	if err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		got[filepath.ToSlash(name)] = string(raw)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(files(t, after), got); diff != "" {
		t.Errorf("(-want +got):\n%s\n%s", diff, text)
	}
}

func renderText(t testing.TB, text string) *render.Result {
	t.Helper()
	res, err := render.Render(t.Context(), render.Input{Files: []repo.File{
		{Name: "rgd.yaml", Data: []byte(patchRGD)}, {Name: "objects.yaml", Data: []byte(text)},
	}}, render.Options{Annotate: render.Annotate{Waves: true, Origin: true}})
	if err != nil || res.Diagnostics.HasErrors() {
		t.Fatalf("%v %v", err, res.Diagnostics)
	}
	return res
}

// files are those that render -o dir writes.
func files(t *testing.T, res *render.Result) map[string]string {
	t.Helper()
	out := map[string]string{}
	s := newSide(Side{Result: res}, nil, nil)
	for _, o := range res.Objects {
		var text bytes.Buffer
		if err := manifest.EncodeYAML(&text, []map[string]any{o.Object}); err != nil {
			t.Fatal(err)
		}
		out[s.fileName(o.Object)] = text.String()
	}
	return out
}

// TestPage checks what protects a reader of the HTML form.
func TestPage(t *testing.T) {
	report, err := Compare(t.Context(), Side{Result: renderText(t, instance+"metadata: {name: a}\nspec: {text: x}\n")}, Side{Result: renderText(t, "")}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	if err := Write(&page, report, HTML, PrintOptions{}); err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(page.String(), "<style>")
	if style, _, _ := strings.Cut(rest, "</style>"); style != pageStyle {
		t.Errorf("the style is not the one that the policy allows:\n%s", cmp.Diff(pageStyle, style))
	}
	for _, foreign := range []string{"<script", "http://", "https://", "src=", "@import", "url("} {
		if strings.Contains(page.String(), foreign) {
			t.Errorf("the page has %q", foreign)
		}
	}
}

// TestMarkdownLimit holds the text below every limit that it accepts, and counts
// what is left out.
func TestMarkdownLimit(t *testing.T) {
	var old, now strings.Builder
	for _, name := range strings.Split("a b c d e", " ") {
		old.WriteString("---\n" + instance + "metadata: {name: app-" + name + "}\nspec: {text: old}\n")
		now.WriteString("---\n" + instance + "metadata: {name: app-" + name + "}\nspec: {text: new value " + name + "}\n")
	}
	report, err := Compare(t.Context(), Side{Result: renderText(t, old.String())}, Side{Result: renderText(t, now.String())}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	whole := markdownText(t, report, 0)
	if strings.Contains(whole, "Not shown") || strings.Count(whole, "<details>") != 5 {
		t.Errorf("without a limit:\n%s", whole)
	}
	refused, cut := 0, 0
	for limit := 100; limit < len(whole)+1000; limit += 97 {
		var out bytes.Buffer
		if err := Write(&out, report, Markdown, PrintOptions{MaxBytes: limit}); err != nil {
			refused++
			if out.Len() > 0 {
				t.Error("an error left text behind")
			}
			continue
		}
		text := out.String()
		if len(text) > limit {
			t.Fatalf("%d bytes with a limit of %d", len(text), limit)
		}
		shown := strings.Count(text, "<details>")
		if strings.Count(text, "</details>") != shown || strings.Count(text, "```")%2 != 0 {
			t.Fatalf("a section is cut with a limit of %d:\n%s", limit, text)
		}
		if shown < 5 {
			cut++
			if want := count(5-shown, "instance", "instances") + ", " + count(5-shown, "object", "objects"); !strings.Contains(text, want) {
				t.Fatalf("%d of 5 instances are shown, and nothing says that %s are not:\n%s", shown, want, text)
			}
		}
	}
	if refused == 0 || cut < 5 {
		t.Errorf("%d limits were refused and %d cut something", refused, cut)
	}
}

func markdownText(t *testing.T, r *Report, limit int) string {
	t.Helper()
	var out bytes.Buffer
	if err := Write(&out, r, Markdown, PrintOptions{MaxBytes: limit}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestUnchanged counts instances that nobody rendered.
func TestUnchanged(t *testing.T) {
	res := renderText(t, instance+"metadata: {name: a}\nspec: {text: x}\n")
	skipped := []render.Identity{
		{APIVersion: "kro.run/v1alpha1", Kind: "App", Namespace: "default", Name: "b"},
		{APIVersion: "kro.run/v1alpha1", Kind: "App", Namespace: "default", Name: "a"}, // rendered all the same
	}
	report, err := Compare(t.Context(), Side{Result: res}, Side{Result: res}, Options{Unchanged: skipped})
	if err != nil {
		t.Fatal(err)
	}
	if report.Differs() || report.Summary.Instances.Unchanged != 2 || len(report.Instances) != 2 {
		t.Errorf("differs %t, %+v, %d instances", report.Differs(), report.Summary.Instances, len(report.Instances))
	}
}

// TestNothing compares with a side that is not there, as a first commit has none.
func TestNothing(t *testing.T) {
	res := renderText(t, instance+"metadata: {name: a}\nspec: {text: x, more: true}\n")
	for _, c := range []struct {
		name       string
		old, now   *render.Result
		want       Summary
		wantStatus Status
	}{
		{"all new", nil, res, Summary{Added: 2, Instances: InstanceCounts{Added: 1}, Definitions: 1}, Added},
		{"all gone", res, nil, Summary{Deleted: 2, Instances: InstanceCounts{Removed: 1}, Definitions: 1}, Removed},
	} {
		report, err := Compare(t.Context(), Side{Result: c.old}, Side{Result: c.now}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, report.Summary); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if got := report.Instances[0].Status; got != c.wantStatus || !report.Differs() {
			t.Errorf("%s: %s, differs %t", c.name, got, report.Differs())
		}
	}
}

// TestCancelled stops when it is told to.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	res := renderText(t, instance+"metadata: {name: a}\nspec: {text: x}\n")
	if _, err := Compare(ctx, Side{Result: res}, Side{Result: res}, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestColor takes the colours off again.
func TestColor(t *testing.T) {
	old := renderText(t, instance+"metadata: {name: a}\nspec: {text: x}\n---\n"+instance+"metadata: {name: b}\nspec: {text: x}\n")
	now := renderText(t, instance+"metadata: {name: a}\nspec: {text: \"\\e[31mred\", more: true}\n")
	report, err := Compare(t.Context(), Side{Result: old}, Side{Result: now}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var plain, colored bytes.Buffer
	for out, color := range map[*bytes.Buffer]bool{&plain: false, &colored: true} {
		if err := Write(out, report, Human, PrintOptions{Color: color}); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(plain.String(), "\x1b") {
		t.Errorf("an escape sequence of the input is printed:\n%q", plain.String())
	}
	text := colored.String()
	for _, c := range []string{diag.Red, diag.Green, diag.Yellow, diag.Bold} {
		if !strings.Contains(text, c) {
			t.Errorf("no %q in %q", c, text)
		}
	}
	for _, c := range []string{diag.Red, diag.Green, diag.Yellow, diag.Bold, "\x1b[0m"} {
		text = strings.ReplaceAll(text, c, "")
	}
	if diff := cmp.Diff(plain.String(), text); diff != "" {
		t.Errorf("colours change the text (-plain +colored):\n%s", diff)
	}
}
