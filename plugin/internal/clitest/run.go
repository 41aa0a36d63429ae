// Package clitest runs krowave in tests. It takes a directory and arguments, and
// returns the output and the exit code. It starts no process.
package clitest

import (
	"bytes"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/plugin"
)

// Update is the flag with which tests rewrite the files that they compare with.
var Update = flag.Bool("update", false, "rewrite what is expected")

// Output is what one run of krowave left behind.
type Output struct {
	Code           int
	Stdout, Stderr string
}

// Run runs krowave in a directory.
func Run(t *testing.T, dir string, args ...string) Output {
	t.Helper()
	return RunWith(t, dir, "", args...)
}

// RunWith runs krowave in a directory, with a standard input. A JSON document that
// it prints has to be as its schema says.
func RunWith(t *testing.T, dir, in string, args ...string) Output {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := plugin.Main(t.Context(), plugin.Streams{
		In: strings.NewReader(in), Out: &stdout, Err: &stderr, Dir: dir,
		Getenv: func(string) string { return "" },
	}, args)
	if _, err := Check(stdout.String()); err != nil {
		t.Errorf("krowave %s: %v", strings.Join(args, " "), err)
	}
	return Output{code, stdout.String(), stderr.String()}
}

// ReadFile returns the text of a file.
func ReadFile(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// Sessions holds the console sessions of a page to what the commands print in a
// directory, or with -update rewrites them.
func Sessions(t *testing.T, page, dir string, count int) {
	t.Helper()
	session := regexp.MustCompile("(?s)```console\n\\$ krowave ([^\n]*)\n(.*?)```")
	text := ReadFile(t, page)
	if n := len(session.FindAllString(text, -1)); n != count {
		t.Errorf("%s has %d sessions, want %d", page, n, count)
	}
	got := session.ReplaceAllStringFunc(text, func(s string) string {
		command := session.FindStringSubmatch(s)[1]
		run := Run(t, dir, strings.Fields(command)...)
		return "```console\n$ krowave " + command + "\n" + run.Stdout + run.Stderr + "```"
	})
	if *Update {
		if err := os.WriteFile(page, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(text, got); diff != "" {
		t.Errorf("%s (-page +got):\n%s", page, diff)
	}
}
