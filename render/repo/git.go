package repo

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/format/objfile"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/storage/filesystem/dotgit"
)

// Repository is a Git repository, opened for reading its commits: bare, with a
// work tree, or a linked work tree. It starts no process and never writes. It
// is safe for concurrent use.
type Repository struct {
	top     string // of the work tree, "" when bare
	common  string // the Git directory, that of all work trees
	config  *config.Config
	shallow map[plumbing.Hash]bool
	refs    filesystem.ReferenceStorage

	mu      sync.Mutex // go-git's stores are not safe for concurrent use
	objects []*filesystem.ObjectStorage
	stores  []string // the directory of each
	blobs   map[plumbing.Hash][]byte
	bytes   int64 // of blobs
	found   int   // objects that were read from the stores
}

// ErrNoRepository is the error of OpenGit where no repository is.
var ErrNoRepository = errors.New("not in a Git repository")

// OpenGit opens the Git repository at a directory or above it.
func OpenGit(dir string) (*Repository, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the Git repository: %w", err)
	}
	for {
		top, gitDir, err := gitDirectory(dir)
		if err != nil {
			return nil, err
		}
		if gitDir != "" {
			return openGit(top, gitDir)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return nil, ErrNoRepository
		}
		dir = parent
	}
}

// gitDirectory returns the Git directory that belongs to dir and the top of its
// work tree, "" for none (gitrepository-layout(5)).
func gitDirectory(dir string) (top, gitDir string, err error) {
	dot := filepath.Join(dir, ".git")
	info, err := os.Stat(dot)
	switch {
	case err == nil && info.IsDir():
		return dir, dot, nil
	case err == nil:
		data, err := os.ReadFile(dot)
		target, ok := strings.CutPrefix(strings.TrimSpace(string(data)), "gitdir: ")
		if err != nil || !ok {
			return "", "", fmt.Errorf("%s is not a Git directory and does not name one", dot)
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(dir, target)
		}
		return dir, target, nil
	}
	head, err := os.Stat(filepath.Join(dir, "HEAD"))
	objects, err2 := os.Stat(filepath.Join(dir, "objects"))
	refs, err3 := os.Stat(filepath.Join(dir, "refs"))
	if err == nil && err2 == nil && err3 == nil && !head.IsDir() && objects.IsDir() && refs.IsDir() {
		return "", dir, nil
	}
	return "", "", nil
}

func openGit(top, gitDir string) (*Repository, error) {
	common := commonDirectory(gitDir)
	var both billy.Filesystem = osfs.New(gitDir)
	if common != gitDir {
		both = dotgit.NewRepositoryFilesystem(both, osfs.New(common))
	}
	r := &Repository{top: top, common: common, shallow: map[plumbing.Hash]bool{}, blobs: map[plumbing.Hash][]byte{}}
	store := filesystem.NewStorageWithOptions(both, cache.NewObjectLRUDefault(), filesystem.Options{ExclusiveAccess: true, KeepDescriptors: true})
	r.refs = store.ReferenceStorage
	var err error
	if r.config, err = store.Config(); err != nil {
		return nil, fmt.Errorf("reading the configuration of the Git repository: %w", err)
	}
	if err := r.supported(); err != nil {
		return nil, err
	}
	cut, err := store.Shallow()
	if err != nil {
		return nil, fmt.Errorf("reading the shallow file of the Git repository: %w", err)
	}
	for _, hash := range cut {
		r.shallow[hash] = true
	}
	// The objects of others come first: go-git would open theirs again for each
	// object that is not among its own.
	r.alternates(filepath.Join(common, "objects"), 0)
	r.objects, r.stores = append(r.objects, &store.ObjectStorage), append(r.stores, filepath.Join(common, "objects"))
	return r, nil
}

// supported refuses repository formats that would be misread.
func (r *Repository) supported() error {
	extensions := r.config.Raw.Section("extensions")
	if format := extensions.Option("objectformat"); format != "" && format != "sha1" {
		return fmt.Errorf("the Git repository stores its objects by %s, and only sha1 can be read", format)
	}
	if format := extensions.Option("refstorage"); format != "" && format != "files" {
		return fmt.Errorf("the Git repository stores its references as %s, and only files can be read; run git refs migrate --ref-format=files", format)
	}
	return nil
}

// alternates adds the object stores that a repository borrows from.
func (r *Repository) alternates(objects string, depth int) {
	data, err := os.ReadFile(filepath.Join(objects, "info", "alternates"))
	if err != nil || depth > 5 { // as deep as git follows them
		return
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		dir := lines.Text()
		if dir == "" || strings.HasPrefix(dir, "#") {
			continue
		}
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(objects, dir)
		}
		r.alternates(dir, depth+1)
		git := dotgit.NewWithOptions(osfs.New(filepath.Dir(dir)), dotgit.Options{ExclusiveAccess: true})
		r.objects = append(r.objects, filesystem.NewObjectStorageWithOptions(git, cache.NewObjectLRUDefault(), filesystem.Options{KeepDescriptors: true}))
		r.stores = append(r.stores, dir)
	}
}

