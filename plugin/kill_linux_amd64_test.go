package plugin_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/plugin/internal/clitest"
)

// killedRun is a command that writes, and where.
type killedRun struct {
	prepare func(t *testing.T) (dir string) // a directory to run in
	args    []string
	// read returns what the command is there to write, without what is hidden.
	read func(t *testing.T, dir string) map[string]string
	// together says that all files change at once, and not one after the other.
	together bool
}

// TestKilled ends a command before each of its writes. What it is to write is then
// as it was or as it should be, never anything else, and running the command again
// gives what it gives undisturbed, with nothing left over. KROWAVE_TORTURE=1 tries
// each write, and not some of them.
func TestKilled(t *testing.T) {
	for name, run := range map[string]killedRun{
		"render -o dir": killedDir(), "update": killedUpdate(), "vendor": killedVendor(), "hydrate": killedHydrate(),
	} {
		t.Run(name, func(t *testing.T) {
			pristine, before := run.prepare(t), t.TempDir()
			start := func(dir string) string {
				if err := os.CopyFS(dir, os.DirFS(pristine)); err != nil {
					t.Fatal(err)
				}
				return dir
			}
			start(before)
			old := run.read(t, before)
			count := clitest.Killed(t, before, 0, run.args...)
			want := run.read(t, before)
			if len(want) == 0 || maps.Equal(old, want) || count < 4 {
				t.Fatalf("the command wrote nothing with %d writes: %v", count, want)
			}
			step := 1
			if os.Getenv("KROWAVE_TORTURE") == "" { // else all of them, which takes minutes
				step = 1 + count/8
			}
			for n := 1; n <= count; n += step {
				dir := start(t.TempDir())
				clitest.Killed(t, dir, n, run.args...)
				got := run.read(t, dir)
				whole(t, n, old, got, want, run.together)
				if out := clitest.Run(t, dir, run.args...); out.Code != 0 {
					t.Fatalf("after a kill at write %d: exit code %d\n%s", n, out.Code, out.Stderr)
				}
				if diff := cmp.Diff(want, run.read(t, dir)); diff != "" {
					t.Errorf("after a kill at write %d and another run (-want +got):\n%s", n, diff)
				}
				nothingLeft(t, n, dir)
			}
		})
	}
}

// whole fails unless each file is as before or as after.
func whole(t *testing.T, n int, old, got, want map[string]string, together bool) {
	t.Helper()
	if together && len(got) > 0 && !maps.Equal(got, old) && !maps.Equal(got, want) {
		t.Errorf("killed at write %d: neither what was there nor what is wanted: %v", n, got)
	}
	for name, text := range got {
		if text != old[name] && text != want[name] {
			t.Errorf("killed at write %d: %s is %q", n, name, text)
		}
	}
	for name := range old {
		if _, ok := got[name]; !ok && !together {
			t.Errorf("killed at write %d: %s is gone", n, name)
		}
	}
}

