package manifest

import (
	"bytes"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// checkQuick compares a document with what the library makes of it, and reports
// whether it was simple enough.
func checkQuick(t *testing.T, text []byte) bool {
	t.Helper()
	lim := Limits{}.withDefaults()
	got, ok := quickYAML(text, lim)
	if !ok {
		return false
	}
	value, err := decodeYAML(text, true)
	if err != nil {
		t.Fatalf("the library refuses what was decoded: %v\n%s", err, text)
	}
	c := converter{lim: lim}
	want := c.run(value)
	if d := cmp.Diff(want, any(got)); d != "" || c.problem != "" {
		t.Fatalf("%s(-library +quick):\n%s\n%s", c.problem, d, text)
	}
	return true
}

func TestQuickEqualsLibrary(t *testing.T) {
	texts := []string{
		"a: 1\nb:\n- c: |\n    x\n\n      y\n  d: \"q\"\n- e\ng: ''\n", "a:\n  b: c\n d: e\n", "a: b\n  c\n", "a:\n- b\n - c\n", "- a\n",
		"a: |\n  x\n\n\n", "a: |-\n  x\n\n\nb: |\n  y", "a: |\n  x\n y\n", "a: |\n\n  x\n# c\nb: 1\n", "a: |\n  x\n  # y\n # z\nb: 1\n",
		"a: b: c\n", "a: b #c\n", "a: b#c\n", "a:\n", "a: ~\nb: null\nc: true\nd: yes\ne: 010\nf: -0\ng: 1_0\nh: 2001-01-01\ni: 1:30\n",
		"y: 1\n", "1: 1\n", "a: 100m\nb: 128Mi\nc: v1.2\nd: -x\ne: --x\nf: - x\n", "a: -\n", "a: <<\n", "<<: {}\n", "a: {}\nb: []\nc: [1]\n",
		"a:\n- - b\n", "a:\n-\n  b: c\n-\n- d:\n  - e\n", "a: x:y\nb: http://x:1/y\nc: x:\n", "---\na: 1\n", "--- # c\na: 1\n", "a: 1\na: 2\n",
		"a:\n    b: 1\n    c: 2\n  d: 3\n", "a:\n  b:\n    c: 1\n  d: 2\n", "a: 'b' c\n", "a: 'it''s'\n", "a: \"b\\n\"\n", "a: \"b\n  c\"\n", "a: =\n",
		"a:\n- b: 1\n  c: 2\n-   d: 3\n    e: 4\n- f: 1\n   g: 2\n", "a: ${x ? y : z}\nb: ${x.y}\n", "a: 12345678901234567890\n", "a-: 1\n-a: 2\n",
	}
	for _, text := range texts {
		checkQuick(t, []byte(text))
	}
	r := rand.New(rand.NewPCG(1, 2))
	lines := strings.Split(strings.Join(texts, ""), "\n")
	for range 100_000 {
		var b strings.Builder
		for range 1 + r.IntN(6) {
			b.WriteString(strings.Repeat(" ", r.IntN(4)) + strings.TrimLeft(lines[r.IntN(len(lines))], " ") + "\n")
		}
		checkQuick(t, []byte(b.String()))
	}
}

// The documents of the repository, as they are and with a line less or a
// character changed. Most are simple enough.
func TestQuickEqualsLibraryForManifests(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	all, simple := 0, 0
	check := func(name string, data []byte) {
		if ext := filepath.Ext(name); ext != ".yaml" && ext != ".yml" || len(data) > 1<<16 {
			return
		}
		for _, src := range split(name, data) {
			if _, err := decodeYAML(src.text, true); err == nil {
				all++
			}
			if !checkQuick(t, src.text) {
				continue
			}
			simple++
			for range 5 {
				at := r.IntN(len(src.text))
				changed := bytes.Clone(src.text)
				changed[at] = " -:#'\"|ax0\n{["[r.IntN(13)]
				checkQuick(t, changed)
				from := bytes.LastIndexByte(src.text[:at], '\n') + 1
				if end := bytes.IndexByte(src.text[at:], '\n'); end >= 0 {
					checkQuick(t, append(bytes.Clone(src.text[:from]), src.text[at+end+1:]...))
				}
			}
		}
	}
	for _, dir := range []string{"../../testdata", "../../examples"} {
		err := fs.WalkDir(os.DirFS(dir), ".", func(name string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			data, err := os.ReadFile(filepath.Join(dir, name))
			if strings.HasSuffix(name, ".txtar") {
				for _, f := range txtar.Parse(data).Files {
					check(f.Name, f.Data)
				}
			}
			check(name, data)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d of %d documents are simple enough", simple, all)
	if simple*2 < all {
		t.Errorf("%d of %d documents are simple enough", simple, all)
	}
}
