// Package staging writes to a place beside the final one and moves what is
// complete, so that a program that ends at any moment leaves nothing half
// written. What a killed program leaves behind is removed by the next one that
// writes to the same directory.
//
//	area, err := staging.Begin(root)
//	defer area.End()
//	root.WriteFile(area.Name+"/a.yaml", data, 0o644)
//	root.Rename(area.Name+"/a.yaml", "a.yaml")
package staging

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

// Area is a hidden directory that one writer has for itself.
type Area struct {
	Name string // in the root
	root *os.Root
	lock *os.File // nil where there are no locks
}

// left matches the names of areas.
var left = regexp.MustCompile(`^\.krowave-[0-9]+-[0-9]+$`)

// Begin makes an area in a directory, and removes those whose writers are gone.
func Begin(root *os.Root) (*Area, error) {
	a := &Area{root: root}
	var alone bool
	a.lock, alone = open(root)
	if alone {
		if err := clean(root); err != nil {
			a.unlock()
			return nil, about(root.Name(), err)
		}
		share(a.lock)
	}
	for i := 0; ; i++ {
		a.Name = fmt.Sprintf(".krowave-%d-%d", os.Getpid(), i)
		err := root.Mkdir(a.Name, 0o755)
		if err == nil {
			return a, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			a.unlock()
			return nil, about(root.Name(), err)
		}
	}
}

// Clean removes from a directory what killed writers left, unless somebody writes
// to it now.
func Clean(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	lock, alone := open(root)
	if alone {
		err = clean(root)
	}
	if lock != nil {
		err = errors.Join(err, lock.Close())
	}
	return err
}

// clean removes the areas in a directory in which nobody writes.
func clean(root *os.Root) error {
	dir, err := root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return err
	}
	for _, name := range names {
		if left.MatchString(name) {
			if err := root.RemoveAll(name); err != nil {
				return err
			}
		}
	}
	return nil
}

// End removes the area with all that is still in it.
func (a *Area) End() {
	_ = a.root.RemoveAll(a.Name) // else the next writer does it
	a.unlock()
}

func (a *Area) unlock() {
	if a.lock != nil {
		_ = a.lock.Close()
	}
}

// WriteFile makes a file hold data. Whoever reads it sees all that it held before,
// or all of data. A link is followed.
func WriteFile(name string, data []byte, perm os.FileMode) (err error) {
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real
	}
	root, err := os.OpenRoot(filepath.Dir(name))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	area, err := Begin(root)
	if err != nil {
		return err
	}
	defer area.End()
	fresh := filepath.Join(area.Name, filepath.Base(name))
	if err := root.WriteFile(fresh, data, perm); err != nil {
		return about(name, err)
	}
	return about(name, root.Rename(fresh, filepath.Base(name)))
}

// about says which file an error is about, in place of the one beside it that a
// system call was about.
func about(name string, err error) error {
	var one *fs.PathError
	var two *os.LinkError
	switch {
	case errors.As(err, &one):
		err = one.Err
	case errors.As(err, &two):
		err = two.Err
	case err == nil:
		return nil
	}
	return fmt.Errorf("%s: %w", filepath.ToSlash(name), err)
}

// Replace makes a directory hold these files and nothing else. The directory above
// it has to be there. Where the system can exchange two directories, as Linux can,
// the directory holds all of the old or all of the new at any moment; elsewhere it
// is not there for a moment.
func Replace(dir string, files []New) (err error) {
	above, err := os.OpenRoot(filepath.Dir(dir))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, above.Close()) }()
	area, err := Begin(above)
	if err != nil {
		return err
	}
	defer area.End()
	fresh, old := filepath.Join(area.Name, "new"), filepath.Join(area.Name, "old")
	if err := above.Mkdir(fresh, 0o755); err != nil {
		return about(dir, err)
	}
	for _, f := range files {
		name := filepath.Join(fresh, filepath.FromSlash(f.Name))
		if err = above.MkdirAll(filepath.Dir(name), 0o755); err == nil {
			err = above.WriteFile(name, f.Data, 0o644)
		}
		if err != nil {
			return about(filepath.Join(dir, f.Name), err)
		}
	}
	name := filepath.Base(dir)
	if exchange(above, fresh, name) {
		return nil
	}
	if err := above.Rename(name, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return about(dir, err)
	}
	if err := above.Rename(fresh, name); err != nil {
		return errors.Join(about(dir, err), back(above, old, name))
	}
	return nil
}

// back undoes a rename, if it was done.
func back(root *os.Root, now, before string) error {
	if err := root.Rename(now, before); !errors.Is(err, fs.ErrNotExist) {
		return about(before, err)
	}
	return nil
}
