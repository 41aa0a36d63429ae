// Package hydrate commits rendered manifests to a branch. It takes directories of
// files and their origin, and returns the commit at the end of the branch in the
// remote repository. Everything is built in memory: it touches neither the work
// tree nor any other file, and never forces a push.
//
//	result, err := hydrate.Run(ctx, remote, content, hydrate.Options{Branch: "environments/prod"})
//
// Several runs may write to one branch at once. Each replaces the directories
// that its own Owner wrote before and leaves everything else as it is, and one
// that comes second starts over from what the first one left.
package hydrate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
)

// Content is what a branch is to hold.
type Content struct {
	Owner       string // whose directories are replaced and removed
	Prefix      string // directory of the branch that everything goes below; "" for its root
	Source      Source
	Tool        Tool
	Directories []Directory
}

// Directory is what one instance renders to, or what was passed through.
type Directory struct {
	Parent, Name string   // below the prefix
	Instance     string   // group/Kind/namespace/name; "" for what was passed through
	Commands     []string // that render it again
	Files        []File
}

// Path is where the directory lies below the prefix.
func (d *Directory) Path() string { return d.Parent + "/" + d.Name }

// File is a file of a Directory: FOLDER/NAME or FOLDER/NAMESPACE/NAME, where
// FOLDER is wave-N or manifests.
type File struct {
	Name string
	Data []byte
}

// Tool says which program rendered.
type Tool struct {
	Version string `json:"version"`
	Kro     string `json:"kro"`
}

// Options say how to commit.
type Options struct {
	Branch  string
	Message string // first paragraph; "" is the subject and the body of the source's commit
	Name    string // of author and committer
	Email   string
	When    time.Time
	Retries int // how often to start over
	DryRun  bool
}

// Result is what became of the branch.
type Result struct {
	Commit   string   `json:"commit,omitempty"` // the new head, or the old one when nothing changed
	Parent   string   `json:"parent,omitempty"` // of a new commit; "" for a new branch
	Added    []string `json:"added"`            // directories
	Updated  []string `json:"updated"`
	Removed  []string `json:"removed"`
	Same     int      `json:"unchanged"`
	Attempts int      `json:"attempts"`
}

// Changed reports whether there is something to commit.
func (r *Result) Changed() bool { return len(r.Added)+len(r.Updated)+len(r.Removed) > 0 }

// sameHead is how often a push may be turned down for a reason that may pass,
// such as a lock, while the branch stays where it is.
const sameHead = 3

// Run brings a branch of a remote repository to a content.
func Run(ctx context.Context, remote *Remote, content Content, o Options) (*Result, error) {
	stuck, previous := 0, plumbing.ZeroHash
	for attempt := 1; ; attempt++ {
		head, store, err := remote.fetch(ctx, o.Branch)
		if err != nil {
			return nil, err
		}
		result, made, err := build(store, head, content, o)
		if err != nil {
			return nil, err
		}
		result.Attempts = attempt
		if o.DryRun || !result.Changed() {
			return result, nil
		}
		err = remote.push(ctx, change{branch: o.Branch, old: head, new: made[len(made)-1], objects: made}, store)
		var rejected *rejection
		if !errors.As(err, &rejected) {
			return result, err
		}
		if attempt > 1 && head == previous {
			stuck++
		} else {
			stuck = 0
		}
		rejected.stuck = stuck > 0
		if rejected.final() || stuck == sameHead || attempt > o.Retries {
			return nil, rejected
		}
		previous = head
		if err := wait(ctx, attempt); err != nil {
			return nil, err
		}
	}
}

// wait pauses before the next attempt: longer each time, and always the same,
// as one of those who race for a branch gets on with every round.
func wait(ctx context.Context, attempt int) error {
	pause := min(20*time.Millisecond<<min(attempt, 10), 2*time.Second)
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return fmt.Errorf("waiting to push again: %w", ctx.Err())
	case <-timer.C:
		return nil
	}
}

// plain takes out what a commit cannot have in a name.
var plain = strings.NewReplacer("<", "", ">", "", "\n", " ", "\r", " ", "\x00", "")

// build makes the objects of the next commit of a branch whose head is head. The
// commit is the last of those that are new; without a change there are none.
func build(store storer.EncodedObjectStorer, head plumbing.Hash, content Content, o Options) (*Result, []plumbing.Hash, error) {
	w := &writer{store: store}
	top := plumbing.ZeroHash
	result := &Result{Added: []string{}, Updated: []string{}, Removed: []string{}}
	if !head.IsZero() {
		commit, err := object.GetCommit(store, head)
		if err != nil {
			return nil, nil, fmt.Errorf("reading the head of branch %s: %w", o.Branch, err)
		}
		top, result.Commit = commit.TreeHash, head.String()
	}
	root, err := w.open(top)
	if err != nil {
		return nil, nil, err
	}
	p := &placing{writer: w, content: &content, result: result}
	if err := p.place(root); err != nil || !result.Changed() {
		return result, nil, err
	}
	tree, _, err := w.tree(root)
	if err != nil {
		return nil, nil, err
	}
	who := object.Signature{Name: plain.Replace(o.Name), Email: plain.Replace(o.Email), When: o.When}
	commit := &object.Commit{Author: who, Committer: who, Message: content.Source.message(o.Message), TreeHash: tree}
	if !head.IsZero() {
		commit.ParentHashes = []plumbing.Hash{head}
	}
	hash, err := w.commit(commit)
	if err != nil {
		return nil, nil, err
	}
	result.Parent, result.Commit = result.Commit, hash.String()
	return result, w.made, nil
}
