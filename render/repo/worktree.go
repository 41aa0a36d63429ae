package repo

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/format/gitignore"
	"github.com/go-git/go-git/v5/plumbing/format/index"
)

// workTree is what Git says of the files of a work tree: which ones it ignores,
// and which ones it tracks that are not there. It is safe for concurrent use.
type workTree struct {
	top    string // absolute
	prefix string // of the tree's root below top, "" when it is top
	gitDir string
	common string
	index  func() *trackedFiles

	mu       sync.Mutex
	patterns map[string][]gitignore.Pattern // by directory below top
}

// openWorkTree returns the work tree that a directory belongs to, nil without
// one.
func openWorkTree(root string) *workTree {
	for dir := root; ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			top, gitDir, err := gitDirectory(dir)
			if err != nil || top == "" {
				return nil // who asks for a revision is told
			}
			w := &workTree{top: top, gitDir: gitDir, common: commonDirectory(gitDir), patterns: map[string][]gitignore.Pattern{}}
			w.index = sync.OnceValue(w.readIndex)
			if rel, err := filepath.Rel(top, root); err == nil && rel != "." {
				w.prefix = filepath.ToSlash(rel)
			}
			return w
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

// ignores reports whether Git leaves a file or directory of the tree alone: a
// pattern of .gitignore or .git/info/exclude names it, and nothing of it is
// tracked.
func (w *workTree) ignores(name string, dir bool) bool {
	if w == nil || name == "." && w.prefix == "" {
		return false
	}
	full := strings.Split(path.Join(w.prefix, name), "/")
	patterns := slices.Clone(w.directory(""))
	for i := 1; i < len(full); i++ {
		patterns = append(patterns, w.directory(strings.Join(full[:i], "/"))...)
	}
	if len(patterns) == 0 || !gitignore.NewMatcher(patterns).Match(full, dir) {
		return false
	}
	tracked := w.index()
	return tracked != nil && !tracked.has(strings.Join(full, "/"))
}

// directory returns the patterns of a directory's .gitignore, those of the whole
// repository first.
func (w *workTree) directory(dir string) []gitignore.Pattern {
	w.mu.Lock()
	defer w.mu.Unlock()
	if out, ok := w.patterns[dir]; ok {
		return out
	}
	var out []gitignore.Pattern
	var domain []string
	if dir == "" {
		out = ignorePatterns(filepath.Join(w.common, "info", "exclude"), nil)
	} else {
		domain = strings.Split(dir, "/")
	}
	out = append(out, ignorePatterns(filepath.Join(w.top, filepath.FromSlash(dir), ".gitignore"), domain)...)
	w.patterns[dir] = out
	return out
}

// maxIgnoreBytes is the size of the largest .gitignore that is read.
const maxIgnoreBytes = 1 << 20

// ignorePatterns reads a file of patterns; Git follows no link to one.
func ignorePatterns(name string, domain []string) []gitignore.Pattern {
	info, err := os.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxIgnoreBytes {
		return nil
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	var out []gitignore.Pattern
	for line := range strings.Lines(string(bytes.TrimPrefix(data, []byte("\ufeff")))) {
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if line != "" && line[0] != '#' && strings.TrimSpace(line) != "" {
			out = append(out, gitignore.ParsePattern(line, domain))
		}
	}
	return out
}

// sparse reports whether the work tree may lack files that Git tracks.
func (w *workTree) sparse() bool {
	if w == nil {
		return false
	}
	_, err := os.Stat(filepath.Join(w.gitDir, "info", "sparse-checkout"))
	return err == nil
}

// Sparse reports whether files that Git tracks may not be there.
func (t *Tree) Sparse() bool { return t.work.sparse() }

// absent returns the tracked files and directories below dir that a sparse
// checkout leaves out.
func (w *workTree) absent(fsys fs.FS, dir string) []string {
	if !w.sparse() {
		return nil
	}
	tracked := w.index()
	if tracked == nil {
		return nil
	}
	var out []string
	for _, full := range tracked.skipped {
		name, ok := w.below(full)
		if !ok || dir != "." && !strings.HasPrefix(name, dir+"/") {
			continue
		}
		if _, err := fs.Lstat(fsys, name); err != nil {
			out = append(out, name)
		}
	}
	return out
}

// below turns a path below top into one of the tree.
func (w *workTree) below(full string) (string, bool) {
	if w.prefix == "" {
		return full, true
	}
	return strings.CutPrefix(full, w.prefix+"/")
}

// submodule reports whether a directory of the tree is a submodule for Git.
func (w *workTree) submodule(dir string) bool {
	if w == nil {
		return false
	}
	if _, err := os.Stat(filepath.Join(w.top, ".gitmodules")); err != nil {
		return false
	}
	tracked := w.index()
	return tracked != nil && tracked.links[path.Join(w.prefix, dir)]
}

// trackedFiles is what the index of a work tree holds.
type trackedFiles struct {
	names   []string // sorted
	skipped []string // those that the work tree need not have; a directory of a sparse index without its slash
	links   map[string]bool
}

// has reports whether a path, or anything below it, is tracked.
func (t *trackedFiles) has(name string) bool {
	if _, found := slices.BinarySearch(t.names, name); found {
		return true
	}
	at, _ := slices.BinarySearch(t.names, name+"/")
	return at < len(t.names) && strings.HasPrefix(t.names[at], name+"/")
}

// readIndex reads the index, nil when it cannot be read. Without one, nothing is
// tracked.
func (w *workTree) readIndex() *trackedFiles {
	out := &trackedFiles{links: map[string]bool{}}
	data, err := os.ReadFile(filepath.Join(w.gitDir, "index"))
	if errors.Is(err, fs.ErrNotExist) {
		return out
	}
	if err != nil {
		return nil
	}
	var read index.Index
	err = index.NewDecoder(bytes.NewReader(data)).Decode(&read)
	// A sparse index ends with an extension that go-git does not know; its
	// entries are read by then. Those of a split index are elsewhere.
	if err != nil && !(errors.Is(err, index.ErrUnknownExtension) && bytes.Contains(data, []byte("sdir\x00\x00\x00\x00"))) {
		return nil
	}
	for _, e := range read.Entries {
		name := strings.TrimSuffix(printable(e.Name), "/")
		out.names = append(out.names, name)
		switch {
		case e.Mode == filemode.Submodule:
			out.links[name] = true
		case e.SkipWorktree:
			out.skipped = append(out.skipped, name)
		}
	}
	slices.Sort(out.names)
	return out
}

// commonDirectory is where a linked work tree keeps what all have in common.
func commonDirectory(gitDir string) string {
	data, err := os.ReadFile(filepath.Join(gitDir, "commondir"))
	if err != nil {
		return gitDir
	}
	common := strings.TrimSpace(string(data))
	if !filepath.IsAbs(common) {
		common = filepath.Join(gitDir, common)
	}
	return common
}
