package hydrate

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// Conflicts are directories that a run may not write: those of somebody else.
type Conflicts []string

func (c Conflicts) Error() string { return strings.Join(c, "\n") }

// reserved are the names that a run writes in a directory of its own. Other
// files there are kept.
var reserved = regexp.MustCompile(`^(wave--?[0-9]+|manifests|hydrator\.metadata|README\.md)$`)

// placing lays a content out on a branch.
type placing struct {
	*writer
	content   *Content
	result    *Result
	conflicts Conflicts
}

// place changes root, the root directory of the branch.
func (p *placing) place(root *folder) error {
	base := root
	if p.content.Prefix != "" {
		for _, name := range strings.Split(p.content.Prefix, "/") {
			next, err := p.sub(base, name)
			if errors.Is(err, errNoFolder) {
				return Conflicts{fmt.Sprintf("%s is a file of the branch, and --path-prefix needs a directory", name)}
			}
			if err != nil {
				return err
			}
			base = next
		}
	}
	stale, err := p.owned(base)
	if err != nil {
		return err
	}
	for i := range p.content.Directories {
		d := &p.content.Directories[i]
		if err := p.directory(base, d); err != nil {
			return err
		}
		delete(stale, d.Path())
	}
	for _, parent := range base.folders() {
		for _, name := range p.under(base, parent) {
			if at := parent + "/" + name; stale[at] {
				p.clear(base.opened[parent].opened[name])
				p.result.Removed = append(p.result.Removed, at)
			}
		}
	}
	if len(p.conflicts) > 0 {
		return p.conflicts
	}
	if !p.result.Changed() {
		return nil
	}
	return p.summary(base)
}

// under names the directories in a directory that is open.
func (p *placing) under(base *folder, parent string) []string {
	if f := base.opened[parent]; f != nil {
		return f.folders()
	}
	return nil
}

// owned finds the directories that the owner wrote before, and opens them.
func (p *placing) owned(base *folder) (map[string]bool, error) {
	out := map[string]bool{}
	for _, parent := range base.folders() {
		f, err := p.open(base.entries[parent].Hash)
		if err != nil {
			return nil, err
		}
		for _, name := range f.folders() {
			d, err := p.open(f.entries[name].Hash)
			if err != nil {
				return nil, err
			}
			mark, err := p.mark(d)
			if err != nil {
				return nil, err
			}
			if mark == nil || mark.Owner != p.content.Owner {
				continue
			}
			f.opened[name], base.opened[parent] = d, f
			out[parent+"/"+name] = true
		}
	}
	return out, nil
}

// mark reads who wrote a directory; nil is nobody that krowave knows.
func (p *placing) mark(d *folder) (*Mark, error) {
	data, ok, err := p.read(d, metadataName)
	if err != nil || !ok {
		return nil, err
	}
	var m Metadata
	if json.Unmarshal(data, &m) != nil {
		return nil, nil
	}
	return m.Krowave, nil
}

// directory writes one directory, unless it holds the same manifests already.
func (p *placing) directory(base *folder, d *Directory) error {
	parent, err := p.sub(base, d.Parent)
	var at *folder
	if err == nil {
		at, err = p.sub(parent, d.Name)
	}
	if errors.Is(err, errNoFolder) {
		p.conflict(d, "must be a directory, but the branch has a file in its place")
		return nil
	}
	if err != nil {
		return err
	}
	mark, err := p.mark(at)
	if err != nil {
		return err
	}
	before := map[string]plumbing.Hash{}
	for _, name := range at.names() {
		if reserved.MatchString(name) {
			before[name] = at.entries[name].Hash
		}
	}
	switch {
	case mark == nil && len(before) > 0:
		p.conflict(d, "is already in the branch and was not written by krowave; remove it, or use another --path-prefix")
		return nil
	case mark != nil && mark.Owner != p.content.Owner:
		p.conflict(d, fmt.Sprintf("belongs to another run of hydrate, %q; use --owner=%q if this is the same one, or another --path-prefix", mark.Owner, mark.Owner))
		return nil
	}
	return p.replace(at, d, mark != nil, before)
}

func (p *placing) conflict(d *Directory, what string) {
	p.conflicts = append(p.conflicts, fmt.Sprintf("%s %s", path.Join(p.content.Prefix, d.Path()), what))
}

// replace puts new manifests in the place of those that a directory has.
func (p *placing) replace(at *folder, d *Directory, there bool, before map[string]plumbing.Hash) error {
	fresh, err := p.open(plumbing.ZeroHash)
	if err != nil {
		return err
	}
	for _, f := range d.Files {
		if err := p.putAt(fresh, f.Name, f.Data); err != nil {
			return err
		}
	}
	for name, f := range fresh.opened {
		hash, _, err := p.tree(f)
		if err != nil {
			return err
		}
		fresh.entries[name] = object.TreeEntry{Name: name, Mode: filemode.Dir, Hash: hash}
	}
	same := there
	for name, e := range fresh.entries {
		same = same && before[name] == e.Hash
	}
	for name := range before {
		_, kept := fresh.entries[name]
		same = same && (kept || name == metadataName || name == readmeName)
	}
	if same {
		p.result.Same++
		return nil
	}
	p.clear(at)
	for name, e := range fresh.entries {
		at.entries[name] = e
	}
	if there {
		p.result.Updated = append(p.result.Updated, d.Path())
	} else {
		p.result.Added = append(p.result.Added, d.Path())
	}
	return p.describe(at, d)
}

// clear removes what a run wrote into a directory.
func (p *placing) clear(at *folder) {
	for _, name := range at.names() {
		if reserved.MatchString(name) {
			at.remove(name)
		}
	}
}
