package output

import (
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/compare"
	"github.com/krowave/krowave/plugin/staging"
	"github.com/krowave/krowave/render/manifest"
)

// Dir writes each object to a file of its own, <namespace>/<kind>-<name>.yaml.
// dir is left as it was when one cannot be written; a file is never there in part,
// even after kill -9. Files that are there already are replaced when their name is
// the same, and left alone otherwise.
func Dir(stderr io.Writer, dir string, objects []map[string]any) error {
	names, problems := FileNames(objects)
	if len(problems) > 0 {
		for _, p := range problems {
			fmt.Fprintf(stderr, "error: -o dir: %s\n", p)
		}
		return cli.ErrFindings
	}
	if err := usable(dir); err != nil {
		return err
	}
	return staging.Overwrite(dir, names, func(i int) ([]byte, error) { return manifest.YAML(objects[i]) })
}

// usable refuses a name under which no directory can be made.
func usable(dir string) error {
	for {
		info, err := os.Stat(dir)
		if err == nil && !info.IsDir() {
			return cli.Usagef("%s is not a directory; name another one to write to", filepath.ToSlash(dir))
		}
		if err == nil {
			return nil
		}
		if _, err := os.Lstat(dir); err == nil {
			return cli.Usagef("%s is a symlink that leads to nothing that can be read; name another directory to write to", filepath.ToSlash(dir))
		}
		above := filepath.Dir(dir)
		if above == dir {
			return nil
		}
		dir = above
	}
}

const maxFileName = 255 // bytes, on the file systems of Linux, macOS and Windows

// FileNames gives each object its file. Objects of one kind and name but of
// several groups have the group in their name.
func FileNames(objects []map[string]any) (names, problems []string) {
	short := map[string]int{}
	for _, o := range objects {
		short[compare.FileName(o, false)]++
	}
	taken := map[string]string{}
	for _, o := range objects {
		d := manifest.Document{Object: o}
		name := compare.FileName(o, short[compare.FileName(o, false)] > 1)
		names = append(names, name)
		for _, part := range []string{d.Namespace(), d.Name(), d.Kind()} {
			if strings.ContainsAny(part, "/\\\x00") || part == ".." || part == "." {
				problems = append(problems, fmt.Sprintf("%s: %q cannot be part of a file name", d.Title(), part))
			}
		}
		if n := len(path.Base(name)); n > maxFileName {
			problems = append(problems, fmt.Sprintf("%s: its file name would have %d bytes, and file systems allow %d", d.Kind(), n, maxFileName)+
				"; give the object a shorter name, or print to standard output")
		}
		if other, ok := taken[name]; ok {
			problems = append(problems, fmt.Sprintf("%s and %s would both be %s", other, d.Title(), name))
		}
		taken[name] = d.Title()
	}
	return names, slices.Compact(problems)
}
