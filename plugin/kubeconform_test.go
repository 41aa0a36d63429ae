package plugin_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/plugin"
)

// TestKubeconform has kubeconform check the instances of testdata/kubeconform by the
// schemas that krowave schema writes: it accepts and refuses what krowave validate
// does.
func TestKubeconform(t *testing.T) {
	program := os.Getenv("KROWAVE_KUBECONFORM")
	if program == "" {
		t.Skip("not run: needs kubeconform; use make kubeconform")
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../testdata/kubeconform")); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	run := func(args ...string) int {
		stdout.Reset()
		return plugin.Main(t.Context(), plugin.Streams{Out: &stdout, Err: &stderr, Dir: dir}, args)
	}
	if code := run("schema", "rgd.yaml", "-o", "schemas"); code != 0 {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	for file, want := range map[string]string{"instances.yaml": "statusValid", "mistakes.yaml": "statusInvalid"} {
		cmd := exec.CommandContext(t.Context(), program, "-strict", "-verbose", "-output", "json",
			"-schema-location", "schemas/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json", file)
		cmd.Dir = dir
		out, err := cmd.Output()
		if err != nil && want == "statusValid" {
			t.Errorf("%s: %v\n%s", file, err, out)
		}
		var said struct {
			Resources []struct{ Name, Status, Msg string }
		}
		if err := json.Unmarshal(out, &said); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		var names []string
		for _, r := range said.Resources {
			names = append(names, r.Name)
			if r.Status != want {
				t.Errorf("%s: %s, want %s: %s", r.Name, r.Status, want, r.Msg)
			}
		}
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(text, []byte("\nkind: Stand\n")); n != len(names) {
			t.Errorf("%s: %d of %d instances were checked: %v", file, len(names), n, names)
		}
		run("validate", "-o", "json", "rgd.yaml", file)
		var found struct{ Diagnostics []struct{ Object string } }
		if err := json.Unmarshal(stdout.Bytes(), &found); err != nil {
			t.Fatalf("%v\n%s", err, &stdout)
		}
		refused := map[string]bool{}
		for _, d := range found.Diagnostics {
			refused[d.Object[strings.LastIndexAny(d.Object, " /")+1:]] = true
		}
		expected := map[string]bool{}
		if want == "statusInvalid" {
			for _, name := range names {
				expected[name] = true
			}
		}
		if diff := cmp.Diff(expected, refused); diff != "" {
			t.Errorf("%s: krowave validate refuses others than kubeconform (-kubeconform +krowave):\n%s", file, diff)
		}
	}
}
