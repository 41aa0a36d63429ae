package load

import (
	"errors"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/render/repo"
)

// History is the Git repository of the working directory.
type History struct {
	*repo.Repository
	dir string // the working directory
}

func OpenHistory(dir string) (*History, error) {
	found, err := repo.OpenGit(dir)
	if errors.Is(err, repo.ErrNoRepository) {
		return nil, cli.Usagef("the working directory is %w; a revision needs one", err)
	}
	if err != nil {
		return nil, cli.Usage(err)
	}
	return &History{found, dir}, nil
}

// Root is the directory that a revision stands for: the top of the work tree. In
// a bare repository, paths start from the root of the revision.
func (h *History) Root() string {
	if top := h.Top(); top != "" {
		return top
	}
	return h.dir
}

// at is a revision in the place of the work tree.
func (h *History) at(rev *repo.Revision) *place {
	return &place{root: h.Root(), tree: rev.Tree(h.Root())}
}
