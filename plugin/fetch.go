package plugin

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/spf13/pflag"

	"github.com/krowave/krowave/plugin/hydrate"
	"github.com/krowave/krowave/plugin/remote"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/project"
	"github.com/krowave/krowave/render/repo"
)

// fetchFlags say where definitions of other repositories come from.
type fetchFlags struct {
	offline  bool
	cacheDir string
}

func (f *fetchFlags) bind(flags *pflag.FlagSet) {
	flags.BoolVar(&f.offline, "offline", false, "fetch no definitions that krowave.yaml names in other places; those in the cache are read")
	flags.StringVar(&f.cacheDir, "cache-dir", "", "directory that keeps fetched definitions (default $XDG_CACHE_HOME/krowave)")
}

// store is the cache that the flags name.
func (s Streams) store(f *fetchFlags, dir string) (*remote.Store, error) {
	cache, err := s.cacheDir(f, dir)
	if err != nil {
		return nil, err
	}
	out := s.sources(dir)
	out.Dir, out.Offline = cache, f.offline
	return out, nil
}

// sources is the way to other repositories and registries, without a cache.
func (s Streams) sources(dir string) *remote.Store {
	out := &remote.Store{Keychain: authn.DefaultKeychain}
	env := hydrate.Environment{Dir: dir, Getenv: s.getenvForAnyHost}
	out.Logins = func(url string) []remote.Login {
		var logins []remote.Login
		for _, login := range env.Logins(url) {
			logins = append(logins, remote.Login(login))
		}
		return logins
	}
	if isTerminal(s.Err) {
		out.Progress = func(what string) { fmt.Fprintln(s.Err, what) }
	}
	return out
}

// getenvForAnyHost leaves out the password that is for no host in particular: the
// files of a pull request say which host is asked.
func (s Streams) getenvForAnyHost(name string) string {
	if strings.HasPrefix(name, "KROWAVE_GIT_") {
		return ""
	}
	return s.getenv(name)
}

func (s Streams) cacheDir(f *fetchFlags, dir string) (string, error) {
	if f.cacheDir != "" {
		return absolute(f.cacheDir, dir), nil
	}
	if base := s.getenv("XDG_CACHE_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "krowave"), nil
	}
	base, err := os.UserCacheDir()
	if err != nil {
		return "", usagef("there is no place for fetched definitions: %w; name one with --cache-dir", err)
	}
	return filepath.Join(base, "krowave"), nil
}

// context ends what a command does when it is interrupted.
func (s Streams) context() context.Context {
	if s.ctx == nil {
		return context.Background()
	}
	return s.ctx
}

// elsewhere sorts the remote definitions of krowave.yaml: copies in the
// repository are paths like others, and the rest is fetched when it is read.
func (c *config) elsewhere(s *project.Settings, fsys fs.FS, dir string) {
	paths, missing := s.Vendored(fsys, dir)
	c.definitions = append(c.definitions, paths...)
	c.remotes = missing
}

// lists reports whether krowave.yaml says where definitions are.
func (c *config) lists() bool { return len(c.definitions)+len(c.remotes) > 0 }

// listed reads the definitions that krowave.yaml lists.
func (r *reader) listed(c *config) ([]repo.File, error) {
	found, err := r.files(c.definitions, c.dir)
	if err != nil || len(c.remotes) == 0 {
		return found, err
	}
	store, err := r.streams.store(&r.flags.fetch, r.dir)
	if err != nil {
		return nil, err
	}
	for _, from := range c.remotes {
		files, err := r.remote(store, from)
		if err != nil {
			if r.streams.context().Err() != nil {
				return nil, err
			}
			r.in.diags.Errorf(from.Position, "remote-definitions", "%v", err)
		}
		found = append(found, project.Without(files, found)...)
	}
	return found, nil
}

// remote reads one source. Its files are named after it.
func (r *reader) remote(store *remote.Store, from project.Remote) ([]repo.File, error) {
	files, err := store.Open(r.streams.context(), from)
	if err != nil {
		return nil, err
	}
	tree := repo.FS(files)
	tree.Limits = repo.Limits{Files: int(r.flags.files), TotalBytes: r.flags.totalBytes}
	found, diags, err := tree.Select([]string{from.Path})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from.Name(), err)
	}
	name := func(file string) string { return path.Join(from.Name(), file) }
	for _, d := range diags {
		d.Pos.File = name(d.Pos.File)
		related := make([]diag.Related, len(d.Related))
		for i, other := range d.Related {
			other.Position.File = name(other.Position.File)
			related[i] = other
		}
		d.Related = related
		r.in.diags.Add(d)
	}
	var out []repo.File
	for _, f := range found {
		if path.Base(f.Name) == project.SettingsName {
			continue // settings of the other repository
		}
		f.Name = name(f.Name)
		r.in.sources[f.Name] = f.Data
		out = append(out, f)
	}
	return out, nil
}
