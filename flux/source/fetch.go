package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/fluxcd/pkg/apis/meta"
	"github.com/fluxcd/pkg/http/fetch"
	"golang.org/x/sync/singleflight"

	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/project"
	"github.com/krowave/krowave/render/repo"
)

// Limits bound what one source may take.
type Limits struct {
	Download int64 // bytes of the archive
	Archive  repo.TarLimits

	// Of the search for definitions.
	Files     repo.Limits
	Documents manifest.Limits
}

// LimitError says that an archive is refused as it is: another attempt would
// find the same bytes.
type LimitError struct{ err error }

func (e *LimitError) Error() string { return e.err.Error() }
func (e *LimitError) Unwrap() error { return e.err }

// Fetcher downloads artifacts and keeps their files in memory, those that were
// used longest ago only as long as the budget lasts: what many objects render
// from is fetched once. It is safe for concurrent use.
type Fetcher struct {
	limits  Limits
	retries int
	budget  int64

	flights singleflight.Group
	mu      sync.Mutex
	size    int64
	trees   []*Tree // last used first
}

// NewFetcher returns a Fetcher that repeats a failed request a number of times
// before it gives up, and keeps about budget bytes of files.
func NewFetcher(limits Limits, retries int, budget int64) *Fetcher {
	return &Fetcher{limits: limits, retries: retries, budget: budget}
}

// Tree is the content of an artifact.
type Tree struct {
	Files fs.FS

	key    string // URL and digest: a digest alone may be claimed by anyone
	bytes  int64
	finder *project.Finder
}

// Definitions finds the files that hold RGDs. They are looked for once.
func (t *Tree) Definitions() *project.Finder { return t.finder }

// Fetch returns the files of an artifact. An artifact whose file is gone is a
// *NotReadyError: its controller is about to advertise another.
func (f *Fetcher) Fetch(ctx context.Context, a meta.Artifact) (*Tree, error) {
	if t := f.kept(key(a)); t != nil {
		return t, nil
	}
	done := f.flights.DoChan(key(a), func() (any, error) { return f.load(ctx, a) })
	select {
	case r := <-done:
		if r.Err != nil {
			// Another caller's time may have been up, not ours.
			if r.Shared && ctx.Err() == nil && (errors.Is(r.Err, context.Canceled) || errors.Is(r.Err, context.DeadlineExceeded)) {
				return f.load(ctx, a)
			}
			return nil, r.Err
		}
		return r.Val.(*Tree), nil
	case <-ctx.Done():
		return nil, fmt.Errorf("downloading %s: %w", a.URL, ctx.Err())
	}
}

func (f *Fetcher) load(ctx context.Context, a meta.Artifact) (*Tree, error) {
	if t := f.kept(key(a)); t != nil { // since the caller looked
		return t, nil
	}
	memory, err := f.download(ctx, a)
	if err != nil {
		return nil, err
	}
	searched := repo.FS(memory)
	searched.Limits = f.limits.Files
	t := &Tree{Files: memory, key: key(a), bytes: memory.Bytes(), finder: project.NewFinder(searched, nil, f.limits.Documents)}
	f.keep(t)
	return t, nil
}

// download lets Flux's client fetch and verify the archive, and reads it.
func (f *Fetcher) download(ctx context.Context, a meta.Artifact) (*repo.Memory, error) {
	dir, err := os.MkdirTemp("", tempPrefix)
	if err != nil {
		return nil, fmt.Errorf("making room for %s: %w", a.URL, err)
	}
	defer os.RemoveAll(dir)
	client := fetch.New(fetch.WithRetries(f.retries), fetch.WithMaxDownloadSize(int(f.limits.Download)), fetch.WithFileName("archive"))
	err = client.FetchWithContext(ctx, a.URL, a.Digest, dir)
	switch {
	case errors.Is(err, fetch.ErrFileNotFound):
		return nil, &NotReadyError{"there is no artifact at " + a.URL}
	case err != nil:
		return nil, fmt.Errorf("downloading %s: %w", a.URL, err)
	}
	archive, err := os.Open(filepath.Join(dir, "archive"))
	if err != nil {
		return nil, fmt.Errorf("reading the archive of %s: %w", a.URL, err)
	}
	defer archive.Close()
	memory, err := repo.ReadTar(archive, f.limits.Archive)
	if err != nil {
		return nil, &LimitError{fmt.Errorf("reading %s: %w", a.URL, err)}
	}
	return memory, nil
}

const tempPrefix = "krowave-source-"

// Tidy deletes downloads that a controller left when it was killed.
func Tidy() error {
	left, err := filepath.Glob(filepath.Join(os.TempDir(), tempPrefix+"*"))
	if err != nil {
		return err
	}
	for _, dir := range left {
		if info, err := os.Stat(dir); err == nil && time.Since(info.ModTime()).Abs() > time.Hour {
			err = os.RemoveAll(dir)
			if err != nil {
				return fmt.Errorf("deleting an old download: %w", err)
			}
		}
	}
	return nil
}

func key(a meta.Artifact) string { return a.URL + " " + a.Digest }

func (f *Fetcher) kept(key string) *Tree {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, t := range f.trees {
		if t.key == key {
			copy(f.trees[1:i+1], f.trees[:i])
			f.trees[0] = t
			return t
		}
	}
	return nil
}

func (f *Fetcher) keep(t *Tree) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if t.bytes > f.budget {
		return
	}
	f.trees = append([]*Tree{t}, f.trees...)
	f.size += t.bytes
	for f.size > f.budget {
		last := len(f.trees) - 1
		f.size -= f.trees[last].bytes
		f.trees[last] = nil
		f.trees = f.trees[:last]
	}
}
