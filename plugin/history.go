package plugin

import (
	"errors"

	"github.com/krowave/krowave/render/repo"
)

// history is the Git repository of the working directory.
type history struct {
	*repo.Repository
	dir string // the working directory
}

func openHistory(dir string) (*history, error) {
	found, err := repo.OpenGit(dir)
	if errors.Is(err, repo.ErrNoRepository) {
		return nil, usagef("the working directory is %w; a revision needs one", err)
	}
	if err != nil {
		return nil, usageError{err}
	}
	return &history{found, dir}, nil
}

// root is the directory that a revision stands for: the top of the work tree. In
// a bare repository, paths start from the root of the revision.
func (h *history) root() string {
	if top := h.Top(); top != "" {
		return top
	}
	return h.dir
}

// at is a revision in the place of the work tree.
func (h *history) at(rev *repo.Revision) *place {
	return &place{root: h.root(), tree: rev.Tree(h.root())}
}
