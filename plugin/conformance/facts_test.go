package conformance_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// How many facts there are of Graphs and of RGDs.
const graphFacts, rgdFacts = 56, 27

var (
	factRow  = regexp.MustCompile(`(?m)^\| ([GU][0-9]+) \| (.+) \| (.+) \|$`)
	quoted   = regexp.MustCompile("`([^`]+)`")
	casePath = map[string]string{"render": "../../testdata/render/%s.txtar", "script": "../../testdata/script/%s.txtar", "kro": "../../testdata/kro/%s", "layout": "../../flux/layout/testdata/%s.txtar"}
)

// TestFacts holds docs/kro-facts.md to what there is: every fact has a case or a reason, every
// case exists, and one of a Graph says which fact it is about.
func TestFacts(t *testing.T) {
	page, err := os.ReadFile("../../docs/kro-facts.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for _, m := range factRow.FindAllStringSubmatch(string(page), -1) {
		if rows[m[1]] != "" {
			t.Errorf("%s is listed twice", m[1])
		}
		rows[m[1]] = m[3]
	}
	tests := goTests(t)
	listed := map[string]bool{}
	check := func(fact string) {
		row := rows[fact]
		if row == "" {
			t.Errorf("docs/kro-facts.md does not list %s", fact)
			return
		}
		cases := quoted.FindAllStringSubmatch(row, -1)
		if reason, none := strings.CutPrefix(row, "none: "); none && len(reason) > 20 {
			return
		} else if none || len(cases) == 0 {
			t.Errorf("%s has neither a case nor a reason: %s", fact, row)
		}
		for _, c := range cases {
			listed[c[1]] = true
			if strings.HasPrefix(c[1], "Test") {
				if !tests[c[1]] {
					t.Errorf("%s: there is no test %s", fact, c[1])
				}
				continue
			}
			kind, name, _ := strings.Cut(c[1], "/")
			file := fmt.Sprintf(casePath[kind], name)
			if _, err := os.Stat(file); casePath[kind] == "" || err != nil {
				t.Errorf("%s: there is no case %s", fact, c[1])
				continue
			}
			if text, err := os.ReadFile(file); kind == "render" && strings.HasPrefix(name, "graph-") && (err != nil || !names(string(text), fact)) {
				t.Errorf("%s: %s does not say that it is about it", fact, c[1])
			}
		}
	}
	for n := range graphFacts {
		check(fmt.Sprintf("G%d", n+1))
	}
	for n := range rgdFacts {
		check(fmt.Sprintf("U%d", n+1))
	}
	graphs, err := filepath.Glob("../../testdata/render/graph-*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	general := []string{"graph-waits", "graph-withhold"} // of policies, not of a fact
	for _, file := range graphs {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		if !listed["render/"+name] && !slices.Contains(general, name) {
			t.Errorf("docs/kro-facts.md does not list render/%s", name)
		}
	}
}

// factRange matches facts as a comment lists them: G3, or G11-G20.
var factRange = regexp.MustCompile(`([GU])([0-9]+)(?:-[GU]([0-9]+))?`)

// names reports whether the comment of a case lists a fact.
func names(text, fact string) bool {
	comment, _, _ := strings.Cut(text, "\n-- ")
	for _, m := range factRange.FindAllStringSubmatch(comment, -1) {
		var first, last, n int
		fmt.Sscan(m[2], &first)
		if last = first; m[3] != "" {
			fmt.Sscan(m[3], &last)
		}
		fmt.Sscan(fact[1:], &n)
		if m[1] == fact[:1] && first <= n && n <= last {
			return true
		}
	}
	return false
}

// goTests are the names of the test functions of the module.
func goTests(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	for _, dir := range []string{"../../plugin", "../../render", "../../flux"} {
		err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(name, "_test.go") {
				return err
			}
			text, err := os.ReadFile(filepath.Join(dir, name))
			for _, m := range function.FindAllSubmatch(text, -1) {
				out[string(m[1])] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}
