package staging

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// New is a file to write where there is none.
type New struct {
	Name string // relative, with slashes
	Data []byte
}

// ExistsError says which files are there already.
type ExistsError struct{ Names []string }

func (e *ExistsError) Error() string { return strings.Join(e.Names, ", ") + " exists" }

// WriteNew writes files below a directory, all of them or none, and overwrites
// nothing. Directories are made when they are not there, and removed again when
// something fails.
func WriteNew(dir string, files []New) (err error) {
	var undo []func()
	defer func() {
		if err != nil {
			for _, f := range slices.Backward(undo) {
				f()
			}
		}
	}()
	for _, name := range missing(dir) {
		if err := os.Mkdir(name, 0o755); err != nil {
			return err
		}
		undo = append(undo, func() { _ = os.Remove(name) }) // holds nothing
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	if err := absent(root, files); err != nil {
		return err
	}
	area, err := Begin(root)
	if err != nil {
		return err
	}
	defer area.End()
	for i, f := range files {
		if err := root.WriteFile(fmt.Sprintf("%s/%d", area.Name, i), f.Data, 0o644); err != nil {
			return err
		}
	}
	for i, f := range files {
		for _, above := range missingIn(root, path.Dir(f.Name)) {
			if err := root.Mkdir(above, 0o755); err != nil {
				return err
			}
			undo = append(undo, func() { _ = os.Remove(filepath.Join(dir, filepath.FromSlash(above))) })
		}
		if err := root.Rename(fmt.Sprintf("%s/%d", area.Name, i), f.Name); err != nil {
			return err
		}
		undo = append(undo, func() { _ = os.Remove(filepath.Join(dir, filepath.FromSlash(f.Name))) })
	}
	return nil
}

// absent makes sure that none of the files is there.
func absent(root *os.Root, files []New) error {
	var there ExistsError
	for _, f := range files {
		switch _, err := root.Lstat(f.Name); {
		case err == nil:
			there.Names = append(there.Names, f.Name)
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	if len(there.Names) > 0 {
		return &there
	}
	return nil
}

// missing lists the directories of a path that are not there, outer ones first.
func missing(dir string) []string {
	var out []string
	for {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		out = append(out, dir)
		dir = filepath.Dir(dir)
	}
	slices.Reverse(out)
	return out
}

func missingIn(root *os.Root, dir string) []string {
	var out []string
	for ; dir != "."; dir = path.Dir(dir) {
		if _, err := root.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		out = append(out, dir)
	}
	slices.Reverse(out)
	return out
}
