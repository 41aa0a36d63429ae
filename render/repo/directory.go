package repo

import (
	"io/fs"
	"path"
)

// Directory returns the nearest directory of the tree at or above what an
// argument names, which may be a pattern or missing.
func (t *Tree) Directory(arg string) string {
	name, err := t.relative(arg)
	if err != nil {
		return "."
	}
	for name != "." {
		if info, err := fs.Stat(t.fsys, name); err == nil && info.IsDir() {
			return name
		}
		name = path.Dir(name)
	}
	return name
}
