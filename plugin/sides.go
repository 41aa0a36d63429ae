package plugin

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/krowave/krowave/plugin/compare"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/repo"
)

// changeFlags are those of commands that compare two states of a repository.
type changeFlags struct {
	input      inputFlags
	engine     engineFlags
	runtime    choice
	base, head string
	all        bool
}

func (f *changeFlags) bind(flags *pflag.FlagSet) {
	f.input.bind(flags)
	f.engine.bind(flags)
	f.runtime = choice{value: "withhold", allowed: []string{"withhold", "fail", "delegate", "placeholder"}}
	flags.Var(&f.runtime, "runtime", "nodes that need what only a cluster knows: left out and listed, or an error; the others are as withhold")
	flags.StringVar(&f.base, "base", "", "Git revision to compare with (default where HEAD left its upstream branch)")
	flags.StringVar(&f.head, "head", "", "Git revision with the change (default the work tree, with what is not committed)")
	flags.BoolVar(&f.all, "all", false, "render every instance, also those that nothing changes")
}

func (f *changeFlags) complete(cmd *cobra.Command) {
	f.engine.complete(cmd)
	complete(cmd, "runtime", f.runtime.allowed...)
}

// options yields the engine's options. Waves and objects are compared, so no
// annotation says either, and an instance may render to nothing.
func (f *changeFlags) options() render.Options {
	o := f.engine.options()
	o.Runtime, o.AllowEmpty = render.Withhold, true
	if f.runtime.value == string(render.Fail) {
		o.Runtime = render.Fail
	}
	return o
}

// version is one of the two sides of a change: what is read and how it is
// rendered.
type version struct {
	label   string
	in      *input
	options render.Options
	broken  error // it cannot be read
	run     *run  // once rendered
}

// change reads and renders two versions of one repository.
type change struct {
	cmd     *cobra.Command
	streams Streams
	flags   *changeFlags

	old, new  version
	unchanged []render.Identity
}

// history opens the two versions that --base and --head name and reads args of
// both.
func (c *change) history(args []string) error {
	if c.flags.input.root != "" {
		return usagef("--root is for files outside of Git; paths of a revision start from its repository")
	}
	dir, err := filepath.Abs(c.streams.Dir)
	if err != nil {
		return fmt.Errorf("working directory: %w", err)
	}
	h, err := openHistory(dir)
	if err != nil {
		return err
	}
	defer h.Close()
	now, err := c.head(h)
	if err != nil {
		return err
	}
	base, err := c.base(h)
	if err != nil {
		return err
	}
	c.old.label = fmt.Sprintf("%s (%.10s)", base.Name, base.Hash)
	was := h.at(base)
	if err := named(args, dir, was, now); err != nil {
		return err
	}
	if err := c.read(&c.new, now, args); err != nil {
		return err
	}
	for _, files := range [][]repo.File{c.new.in.Files, c.new.in.Definitions, c.new.in.CRDs, c.new.in.Observed} {
		h.Reuse(files)
	}
	if err := c.read(&c.old, was, args); err != nil {
		var lost *repo.MissingObject // nobody knows what it was
		if errors.As(err, &lost) || !errors.As(err, new(usageError)) {
			return err
		}
		c.old.broken = err
	}
	return nil
}

// head is the new version: a revision, or the work tree.
func (c *change) head(h *history) (*place, error) {
	if c.flags.head != "" {
		rev, err := h.Revision(c.flags.head)
		if err != nil {
			return nil, usageError{err}
		}
		c.new.label = fmt.Sprintf("%s (%.10s)", rev.Name, rev.Hash)
		return h.at(rev), nil
	}
	if h.Top() == "" {
		return nil, usagef("the repository is bare: name the revision to compare with --head")
	}
	tree, err := repo.WorkTree(h.Top())
	if err != nil {
		return nil, err
	}
	c.new.label = "work tree"
	return &place{h.Top(), tree}, nil
}

