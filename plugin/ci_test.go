package plugin_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/krowave/krowave/plugin/internal/clitest"
)

// ciFiles are the files that other repositories use, and how many commands of
// krowave each has.
var ciFiles = map[string]int{
	"../action.yml": 2, "../.github/actions/comment/action.yml": 0, "../docs/ci/github.yml": 0, "../docs/ci/argocd-diff-preview.yml": 0,
	"../docs/ci/gitlab.yml": 3, "../.pre-commit-hooks.yaml": 2,
}

var ciCommand = regexp.MustCompile(`(?m)(?:^|\s)krowave ([a-z][^|>&;\n]*)`)

// TestCIFiles asks the command tree about every command in the files: with
// --help, krowave reads all flags before it prints the help of the command.
func TestCIFiles(t *testing.T) {
	for name, want := range ciFiles {
		var file any
		if err := yaml.Unmarshal([]byte(clitest.ReadFile(t, name)), &file); err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, script := range scripts(file) {
			if bash, err := exec.LookPath("bash"); err == nil {
				if out, err := exec.Command(bash, "-n", "-c", script).CombinedOutput(); err != nil {
					t.Errorf("%s: %v\n%s\n%s", name, err, out, script)
				}
			}
			for _, m := range ciCommand.FindAllStringSubmatch(script, -1) {
				found++
				args := strings.Fields(m[1])
				got := clitest.Run(t, "..", append(args, "--help")...)
				if got.Code != 0 || !strings.Contains(got.Stdout, "\nUsage:\n  krowave "+args[0]+" ") {
					t.Errorf("%s: krowave %s: exit code %d\n%s%s", name, m[1], got.Code, got.Stdout, got.Stderr)
				}
			}
		}
		if found != want {
			t.Errorf("%s has %d commands, want %d", name, found, want)
		}
	}
	if got := clitest.Run(t, "..", "diff", "--no-such-flag", "--help"); got.Code == 0 {
		t.Error("an unknown flag is no error beside --help, so the test proves nothing")
	}
}

// scripts are the texts of a file that a shell runs.
func scripts(v any) (out []string) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			out = append(out, scripts(item)...)
		}
	case map[string]any:
		for _, key := range []string{"run", "entry", "before_script", "script"} {
			switch text := v[key].(type) {
			case string:
				out = append(out, text)
			case []any:
				lines := ""
				for _, line := range text {
					lines += line.(string) + "\n"
				}
				out = append(out, lines)
			}
		}
		for _, item := range v {
			out = append(out, scripts(item)...)
		}
	}
	return out
}

