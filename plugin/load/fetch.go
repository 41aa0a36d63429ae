package load

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/hydrate"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/plugin/remote"
)

// Store is the cache that the flags name.
func Store(s cli.Streams, f *options.Fetch, dir string) (*remote.Store, error) {
	cache, err := cacheDir(s, f, dir)
	if err != nil {
		return nil, err
	}
	out := Sources(s, dir)
	out.Dir, out.Offline = cache, f.Offline
	return out, nil
}

// Sources is the way to other repositories and registries, without a cache.
func Sources(s cli.Streams, dir string) *remote.Store {
	out := &remote.Store{Keychain: authn.DefaultKeychain}
	env := hydrate.Environment{Dir: dir, Getenv: func(name string) string { return envForAnyHost(s, name) }}
	out.Logins = func(url string) []remote.Login {
		var logins []remote.Login
		for _, login := range env.Logins(url) {
			logins = append(logins, remote.Login(login))
		}
		return logins
	}
	if cli.IsTerminal(s.Err) {
		out.Progress = func(what string) { fmt.Fprintln(s.Err, what) }
	}
	return out
}

// envForAnyHost leaves out the password that is for no host in particular: the
// files of a pull request say which host is asked.
func envForAnyHost(s cli.Streams, name string) string {
	if strings.HasPrefix(name, "KROWAVE_GIT_") {
		return ""
	}
	return s.Env(name)
}

func cacheDir(s cli.Streams, f *options.Fetch, dir string) (string, error) {
	if f.CacheDir != "" {
		return Absolute(f.CacheDir, dir), nil
	}
	if base := s.Env("XDG_CACHE_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "krowave"), nil
	}
	base, err := os.UserCacheDir()
	if err != nil {
		return "", cli.Usagef("no cache directory for fetched definitions: %w; set one with --cache-dir", err)
	}
	return filepath.Join(base, "krowave"), nil
}
