package remote

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"github.com/krowave/krowave/plugin/staging"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/project"
	"github.com/krowave/krowave/render/repo"
)

// How long a server may take.
const (
	fetchTimeout = 10 * time.Minute // for files
	askTimeout   = time.Minute      // for what a branch or tag stands for
)

// gitFile is where the objects of a commit below a path are kept.
func (s *Store) gitFile(r project.Remote) string {
	sum := sha256.Sum256([]byte(r.Path))
	return filepath.Join(s.Dir, "git", r.Commit+"-"+hex.EncodeToString(sum[:8])+".objects")
}

// loadGit reads the cache. A commit's id covers all that is below it, so what
// leads from the id to files is what the commit holds.
func (s *Store) loadGit(r project.Remote) (*repo.Memory, error) {
	name := s.gitFile(r)
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading the cache: %w", err)
	}
	store, err := decodeObjects(data)
	if err != nil {
		return nil, damaged(name, r)
	}
	_, files, err := take(store, r.Commit, r.Path)
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return nil, damaged(name, r)
	}
	return files, err
}

// fetchGit puts a commit into the cache.
func (s *Store) fetchGit(ctx context.Context, r project.Remote) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return fmt.Errorf("making the cache: %w", err)
	}
	root, err := os.OpenRoot(s.Dir)
	if err != nil {
		return fmt.Errorf("opening the cache: %w", err)
	}
	defer root.Close()
	area, err := staging.Begin(root)
	if err != nil {
		return fmt.Errorf("making the cache: %w", err)
	}
	defer area.End()
	local, err := git.PlainInit(filepath.Join(s.Dir, area.Name), true)
	if err != nil {
		return unwritten(s.Dir, err)
	}
	c := s.connect(local, r, filepath.Join(s.Dir, area.Name))
	if err := c.commit(ctx, r); err != nil {
		return err
	}
	objects, _, err := take(local.Storer, r.Commit, r.Path)
	if err != nil {
		return fmt.Errorf("%s: %w", r.Name(), err)
	}
	data, err := encodeObjects(objects)
	if err != nil {
		return err
	}
	return put(s.gitFile(r), data)
}

// connection is the way to one repository.
type connection struct {
	*git.Remote
	local  *git.Repository // nil to list only
	url    string
	cache  string // its directory
	auth   transport.AuthMethod
	logins []Login
}

func (s *Store) connect(local *git.Repository, r project.Remote, dir string) *connection {
	patient()
	c := &connection{local: local, url: r.Git, cache: s.Dir}
	if s.Logins != nil {
		c.logins = s.Logins(r.Git)
	}
	remote := &config.RemoteConfig{Name: "origin", URLs: []string{r.Git}}
	if local != nil {
		c.Remote = git.NewRemote(guarded{local.Storer.(*filesystem.Storage), dir}, remote)
	} else {
		c.Remote = git.NewRemote(nil, remote)
	}
	return c
}

// commit fetches one commit alone where the server allows it, else the branch or
// tag that it is, else the history that it lies in.
func (c *connection) commit(ctx context.Context, r project.Remote) error {
	id := plumbing.NewHash(r.Commit)
	err := c.fetch(ctx, 1, r.Commit+":refs/krowave/commit")
	if err == nil || ctx.Err() != nil || errors.Is(err, errSilent) || errors.Is(err, errTooMuch) {
		return c.wrap(err)
	}
	refs, err := c.list(ctx)
	if err != nil {
		return err
	}
	for _, ref := range refs {
		if name := strings.TrimSuffix(ref.Name().String(), "^{}"); ref.Hash() == id && strings.HasPrefix(name, "refs/") {
			return c.wrap(c.fetch(ctx, 1, name+":refs/krowave/commit"))
		}
	}
	if err := c.fetch(ctx, 0, "refs/heads/*:refs/krowave/heads/*", "refs/tags/*:refs/krowave/tags/*"); err != nil {
		return c.wrap(err)
	}
	if _, err := c.local.CommitObject(id); err != nil {
		return fmt.Errorf("no branch or tag of %s contains commit %s", r.Git, r.Commit)
	}
	return nil
}