// ciShop is a repository with examples/shop, where the last commit is the change
// that docs/ci.md shows.
func ciShop(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shop")
	if err := os.CopyFS(dir, os.DirFS("../examples/shop")); err != nil {
		t.Fatal(err)
	}
	clitest.Git(t, dir, "init", "-q", "-b", "main")
	clitest.Git(t, dir, "add", "-A")
	clitest.Git(t, dir, "commit", "-q", "-m", "one")
	for name, words := range map[string][2]string{
		"definitions/database.yaml":        {`default="1Gi"`, `default="2Gi"`},
		"overlays/prod/kustomization.yaml": {"[eu, us]", "[eu]"},
	} {
		text := clitest.ReadFile(t, filepath.Join(dir, name))
		if !strings.Contains(text, words[0]) {
			t.Fatalf("%s has no %s", name, words[0])
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Replace(text, words[0], words[1], 1)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	clitest.Git(t, dir, "commit", "-q", "-a", "-m", "two")
	return dir
}

// TestCIDocs runs the sessions of docs/ci.md, and compares the workflow in it with
// the file. -update rewrites them.
func TestCIDocs(t *testing.T) {
	const name = "../docs/ci.md"
	dir, sessions := ciShop(t), 0
	want := clitest.ReadFile(t, name)
	got := regexp.MustCompile("(?s)````console\n\\$ krowave (.*?)\n(.*?)````").ReplaceAllStringFunc(want, func(session string) string {
		sessions++
		command, _, _ := strings.Cut(strings.TrimPrefix(session, "````console\n$ krowave "), "\n")
		out := clitest.Run(t, dir, strings.Fields(command)...)
		return "````console\n$ krowave " + command + "\n" + out.Stdout + out.Stderr + "````"
	})
	before, rest, _ := strings.Cut(got, "(ci/github.yml):\n\n```yaml\n")
	_, after, ok := strings.Cut(rest, "```\n")
	if !ok || sessions != 2 {
		t.Fatalf("docs/ci.md has %d sessions, a workflow: %t", sessions, ok)
	}
	got = before + "(ci/github.yml):\n\n```yaml\n" + clitest.ReadFile(t, "../docs/ci/github.yml") + "```\n" + after
	if *clitest.Update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/ci.md shows something else; -update rewrites it (-docs +got):\n%s", diff)
	}
}

// TestActionRuns runs the action's own scripts on a change, with the test binary
// as krowave.
func TestActionRuns(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is not installed")
	}
	dir, temp := ciShop(t), t.TempDir()
	bin := filepath.Join(temp, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	clitest.Install(t, bin)
	var action struct {
		Runs struct {
			Steps []struct{ Name, Run string }
		}
	}
	if err := yaml.Unmarshal([]byte(clitest.ReadFile(t, "../action.yml")), &action); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, step := range action.Runs.Steps {
		if !ciCommand.MatchString(step.Run) {
			continue
		}
		ran++
		cmd := exec.Command(bash, "--noprofile", "--norc", "-eo", "pipefail", "-c", step.Run)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "PATHS=definitions overlays", "BASE=HEAD^1",
			"RUNNER_TEMP="+temp, "GITHUB_STEP_SUMMARY="+filepath.Join(temp, "summary"), "GITHUB_OUTPUT="+filepath.Join(temp, "output"))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", step.Name, err, out)
		}
	}
	if ran != 2 {
		t.Errorf("%d steps ran", ran)
	}
	report := clitest.ReadFile(t, filepath.Join(temp, "krowave/diff.md"))
	if !strings.HasPrefix(report, "<!-- krowave:diff -->\n") || !strings.Contains(report, "immutable-field") {
		t.Errorf("the comment is\n%s", report)
	}
	if got := clitest.ReadFile(t, filepath.Join(temp, "output")); got != "differs=true\n" {
		t.Errorf("outputs: %q", got)
	}
	if diff := cmp.Diff(report, clitest.ReadFile(t, filepath.Join(temp, "summary"))); diff != "" {
		t.Errorf("the summary is not the comment (-comment +summary):\n%s", diff)
	}
}

// TestOSSFuzz runs the script with which OSS-Fuzz builds, with programs in place of
// those of its image: each target of the tree is built under a name of its own, and its
// corpus goes with it.
func TestOSSFuzz(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is not installed")
	}
	bin, out := t.TempDir(), t.TempDir()
	for name, text := range map[string]string{
		"compile_native_go_fuzzer_v2": `grep -q "^func $2(f \*testing.F)" "${1#github.com/krowave/krowave/}"/*_test.go && touch "$OUT/$3"`,
		"zip":                         `ls "$5" >"$4"`,
	} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\nset -e\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(bash, "-eu", ".clusterfuzzlite/build.sh")
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "OUT="+out, "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	built, err := os.ReadDir(out)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range built {
		names = append(names, e.Name())
	}
	for _, want := range []string{"FuzzRead", "FuzzRead_seed_corpus.zip", "FuzzRender", "FuzzReadTar", "FuzzParse"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is not among what was built: %v", want, names)
		}
	}
}

// TestBuildIsTheReleases holds .ci/reproducible to the flags of .goreleaser.yaml.
func TestBuildIsTheReleases(t *testing.T) {
	var release struct {
		Builds []struct {
			Flags, Tags, Ldflags []string
		}
	}
	if err := yaml.Unmarshal([]byte(clitest.ReadFile(t, "../.goreleaser.yaml")), &release); err != nil || len(release.Builds) != 1 {
		t.Fatal(err, release)
	}
	script, b := clitest.ReadFile(t, "../.ci/reproducible"), release.Builds[0]
	for _, want := range []string{strings.Join(b.Flags, " "), "-tags=" + strings.Join(b.Tags, ","), "-ldflags '" + strings.Join(b.Ldflags, " ") + "'"} {
		if !strings.Contains(script, want) {
			t.Errorf(".ci/reproducible does not build with %s", want)
		}
	}
}
