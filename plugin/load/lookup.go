package load

import (
	"slices"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/render/repo"
)

// patterns refuses what --exclude cannot skip anything with.
func (r *reader) patterns() error {
	for _, pattern := range r.own.Exclude {
		if pattern == "" || pattern[0] == '!' {
			return cli.Usagef("--exclude %q skips nothing; write a pattern of the paths to skip", pattern)
		}
	}
	return nil
}

// once refuses a stream that arguments and flags name twice: each would read a part
// of it.
func (r *reader) once(args []string) error {
	named := map[string]bool{}
	for _, arg := range slices.Concat(args, r.own.Definitions, r.own.CRDs, r.own.Observed, r.own.Policies) {
		name := repo.StreamName(arg)
		if repo.IsStream(arg) && named[name] {
			return cli.Usagef("%q is named twice, but standard input can be read only once", name)
		}
		named[name] = true
	}
	return nil
}

func (r *reader) lookup(definitions bool, out *[]repo.File) func(t *tree, absolute []string) error {
	return func(t *tree, absolute []string) error {
		read, err := t.projects.Lookup(r.ctx, absolute, definitions)
		r.found(t, read.Found)
		r.passed(t, read.Passed)
		*out = append(*out, r.named(t, read.Files)...)
		return err
	}
}

// inside reads what a file of a tree names, a krowave.yaml or a test, as files does
// for arguments. Whoever wrote the repository decides what is in it, and reads
// nothing outside of it.
func (r *reader) inside(t *tree, from string, args []string, base string, definitions bool) ([]repo.File, error) {
	if root, ok := Repository(t.root); r.only == nil && r.own.Root == "" && (!ok || root != t.root) {
		return r.files(args, base, definitions) // without a repository, only --root is a boundary
	}
	for _, arg := range args {
		if repo.IsStream(arg) || !within(t.root, Absolute(arg, base)) {
			return nil, cli.Usagef("%s: %s is outside of the repository; name it with a flag, or name a directory that holds both with --root", r.shown(t, from), arg)
		}
	}
	var out []repo.File
	err := r.visit(t, args, base, r.lookup(definitions, &out))
	return out, err
}