func (c *connection) fetch(ctx context.Context, depth int, specs ...string) error {
	o := &git.FetchOptions{RemoteName: "origin", Depth: depth, Tags: git.NoTags, Force: true}
	for _, spec := range specs {
		o.RefSpecs = append(o.RefSpecs, config.RefSpec(spec))
	}
	return c.authorized(ctx, func() error {
		o.Auth = c.auth
		if err := c.FetchContext(ctx, o); !errors.Is(err, git.NoErrAlreadyUpToDate) {
			return err
		}
		return nil
	})
}

func (c *connection) list(ctx context.Context) (refs []*plumbing.Reference, err error) {
	err = c.authorized(ctx, func() error {
		refs, err = c.ListContext(ctx, &git.ListOptions{Auth: c.auth, PeelingOption: git.AppendPeeled})
		return err
	})
	return refs, c.wrap(err)
}

// authorized runs an exchange, once more with each of the credentials that are
// found while the server asks for some.
func (c *connection) authorized(ctx context.Context, exchange func() error) error {
	for {
		err := exchange()
		if !errors.Is(err, transport.ErrAuthenticationRequired) {
			return err
		}
		c.auth = nil
		for c.auth == nil {
			if len(c.logins) == 0 {
				return errors.New("the server requires credentials: none were found, or they were rejected")
			}
			login := c.logins[0]
			c.logins = c.logins[1:]
			if c.auth, err = login(ctx); err != nil {
				return err
			}
		}
	}
}

func (c *connection) wrap(err error) error {
	switch {
	case err == nil:
		return nil
	case c.local != nil && errors.As(err, new(*fs.PathError)):
		return unwritten(c.cache, err)
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("fetching %s: %w", c.url, err)
	}
	return fmt.Errorf("fetching %s: %s", c.url, said(err))
}

// unwritten says that the cache cannot be written. Which of its files could not does
// not matter to anyone.
func unwritten(dir string, err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return fmt.Errorf("writing to the cache in %s: %w", dir, err)
}

// said is what a server said, on one line that can be read. No URL in it has a user.
func said(err error) string {
	text := []rune(diag.Clean(diag.WithoutUsers(strings.TrimSpace(err.Error()))))
	if len(text) > 500 {
		return string(text[:500]) + "..."
	}
	return string(text)
}

// resolveGit finds the commit of a branch or tag; without one, that of the
// default branch.
func (s *Store) resolveGit(ctx context.Context, r project.Remote) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	refs, err := s.connect(nil, r, "").list(ctx)
	if err != nil {
		return "", err
	}
	hashes := map[string]plumbing.Hash{}
	for _, ref := range refs {
		if ref.Type() == plumbing.HashReference {
			hashes[ref.Name().String()] = ref.Hash()
		}
	}
	for _, ref := range refs {
		if ref.Type() == plumbing.SymbolicReference {
			hashes[ref.Name().String()] = hashes[ref.Target().String()]
		}
	}
	return pick(hashes, r)
}

// pick finds the ref among all; an annotated tag stands for its commit.
func pick(hashes map[string]plumbing.Hash, r project.Remote) (string, error) {
	names := []string{"HEAD"}
	switch {
	case strings.HasPrefix(r.Ref, "refs/"):
		names = []string{r.Ref}
	case r.Ref != "":
		names = []string{"refs/heads/" + r.Ref, "refs/tags/" + r.Ref}
	}
	var found []string
	for _, name := range names {
		id := hashes[name]
		if peeled, ok := hashes[name+"^{}"]; ok {
			id = peeled
		}
		if !id.IsZero() && !slices.Contains(found, id.String()) {
			found = append(found, id.String())
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return "", fmt.Errorf("%s has a branch and a tag named %s that differ; write refs/heads/%s or refs/tags/%s", r.Git, r.Ref, r.Ref, r.Ref)
	case r.Ref == "":
		return "", fmt.Errorf("%s has no default branch; name one with ref", r.Git)
	}
	return "", fmt.Errorf("%s has no branch or tag %s", r.Git, r.Ref)
}
