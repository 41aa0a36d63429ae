package repo

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// Revision is a commit of a Repository.
type Revision struct {
	Name string // as it was asked for
	Hash string

	repository *Repository
	commit     commit
}

// commit is what is read of a commit.
type commit struct {
	hash, tree plumbing.Hash
	parents    []plumbing.Hash // none where a shallow clone ends
	time       int64
}

// Revision finds the commit that a name means: a branch, a tag, a hash or its
// beginning, HEAD or @, each with any number of ~N, ^N and ^{commit}
// (gitrevisions(7)).
func (r *Repository) Revision(name string) (*Revision, error) {
	end := strings.IndexAny(name, "~^")
	if end < 0 {
		end = len(name)
	}
	hash, err := r.named(name[:end])
	if err != nil {
		return nil, err
	}
	c, err := r.commit(hash)
	for suffix := name[end:]; err == nil && suffix != ""; {
		c, suffix, err = r.step(c, suffix)
	}
	if err != nil {
		return nil, fmt.Errorf("revision %q: %w", name, err)
	}
	return &Revision{Name: name, Hash: c.hash.String(), repository: r, commit: c}, nil
}

// step follows one ~N, ^N or ^{commit}.
func (r *Repository) step(c commit, suffix string) (commit, string, error) {
	for _, peel := range []string{"^{commit}", "^{}", "^0"} {
		if rest, ok := strings.CutPrefix(suffix, peel); ok {
			return c, rest, nil
		}
	}
	end := 1
	for end < len(suffix) && suffix[end] >= '0' && suffix[end] <= '9' {
		end++
	}
	n := 1
	if end > 1 {
		var err error
		if n, err = strconv.Atoi(suffix[1:end]); err != nil {
			return c, "", fmt.Errorf("%s is too far back", suffix[:end])
		}
	}
	generations, parent := n, 1
	switch {
	case end < len(suffix) && suffix[end] != '~' && suffix[end] != '^':
		return c, "", fmt.Errorf("%q is not supported; use ~N, ^N or ^{commit}", suffix)
	case suffix[0] == '^':
		generations, parent = 1, n
	}
	for range generations {
		if len(c.parents) < parent {
			return c, "", r.noParent(c, parent)
		}
		var err error
		if c, err = r.commit(c.parents[parent-1]); err != nil {
			return c, "", err
		}
	}
	return c, suffix[end:], nil
}

func (r *Repository) noParent(c commit, parent int) error {
	switch {
	case r.shallow[c.hash]:
		return fmt.Errorf("commit %.12s is where the history of this shallow clone ends; run git fetch --unshallow, or git fetch --deepen=N", c.hash)
	case len(c.parents) == 0:
		return fmt.Errorf("commit %.12s is the first of its history", c.hash)
	}
	return fmt.Errorf("commit %.12s has no parent %d", c.hash, parent)
}

// named finds the object that a name without suffixes means.
func (r *Repository) named(name string) (plumbing.Hash, error) {
	if name == "" {
		return plumbing.ZeroHash, errors.New("a revision is a branch, a tag, or a commit's hash, not an empty text")
	}
	if name == "@" {
		name = "HEAD"
	}
	if plumbing.IsHash(name) {
		return r.whole(plumbing.NewHash(name))
	}
	found, hash, err := r.references(name)
	switch {
	case err != nil:
		return hash, err
	case len(found) > 1:
		return hash, fmt.Errorf("revision %q is ambiguous: it is %s; name one in full", name, strings.Join(found, " and "))
	case len(found) == 1:
		return hash, nil
	}
	if hash, err := r.abbreviated(name); err != nil || !hash.IsZero() {
		return hash, err
	}
	if name == "HEAD" {
		return plumbing.ZeroHash, errors.New("the Git repository has no commit yet")
	}
	hint := "git branch --all and git tag list the names"
	if len(r.shallow) > 0 {
		hint = "this clone is shallow and may lack it: git fetch --unshallow gets the rest"
	}
	return plumbing.ZeroHash, fmt.Errorf("revision %q is not a branch, tag or commit of the Git repository; %s", name, hint)
}

// whole checks that an object is there.
func (r *Repository) whole(hash plumbing.Hash) (plumbing.Hash, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, err := r.find(plumbing.AnyObject, hash)
	var missing *MissingObject
	if errors.As(err, &missing) {
		fix := "git fetch may get it"
		if len(r.shallow) > 0 {
			fix = "it is shallow, and git fetch --unshallow gets the rest"
		}
		return hash, fmt.Errorf("revision %q is not in this clone; %s", hash, fix)
	}
	return hash, err
}

