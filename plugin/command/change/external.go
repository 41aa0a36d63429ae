package change

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/compare"
)

// external is the program that KUBECTL_EXTERNAL_DIFF names, with its arguments.
func (c *comparison) external() string {
	return strings.TrimSpace(c.Streams.Env("KUBECTL_EXTERNAL_DIFF"))
}

// plainWord is what kubectl takes of an external program's arguments: the rest
// would be for a shell.
var plainWord = regexp.MustCompile(`^[a-zA-Z0-9_=-]+$`)

// runExternal writes the objects that differ to two directories, one file each,
// and runs a program on them. It says by exit code 1 that they differ.
func (c *comparison) runExternal(program string, report *compare.Report) (differs bool, err error) {
	root, err := os.MkdirTemp("", "krowave-diff-")
	if err != nil {
		return false, fmt.Errorf("writing objects for %s: %w", program, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(root)) }()
	dirs := [2]string{filepath.Join(root, "OLD"), filepath.Join(root, "NEW")}
	for _, dir := range dirs {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return false, fmt.Errorf("writing objects for %s: %w", program, err)
		}
	}
	for _, object := range changedObjects(report) {
		before, after, err := object.YAML()
		if err != nil {
			return false, err
		}
		for i, text := range [][]byte{before, after} {
			if text == nil {
				continue
			}
			name := filepath.Join(dirs[i], strings.ReplaceAll(object.FileName(), "/", "."))
			if err := os.WriteFile(name, text, 0o600); err != nil {
				return false, fmt.Errorf("writing objects for %s: %w", program, err)
			}
		}
	}
	words := strings.Fields(program)
	var args []string
	for _, word := range words[1:] {
		if plainWord.MatchString(word) {
			args = append(args, word)
		}
	}
	cmd := exec.CommandContext(c.Command.Context(), words[0], append(args, dirs[0], dirs[1])...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.Streams.Dir, cli.Handed(c.Streams.Out), cli.Handed(c.Streams.Err)
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.ExitCode() == 1:
		return true, nil
	case err != nil:
		return false, fmt.Errorf("running %s of KUBECTL_EXTERNAL_DIFF: %w", words[0], err)
	}
	return false, nil
}

// changedObjects are the objects that differ, by instance.
func changedObjects(report *compare.Report) []*compare.ObjectChange {
	var out []*compare.ObjectChange
	add := func(list []compare.ObjectChange) {
		for i := range list {
			out = append(out, &list[i])
		}
	}
	for _, i := range report.Instances {
		add(i.Objects)
	}
	add(report.PassThrough)
	return out
}