// Top returns the top directory of the work tree, "" for a bare repository.
func (r *Repository) Top() string { return r.top }

// Close closes the repository's files.
func (r *Repository) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, s := range r.objects {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// object returns the content of an object of a type.
func (r *Repository) object(kind plumbing.ObjectType, hash plumbing.Hash) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found, err := r.find(kind, hash)
	if err != nil {
		return nil, err
	}
	reader, err := found.Reader()
	if err != nil {
		return nil, fmt.Errorf("reading Git object %s: %w", hash, err)
	}
	defer reader.Close()
	data := make([]byte, found.Size())
	if _, err := io.ReadFull(reader, data); err != nil {
		return nil, fmt.Errorf("reading Git object %s: %w", hash, err)
	}
	return data, nil
}

func (r *Repository) find(kind plumbing.ObjectType, hash plumbing.Hash) (plumbing.EncodedObject, error) {
	for _, s := range r.objects {
		found, err := s.EncodedObject(kind, hash)
		if err == nil {
			r.found++
			return found, nil
		}
		if !errors.Is(err, plumbing.ErrObjectNotFound) {
			return nil, fmt.Errorf("reading Git object %s: %w", hash, err)
		}
	}
	return nil, r.missing(hash)
}

// size returns the size of a blob without reading it.
func (r *Repository) size(hash plumbing.Hash) (int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if data, ok := r.blobs[hash]; ok {
		return int64(len(data)), nil
	}
	for i, s := range r.objects {
		size, err := looseSize(r.stores[i], hash)
		if errors.Is(err, fs.ErrNotExist) {
			size, err = s.EncodedObjectSize(hash)
		}
		if err == nil {
			return size, nil
		}
		if !errors.Is(err, plumbing.ErrObjectNotFound) {
			return 0, fmt.Errorf("reading Git object %s: %w", hash, err)
		}
	}
	return 0, r.missing(hash)
}

// looseSize returns the size of an object that is a file of its own. go-git leaves
// the file open that it asks for the size.
func looseSize(store string, hash plumbing.Hash) (size int64, err error) {
	name := hash.String()
	file, err := os.Open(filepath.Join(store, name[:2], name[2:]))
	if err != nil {
		return 0, err
	}
	defer file.Close()
	reader, err := objfile.NewReader(file)
	if err != nil {
		return 0, err
	}
	defer reader.Close()
	_, size, err = reader.Header()
	return size, err
}

// maxBlobBytes is what a Repository remembers of the blobs that it read.
const maxBlobBytes = 512 << 20

// blob returns the content of a blob, which must not be changed.
func (r *Repository) blob(hash plumbing.Hash) ([]byte, error) {
	r.mu.Lock()
	data, ok := r.blobs[hash]
	r.mu.Unlock()
	if ok {
		return data, nil
	}
	data, err := r.object(plumbing.BlobObject, hash)
	if err == nil {
		r.remember(hash, data)
	}
	return data, err
}

func (r *Repository) remember(hash plumbing.Hash, data []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.blobs[hash]; ok || r.bytes+int64(len(data)) > maxBlobBytes {
		return
	}
	r.blobs[hash] = data
	r.bytes += int64(len(data))
}

// Reuse takes the content of files that are read already, so that the same
// content is not read again from a revision. It must not be changed afterwards.
func (r *Repository) Reuse(files []File) {
	for _, f := range files {
		r.remember(plumbing.ComputeHash(plumbing.BlobObject, f.Data), f.Data)
	}
}

// missing says why an object that a commit names may not be there.
func (r *Repository) missing(hash plumbing.Hash) error {
	err := &MissingObject{Hash: hash.String(), Fix: "the repository is damaged; run git fsck"}
	for _, remote := range r.config.Raw.Section("remote").Subsections {
		if remote.Option("promisor") == "true" {
			err.Fix = "the clone is partial; run git fetch --refetch --no-filter " + remote.Name
		}
	}
	if len(r.shallow) > 0 {
		err.Fix = "the clone is shallow; run git fetch --unshallow"
	}
	return err
}

// MissingObject is the error of an object that a clone does not hold.
type MissingObject struct {
	Hash string
	Fix  string // why, and what to run
}

func (e *MissingObject) Error() string {
	return fmt.Sprintf("Git object %.12s is not in this clone: %s", e.Hash, e.Fix)
}
