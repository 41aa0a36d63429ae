//go:build linux

package torture_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/krowave/krowave/testdata/torture"
)

var (
	ref  = []string{"render", "--ref", "HEAD", "."}
	diff = []string{"diff", "--base", "HEAD", "."}
)

// repositories are attacks on the reader of Git.
var repositories = []torture.Attack{
	{
		Name: "a corrupt object", Build: committed(eachObject(func(file string) error { return os.WriteFile(file, []byte("no zlib"), 0o600) })),
		Args: ref, Says: `object|zlib|corrupt`, Local: true,
	},
	{
		Name: "missing objects", Build: committed(eachObject(os.Remove)),
		Args: diff, Says: `object|not found|revision|fetch`, Local: true,
	},
	{
		Name: "an object of 1 GiB of zeros", Build: committed(func(dir string) error {
			return git(dir, "sh", "-c", "head -c 1073741824 /dev/zero > big.yaml && git add big.yaml && git commit -qm big && rm big.yaml")
		}),
		Args: ref, Says: `max-file-bytes|limit`, Local: true,
	},
	{
		Name: "alternates that lead to a device", Build: committed(torture.Files{".git/objects/info/alternates": "/dev/zero\n/proc/self/mem\n"}.Write),
		Args: ref, Code: torture.Either, Local: true,
	},
	{
		Name: "a .git file that leads elsewhere", Build: torture.Files{".git": "gitdir: /proc/self/root/etc\n", "a.yaml": torture.Config}.Write,
		Args: diff, Says: `the Git repository has no commit yet`, Local: true,
	},
	{
		Name: "settings of Git that run programs", Build: committed(func(dir string) error {
			for _, setting := range []string{"core.fsmonitor", "core.sshCommand", "diff.external", "core.pager", "core.editor", "credential.helper", "filter.x.smudge", "filter.x.clean", "filter.x.process"} {
				if err := git(dir, "git", "config", setting, "touch "+filepath.Join(dir, "MARK")); err != nil {
					return err
				}
			}
			return torture.Files{".gitattributes": "* filter=x diff=x\n", "a.yaml": torture.Config + "data: {b: x}\n"}.Write(dir)
		}),
		Args: diff, Code: torture.Either, Local: true,
	},
	{
		Name: "hooks", Build: committed(func(dir string) error {
			for _, hook := range []string{"post-checkout", "pre-commit", "reference-transaction", "post-index-change"} {
				if err := os.WriteFile(filepath.Join(dir, ".git", "hooks", hook), []byte("#!/bin/sh\ntouch "+filepath.Join(dir, "MARK")+"\n"), 0o700); err != nil { //nolint:gosec // a hook is a program
					return err
				}
			}
			return nil
		}),
		Args: diff, Code: torture.Either, Local: true,
	},
	{
		Name: "a submodule whose address runs a program", Build: committed(func(dir string) error {
			return torture.Files{".gitmodules": "[submodule \"x\"]\n\tpath = x\n\turl = ext::sh -c touch% " + filepath.Join(dir, "MARK") + "\n"}.Write(dir)
		}),
		Args: diff, Code: torture.Either, Local: true,
	},
	{
		Name: "a revision that is an option", Build: committed(nil),
		Args: []string{"diff", "--base", "--upload-pack=touch MARK", "."}, Says: `revision|unknown|upload-pack`, Local: true,
	},
	{
		Name: "a revision of 1 MB", Build: committed(nil),
		Args: []string{"diff", "--base", strings.Repeat("HEAD^", 20_000), "."}, Says: `revision|commit|parent`, Local: true,
	},
	{
		Name: "5,000 branches", Build: committed(func(dir string) error {
			head, err := os.ReadFile(filepath.Join(dir, ".git/refs/heads/main"))
			if err != nil {
				return err
			}
			refs := torture.Files{}
			for i := range 5_000 {
				refs[fmt.Sprintf(".git/refs/heads/b%d", i)] = string(head)
			}
			return refs.Write(dir)
		}),
		Args: diff, Code: torture.Either, Local: true,
	},
}

// committed is a repository of one commit, of which then is changed.
func committed(then func(dir string) error) torture.Build {
	return func(dir string) error {
		if err := (torture.Files{"a.yaml": torture.Config}).Write(dir); err != nil {
			return err
		}
		if err := git(dir, "sh", "-c", "git init -q -b main . && git add -A && git commit -qm base"); err != nil {
			return err
		}
		if then == nil {
			return nil
		}
		return then(dir)
	}
}

func git(dir, program string, args ...string) error {
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull,
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.org")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", program, strings.Join(args, " "), err, out)
	}
	return nil
}

// eachObject does something with each loose object of a repository that is no
// commit.
func eachObject(do func(file string) error) func(dir string) error {
	return func(dir string) error {
		head, err := os.ReadFile(filepath.Join(dir, ".git/refs/heads/main"))
		if err != nil {
			return err
		}
		return filepath.WalkDir(filepath.Join(dir, ".git/objects"), func(file string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || strings.HasPrefix(string(head), filepath.Base(filepath.Dir(file))+filepath.Base(file)) {
				return err
			}
			if err := os.Chmod(file, 0o600); err != nil {
				return err
			}
			return do(file)
		})
	}
}
