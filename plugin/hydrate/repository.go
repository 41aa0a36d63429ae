package hydrate

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/storage/filesystem/dotgit"
)

// local opens the repository whose work tree or Git directory is dir. go-git's
// own way would turn partial clones and sparse checkouts away.
func local(dir string) (*filesystem.Storage, error) {
	gitDir := dir
	dot := filepath.Join(dir, ".git")
	if info, err := os.Stat(dot); err == nil {
		gitDir = dot
		if !info.IsDir() {
			data, err := os.ReadFile(dot)
			if err != nil {
				return nil, fmt.Errorf("opening the Git repository: %w", err)
			}
			gitDir = from(dir, strings.TrimPrefix(strings.TrimSpace(string(data)), "gitdir: "))
		}
	}
	var files billy.Filesystem = osfs.New(gitDir)
	if data, err := os.ReadFile(filepath.Join(gitDir, "commondir")); err == nil {
		files = dotgit.NewRepositoryFilesystem(files, osfs.New(from(gitDir, strings.TrimSpace(string(data)))))
	}
	return filesystem.NewStorage(files, cache.NewObjectLRUDefault()), nil
}

func from(dir, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}
