package load

import (
	"io/fs"
	"os"
	"path/filepath"
)

// existing returns the nearest directory at or above a path, which may be a
// pattern.
func existing(stat func(string) (fs.FileInfo, error), name string) string {
	for {
		if info, err := stat(name); err == nil && info.IsDir() {
			return name
		}
		parent := filepath.Dir(name)
		if parent == name {
			return name
		}
		name = parent
	}
}

// Repository returns the nearest directory at or above dir that has a .git.
func Repository(dir string) (string, bool) {
	for {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return dir, true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
}

func within(parent, name string) bool {
	rel, err := filepath.Rel(parent, name)
	return err == nil && filepath.IsLocal(rel)
}

func Absolute(name, dir string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}

// Relative returns the name of a file as it is shown: relative to the working
// directory, with slashes.
func Relative(dir, name string) string {
	rel, err := filepath.Rel(dir, name)
	if err != nil {
		return filepath.ToSlash(name)
	}
	return filepath.ToSlash(rel)
}
