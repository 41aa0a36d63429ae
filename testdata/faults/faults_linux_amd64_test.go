package faults_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/testdata/program"
)

var krowave string

func TestMain(m *testing.M) {
	become()
	publish()
	os.Exit(program.Run(m, func(path string) { krowave = path }))
}

// writer is a command that writes.
type writer struct {
	name   string
	faults []fault
	// prepare makes a directory, of which each run gets a copy.
	prepare func(t *testing.T, dir string)
	// begin starts the peers of a run in a directory.
	begin func(t *testing.T, dir string) job
	// together says that all files change at once, and not one after the other.
	together bool
}

// job is one run of a command.
type job struct {
	program string // "" is krowave
	args    []string
	env     []string
	// read returns what the command is there to write, without what is hidden.
	read func(t *testing.T) map[string]string
}

func (j job) command(dir string) *exec.Cmd {
	program := j.program
	if program == "" {
		program = krowave
	}
	cmd := exec.Command(program, j.args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), append(environment, j.env...)...)
	cmd.Env = append(cmd.Env, "HOME="+dir, "TMPDIR="+dir, "DOCKER_CONFIG="+dir)
	return cmd
}

// lock is a file that Git leaves in a repository that it could no longer write to, and
// says to remove.
var lock = regexp.MustCompile(`Unable to create '([^']+\.lock)': File exists`)

// again runs the command with no fault. It may say that all is done.
func (j job) again(t *testing.T, dir string) {
	t.Helper()
	out, err := combined(j.command(dir))
	if left := lock.FindSubmatch(out); left != nil {
		if err := os.Remove(string(left[1])); err != nil {
			t.Fatal(err)
		}
		out, err = combined(j.command(dir))
	}
	if err != nil && !bytes.Contains(out, []byte("and nothing is overwritten: name another place")) {
		t.Fatalf("krowave %s, once more: %v\n%s", strings.Join(j.args, " "), err, out)
	}
}

// all is the variable that has each write be tried, where else most of a command are.
const (
	all  = "KROWAVE_FAULTS_ALL"
	most = 8
)

// TestWrites has a fault at each write of each command. What it is to write is then
// as it was or as it should be, and running the command again gives what it gives
// undisturbed, with nothing left over.
func TestWrites(t *testing.T) {
	for _, w := range writers {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			pristine := t.TempDir()
			w.prepare(t, pristine)
			for _, f := range w.faults {
				t.Run(strings.ReplaceAll(f.String(), " ", "-"), func(t *testing.T) { w.at(t, pristine, f) })
			}
		})
	}
}

// copyOf is a directory like another.
func copyOf(t *testing.T, pristine string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(pristine)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func (w *writer) at(t *testing.T, pristine string, f fault) {
	dir := copyOf(t, pristine)
	j := w.begin(t, dir)
	old := j.read(t)
	whole, err := f.run(j.command(dir), 0)
	want := j.read(t)
	if err != nil || whole.code != 0 || len(want) == 0 || maps.Equal(old, want) || whole.writes == 0 {
		t.Fatalf("undisturbed: %v, exit code %d, %d writes: %v\n%s", err, whole.code, whole.writes, want, whole.output)
	}
	step := 1
	if os.Getenv(all) == "" {
		step = (whole.writes + most - 1) / most
	}
	t.Logf("%d writes, every %d. is tried", whole.writes, step)
	for n := 1; n <= whole.writes; n += step {
		dir := copyOf(t, pristine)
		j := w.begin(t, dir)
		o, err := f.run(j.command(dir), n)
		if err != nil {
			t.Fatal(err)
		}
		got, where := j.read(t), fmt.Sprintf("%s at write %d", f, n)
		w.whole(t, where, old, got, want)
		if f != kill {
			told(t, where, f, o, maps.Equal(got, want))
		}
		if f == full {
			nothingLeft(t, where, dir)
		}
		j.again(t, dir)
		if diff := cmp.Diff(want, j.read(t)); diff != "" {
			t.Errorf("%s and another run (-want +got):\n%s", where, diff)
		}
		nothingLeft(t, where+" and another run", dir)
	}
}

// whole fails unless each file is as before or as after.
func (w *writer) whole(t *testing.T, where string, old, got, want map[string]string) {
	t.Helper()
	if w.together && !maps.Equal(got, old) && !maps.Equal(got, want) {
		t.Errorf("%s: neither what was there nor what is wanted: %v", where, got)
	}
	for name, text := range got {
		if text != old[name] && text != want[name] {
			t.Errorf("%s: %s is %q", where, name, text)
		}
	}
	for name := range old {
		_, has := got[name]
		if _, stays := want[name]; stays && !has {
			t.Errorf("%s: %s is gone", where, name)
		}
	}
}

// told fails unless a program that could not write says so.
func told(t *testing.T, where string, f fault, o outcome, done bool) {
	t.Helper()
	switch {
	case o.code == 0 && !done:
		t.Errorf("%s: exit code 0\n%s", where, o.output)
	case o.code != 0 && !strings.Contains(o.output, f.errno().Error()) && !strings.Contains(o.output, "rejected the push"):
		t.Errorf("%s: exit code %d, and it does not say %q:\n%s", where, o.code, f.errno(), o.output)
	case strings.Contains(o.output, ".krowave-"), strings.Contains(o.output, "goroutine "), o.code < 0:
		t.Errorf("%s: exit code %d, and it says\n%s", where, o.code, o.output)
	}
}

func nothingLeft(t *testing.T, where, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, _ fs.DirEntry, err error) error {
		if filepath.Base(name) == "cache" { // which the next fetch cleans
			return filepath.SkipDir
		}
		if strings.HasPrefix(filepath.Base(name), ".krowave-") {
			t.Errorf("%s: %s is left over", where, name)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// below reads a directory, without what is hidden.
func below(dir ...string) func(t *testing.T) map[string]string {
	top := filepath.Join(dir...)
	return func(t *testing.T) map[string]string {
		out := map[string]string{}
		err := filepath.WalkDir(top, func(name string, e fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil
			case err != nil:
				return err
			case strings.HasPrefix(e.Name(), ".") && e.IsDir():
				return filepath.SkipDir
			case !strings.HasPrefix(e.Name(), ".") && !e.IsDir():
				data, err := os.ReadFile(name)
				out[strings.TrimPrefix(name, top+"/")] = string(data)
				return err
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

// combined runs a command and returns what it prints. One thread starts all of these: a
// tracer would take the end of another process that its own thread had started.
func combined(cmd *exec.Cmd) ([]byte, error) {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	started := make(chan error)
	starter() <- func() { started <- cmd.Start() }
	if err := <-started; err != nil {
		return nil, err
	}
	err := cmd.Wait()
	return out.Bytes(), err
}

var starter = sync.OnceValue(func() chan<- func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	return work
})

// environment makes Git the same on every machine.
var environment = []string{
	"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull,
	"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_AUTHOR_DATE=2026-01-02T03:04:05Z",
	"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.org", "GIT_COMMITTER_DATE=2026-01-02T03:04:05Z",
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), environment...)
	out, err := combined(cmd)
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func put(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}

// start runs krowave in a directory.
func start(t *testing.T, dir string, args ...string) {
	t.Helper()
	job{args: args}.again(t, dir)
}
