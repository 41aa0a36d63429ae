package load

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/affected"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/repo"
)

// Side is one of the two sides of a change: what is read and how it is
// rendered.
type Side struct {
	Label   string
	In      *Input
	Options render.Options
	Broken  error // it cannot be read
	Run     *Run  // once rendered
}

// Comparison reads and renders two sides of one repository.
type Comparison struct {
	Command *cobra.Command
	Streams cli.Streams
	Flags   *options.Change

	Old, New  Side
	Unchanged []render.Identity
}

// Revisions opens the two sides that --base and --head name and reads args of
// both.
func (c *Comparison) Revisions(args []string) error {
	if c.Flags.Own().Root != "" {
		return cli.Usagef("--root is for files outside of Git; paths of a revision start from its repository")
	}
	dir, err := filepath.Abs(c.Streams.Dir)
	if err != nil {
		return fmt.Errorf("working directory: %w", err)
	}
	h, err := OpenHistory(dir)
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
	c.Old.Label = fmt.Sprintf("%s (%.10s)", base.Name, base.Hash)
	was := h.at(base)
	if err := requireEither(args, dir, was, now); err != nil {
		return err
	}
	if err := c.read(&c.New, now, args); err != nil {
		return err
	}
	for _, files := range [][]repo.File{c.New.In.Files, c.New.In.Definitions, c.New.In.CRDs, c.New.In.Observed} {
		h.Reuse(files)
	}
	if err := c.read(&c.Old, was, args); err != nil {
		var lost *repo.MissingObject // nobody knows what it was
		if errors.As(err, &lost) || !cli.IsUsage(err) {
			return err
		}
		c.Old.Broken = err
	}
	return nil
}

// head is the new side: a revision, or the work tree.
func (c *Comparison) head(h *History) (*place, error) {
	if c.Flags.Head != "" {
		rev, err := h.Revision(c.Flags.Head)
		if err != nil {
			return nil, cli.Usage(err)
		}
		c.New.Label = fmt.Sprintf("%s (%.10s)", rev.Name, rev.Hash)
		return h.at(rev), nil
	}
	if h.Top() == "" {
		return nil, cli.Usagef("the repository is bare: name the revision to compare with --head")
	}
	tree, err := repo.WorkTree(h.Top())
	if err != nil {
		return nil, err
	}
	c.New.Label = "work tree"
	return &place{root: h.Top(), tree: tree}, nil
}

// base is the old side: --base, or where the new one left its upstream.
func (c *Comparison) base(h *History) (*repo.Revision, error) {
	if c.Flags.Base != "" {
		rev, err := h.Revision(c.Flags.Base)
		if err != nil {
			return nil, cli.Usage(err)
		}
		return rev, nil
	}
	head, err := h.Revision(cmp.Or(c.Flags.Head, "HEAD"))
	if err != nil {
		return nil, cli.Usage(err)
	}
	upstream, err := h.Upstream()
	if err != nil {
		return nil, cli.Usage(err)
	}
	base, err := h.MergeBase(head, upstream)
	if err != nil {
		return nil, cli.Usage(err)
	}
	return base, nil
}

// requireEither refuses an argument that neither side has.
func requireEither(args []string, dir string, sides ...*place) error {
	for _, arg := range args {
		found := false
		for _, v := range sides {
			found = found || v.tree.Has(Absolute(arg, dir))
		}
		if !found {
			return cli.Usagef("%s: neither side has it", arg)
		}
	}
	return nil
}

// read reads those of the arguments that a side has. What krowave.yaml says
// holds for that side alone.
func (c *Comparison) read(side *Side, at *place, args []string) error {
	r, err := newReader(c.Command.Context(), c.Streams, &c.Flags.Settings)
	if err != nil {
		return err
	}
	r.only, r.every = at, true
	present := []string{}
	for _, arg := range args {
		if at.tree.Has(Absolute(arg, r.dir)) {
			present = append(present, arg)
		}
	}
	return c.load(side, r, args, present)
}

// load reads a side. Its settings come from where all arguments would be.
func (c *Comparison) load(side *Side, r *reader, all, args []string) error {
	found, err := r.config(all)
	side.In = &r.in
	if err != nil {
		return err
	}
	side.Options = r.in.Settings.Options
	in, err := r.read(args, found)
	if err != nil {
		return err
	}
	side.In = in
	return nil
}

// Paths reads two files or directories as the two sides.
func (c *Comparison) Paths(old, now string) error {
	for _, given := range []struct {
		side *Side
		path string
	}{{&c.Old, old}, {&c.New, now}} {
		r, err := newReader(c.Command.Context(), c.Streams, &c.Flags.Settings)
		if err != nil {
			return err
		}
		r.every = true
		r.search = existing(os.Stat, Absolute(given.path, r.dir))
		given.side.Label = given.path
		if err := c.load(given.side, r, []string{given.path}, []string{given.path}); err != nil {
			return err
		}
	}
	return nil
}

// Render renders what the change can affect, on both sides.
func (c *Comparison) Render() error {
	if c.Old.Broken != nil {
		c.Old.In = &Input{Sources: map[string][]byte{}}
		c.Old.Options = c.New.Options
	}
	all := c.Flags.All || !reflect.DeepEqual(c.Old.Options, c.New.Options)
	part := affected.Find(c.Old.In.Input, c.New.In.Input, c.New.Options, all)
	c.Unchanged = part.Unchanged
	cache := render.NewCache(1 << 30)
	for _, affected := range []struct {
		side *Side
		in   render.Input
	}{{&c.Old, part.Old}, {&c.New, part.New}} {
		side := affected.side
		opts := side.Options
		opts.Cache = cache
		run, err := Render(c.Command.Context(), side.In, affected.in, opts)
		if err != nil {
			return err
		}
		neverSet(run.Result.Diagnostics)
		side.Run = run
	}
	return nil
}

// neverSet makes errors of nodes that wait for what no cluster sets. A render
// refuses their instances under every policy but withhold, so nothing is planned
// for them.
func neverSet(found diag.List) {
	for i := range found {
		if found[i].Rule == "never-set" {
			found[i].Severity = diag.Error
		}
	}
}
