package hydrate

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
)

// writer adds objects to a store and remembers those that were not there.
type writer struct {
	store storer.EncodedObjectStorer
	made  []plumbing.Hash
}

// folder is a directory of the branch that may change. Only what is opened is
// read.
type folder struct {
	entries map[string]object.TreeEntry
	opened  map[string]*folder
}

// errNoFolder is the error of opening a file as a directory.
var errNoFolder = errors.New("is a file")

// open reads a tree; the zero hash is an empty one.
func (w *writer) open(hash plumbing.Hash) (*folder, error) {
	f := &folder{entries: map[string]object.TreeEntry{}, opened: map[string]*folder{}}
	if hash.IsZero() {
		return f, nil
	}
	tree, err := object.GetTree(w.store, hash)
	if err != nil {
		return nil, fmt.Errorf("reading tree %s of the branch: %w", hash, err)
	}
	for _, e := range tree.Entries {
		f.entries[e.Name] = e
	}
	return f, nil
}

// sub opens a directory in a folder, which it makes when there is none.
func (w *writer) sub(f *folder, name string) (*folder, error) {
	if found := f.opened[name]; found != nil {
		return found, nil
	}
	entry, ok := f.entries[name]
	if ok && entry.Mode != filemode.Dir {
		return nil, errNoFolder
	}
	found, err := w.open(entry.Hash)
	if err == nil {
		f.opened[name] = found
	}
	return found, err
}

// folders names the directories in a folder, sorted.
func (f *folder) folders() []string {
	var out []string
	for name, e := range f.entries {
		if e.Mode == filemode.Dir {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// names lists all that a folder holds, sorted.
func (f *folder) names() []string {
	var out []string
	for name := range f.entries {
		out = append(out, name)
	}
	for name := range f.opened {
		if _, ok := f.entries[name]; !ok {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func (f *folder) remove(name string) {
	delete(f.entries, name)
	delete(f.opened, name)
}

// put writes a file into a folder.
func (w *writer) put(f *folder, name string, data []byte) error {
	hash, err := w.add(plumbing.BlobObject, data)
	if err != nil {
		return err
	}
	f.entries[name] = object.TreeEntry{Name: name, Mode: filemode.Regular, Hash: hash}
	return nil
}

// putAt writes a file into a folder below another.
func (w *writer) putAt(f *folder, name string, data []byte) error {
	for {
		dir, rest, ok := strings.Cut(name, "/")
		if !ok {
			return w.put(f, name, data)
		}
		next, err := w.sub(f, dir)
		if err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
		f, name = next, rest
	}
}

// tree writes a folder. What became empty is left out, as Git has no empty
// directories.
func (w *writer) tree(f *folder) (hash plumbing.Hash, empty bool, err error) {
	for _, name := range f.names() {
		sub := f.opened[name]
		if sub == nil {
			continue
		}
		hash, empty, err := w.tree(sub)
		if err != nil {
			return hash, false, err
		}
		if empty {
			delete(f.entries, name)
			continue
		}
		f.entries[name] = object.TreeEntry{Name: name, Mode: filemode.Dir, Hash: hash}
	}
	tree := object.Tree{}
	for _, name := range f.names() {
		if e, ok := f.entries[name]; ok {
			tree.Entries = append(tree.Entries, e)
		}
	}
	if len(tree.Entries) == 0 {
		return plumbing.ZeroHash, true, nil
	}
	sort.Sort(object.TreeEntrySorter(tree.Entries)) // Git's own order, directories as if they ended in /
	o := new(plumbing.MemoryObject)
	if err := tree.Encode(o); err != nil {
		return plumbing.ZeroHash, false, fmt.Errorf("writing a tree: %w", err)
	}
	hash, err = w.set(o)
	return hash, false, err
}

func (w *writer) commit(c *object.Commit) (plumbing.Hash, error) {
	o := new(plumbing.MemoryObject)
	if err := c.Encode(o); err != nil {
		return plumbing.ZeroHash, fmt.Errorf("writing the commit: %w", err)
	}
	return w.set(o)
}

func (w *writer) add(kind plumbing.ObjectType, data []byte) (plumbing.Hash, error) {
	o := new(plumbing.MemoryObject)
	o.SetType(kind)
	if _, err := o.Write(data); err != nil {
		return plumbing.ZeroHash, fmt.Errorf("writing a file: %w", err)
	}
	return w.set(o)
}

// set stores an object that the branch does not have already.
func (w *writer) set(o *plumbing.MemoryObject) (plumbing.Hash, error) {
	if w.store.HasEncodedObject(o.Hash()) == nil {
		return o.Hash(), nil
	}
	hash, err := w.store.SetEncodedObject(o)
	if err != nil {
		return hash, fmt.Errorf("storing object %s: %w", o.Hash(), err)
	}
	w.made = append(w.made, hash)
	return hash, nil
}

// read returns a file of a folder, and whether it is there.
func (w *writer) read(f *folder, name string) ([]byte, bool, error) {
	entry, ok := f.entries[name]
	if !ok || !entry.Mode.IsFile() {
		return nil, false, nil
	}
	blob, err := object.GetBlob(w.store, entry.Hash)
	if err != nil {
		return nil, false, fmt.Errorf("reading %s of the branch: %w", name, err)
	}
	reader, err := blob.Reader()
	if err != nil {
		return nil, false, fmt.Errorf("reading %s of the branch: %w", name, err)
	}
	defer reader.Close()
	data, err := io.ReadAll(reader)
	if err != nil {
		return nil, false, fmt.Errorf("reading %s of the branch: %w", name, err)
	}
	return data, true, nil
}
