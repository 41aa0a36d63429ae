// Package preview contains the command preview, which shows what a repository
// renders to in a browser.
package preview

import (
	"context"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/compare"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/plugin/preview"
	"github.com/krowave/krowave/plugin/watch"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/repo"
)

// flags are the flags of krowave preview.
type flags struct {
	change  options.Change
	address string
	port    uint16
	remote  bool
	noOpen  bool
	editor  options.Choice
}

// New returns krowave preview.
func New(s cli.Streams) *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "preview [PATH]...",
		Short: "Show what a repository renders to in a browser, live",
		Long: "preview serves pages on this machine that show what the paths render to: definitions, instances, objects by wave, graphs, and what " +
			"changes against a base. Files are watched, and the pages follow every change. A form tries other values of an " +
			"instance. Nothing is ever written, and values of Secrets are masked as in krowave diff.\n\n" +
			"The address that preview prints has a token; without it the pages are not served. Other machines cannot reach " +
			"them, unless --address names another address of this machine, as in a container, and --allow-remote says that this is " +
			"meant: the connection is not encrypted then, and whoever has the token sees all.\n\nThe default path is the working directory. Ctrl-C ends preview.",
		Example: "  krowave preview\n  krowave preview --base main apps",
	}
	f.change.BindBase(cmd)
	own := cmd.Flags()
	own.StringVar(&f.address, "address", "127.0.0.1", "IP address to serve at; another than a loopback address needs --allow-remote")
	own.Uint16Var(&f.port, "port", 0, "port to serve at (default any free one)")
	own.BoolVar(&f.remote, "allow-remote", false, "let other machines reach the pages, unencrypted, with the token")
	own.BoolVar(&f.noOpen, "no-open", false, "do not open a browser")
	f.editor = options.Choice{Value: "none", Allowed: []string{"none", "vscode", "idea"}}
	own.Var(&f.editor, "editor", "editor that positions link to, unless the page chooses another; none copies the position")
	options.Complete(cmd, "editor", f.editor.Allowed...)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			args = []string{"."}
		}
		return f.run(cmd, s, args)
	}
	return cmd
}

// run serves until the context ends.
func (f *flags) run(cmd *cobra.Command, s cli.Streams, args []string) error {
	ip := net.ParseIP(f.address)
	switch {
	case slices.Contains(args, "-"):
		return cli.Usagef("standard input cannot be watched: name files or directories")
	case ip == nil:
		return cli.Usagef("--address %q is not an IP address", f.address)
	case !ip.IsLoopback() && !f.remote:
		return cli.Usagef("--address %s lets other machines reach the pages: add --allow-remote if that is meant; the connection is not encrypted, and whoever has the token sees all", f.address)
	}
	loader := load.New(cmd, s, &f.change.Settings)
	dir, err := filepath.Abs(s.Dir)
	if err != nil {
		return fmt.Errorf("working directory: %w", err)
	}
	roots, err := loader.Roots(args)
	if err != nil {
		return err
	}
	if _, err := loader.Read(args); err != nil { // a path that is not there is a mistake of now
		return err
	}
	watcher, err := watch.New(roots)
	if err != nil {
		return err
	}
	defer watcher.Close()
	if err := watcher.Err(); err != nil {
		fmt.Fprintf(s.Err, "warning: %v; changes there are not shown\n", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(cmd.Context(), "tcp", net.JoinHostPort(f.address, strconv.Itoa(int(f.port))))
	if err != nil {
		return cli.Usage(err)
	}
	address, _ := listener.Addr().(*net.TCPAddr) // of a listener for tcp
	source := &source{cmd: cmd, streams: s, flags: f, args: args, cache: render.NewCache(1 << 30), kept: repo.NewKept(roots)}
	source.streams.Err = io.Discard // the pages say it
	o := preview.Options{
		Render: source.render, Next: source.following(watcher), Title: filepath.Base(dir), Editor: f.editor.Value, Dir: filepath.ToSlash(dir), Remote: !ip.IsLoopback(),
	}
	if _, inGit := load.Repository(dir); inGit {
		o.Changes = source.compare
	} else {
		o.NoChanges = "the working directory is not in a Git repository, so there is nothing to compare with"
	}
	// What is shown stays in memory all the time, and a render beside it is short: half of it is enough for garbage.
	cli.Stay(s.Getenv, 50)
	server := preview.New(address, o)
	fmt.Fprintf(s.Out, "http://%s%s\n", reach(address), server.Path())
	fmt.Fprintln(s.Err, "preview is served at this address until Ctrl-C")
	if !f.noOpen && cli.IsTerminal(s.Out) {
		open(s, "http://"+reach(address)+server.PathOnce())
	}
	return server.Serve(cmd.Context(), listener)
}

// reach is how a browser on this machine reaches an address.
func reach(a *net.TCPAddr) string {
	if a.IP.IsUnspecified() {
		return "127.0.0.1:" + strconv.Itoa(a.Port)
	}
	return a.String()
}

// source renders what the pages show.
type source struct {
	cmd     *cobra.Command
	streams cli.Streams
	flags   *flags
	args    []string
	cache   *render.Cache
	kept    *repo.Kept
	base    load.Base
}

// rest is how long nothing changes before memory is given back to the system.
const rest = 3 * time.Second

// following waits for changes, and reads again what changed.
func (s *source) following(w *watch.Watcher) func(context.Context) error {
	return func(ctx context.Context) error {
		idle := time.AfterFunc(rest, debug.FreeOSMemory)
		err := w.Next(ctx)
		idle.Stop()
		s.kept.Forget(w.Changes())
		s.cache.Round()
		return err
	}
}

func (s *source) render(ctx context.Context) (*load.Run, error) {
	loader := load.New(s.cmd, s.streams, &s.flags.change.Settings)
	loader.Kept = s.kept
	in, err := loader.Read(s.args)
	if err != nil {
		return nil, err
	}
	for n := range in.Units {
		in.Units[n].Options.Cache = s.cache
	}
	return load.Render(ctx, in, in.Units)
}

// compare is what krowave diff does.
func (s *source) compare(ctx context.Context) (*compare.Report, error) {
	c := &load.Comparison{Command: s.cmd, Streams: s.streams, Flags: &s.flags.change, Cache: s.cache, Kept: s.kept, Base: &s.base}
	if err := c.Revisions(s.args); err != nil {
		return nil, err
	}
	if err := c.Render(); err != nil {
		return nil, err
	}
	return compare.Compare(ctx,
		compare.Side{Result: c.Old.Run.Result, Label: c.Old.Label, Unread: c.Old.In.Unread, Hides: c.Old.Hides},
		compare.Side{Result: c.New.Run.Result, Label: c.New.Label, Unread: c.New.In.Unread, Hides: c.New.Hides},
		compare.Options{Unchanged: c.Unchanged, Policies: c.Policies, Jobs: c.New.In.Settings.Options.Jobs})
}

// patience is how long a program that opens a browser may take.
const patience = 10 * time.Second
