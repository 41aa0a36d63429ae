package plugin_test

import (
	"bytes"
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
	if _, err := clitest.Check(stdout.String()); err != nil {
		ts.Fatalf("krowave %s: %v", strings.Join(args, " "), err)
	}
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
