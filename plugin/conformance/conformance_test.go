package conformance_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestConformance holds krowave against kro: each folder of testdata/kro has an RGD, an instance and
// what kro v0.9.4 makes of them (see testdata/oracle). KROWAVE_CORPUS names a folder of more cases,
// cases/NAME with expected/NAME.json, and KROWAVE_CORPUS_ANSWERS one of fresh answers to them.
// Differences that are wanted stand in docs/differences.md, and nowhere else.
func TestConformance(t *testing.T) {
	wanted := wantedDifferences(t)
	cases := foldersWithRGD(t, "../../testdata/kro")
	expected := func(dir string) kroAnswer { return readAnswer(t, filepath.Join(dir, "expected.json")) }
	score := &tally{}
	t.Run("cases", func(t *testing.T) { runCases(t, cases, expected, wanted, score) })
	if corpus := os.Getenv("KROWAVE_CORPUS"); corpus != "" {
		more := foldersWithRGD(t, filepath.Join(corpus, "cases"))
		t.Run("corpus", func(t *testing.T) {
			runCases(t, more, func(dir string) kroAnswer { return corpusAnswer(t, corpus, filepath.Base(dir)) }, wanted, score)
		})
		cases = append(cases, more...)
	}
	if len(cases) == 0 {
		t.Fatal("no conformance case found")
	}
	t.Logf("%d of %d cases agree with kro; %d wanted differences; %d unwanted: %s",
		score.agreed, len(cases), score.wanted, len(score.failed), strings.Join(sorted(score.failed), " "))
}

type tally struct {
	sync.Mutex
	agreed, wanted int
	failed         []string
}

func runCases(t *testing.T, dirs []string, expected func(dir string) kroAnswer, wanted map[string]bool, score *tally) {
	for _, dir := range dirs {
		name := filepath.Base(dir)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := differences(t, withOneInstance(t, dir), expected(dir))
			score.Lock()
			defer score.Unlock()
			switch {
			case wanted[name] && len(found) == 0:
				score.failed = append(score.failed, name)
				t.Errorf("docs/differences.md lists this case, but krowave agrees with kro")
			case wanted[name]:
				score.wanted++
			case len(found) == 0:
				score.agreed++
			default:
				score.failed = append(score.failed, name)
				t.Error(strings.Join(found, "\n"))
			}
		})
	}
}

// allCases returns the folders of testdata/kro, and those of the corpus that KROWAVE_CORPUS
// names.
func allCases(t *testing.T) []string {
	t.Helper()
	dirs := foldersWithRGD(t, "../../testdata/kro")
	if corpus := os.Getenv("KROWAVE_CORPUS"); corpus != "" {
		dirs = append(dirs, foldersWithRGD(t, filepath.Join(corpus, "cases"))...)
	}
	return dirs
}

func foldersWithRGD(t *testing.T, root string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "*", "rgd.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	dirs := make([]string, len(files))
	for i, file := range files {
		if dirs[i], err = filepath.Abs(filepath.Dir(file)); err != nil {
			t.Fatal(err)
		}
	}
	return dirs
}

func readAnswer(t *testing.T, file string) kroAnswer {
	t.Helper()
	var answer kroAnswer
	raw, err := os.ReadFile(file)
	if err == nil {
		err = decodeJSON(string(raw), &answer)
	}
	if err != nil {
		t.Fatalf("%v; make conformance says what kro makes of a case", err)
	}
	return answer
}

// withOneInstance returns the case folder itself, or a copy without the documents of instance.yaml
// that follow the first: only that one is part of the case.
func withOneInstance(t *testing.T, dir string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "instance.yaml"))
	if err != nil {
		return dir
	}
	documents := regexp.MustCompile(`(?m)^---.*$`).Split(string(raw), -1)
	written := func(document string) bool { return regexp.MustCompile(`(?m)^[^#\s]`).MatchString(document) }
	first := slices.IndexFunc(documents, written)
	if first < 0 || !slices.ContainsFunc(documents[first+1:], written) {
		return dir
	}
	out := t.TempDir()
	if err := os.CopyFS(out, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(out, "instance.yaml"), []byte(documents[first]), 0o644); err != nil {
		t.Fatal(err)
	}
	return out
}

// wantedDifferences reads the cases in the table of docs/differences.md: | case | what | why |.
func wantedDifferences(t *testing.T) map[string]bool {
	t.Helper()
	raw, err := os.ReadFile("../../docs/differences.md")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, line := range strings.Split(string(raw), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 5 || strings.TrimSpace(cells[0]) != "" {
			continue
		}
		for _, name := range strings.Split(cells[1], ",") {
			if name = strings.Trim(name, " `"); name != "" && name != "case" && strings.Trim(name, "-:") != "" {
				out[name] = true
			}
		}
	}
	return out
}
