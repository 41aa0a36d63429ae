package remote

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"

	"github.com/krowave/krowave/render/repo"
)

// snapshot walks from a commit to the files below a path, and collects the
// objects on the way and an archive of the files.
type snapshot struct {
	store   storer.EncodedObjectStorer
	objects []plumbing.EncodedObject
	seen    map[plumbing.Hash]bool
	archive *tar.Writer
	entries int
	bytes   int64
}

// take returns the objects that prove the files below a path of a commit, and
// the files themselves.
func take(store storer.EncodedObjectStorer, commit, below string) ([]plumbing.EncodedObject, *repo.Memory, error) {
	var packed bytes.Buffer
	zip, err := gzip.NewWriterLevel(&packed, gzip.NoCompression)
	if err != nil {
		return nil, nil, err
	}
	s := &snapshot{store: store, seen: map[plumbing.Hash]bool{}, archive: tar.NewWriter(zip)}
	if err := s.commit(plumbing.NewHash(commit), below); err != nil {
		return nil, nil, err
	}
	if err := errors.Join(s.archive.Close(), zip.Close()); err != nil {
		return nil, nil, err
	}
	files, err := repo.ReadTar(&packed, repo.TarLimits{Entries: maxEntries, Unpacked: 2 * maxBytes, Kept: maxBytes})
	return s.objects, files, err
}

func (s *snapshot) object(kind plumbing.ObjectType, id plumbing.Hash) (plumbing.EncodedObject, error) {
	size, err := s.store.EncodedObjectSize(id) // before it is read
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", kind, id, err)
	}
	if s.bytes += size; s.bytes > maxBytes {
		return nil, fmt.Errorf("the definitions have more than %d MiB; narrow them with path", maxBytes>>20)
	}
	o, err := s.store.EncodedObject(kind, id)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", kind, id, err)
	}
	if !s.seen[id] {
		s.seen[id] = true
		s.objects = append(s.objects, o)
	}
	return o, nil
}

func (s *snapshot) commit(id plumbing.Hash, below string) error {
	o, err := s.object(plumbing.CommitObject, id)
	if err != nil {
		return err
	}
	var c object.Commit
	if err := c.Decode(o); err != nil {
		return fmt.Errorf("commit %s cannot be read: %w", id, err)
	}
	at := object.TreeEntry{Mode: filemode.Dir, Hash: c.TreeHash}
	name := "."
	for _, element := range strings.Split(below, "/") {
		if element == "." {
			continue
		}
		entries, err := s.tree(at)
		if err != nil {
			return err
		}
		found := false
		for _, e := range entries {
			if e.Name == element {
				at, found = e, true
			}
		}
		if name = path.Join(name, element); !found {
			return fmt.Errorf("commit %s has no %s", id, name)
		}
	}
	return s.entry(name, at, 0)
}

// tree reads the entries of a directory. Their names come from whoever made the
// repository.
func (s *snapshot) tree(at object.TreeEntry) ([]object.TreeEntry, error) {
	if at.Mode != filemode.Dir {
		return nil, fmt.Errorf("path leads through %s, which is not a directory", at.Name)
	}
	o, err := s.object(plumbing.TreeObject, at.Hash)
	if err != nil {
		return nil, err
	}
	var t object.Tree
	if err := t.Decode(o); err != nil {
		return nil, fmt.Errorf("tree %s cannot be read: %w", at.Hash, err)
	}
	for _, e := range t.Entries {
		if e.Name == "" || e.Name == "." || e.Name == ".." || strings.ContainsAny(e.Name, "/\x00") {
			return nil, fmt.Errorf("tree %s has an entry named %q", at.Hash, e.Name)
		}
	}
	return t.Entries, nil
}

func (s *snapshot) entry(name string, e object.TreeEntry, depth int) error {
	if s.entries++; s.entries > maxEntries || depth > maxDepth {
		return fmt.Errorf("the definitions have more than %d files or %d levels of directories; narrow them with path", maxEntries, maxDepth)
	}
	switch e.Mode {
	case filemode.Dir:
		children, err := s.tree(e)
		if err != nil {
			return err
		}
		for _, child := range children {
			if err := s.entry(path.Join(name, child.Name), child, depth+1); err != nil {
				return err
			}
		}
		return nil
	case filemode.Submodule:
		return nil // another repository
	}
	data, err := s.blob(e.Hash)
	if err != nil {
		return err
	}
	if e.Mode == filemode.Symlink {
		return s.archive.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: string(data)})
	}
	if bytes.HasPrefix(data, []byte("version https://git-lfs")) {
		return fmt.Errorf("%s is kept in Git LFS, which is not fetched", name)
	}
	if err := s.archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(data)), Mode: 0o644}); err != nil {
		return err
	}
	_, err = s.archive.Write(data)
	return err
}

func (s *snapshot) blob(id plumbing.Hash) ([]byte, error) {
	o, err := s.object(plumbing.BlobObject, id)
	if err != nil {
		return nil, err
	}
	return content(o)
}

func content(o plumbing.EncodedObject) ([]byte, error) {
	r, err := o.Reader()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	return data, errors.Join(err, r.Close())
}