// base is the old version: --base, or where the new one left its upstream.
func (c *change) base(h *history) (*repo.Revision, error) {
	if c.flags.base != "" {
		rev, err := h.Revision(c.flags.base)
		if err != nil {
			return nil, usageError{err}
		}
		return rev, nil
	}
	head, err := h.Revision(or(c.flags.head, "HEAD"))
	if err != nil {
		return nil, usageError{err}
	}
	upstream, err := h.Upstream()
	if err != nil {
		return nil, usageError{err}
	}
	base, err := h.MergeBase(head, upstream)
	if err != nil {
		return nil, usageError{err}
	}
	return base, nil
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// named refuses an argument that neither version has.
func named(args []string, dir string, versions ...*place) error {
	for _, arg := range args {
		found := false
		for _, v := range versions {
			found = found || v.tree.Has(absolute(arg, dir))
		}
		if !found {
			return usagef("%s: neither side has it", arg)
		}
	}
	return nil
}

func absolute(name, dir string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}

// read reads those of the arguments that a version has. What krowave.yaml says
// holds for that version alone.
func (c *change) read(v *version, at *place, args []string) error {
	r, err := newReader(c.streams, &c.flags.input)
	if err != nil {
		return err
	}
	r.only, r.every = at, true
	there := []string{}
	for _, arg := range args {
		if at.tree.Has(absolute(arg, r.dir)) {
			there = append(there, arg)
		}
	}
	return c.load(v, r, args, there)
}

// load reads a version. Its settings come from where all arguments would be.
func (c *change) load(v *version, r *reader, all, args []string) error {
	saved := *c.flags
	defer func() { *c.flags = saved }()
	settings, err := r.config(all, c.cmd.Flags())
	v.in = &r.in
	if err != nil {
		return err
	}
	v.options = c.flags.options()
	in, err := r.read(args, settings)
	if err != nil {
		return err
	}
	v.in = in
	return nil
}

// paths reads two files or directories as the two versions.
func (c *change) paths(old, now string) error {
	for _, side := range []struct {
		version *version
		path    string
	}{{&c.old, old}, {&c.new, now}} {
		r, err := newReader(c.streams, &c.flags.input)
		if err != nil {
			return err
		}
		r.every = true
		r.search = existing(os.Stat, absolute(side.path, r.dir))
		side.version.label = side.path
		if err := c.load(side.version, r, []string{side.path}, []string{side.path}); err != nil {
			return err
		}
	}
	return nil
}

// render renders what the change can affect, on both sides.
func (c *change) render() error {
	if c.old.broken != nil {
		c.old.in = &input{sources: map[string][]byte{}}
		c.old.options = c.new.options
	}
	all := c.flags.all || !reflect.DeepEqual(c.old.options, c.new.options)
	part := render.FindAffected(c.old.in.Input, c.new.in.Input, c.new.options, all)
	c.unchanged = part.Unchanged
	cache := render.NewCache(1 << 30)
	for _, side := range []struct {
		version *version
		in      render.Input
	}{{&c.old, part.Old}, {&c.new, part.New}} {
		opts := side.version.options
		opts.Cache = cache
		run, err := renderInput(c.cmd.Context(), side.version.in, side.in, opts)
		if err != nil {
			return err
		}
		side.version.run = run
	}
	return nil
}

// compare compares the two sides.
func (c *change) compare() (*compare.Report, error) {
	report, err := compare.Compare(c.cmd.Context(),
		compare.Side{Result: c.old.run.res, Label: c.old.label}, compare.Side{Result: c.new.run.res, Label: c.new.label},
		compare.Options{Unchanged: c.unchanged, Jobs: int(c.flags.engine.jobs)})
	if err != nil {
		return nil, err
	}
	return report, nil
}

// report prints what is wrong with the sides, and reports whether the new one
// has errors. What was wrong with the old one stops nobody.
func (c *change) report(w io.Writer) (failed bool, err error) {
	switch n := errorsIn(c.old.run.res.Diagnostics); {
	case c.old.broken != nil:
		err = warnf(w, "%s cannot be read, so everything counts as added: %v", c.old.label, c.old.broken)
	case n > 0:
		err = warnf(w, "%s has errors (%d), and what cannot be rendered of it counts as added", c.old.label, n)
	}
	if err != nil {
		return false, err
	}
	switch err := c.new.run.report(w, c.flags.engine.strict); {
	case errors.Is(err, errFindings):
		return true, nil
	default:
		return false, err
	}
}

func warnf(w io.Writer, format string, args ...any) error {
	_, err := fmt.Fprintf(w, "warning: "+strings.ReplaceAll(format, "\n", " ")+"\n", args...)
	return err
}

func errorsIn(list diag.List) int {
	n := 0
	for _, d := range list {
		if d.Severity == diag.Error {
			n++
		}
	}
	return n
}