// references returns the references that a name may mean and the first one's
// object. Those that mean the same object count once.
func (r *Repository) references(name string) ([]string, plumbing.Hash, error) {
	var found []string
	var hashes []plumbing.Hash
	for _, rule := range plumbing.RefRevParseRules {
		full := plumbing.ReferenceName(fmt.Sprintf(rule, name))
		if rule == "%s" && !strings.HasPrefix(name, "refs/") && strings.ToUpper(name) != name {
			continue // a file of the Git directory, such as config
		}
		hash, err := r.reference(full)
		if errors.Is(err, plumbing.ErrReferenceNotFound) {
			continue
		}
		if err != nil {
			return nil, hash, fmt.Errorf("reading reference %s: %w", full, err)
		}
		if hash, err = r.peeled(hash); err != nil {
			return nil, hash, fmt.Errorf("revision %q: %w", name, err)
		}
		if !slices.Contains(hashes, hash) {
			found, hashes = append(found, full.String()), append(hashes, hash)
		}
	}
	if len(found) == 0 {
		return nil, plumbing.ZeroHash, nil
	}
	return found, hashes[0], nil
}

// reference returns the object that a reference leads to.
func (r *Repository) reference(name plumbing.ReferenceName) (plumbing.Hash, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for range 10 {
		ref, err := r.refs.Reference(name)
		if err != nil {
			return plumbing.ZeroHash, plumbing.ErrReferenceNotFound // unreadable ones are as good as not there
		}
		if ref.Type() == plumbing.HashReference {
			return ref.Hash(), nil
		}
		name = ref.Target()
	}
	return plumbing.ZeroHash, errors.New("symbolic references form a cycle")
}

// Names lists what a revision may be called, sorted: branches, tags, branches of
// remotes, and HEAD.
func (r *Repository) Names() ([]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	refs, err := r.refs.IterReferences()
	if err != nil {
		return nil, err
	}
	var out []string
	err = refs.ForEach(func(ref *plumbing.Reference) error {
		if name := ref.Name(); name == plumbing.HEAD || name.IsBranch() || name.IsTag() || name.IsRemote() {
			out = append(out, name.Short())
		}
		return nil
	})
	slices.Sort(out)
	return slices.Compact(out), err
}

// abbreviated finds the one commit or tag whose hash begins with name.
func (r *Repository) abbreviated(name string) (plumbing.Hash, error) {
	none := plumbing.ZeroHash
	if len(name) < 4 || len(name) > 40 || strings.Trim(name, "0123456789abcdefABCDEF") != "" {
		return none, nil
	}
	name = strings.ToLower(name)
	prefix, err := hex.DecodeString(name[:len(name)&^1])
	if err != nil {
		return none, nil
	}
	r.mu.Lock()
	var all []plumbing.Hash
	for _, s := range r.objects {
		hashes, err := s.HashesWithPrefix(prefix)
		if err != nil {
			r.mu.Unlock()
			return none, fmt.Errorf("looking up %s: %w", name, err)
		}
		all = append(all, hashes...)
	}
	r.mu.Unlock()
	var commits []string
	for _, hash := range all {
		if !strings.HasPrefix(hash.String(), name) || slices.Contains(commits, hash.String()) {
			continue
		}
		if _, err := r.commit(hash); err == nil {
			commits = append(commits, hash.String())
		}
	}
	slices.Sort(commits)
	switch len(commits) {
	case 0:
		return none, nil
	case 1:
		return plumbing.NewHash(commits[0]), nil
	}
	return none, fmt.Errorf("revision %q is ambiguous: it begins commits %s; give more digits", name, strings.Join(commits, " and "))
}

// peeled follows tags to what they name.
func (r *Repository) peeled(hash plumbing.Hash) (plumbing.Hash, error) {
	for range 10 {
		data, err := r.object(plumbing.TagObject, hash)
		var missing *MissingObject
		if errors.As(err, &missing) {
			return hash, nil // no tag
		}
		if err != nil {
			return hash, err
		}
		target, ok := header(data, "object")
		if !ok {
			return hash, fmt.Errorf("tag %.12s names no object", hash)
		}
		hash = plumbing.NewHash(target)
	}
	return hash, errors.New("tags form a cycle")
}

// commit reads the commit that an object is or a tag leads to.
func (r *Repository) commit(hash plumbing.Hash) (commit, error) {
	hash, err := r.peeled(hash)
	if err != nil {
		return commit{}, err
	}
	data, err := r.object(plumbing.CommitObject, hash)
	if err != nil {
		return commit{}, err
	}
	c := commit{hash: hash}
	head, _, _ := bytes.Cut(data, []byte("\n\n"))
	for _, line := range strings.Split(string(head), "\n") {
		key, value, _ := strings.Cut(line, " ")
		switch key {
		case "tree":
			c.tree = plumbing.NewHash(value)
		case "parent":
			c.parents = append(c.parents, plumbing.NewHash(value))
		case "committer":
			if fields := strings.Fields(value); len(fields) > 2 {
				c.time, _ = strconv.ParseInt(fields[len(fields)-2], 10, 64) // 0 sorts last, which costs no more than time
			}
		}
	}
	if c.tree.IsZero() {
		return c, fmt.Errorf("commit %.12s names no tree", hash)
	}
	if r.shallow[hash] {
		c.parents = nil
	}
	return c, nil
}

func header(data []byte, key string) (string, bool) {
	for line := range bytes.Lines(data) {
		if value, ok := bytes.CutPrefix(line, []byte(key+" ")); ok {
			return strings.TrimSpace(string(value)), true
		}
		if len(bytes.TrimSpace(line)) == 0 {
			break
		}
	}
	return "", false
}
