package remote

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/krowave/krowave/plugin/staging"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/project"
	"github.com/krowave/krowave/render/repo"
)

// RecordName is the file that says where vendored files come from. It is no
// manifest by its name, so that nobody renders it.
const RecordName = "sources.txt"

const recordHeader = "# Copied by krowave vendor, which rewrites this directory; krowave vendor --check verifies it.\n" +
	"# directory, digest of its files, pin, address, path\n"

// Copy is the files of one source.
type Copy struct {
	project.Remote
	Files []repo.File // sorted by name
}

// Read returns all files of an opened source: links are followed inside of it.
func Read(r project.Remote, files *repo.Memory) (Copy, error) {
	out := Copy{Remote: r}
	err := fs.WalkDir(files, r.Path, func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := files.Stat(name)
		if err != nil {
			return err
		}
		link, err := files.Lstat(name)
		switch {
		case err != nil:
			return err
		case info.IsDir() && link.Mode()&fs.ModeSymlink != 0:
			return fmt.Errorf("%s is a link to a directory, which cannot be copied", name)
		case info.IsDir():
			return nil
		}
		data, err := files.ReadFile(name)
		if err != nil {
			var left *fs.PathError
			if errors.As(err, &left) && !manifest(name) {
				return nil // no kustomization could use it, so the archive was read without it
			}
			return err
		}
		out.Files = append(out.Files, repo.File{Name: name, Data: data})
		return nil
	})
	if err != nil {
		return Copy{}, fmt.Errorf("%s: %w", r.Name(), err)
	}
	slices.SortFunc(out.Files, func(a, b repo.File) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

func manifest(name string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(name))
}

// digest covers the names and bytes of files, which are sorted by name.
func digest(files []repo.File) string {
	h := sha256.New()
	for _, f := range files {
		fmt.Fprintf(h, "%x  %s\n", sha256.Sum256(f.Data), f.Name)
	}
	return fmt.Sprintf("sha256:%x", h.Sum(nil))
}

func (c Copy) record() string { return recordLine(c.Remote, digest(c.Files)) }

func recordLine(r project.Remote, sum string) string {
	return strings.Join([]string{r.Folder(), sum, r.Pin(), r.Address(), r.Path}, " ") + "\n"
}

// WriteVendor makes a directory hold copies and nothing else. It holds what it
// held before, or all of them: a render never finds a part.
func WriteVendor(dir string, copies []Copy) error {
	if err := foreign(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	record := recordHeader
	var files []staging.New
	for _, c := range copies {
		record += c.record()
		for _, f := range c.Files {
			files = append(files, staging.New{Name: path.Join(c.Folder(), f.Name), Data: f.Data})
		}
	}
	return staging.Replace(dir, append(files, staging.New{Name: RecordName, Data: []byte(record)}))
}

// foreign refuses to touch a directory that holds anything that no former run
// wrote.
func foreign(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	} else if err != nil {
		return err
	}
	known := []string{RecordName}
	record, err := os.ReadFile(filepath.Join(dir, RecordName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, line := range strings.Split(string(record), "\n") {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] != "#" {
			known = append(known, fields[0])
		}
	}
	for _, e := range entries {
		if !slices.Contains(known, e.Name()) {
			return fmt.Errorf("%s is not from krowave vendor; move it elsewhere, or name another directory with vendor: in krowave.yaml", path.Join(filepath.ToSlash(dir), e.Name()))
		}
	}
	return nil
}

// CheckVendor compares a directory with its record, and the record with what
// krowave.yaml names. It needs no network. Each text is one thing that differs.
func CheckVendor(dir string, remotes []project.Remote) ([]string, error) {
	if len(remotes) == 0 {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
	}
	record, err := os.ReadFile(filepath.Join(dir, RecordName))
	if errors.Is(err, fs.ErrNotExist) {
		return []string{"there is no " + RecordName}, nil
	} else if err != nil {
		return nil, err
	}
	var out []string
	want, expected := recordHeader, []string{RecordName}
	for _, r := range remotes {
		expected = append(expected, r.Folder())
		files, err := readAll(filepath.Join(dir, r.Folder()))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			out = append(out, fmt.Sprintf("%s is not there: %s", r.Folder(), r.Name()))
		case err != nil:
			return nil, err
		case !bytes.Contains(record, []byte(recordLine(r, digest(files)))):
			out = append(out, fmt.Sprintf("%s differs from what was copied from %s", r.Folder(), r.Name()))
		}
		want += recordLine(r, digest(files))
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if !slices.Contains(expected, e.Name()) {
			out = append(out, diag.Clean(e.Name())+" does not belong to any definitions in krowave.yaml")
		}
	}
	if len(out) == 0 && want != string(record) {
		out = append(out, RecordName+" does not match krowave.yaml")
	}
	return out, nil
}

// readAll reads a directory; links count as their targets' names, which no copy
// has.
func readAll(dir string) ([]repo.File, error) {
	var out []repo.File
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		f := repo.File{Name: filepath.ToSlash(rel)}
		if e.Type()&fs.ModeSymlink == 0 {
			f.Data, err = os.ReadFile(name)
		}
		out = append(out, f)
		return err
	})
	slices.SortFunc(out, func(a, b repo.File) int { return cmp.Compare(a.Name, b.Name) })
	return out, err
}
