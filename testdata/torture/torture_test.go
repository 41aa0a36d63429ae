//go:build linux

// Package torture_test runs hostile repositories against the real command line and
// a real Argo CD sidecar. Each attack has a bound on time and memory, an exit code
// and a message; none may run a program, print what it must not, or leave the
// server unable to answer the next request. SECURITY.md lists them.
//
//	make torture
package torture_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/krowave/krowave/testdata/program"
	"github.com/krowave/krowave/testdata/torture"
)

// Bounds of one process. They are those of a hang, not of speed.
const (
	longest   = 90 * time.Second
	mostMiB   = 2048
	mostBytes = 256 << 10 // of messages
)

// fits reports whether a command ends as an attack wants it.
func fits(wanted torture.Outcome, code int) bool {
	return code == 1 || code == 2 || wanted == torture.Either && code == 0
}

var krowave string

func TestMain(m *testing.M) {
	os.Exit(program.Run(m, func(path string) { krowave = path }))
}

// TestCommandLine runs each attack through render and validate.
func TestCommandLine(t *testing.T) {
	for _, a := range slices.Concat(torture.Documents(), torture.Graphs(), torture.Trees(), repositories) {
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := a.Build(dir); err != nil {
				t.Fatal(err)
			}
			if a.Args != nil {
				run(t, a, dir, a.Args...)
				return
			}
			run(t, a, dir, "render", "--root", dir, ".")
			run(t, a, dir, "validate", "--root", dir, ".")
		})
	}
}

func run(t *testing.T, a torture.Attack, dir string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	cmd := exec.CommandContext(ctx, krowave, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull)
	var stdout counter
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) || ctx.Err() != nil {
		t.Fatalf("krowave %s: %v %v", args[0], err, ctx.Err())
	}
	said := stderr.String() + stdout.head.String()
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	t.Logf("krowave %.40s: exit code %d, %.2f s CPU, %d MiB, %d bytes of output, %d of messages: %.200q", strings.Join(args, " "), cmd.ProcessState.ExitCode(),
		(cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(), usage.Maxrss>>10, stdout.n, stderr.Len(), said)
	if !fits(a.Code, cmd.ProcessState.ExitCode()) {
		t.Errorf("krowave %s: exit code %d\n%.2000s", args[0], cmd.ProcessState.ExitCode(), said)
	}
	if usage.Maxrss>>10 > mostMiB {
		t.Errorf("krowave %s: %d MiB", args[0], usage.Maxrss>>10)
	}
	if stderr.Len() > mostBytes {
		t.Errorf("krowave %s: %d bytes of messages", args[0], stderr.Len())
	}
	if !regexp.MustCompile(a.Says).MatchString(said) {
		t.Errorf("krowave %s does not say %q:\n%.2000s", args[0], a.Says, said)
	}
	harmless(t, dir, said)
}

// harmless fails when an attack ran a program, or a message has what no message
// may have.
func harmless(t *testing.T, dir, said string) {
	t.Helper()
	if _, err := os.Lstat(filepath.Join(dir, "MARK")); err == nil {
		t.Error("a program of the repository was run")
	}
	if leak := torture.Leak(said); leak != "" {
		t.Errorf("the output has %q:\n%.2000q", leak, said)
	}
	for line := range strings.Lines(said) {
		if strings.HasPrefix(line, "::") {
			t.Errorf("a line is a workflow command: %.200q", line)
		}
	}
}

// counter counts output and keeps its beginning.
type counter struct {
	n    int
	head bytes.Buffer
}

func (c *counter) Write(p []byte) (int, error) {
	c.n += len(p)
	c.head.Write(p[:min(len(p), max(0, 64<<10-c.head.Len()))])
	return len(p), nil
}
