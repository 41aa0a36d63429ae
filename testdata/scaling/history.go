package main

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// history says what a generated Git repository holds: one branch, packed and checked out.
type history struct {
	files   int // that no Application reads, 500 a directory
	commits int
	named   bool // krowave.yaml names the definitions; else they are searched for
}

// inHistory is how many Applications there are; each commit changes one of them, and four other files.
const inHistory = 20

// measureHistory measures commands that read a revision, by files and by commits.
func measureHistory(e *environment) error {
	few, many, searched, short, long := 1000, 100_000, 20_000, 100, 20_000
	if e.quick {
		many, searched, long = 5000, 2000, 1500
	}
	var b strings.Builder
	b.WriteString("| files | commits | MiB, packed | definitions | command | CPU seconds | memory MiB |\n|---:|---:|---:|---|---|---:|---:|\n")
	for _, h := range []history{
		{few, short, true}, {few, long, true}, {many, short, true}, {many, long, true}, {searched, short, false},
	} {
		if err := e.history(h, &b); err != nil {
			return fmt.Errorf("%+v: %w", h, err)
		}
	}
	return e.publish("history", b.String(), "")
}

func (e *environment) history(h history, b *strings.Builder) error {
	dir, err := os.MkdirTemp(e.work, "history-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := h.make(dir); err != nil {
		return err
	}
	packed, err := size(filepath.Join(dir, ".git", "objects", "pack"))
	if err != nil {
		return err
	}
	if err := os.Chdir(dir); err != nil {
		return err
	}
	definitions := "searched"
	if h.named {
		definitions = "named"
	}
	for _, back := range []int{50, 1000} {
		if back >= h.commits {
			continue
		}
		for _, command := range [][]string{{"render", "--ref"}, {"diff", "--exit-zero", "--base"}} {
			var seconds, held []float64
			for range e.rounds {
				took, most, out, err := run(slices.Concat([]string{e.krowave}, command, []string{fmt.Sprintf("HEAD~%d", back), app(0)})...)
				if err != nil {
					return err
				}
				if !strings.Contains(string(out), "registry.example.com/team-0/shop:1.0.") {
					return fmt.Errorf("%v shows nothing of what changed:\n%s", command, out)
				}
				seconds, held = append(seconds, took.Seconds()), append(held, mib(most))
			}
			fmt.Fprintf(b, "| %d | %d | %.1f | %s | `%s %s HEAD~%d` | %.2f | %.0f |\n",
				h.files, h.commits, packed, definitions, command[0], command[len(command)-1], back, median(seconds), median(held))
		}
	}
	e.say("history: %+v", h)
	return os.Chdir(e.work)
}

// make makes the repository: git fast-import writes one pack, and no object beside it.
func (h history) make(dir string) error {
	git := func(args ...string) *exec.Cmd {
		c := exec.Command("git", args...)
		c.Dir = dir
		c.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
		return c
	}
	if err := git("init", "-q", "-b", "main").Run(); err != nil {
		return fmt.Errorf("git init: %w", err)
	}
	importer := git("fast-import", "--quiet")
	stream, err := importer.StdinPipe()
	if err != nil {
		return err
	}
	var errs strings.Builder
	importer.Stderr = &errs
	if err := importer.Start(); err != nil {
		return err
	}
	w := bufio.NewWriter(stream)
	for i := range h.commits {
		h.commit(w, i)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := stream.Close(); err != nil {
		return err
	}
	if err := importer.Wait(); err != nil {
		return fmt.Errorf("git fast-import: %w\n%s", err, &errs)
	}
	if err := git("reset", "-q", "--hard").Run(); err != nil {
		return fmt.Errorf("git reset: %w", err)
	}
	return nil
}

// commit writes a commit of the stream; the first has all files.
func (h history) commit(w io.Writer, i int) {
	message := fmt.Sprintf("change %d", i)
	fmt.Fprintf(w, "commit refs/heads/main\ncommitter A <a@example.com> %d +0000\ndata %d\n%s\n", 1_700_000_000+60*i, len(message), message)
	put := func(name, text string) { fmt.Fprintf(w, "M 100644 inline %s\ndata %d\n%s\n", name, len(text), text) }
	s := shape{apps: inHistory, instances: 1, objects: 4}
	if i == 0 {
		files := s.files(0)
		if !h.named {
			delete(files, "krowave.yaml")
		}
		for _, name := range slices.Sorted(maps.Keys(files)) {
			put(name, files[name])
		}
		for f := range h.files {
			put(otherName(f), small(f, 0))
		}
		return
	}
	s.apps = 1 // the instance of one Application, under the name of each in turn
	put(app(i%inHistory)+"/shop-0000.yaml", s.files(i)[app(0)+"/shop-0000.yaml"])
	for k := range 4 {
		f := (i*4 + k) * 7919 % h.files
		put(otherName(f), small(f, i))
	}
}

func otherName(i int) string {
	return fmt.Sprintf("other/%03d/settings-%06d.yaml", i/500, i)
}

func small(i, revision int) string {
	return fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings-%d\ndata:\n  revision: \"%d\"\n  size: \"%x\"\n", i, revision, i*i)
}
