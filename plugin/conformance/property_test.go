package conformance_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/plugin/internal/clitest"
	"github.com/krowave/krowave/plugin/internal/randomcase"
)

// TestRandomCases holds krowave against kro on random cases. KROWAVE_ORACLE is the program of
// testdata/oracle (testdata/oracle/build.sh builds it and prints where), KROWAVE_PROPERTY_CASES how many
// cases, KROWAVE_PROPERTY_SEED the first seed, and KROWAVE_PROPERTY_KEEP the folder for counterexamples.
// Without kro to compare with, two runs of krowave must agree with each other.
func TestRandomCases(t *testing.T) {
	oracle := os.Getenv("KROWAVE_ORACLE")
	if oracle == "" {
		sameTwice(t, 200)
		return
	}
	first, count := uint64(setting(t, "KROWAVE_PROPERTY_SEED", 1)), uint64(setting(t, "KROWAVE_PROPERTY_CASES", 10_000))
	search := &counterexamples{limit: 20, keep: os.Getenv("KROWAVE_PROPERTY_KEEP")}
	if search.keep == "" {
		var err error
		if search.keep, err = os.MkdirTemp("", "krowave-property-"); err != nil {
			t.Fatal(err)
		}
	}
	workers := uint64(runtime.GOMAXPROCS(0))
	t.Run("kro", func(t *testing.T) {
		for worker := range workers {
			t.Run(strconv.FormatUint(worker, 10), func(t *testing.T) {
				t.Parallel()
				kro, dir := startOracle(t, oracle), t.TempDir()
				for seed := first + worker; seed < first+count && !search.full(); seed += workers {
					search.try(t, kro, dir, seed)
				}
			})
		}
	})
	t.Logf("%d random cases: kro accepts %d and rejects %d; krowave differs on %d; kro contradicts itself on %d",
		search.accepted+search.rejected, search.accepted, search.rejected, search.found, search.unstable)
	if search.accepted < search.rejected {
		t.Errorf("most cases are rejected, which tests little: %d of %d", search.rejected, search.accepted+search.rejected)
	}
}

func setting(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// sameTwice renders random cases on one processor and on all.
func sameTwice(t *testing.T, count uint64) {
	dir := t.TempDir()
	rendered := 0
	for seed := range count {
		writeCase(t, dir, randomcase.New(seed).Files)
		once := renderCase(t, dir)
		processors := runtime.GOMAXPROCS(1)
		again := renderCase(t, dir)
		runtime.GOMAXPROCS(processors)
		if diff := cmp.Diff(once, again, cmp.AllowUnexported(clitest.Output{})); diff != "" {
			t.Errorf("seed %d: two runs differ (-first +second):\n%s", seed, diff)
		}
		if once.Code == 0 {
			rendered++
		}
		if once.Code > 1 {
			t.Errorf("seed %d: exit code %d\n%s", seed, once.Code, once.Stderr)
		}
	}
	if rendered == 0 {
		t.Errorf("none of %d random cases renders", count)
	}
}

// writeCase makes dir hold the files of a case, and nothing else.
func writeCase(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	old, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range old {
		if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// oracleProcess answers cases with kro.
type oracleProcess struct {
	in  io.Writer
	out *bufio.Reader
}

func startOracle(t *testing.T, program string) *oracleProcess {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, "-serve")
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = command.Wait() // the context ends it with the test
	})
	return &oracleProcess{in, bufio.NewReader(out)}
}

// ask returns kro's answer, and its text without the message of a refusal, which may vary.
func (o *oracleProcess) ask(files map[string]string) (kroAnswer, string, error) {
	line, err := json.Marshal(map[string]any{"files": files})
	if err != nil {
		return kroAnswer{}, "", err
	}
	if _, err := o.in.Write(append(line, '\n')); err != nil {
		return kroAnswer{}, "", err
	}
	text, err := o.out.ReadString('\n')
	if err != nil {
		return kroAnswer{}, "", err
	}
	var answer struct {
		kroAnswer
		Error string `json:"error"`
	}
	if err := decodeJSON(text, &answer); err != nil {
		return kroAnswer{}, "", err
	}
	if answer.Error != "" {
		return kroAnswer{}, "", fmt.Errorf("unreadable case: %s", answer.Error)
	}
	if answer.Rejected != nil {
		text = answer.Rejected.Stage
	}
	return answer.kroAnswer, text, nil
}

// counterexamples collects the cases on which krowave and kro differ.
type counterexamples struct {
	sync.Mutex
	limit, found, accepted, rejected, unstable int
	keep                                       string
}

func (c *counterexamples) full() bool {
	c.Lock()
	defer c.Unlock()
	return c.found >= c.limit
}

func (c *counterexamples) try(t *testing.T, kro *oracleProcess, dir string, seed uint64) {
	random := randomcase.New(seed)
	answer, text, err := kro.ask(random.Files)
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	writeCase(t, dir, random.Files)
	differ := differences(t, dir, answer)
	unstable := false
	if len(differ) > 0 { // kro must agree with itself before anyone can agree with it
		for range 3 {
			_, again, err := kro.ask(random.Files)
			unstable = unstable || err != nil || again != text
		}
	}
	c.Lock()
	switch {
	case unstable:
		c.unstable++
	case len(differ) > 0:
		c.found++
	}
	if answer.Rejected == nil {
		c.accepted++
	} else {
		c.rejected++
	}
	c.Unlock()
	if len(differ) == 0 || unstable {
		return
	}
	small, differ := shrink(t, kro, dir, random.Files, differ)
	folder := filepath.Join(c.keep, fmt.Sprintf("seed-%d", seed))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	writeCase(t, folder, small)
	t.Errorf("seed %d (broken on purpose: %q), smaller case in %s:\n%s", seed, random.Broken, folder, strings.Join(differ, "\n"))
}