func nothingLeft(t *testing.T, n int, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, _ os.DirEntry, err error) error {
		if filepath.Base(name) == "cache" { // which the next fetch cleans
			return filepath.SkipDir
		}
		if strings.HasPrefix(filepath.Base(name), ".krowave-") {
			t.Errorf("killed at write %d: %s is left over", n, name)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// filesBelow reads a directory, without what is hidden.
func filesBelow(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, e os.DirEntry, err error) error {
		switch {
		case os.IsNotExist(err):
			return nil
		case err != nil:
			return err
		case strings.HasPrefix(e.Name(), "."):
			if e.IsDir() {
				return filepath.SkipDir
			}
			return nil
		case !e.IsDir():
			data, err := os.ReadFile(name)
			out[strings.TrimPrefix(name, dir+"/")] = string(data)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const killedInput = `apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: n}
data: {version: new}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: b, namespace: n}
data: {version: new}
`

func killedDir() killedRun {
	return killedRun{
		prepare: func(t *testing.T) string {
			dir := t.TempDir()
			clitest.WriteTree(t, dir, map[string]string{"in.yaml": killedInput, "out/n/configmap-a.yaml": "old\n", "out/n/mine.yaml": "mine\n"})
			return dir
		},
		args: []string{"render", "-o", "dir=out", "in.yaml"},
		read: func(t *testing.T, dir string) map[string]string { return filesBelow(t, filepath.Join(dir, "out")) },
	}
}

// killedRemote is a project with a definition in another repository. Its steps are
// commands, or "move" for a new commit there.
func killedRemote(t *testing.T, steps ...string) string {
	t.Helper()
	dir := t.TempDir()
	platform, app := filepath.Join(dir, "platform"), filepath.Join(dir, "app")
	page := func(text string) {
		clitest.WriteTree(t, platform, map[string]string{"page.yaml": "apiVersion: kro.run/v1alpha1\nkind: ResourceGraphDefinition\nmetadata: {name: " + text + "}\n"})
		clitest.Git(t, platform, "add", "-A")
		clitest.Git(t, platform, "commit", "-q", "-m", text)
	}
	for _, name := range []string{platform, app} {
		if err := os.Mkdir(name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	clitest.Git(t, platform, "init", "-q", "-b", "main")
	page("one")
	clitest.WriteTree(t, app, map[string]string{"krowave.yaml": "definitions:\n- git: file://" + platform + "\n"})
	for _, step := range steps {
		if step == "move" {
			page("two")
		} else if out := clitest.Run(t, app, strings.Fields(step)...); out.Code != 0 {
			t.Fatalf("%s: exit code %d\n%s", step, out.Code, out.Stderr)
		}
	}
	return app
}

func killedUpdate() killedRun {
	return killedRun{
		prepare: func(t *testing.T) string { return killedRemote(t, "update", "move") },
		args:    []string{"update"},
		read: func(t *testing.T, dir string) map[string]string {
			return map[string]string{"krowave.yaml": clitest.ReadFile(t, filepath.Join(dir, "krowave.yaml"))}
		},
	}
}

func killedVendor() killedRun {
	const vendor = "vendor --cache-dir cache"
	return killedRun{
		prepare: func(t *testing.T) string {
			dir := killedRemote(t, "update", vendor, "move", "update")
			copies, old := filepath.Join(dir, "vendor"), filepath.Join(dir, ".old")
			if err := os.Rename(copies, old); err != nil {
				t.Fatal(err)
			}
			clitest.Run(t, dir, strings.Fields(vendor)...) // which fills the cache
			if err := errors.Join(os.RemoveAll(copies), os.Rename(old, copies)); err != nil {
				t.Fatal(err)
			}
			return dir
		},
		args:     strings.Fields(vendor),
		read:     func(t *testing.T, dir string) map[string]string { return filesBelow(t, filepath.Join(dir, "vendor")) },
		together: true,
	}
}

func killedHydrate() killedRun {
	args := []string{"hydrate", "in.yaml", "--branch=env", "--owner=me", "--author=a <a@example.org>", "--date=2026-01-02T03:04:05Z"}
	return killedRun{
		prepare: func(t *testing.T) string {
			dir := clitest.Repository(t, map[string]string{"in.yaml": strings.ReplaceAll(killedInput, "new", "old")})
			clitest.Git(t, dir, "init", "-q", "--bare", "-b", "main", "origin.git")
			clitest.Git(t, dir, "remote", "add", "origin", "origin.git")
			if out := clitest.Run(t, dir, args...); out.Code != 0 {
				t.Fatalf("exit code %d\n%s", out.Code, out.Stderr)
			}
			if err := os.WriteFile(filepath.Join(dir, "in.yaml"), []byte(killedInput), 0o644); err != nil {
				t.Fatal(err)
			}
			clitest.Git(t, dir, "commit", "-q", "-a", "-m", "new")
			return dir
		},
		args: args,
		read: func(t *testing.T, dir string) map[string]string {
			origin := filepath.Join(dir, "origin.git")
			clitest.Git(t, origin, "fsck", "--strict")
			return map[string]string{"env": clitest.Git(t, origin, "ls-tree", "-r", "env")}
		},
	}
}
