package plugin_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/krowave/krowave/plugin"
	"github.com/krowave/krowave/plugin/internal/clitest"
)

func TestMain(m *testing.M) { clitest.Main(m) }

// TestScripts runs testdata/script. A script calls krowave, krowave:1, krowave:2
// or krowave:3, by the exit code that it expects; "< FILE" at the end is
// standard input, where FILE may be stdout, what the command before printed.
// go test ./plugin -run TestScripts -update rewrites what is expected.
func TestScripts(t *testing.T) {
	commands := map[string]func(*testscript.TestScript, bool, []string){}
	for name, code := range map[string]int{"krowave": 0, "krowave:1": 1, "krowave:2": 2, "krowave:3": 3} {
		commands[name] = func(ts *testscript.TestScript, neg bool, args []string) {
			if neg {
				ts.Fatalf("name the exit code: krowave:1")
			}
			scriptKrowave(t, ts, code, args)
		}
	}
	testscript.Run(t, testscript.Params{
		Dir: "../testdata/script", Cmds: commands, UpdateScripts: *clitest.Update,
		RequireUniqueNames: true,
	})
}

func scriptKrowave(t *testing.T, ts *testscript.TestScript, want int, args []string) {
	input := ""
	if i := slices.Index(args, "<"); i >= 0 && i == len(args)-2 {
		input, args = ts.ReadFile(args[i+1]), args[:i]
	}
	var stdout, stderr bytes.Buffer
	got := plugin.Main(t.Context(), plugin.Streams{
		In: strings.NewReader(input), Out: &stdout, Err: &stderr, Dir: ts.MkAbs("."), Program: ts.Getenv("PROGRAM"),
	}, args)
	ts.Check(writeAll(ts, stdout.Bytes(), stderr.Bytes()))
	if got != want {
		ts.Fatalf("exit code %d, want %d\n%s", got, want, stderr.String())
	}
}

func writeAll(ts *testscript.TestScript, stdout, stderr []byte) error {
	if _, err := ts.Stdout().Write(stdout); err != nil {
		return err
	}
	_, err := ts.Stderr().Write(stderr)
	return err
}

// TestHelpExamples runs each line of each command's examples in the example
// repository.
func TestHelpExamples(t *testing.T) {
	for _, name := range []string{"render", "crd", "sample", "graph", "explain", "test", "validate", "version", "completion"} {
		help := clitest.Run(t, "../testdata/help", name, "--help")
		_, examples, _ := strings.Cut(help.Stdout, "Examples:\n")
		examples, _, ok := strings.Cut(examples, "\nFlags:")
		if !ok {
			t.Errorf("%s has no examples", name)
		}
		for _, line := range strings.Split(strings.TrimSpace(examples), "\n") {
			t.Run(strings.TrimSpace(line), func(t *testing.T) { runExample(t, "../testdata/help", line) })
		}
	}
}

// runExample runs "krowave A | krowave B"; another program's output is that of
// the instance file.
func runExample(t *testing.T, dir, line string) {
	input := ""
	for _, part := range strings.Split(line, "|") {
		args := strings.Fields(part)
		if args[0] != "krowave" {
			raw, err := os.ReadFile(filepath.Join(dir, "instance.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			input = string(raw)
			continue
		}
		got := clitest.RunWith(t, dir, input, args[1:]...)
		if got.Code != 0 || got.Stdout == "" {
			t.Fatalf("%s: exit code %d\n%s", part, got.Code, got.Stderr)
		}
		input = got.Stdout
	}
}
