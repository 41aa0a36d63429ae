// Package remote reads definitions that krowave.yaml names in other repositories
// and in registries. It takes a pinned source and returns its files from a cache,
// which is filled once and verified each time it is read. It is the only part of
// a render that uses the network.
//
//	store := &remote.Store{Dir: dir}
//	files, err := store.Open(ctx, settings.Remotes[0])
//
// What is kept is addressed by its content: a Git commit by its id, which covers
// its trees and files, and an OCI artifact by its digest, which covers its layer.
// A cache that holds anything else is found out, whoever wrote it.
package remote

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/krowave/krowave/plugin/staging"
	"github.com/krowave/krowave/render/project"
	"github.com/krowave/krowave/render/repo"
)

// Limits of one source.
const (
	maxBytes   = 256 << 20 // of its files, and of what the cache holds of it
	maxEntries = 50_000    // files, directories and links
	maxDepth   = 100       // directories in each other
)

// Login looks credentials up. It returns nil when it has none.
type Login = func(context.Context) (transport.AuthMethod, error)

// Store is a cache and the way to what it lacks.
type Store struct {
	Dir      string // of the cache; made when something is put there
	Offline  bool   // nothing is fetched
	Logins   func(url string) []Login
	Keychain authn.Keychain    // for registries; nil is anonymous
	Progress func(what string) // called before a fetch; may be nil
}

// ErrOffline is that a source is not in the cache and may not be fetched.
var ErrOffline = errors.New("it is not in the cache, and --offline forbids fetching it; run the command once without --offline, or krowave vendor to keep a copy in the repository")

// Open returns the files of a pinned source: those below its path, under the
// names that they have in the commit or artifact.
func (s *Store) Open(ctx context.Context, r project.Remote) (*repo.Memory, error) {
	if r.Pin() == "" {
		return nil, fmt.Errorf("%s has no %s; run krowave update, which finds it", r.Address(), r.PinKey())
	}
	load, fetch := s.loadGit, s.fetchGit
	if r.OCI != "" {
		load, fetch = s.loadOCI, s.fetchOCI
	}
	files, err := load(r)
	switch {
	case err == nil:
		return present(files, r)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	case s.Offline:
		return nil, fmt.Errorf("%s: %w", r.Name(), ErrOffline)
	}
	if s.Progress != nil {
		s.Progress(fmt.Sprintf("fetching %s at %s", r.Address(), r.Pin()))
	}
	if err := fetch(ctx, r); err != nil {
		return nil, err
	}
	if files, err = load(r); err != nil {
		return nil, err
	}
	return present(files, r)
}

// Resolve returns the commit or digest that the ref or tag stands for now.
func (s *Store) Resolve(ctx context.Context, r project.Remote) (string, error) {
	if s.Progress != nil {
		s.Progress("asking " + r.Address())
	}
	if r.OCI != "" {
		return s.resolveOCI(ctx, r)
	}
	return s.resolveGit(ctx, r)
}

// present makes sure that the path is there.
func present(files *repo.Memory, r project.Remote) (*repo.Memory, error) {
	if _, err := files.Stat(r.Path); err != nil {
		return nil, fmt.Errorf("%s has no %s", r.Name(), r.Path)
	}
	return files, nil
}

// damaged says that a file of the cache does not hold what its name says.
func damaged(name string, r project.Remote) error {
	return fmt.Errorf("the cache is damaged or was tampered with: %s does not match %s %s; delete the file to fetch it again", name, r.PinKey(), r.Pin())
}

// put writes a file of the cache. Who reads it at the same time sees all of it or
// nothing.
func put(name string, data []byte) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing to the cache: %w", err)
		}
	}()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return staging.WriteFile(name, data, 0o600)
}
