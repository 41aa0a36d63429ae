package load

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/affected"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/policycheck"
	"github.com/krowave/krowave/render/repo"
)

// Side is one of the two sides of a change: what is read and how it is
// rendered.
type Side struct {
	Label  string
	In     *Input
	Broken error // it cannot be read
	Run    *Run  // once rendered

	// Hides reports whether a sparse checkout leaves a file out.
	Hides func(file string) bool
}

// Comparison reads and renders two sides of one repository.
type Comparison struct {
	Command *cobra.Command
	Streams cli.Streams
	Flags   *options.Change

	Old, New  Side
	Unchanged []render.Identity
	// Policies are those of the new side, by project. The renders of the sides check
	// none: only what changes is checked.
	Policies map[string]*policycheck.Set

	// ExpandGraphs renders objects of kind Graph on both sides, also those that kro gets; then
	// GraphsByKro says that it does.
	ExpandGraphs, GraphsByKro bool

	// Cache is shared with other renders; nil for one of its own.
	Cache *render.Cache
	// Kept remembers files of the work tree, and Base the old side, between
	// comparisons of the same arguments; nil for none.
	Kept *repo.Kept
	Base *Base
}

// Revisions opens the two sides that --base and --head name and reads args of
// both.
func (c *Comparison) Revisions(args []string) error {
	if c.Flags.Settings.Own().Root != "" {
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
	known := c.Base.is(base.Hash)
	if known {
		was = c.Base.at
	}
	if err := requireEither(h, args, dir, was, now); err != nil {
		return err
	}
	if err := c.read(&c.New, now, args); err != nil {
		return err
	}
	if known {
		c.Old.In, c.Old.Broken, c.Old.Hides = c.Base.side.again(), c.Base.side.Broken, c.Base.side.Hides
		return nil
	}
	h.Reuse(c.New.In.All())
	if err := c.read(&c.Old, was, args); err != nil {
		var lost *repo.MissingObject // nobody knows what it was
		if errors.As(err, &lost) || !cli.IsUsage(err) {
			return err
		}
		c.Old.Broken = err
	}
	c.Base.keep(base.Hash, was, &c.Old)
	return nil
}

// Alone reads and renders the new side, to compare it with something else than a
// state of the repository: --head, or the files as they are.
func (c *Comparison) Alone(args []string) error {
	c.Flags.Ref = c.Flags.Head
	in, err := c.loader().Read(args)
	if err != nil {
		return err
	}
	units := slices.Clone(in.Units)
	c.Policies = map[string]*policycheck.Set{}
	for i := range units {
		set, found, err := render.Policies(c.Command.Context(), units[i].Input, units[i].Options, nil)
		if err != nil {
			return fmt.Errorf("policies: %w", err)
		}
		c.Policies[units[i].Project], in.Diags = set, append(in.Diags, found...)
		units[i].Options.CheckPolicies, units[i].Options.Policies, units[i].Options.Today = false, nil, time.Time{}
	}
	run, err := Render(c.Command.Context(), in, units)
	if err != nil {
		return err
	}
	neverSet(run.Result.Diagnostics)
	c.New = Side{Label: cmp.Or(c.Flags.Head, "work tree"), In: in, Run: run}
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
	tree.Keep(c.Kept)
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

// revisions says how to name the revisions that an argument is, as git diff takes
// them.
func revisions(h *History, arg string) string {
	known := func(name string) bool {
		_, err := h.Revision(name)
		return err == nil
	}
	base, head, two := strings.Cut(arg, "..")
	switch head = strings.TrimPrefix(head, "."); {
	case !two && known(arg):
		return fmt.Sprintf("; it is a revision: use --base %s", arg)
	case two && known(base) && head == "":
		return fmt.Sprintf("; these are revisions: use --base %s", base)
	case two && known(base) && known(head):
		return fmt.Sprintf("; these are revisions: use --base %s --head %s", base, head)
	}
	return ""
}

// requireEither refuses an argument that neither side has.
func requireEither(h *History, args []string, dir string, sides ...*place) error {
	for _, arg := range args {
		found := false
		for _, v := range sides {
			found = found || v.tree.Has(Absolute(arg, dir))
		}
		if !found {
			return cli.Usagef("%s: neither side has it%s", arg, revisions(h, arg))
		}
	}
	return nil
}

// read reads those of the arguments that a side has. What krowave.yaml says
// holds for that side alone.
func (c *Comparison) read(side *Side, at *place, args []string) error {
	r, err := newReader(c.loader())
	if err != nil {
		return err
	}
	r.only, r.every = at, true
	present := []string{}
	for _, arg := range args {
		if at.tree.Has(Absolute(arg, r.dir)) {
			present = append(present, arg)
		} else if d, names, hidden := at.tree.HiddenBelow(Absolute(arg, r.dir)); hidden {
			d.Pos.File = r.relative(at.root, d.Pos.File)
			r.in.Diags.Add(d)
			for _, name := range names {
				r.in.Unread = append(r.in.Unread, r.relative(at.root, name))
			}
		}
	}
	side.Hides = hides(at, r.dir)
	return c.load(side, r, present)
}

// hides asks whether a sparse checkout of a side leaves a file out. What it
// leaves out is listed when that is first asked.
func hides(at *place, dir string) func(string) bool {
	hidden := sync.OnceValue(func() map[string]bool {
		out := map[string]bool{}
		for _, name := range at.tree.Hidden() {
			out[filepath.Join(at.root, filepath.FromSlash(name))] = true
		}
		return out
	})
	return func(file string) bool {
		for name := Absolute(filepath.FromSlash(file), dir); ; name = filepath.Dir(name) {
			if hidden()[name] {
				return true
			}
			if name == filepath.Dir(name) {
				return false
			}
		}
	}
}

func (c *Comparison) loader() Loader {
	return New(c.Command, c.Streams, &c.Flags.Settings)
}

// load reads a side.
func (c *Comparison) load(side *Side, r *reader, args []string) error {
	side.In = &r.in
	in, err := r.read(args)
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
		r, err := newReader(c.loader())
		if err != nil {
			return err
		}
		r.every = true
		r.search = existing(os.Stat, Absolute(given.path, r.dir))
		given.side.Label = given.path
		if err := c.load(given.side, r, []string{given.path}); err != nil {
			return err
		}
	}
	return nil
}

// Render renders what the change can affect, on both sides, project by project.
func (c *Comparison) Render() error {
	if c.Old.Broken != nil {
		c.Old.In = &Input{Sources: map[string][]byte{}}
	}
	inCommon(c.Old.In.Diags, c.New.In.Diags)
	pairs := c.pairs()
	all := c.Flags.All
	for _, p := range pairs { // a project that is new or gone takes its files from another one
		all = all || p.old == nil || p.new == nil
	}
	cache := cmp.Or(c.Cache, render.NewCache(1<<30))
	var old, now []Unit
	c.Policies = map[string]*policycheck.Set{}
	for _, p := range pairs {
		before, after := p.sides()
		policies := after
		if p.new == nil {
			policies = before
		}
		for _, u := range []*Unit{&before, &after} {
			u.Options.CheckPolicies, u.Options.Policies, u.Options.Today = false, nil, time.Time{}
			u.Options.Foresee = true
			c.expandGraphs(&u.Options)
		}
		// A residual RGD is there once any instance needs it, so all have to be rendered.
		delegates := before.Options.Runtime.Delegates() || after.Options.Runtime.Delegates()
		part := affected.Find(before.Input, after.Input, after.Options, all || delegates || !reflect.DeepEqual(before.Options, after.Options))
		c.Unchanged = append(c.Unchanged, part.Unchanged...)
		before.Input, after.Input = part.Old, part.New
		before.Options.Cache, after.Options.Cache = cache, cache
		set, found, err := render.Policies(c.Command.Context(), policies.Input, policies.Options, nil)
		if err != nil {
			return fmt.Errorf("policies: %w", err)
		}
		c.Policies[after.Project], c.New.In.Diags = set, append(c.New.In.Diags, found...)
		old, now = append(old, before), append(now, after)
	}
	for _, s := range []struct {
		side  *Side
		units []Unit
	}{{&c.Old, old}, {&c.New, now}} {
		run, err := Render(c.Command.Context(), s.side.In, s.units)
		if err != nil {
			return err
		}
		neverSet(run.Result.Diagnostics)
		s.side.Run = run
	}
	return nil
}

// expandGraphs has Graphs rendered where that is asked for, as far as Git knows.
func (c *Comparison) expandGraphs(opts *render.Options) {
	if !c.ExpandGraphs {
		return
	}
	c.GraphsByKro = c.GraphsByKro || !opts.Graphs.Renders()
	if opts.Graphs = render.ExpandGraphs; !opts.Runtime.Fills() {
		opts.Runtime = render.Withhold
	}
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

// inCommon makes warnings of errors about files that both sides have: what is
// wrong with both is not what the change does.
func inCommon(old, now diag.List) {
	type finding struct {
		diag.Position
		rule, message string
	}
	keyOf := func(d diag.Diagnostic) finding { return finding{d.Pos, d.Rule, d.Message} }
	before := map[finding]int{} // plus one
	for i, d := range old {
		if d.Severity == diag.Error && d.Rule != "config" && d.Rule != "remote-definitions" {
			before[keyOf(d)] = i + 1
		}
	}
	for i, d := range now {
		if at := before[keyOf(d)]; at > 0 && d.Severity == diag.Error {
			old[at-1].Severity, now[i].Severity = diag.Warning, diag.Warning
		}
	}
}
