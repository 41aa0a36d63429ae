package hydrate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/plumbing/transport/client"
	"github.com/go-git/go-git/v5/storage/memory"

	"github.com/krowave/krowave/render/diag"
)

// Remote is a repository to push to.
type Remote struct {
	URL    string
	Auth   transport.AuthMethod // sent at once; nil for nothing
	Logins []Login              // asked in order once the server wants to know who it is
}

// Login looks credentials up. It returns nil when it has none.
type Login func(context.Context) (transport.AuthMethod, error)

// Find returns the URL of a remote repository that is named by a remote of the
// repository at dir, a URL, or a path relative to base.
func Find(name, dir, base string) (string, error) {
	if dir != "" {
		store, err := local(dir)
		if err != nil {
			return "", err
		}
		defer store.Close()
		settings, err := store.Config()
		if err != nil {
			return "", fmt.Errorf("reading the configuration of the Git repository: %w", err)
		}
		if remote := settings.Remotes[name]; remote != nil && len(remote.URLs) > 0 {
			return locate(remote.URLs[len(remote.URLs)-1], dir), nil // pushes go to the last one
		}
	}
	if at := locate(name, base); at != name || filepath.IsAbs(name) {
		return at, nil
	}
	if ep, err := transport.NewEndpoint(name); err == nil && ep.Protocol != "file" || strings.HasPrefix(name, "file://") {
		return name, nil
	}
	return "", fmt.Errorf("%q is not a remote of the Git repository, a URL or a directory", name)
}

// locate makes the path of a directory that is there absolute.
func locate(name, base string) string {
	if strings.Contains(name, "://") || filepath.IsAbs(name) {
		return name
	}
	full := filepath.Join(base, filepath.FromSlash(name))
	if info, err := os.Stat(full); err == nil && info.IsDir() {
		return full
	}
	return name
}

// Public is a URL without what may be secret in it.
func Public(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return address
	}
	if u.Scheme == "http" || u.Scheme == "https" {
		u.User = nil // a token is often the user name
	} else if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	u.RawQuery, u.Fragment = "", ""
	return u.String()
}

// authorized runs an exchange with the server, once more with each of the
// credentials that are found while it asks for some.
func (r *Remote) authorized(ctx context.Context, exchange func() error) error {
	for {
		err := exchange()
		if !errors.Is(err, transport.ErrAuthenticationRequired) {
			return err
		}
		var auth transport.AuthMethod
		for auth == nil {
			if len(r.Logins) == 0 {
				return fmt.Errorf("%s requires credentials: none were found, or they were rejected; see krowave hydrate --help", Public(r.URL))
			}
			login := r.Logins[0]
			r.Logins = r.Logins[1:]
			if auth, err = login(ctx); err != nil {
				return err
			}
		}
		r.Auth = auth
	}
}

// wrap says what was done with the remote, without what a server may have put
// into its answer to confuse a terminal.
func (r *Remote) wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s %s: %w", doing, Public(r.URL), err)
	}
	if errors.Is(err, transport.ErrAuthorizationFailed) {
		return fmt.Errorf("%s %s: the credentials have no permission for it: %s", doing, Public(r.URL), short(err.Error()))
	}
	return fmt.Errorf("%s %s: %s", doing, Public(r.URL), short(err.Error()))
}

// short is a text of a server on one line that can be read. No URL in it has a
// user.
func short(s string) string {
	s = diag.Clean(diag.WithoutUsers(strings.TrimSpace(s)))
	if text := []rune(s); len(text) > 500 {
		return string(text[:500]) + "..."
	}
	return s
}

const headName plumbing.ReferenceName = "refs/krowave/head"

// fetch gets the head of a branch, without the history behind it. The hash is
// zero when there is no such branch.
func (r *Remote) fetch(ctx context.Context, branch string) (plumbing.Hash, storer.EncodedObjectStorer, error) {
	store := memory.NewStorage()
	remote := git.NewRemote(store, &config.RemoteConfig{Name: "remote", URLs: []string{r.URL}})
	spec := config.RefSpec("+" + plumbing.NewBranchReferenceName(branch) + ":" + headName)
	err := r.authorized(ctx, func() error {
		return remote.FetchContext(ctx, &git.FetchOptions{RemoteName: "remote", RefSpecs: []config.RefSpec{spec}, Depth: 1, Auth: r.Auth, Tags: git.NoTags})
	})
	switch {
	case errors.Is(err, git.NoMatchingRefSpecError{}), errors.Is(err, transport.ErrEmptyRemoteRepository):
		return plumbing.ZeroHash, store, nil
	case err != nil && !errors.Is(err, git.NoErrAlreadyUpToDate):
		return plumbing.ZeroHash, nil, r.wrap("fetching branch "+branch+" of", err)
	}
	head, err := store.Reference(headName)
	if err != nil {
		return plumbing.ZeroHash, nil, r.wrap("fetching branch "+branch+" of", err)
	}
	return head.Hash(), store, nil
}

