package preview

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"weak"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/internal/fleet"
	"github.com/krowave/krowave/plugin/preview/view"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/repo"
)

// git runs git without the configuration of the machine.
func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.org",
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.org")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// fleetOf commits a fleet.
func fleetOf(t *testing.T, rgds, instances int) string {
	t.Helper()
	dir := t.TempDir()
	if err := fleet.Write(dir, fleet.Files(rgds, instances)); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"add", "-A"}, {"commit", "-q", "-m", "fleet"}} {
		git(t, dir, args...)
	}
	return dir
}

func sourceOf(t *testing.T, dir string) *source {
	t.Helper()
	var f flags
	cmd := &cobra.Command{}
	f.change.BindBase(cmd)
	f.change.Base = "HEAD"
	cmd.SetContext(t.Context())
	return &source{
		cmd: cmd, streams: cli.Streams{Dir: dir, Err: io.Discard, Out: io.Discard}, flags: &f, args: []string{"."},
		cache: render.NewCache(1 << 30), kept: repo.NewKept([]string{dir}),
	}
}

// TestSaves saves files of a fleet, one at a time: each save reads that file and
// expands the instances that it concerns, and what was replaced is let go.
func TestSaves(t *testing.T) {
	dir := fleetOf(t, 10, 100)
	s := sourceOf(t, dir)
	var last *view.View
	var renders []weak.Pointer[render.Result]
	before := map[*render.Instance]bool{}
	held, reads := map[string]int{}, 0
	for save, kind := range append([]string{"", "", ""}, strings.Split(strings.Repeat("instance rgd ", 8), " ")[:16]...) {
		name, from := fleet.InstanceName(0), "image: "
		if kind == "rgd" {
			name, from = fleet.DefinitionName(0), "minAvailable: 1"
		}
		name = filepath.Join(dir, name)
		if kind != "" {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if text = bytes.ReplaceAll(text, []byte(from), fmt.Append(nil, from, save)); os.WriteFile(name, text, 0o600) != nil {
				t.Fatal("not written")
			}
			s.kept.Forget([]string{name}, false)
		}
		run, err := s.render(t.Context())
		if err != nil || run.Result.Diagnostics.HasErrors() {
			t.Fatal(err, run.Result.Diagnostics)
		}
		again, now := 0, map[*render.Instance]bool{}
		for _, i := range run.Result.Instances {
			if now[i] = true; !before[i] && i.Parent == nil {
				again++
			}
		}
		before = now
		renders = append(renders, weak.Make(run.Result))
		last = view.New(run, last)
		report, err := s.compare(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		changed := view.NewChanges(report).Summary().Summary.Instances.Changed
		s.cache.Round()
		read := s.kept.Reads() - reads
		reads = s.kept.Reads()
		want := map[string][2]int{"": {0, 0}, "instance": {1, 1}, "rgd": {10, 10}}[kind]
		if save > 3 && kind == "instance" {
			want[1] = 10 // the RGD stays changed
		}
		if save > 0 && (again != want[0] || changed != want[1] || read > 8) {
			t.Errorf("save %d of one %s: %d instances are expanded, want %d; %d differ, want %d; %d look-ups", save, kind, again, want[0], changed, want[1], read)
		}
		if n, known := held[kind]; known && save > 8 && s.cache.Len() != n {
			t.Errorf("save %d of one %s: the cache holds %d values, %d before", save, kind, s.cache.Len(), n)
		}
		held[kind] = s.cache.Len()
	}
	live := 0
	for range 3 {
		runtime.GC()
	}
	for _, r := range renders {
		if r.Value() != nil {
			live++
		}
	}
	if live > 2 { // the one that is shown, and one spare
		t.Errorf("%d renders of %d are in memory", live, len(renders))
	}
	runtime.KeepAlive(last)
}

// TestBase compares with a commit that is read once, and with another one when
// the branch moves.
func TestBase(t *testing.T) {
	dir := fleetOf(t, 2, 10)
	s := sourceOf(t, dir)
	compare := func() int {
		t.Helper()
		report, err := s.compare(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return report.Summary.Instances.Changed
	}
	first := compare()
	again := compare()
	if first != 0 || again != 0 {
		t.Errorf("%d and %d instances differ from a commit that is checked out", first, again)
	}
	if s.base.Reads != 1 {
		t.Errorf("the base was read %d times", s.base.Reads)
	}
	name := filepath.Join(dir, fleet.InstanceName(3))
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, bytes.Replace(text, []byte("replicas: "), []byte("replicas: 2"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	s.kept.Forget([]string{name}, false)
	if n := compare(); n != 1 {
		t.Errorf("after an edit, %d instances differ", n)
	}
	git(t, dir, "commit", "-q", "-a", "-m", "edit")
	if n := compare(); n != 0 {
		t.Errorf("after a commit, %d instances differ from it", n)
	}
	if s.base.Reads != 2 {
		t.Errorf("two commits were read %d times", s.base.Reads)
	}
}
