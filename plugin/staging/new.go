package staging

import (
	"bytes"
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
// something fails. When some of the files are there already and hold what is to be
// written, a run before was killed: WriteNew writes the rest.
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
			return about(name, err)
		}
		undo = append(undo, func() { _ = os.Remove(name) }) // holds nothing
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	if files, err = absent(root, files); err != nil {
		_ = Clean(dir) // what is left over is no reason to fail twice
		return err
	}
	area, err := Begin(root)
	if err != nil {
		return err
	}
	defer area.End()
	for i, f := range files {
		if err := root.WriteFile(fmt.Sprintf("%s/%d", area.Name, i), f.Data, 0o644); err != nil {
			return about(f.Name, err)
		}
	}
	for i, f := range files {
		for _, above := range missingIn(root, path.Dir(f.Name)) {
			if err := root.Mkdir(above, 0o755); err != nil {
				return about(above, err)
			}
			undo = append(undo, func() { _ = os.Remove(filepath.Join(dir, filepath.FromSlash(above))) })
		}
		if err := root.Rename(fmt.Sprintf("%s/%d", area.Name, i), f.Name); err != nil {
			return about(f.Name, err)
		}
		undo = append(undo, func() { _ = os.Remove(filepath.Join(dir, filepath.FromSlash(f.Name))) })
	}
	return nil
}

// absent returns the files that are to be written, if nothing is in their way.
func absent(root *os.Root, files []New) (rest []New, err error) {
	var there ExistsError
	differ := false
	for _, f := range files {
		switch _, err := root.Lstat(f.Name); {
		case errors.Is(err, fs.ErrNotExist):
			rest = append(rest, f)
		case err != nil:
			return nil, err
		default:
			data, err := root.ReadFile(f.Name)
			there.Names = append(there.Names, f.Name)
			differ = differ || err != nil || !bytes.Equal(data, f.Data)
		}
	}
	if differ || len(rest) == 0 {
		return nil, &there
	}
	return rest, nil
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
