package plugin_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestExplainDocs runs the sessions of docs/explain.md in examples/shop.
// -update rewrites them.
func TestExplainDocs(t *testing.T) { runSessions(t, "../docs/explain.md", "../examples/shop", 3) }

// runSessions holds the console sessions of a page to what the commands print
// in a directory.
func runSessions(t *testing.T, page, dir string, count int) {
	t.Helper()
	session := regexp.MustCompile("(?s)```console\n\\$ krowave ([^\n]*)\n(.*?)```")
	text := readFile(t, page)
	if n := len(session.FindAllString(text, -1)); n != count {
		t.Errorf("%s has %d sessions, want %d", page, n, count)
	}
	got := session.ReplaceAllStringFunc(text, func(s string) string {
		command := session.FindStringSubmatch(s)[1]
		run := krowave(t, dir, strings.Fields(command)...)
		return "```console\n$ krowave " + command + "\n" + run.stdout + run.stderr + "```"
	})
	if *update {
		if err := os.WriteFile(page, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(text, got); diff != "" {
		t.Errorf("%s (-page +got):\n%s", page, diff)
	}
}
