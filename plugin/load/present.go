package load

import (
	"path/filepath"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/render/repo"
)

// Present sorts out the arguments that name nothing, because it was deleted: the
// others, and those.
func (l Loader) Present(args []string) (present, gone []string, err error) {
	r, err := newReader(l)
	if err != nil {
		return nil, nil, err
	}
	for _, arg := range args {
		tree, err := r.tree(r.rootOf(arg, r.dir))
		if err != nil {
			return nil, nil, cli.Usage(err)
		}
		name := arg
		if !repo.IsStream(arg) && !filepath.IsAbs(arg) {
			name = filepath.Join(r.dir, arg)
		}
		if !repo.IsStream(arg) && tree.Gone(name) {
			gone = append(gone, arg)
		} else {
			present = append(present, arg)
		}
	}
	return present, gone, r.complete()
}
