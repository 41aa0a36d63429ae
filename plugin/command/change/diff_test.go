package change_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/krowave/krowave/plugin"
	"github.com/krowave/krowave/plugin/internal/clitest"
)

// TestChangeExamples runs the examples of diff and impact in a repository with a
// branch that changes an RGD.
func TestChangeExamples(t *testing.T) {
	files := map[string]string{
		"shop-rgd.yaml": clitest.ReadFile(t, "../../../testdata/help/shop-rgd.yaml"), "shop.yaml": clitest.ReadFile(t, "../../../testdata/help/instance.yaml"),
	}
	dir := clitest.Repository(t, files)
	clitest.Git(t, dir, "checkout", "-q", "-b", "topic")
	rgd := strings.Replace(files["shop-rgd.yaml"], "  resources:\n", "  resources:\n    - id: note\n      template:\n        apiVersion: v1\n        kind: ConfigMap\n        metadata: {name: note}\n", 1)
	if rgd == files["shop-rgd.yaml"] {
		t.Fatal("the RGD has no resources")
	}
	files["shop-rgd.yaml"] = rgd
	clitest.WriteTree(t, dir, files)
	clitest.Git(t, dir, "commit", "-q", "-a", "-m", "note")
	for _, name := range []string{"diff", "impact"} {
		_, examples, _ := strings.Cut(clitest.Run(t, dir, name, "--help").Stdout, "Examples:\n")
		examples, _, ok := strings.Cut(examples, "\nFlags:")
		if !ok {
			t.Errorf("%s has no examples", name)
		}
		for _, line := range strings.Split(strings.TrimSpace(examples), "\n") {
			if strings.Contains(line, "--live") {
				continue // TestDiffLive
			}
			if strings.Contains(line, "--no-index") {
				files["shop-next.yaml"] = files["shop.yaml"] + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: note}\n"
				clitest.WriteTree(t, dir, files)
			}
			got := clitest.Run(t, dir, strings.Fields(line)[1:]...)
			if got.Code != 1 || !strings.Contains(got.Stdout, "1 ") {
				t.Errorf("%s: exit code %d, want 1\n%s%s", line, got.Code, got.Stdout, got.Stderr)
			}
		}
		delete(files, "shop-next.yaml")
		clitest.WriteTree(t, dir, files)
	}
}

// TestExternalDiff shows what a program that KUBECTL_EXTERNAL_DIFF names gets and
// what becomes of its exit code.
func TestExternalDiff(t *testing.T) {
	files := map[string]string{"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: x}\ndata: {color: red}\n"}
	dir := clitest.Repository(t, files)
	clitest.WriteTree(t, dir, map[string]string{"a.yaml": strings.Replace(files["a.yaml"], "red", "blue", 1), "b.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: b}\nstringData: {password: hidden}\n"})
	t.Setenv("TMPDIR", t.TempDir())
	run := func(program string, args ...string) (int, string, string) {
		var stdout, stderr bytes.Buffer
		code := plugin.Main(t.Context(), plugin.Streams{Out: &stdout, Err: &stderr, Dir: dir, Getenv: func(name string) string {
			return map[string]string{"KUBECTL_EXTERNAL_DIFF": program}[name]
		}}, append([]string{"diff", "--base", "HEAD"}, args...))
		return code, stdout.String(), stderr.String()
	}
	code, stdout, stderr := run("diff -r -u -N")
	for _, want := range []string{"-  color: red\n+  color: blue\n", "/OLD/x.configmap-a.yaml", "/NEW/secret-b.yaml"} {
		if code != 1 || !strings.Contains(stdout, want) {
			t.Errorf("exit code %d, want 1 and %q\n%s%s", code, want, stdout, stderr)
		}
	}
	if strings.Contains(stdout, "hidden") {
		t.Errorf("a Secret's value is shown:\n%s", stdout)
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	if code, stdout, _ := run("echo ;rm $HOME -x"); code != 0 || !strings.HasPrefix(stdout, "-x ") {
		t.Errorf("exit code %d, printed %q, want the plain words only", code, stdout)
	}
	if code, _, stderr := run("krowave-no-such-program"); code != 3 || !strings.Contains(stderr, "KUBECTL_EXTERNAL_DIFF") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	if code, stdout, _ := run("krowave-no-such-program", "-o", "patch"); code != 1 || !strings.Contains(stdout, "+  color: blue") {
		t.Errorf("-o patch: exit code %d\n%s", code, stdout)
	}
	if code, _, stderr := run("diff -r", "--exit-zero"); code != 0 {
		t.Errorf("--exit-zero: exit code %d\n%s", code, stderr)
	}
}

// TestDiffFormats shows that every format says which object changed, in plain
// text where no terminal is.
func TestDiffFormats(t *testing.T) {
	dir := clitest.Repository(t, map[string]string{"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: apple}\n"})
	clitest.WriteTree(t, dir, map[string]string{"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: apple}\ndata: {a: b}\n"})
	for _, format := range []string{"human", "markdown", "json", "html", "patch"} {
		got := clitest.Run(t, dir, "diff", "--base", "HEAD", "-o", format)
		if got.Code != 1 || !strings.Contains(got.Stdout, "apple") || strings.Contains(got.Stdout, "\x1b[") {
			t.Errorf("%s: exit code %d\n%s%s", format, got.Code, got.Stdout, got.Stderr)
		}
	}
}