// change is what a push asks for: that a branch goes from one commit to another,
// and nothing else.
type change struct {
	branch   string
	old, new plumbing.Hash
	objects  []plumbing.Hash // that the server lacks
}

// push moves the branch, unless it is not where it is thought to be: then, and
// when the server will not have it, the error is a *rejection.
func (r *Remote) push(ctx context.Context, c change, store storer.EncodedObjectStorer) error {
	var pack bytes.Buffer
	if _, err := packfile.NewEncoder(&pack, store, false).Encode(c.objects, 0); err != nil {
		return fmt.Errorf("packing the commit: %w", err)
	}
	var rejected *rejection
	err := r.authorized(ctx, func() (err error) {
		rejected, err = r.send(ctx, c, pack.Bytes())
		return err
	})
	if rejected != nil {
		return rejected
	}
	return r.wrap("pushing branch "+c.branch+" to", err)
}

func (r *Remote) send(ctx context.Context, c change, pack []byte) (_ *rejection, err error) {
	endpoint, err := transport.NewEndpoint(r.URL)
	if err != nil {
		return nil, err
	}
	transports, err := client.NewClient(endpoint)
	if err != nil {
		return nil, err
	}
	session, err := transports.NewReceivePackSession(endpoint, r.Auth)
	if err != nil {
		return nil, err
	}
	defer session.Close() // what it says after the report does not matter
	refs, err := session.AdvertisedReferencesContext(ctx)
	if err != nil {
		return nil, err
	}
	name := plumbing.NewBranchReferenceName(c.branch)
	rejected := &rejection{branch: c.branch, url: Public(r.URL)}
	if refs.References[name.String()] != c.old {
		rejected.status = "the branch has moved"
		return rejected, nil
	}
	var said bytes.Buffer
	request := packp.NewReferenceUpdateRequestFromCapabilities(refs.Capabilities)
	if refs.Capabilities.Supports(capability.Sideband64k) {
		if err := request.Capabilities.Set(capability.Sideband64k); err != nil {
			return nil, err
		}
		request.Progress = &said
	}
	request.Commands = []*packp.Command{{Name: name, Old: c.old, New: c.new}}
	request.Packfile = io.NopCloser(bytes.NewReader(pack))
	report, err := session.ReceivePack(ctx, request)
	if report == nil || err == nil {
		return nil, err
	}
	rejected.said = said.String()
	rejected.status = report.UnpackStatus
	for _, s := range report.CommandStatuses {
		if s.Error() != nil {
			rejected.status = s.Status
		}
	}
	return rejected, nil
}

// rejection is the error of a push that the server turned down.
type rejection struct {
	branch, url  string
	status, said string // in the server's words
	stuck        bool   // nobody else moves the branch
}

// final reports whether pushing again is of no use: a rule of the server turned
// it down. Servers word it in their own ways.
func (r *rejection) final() bool {
	text := strings.ToLower(r.status)
	for _, word := range []string{"declined", "protected", "denied", "prohibited", "checked out", "not allowed", "permission", "forbidden", "hidden ref", "read-only"} {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

func (r *rejection) Error() string {
	text := fmt.Sprintf("%s rejected the push to branch %s: %s", r.url, r.branch, short(r.status))
	if said := short(strings.Join(strings.Fields(r.said), " ")); said != "" {
		text += " (" + said + ")"
	}
	if r.final() {
		return text + "; a rule of the server protects the branch: let this user push to it, or name another one with --branch"
	}
	if r.stuck {
		return text + "; the branch did not move in the meantime, so a retry will not help: check the server"
	}
	return text + "; others kept pushing to it, and nothing was lost: run hydrate again, or raise --retries"
}
