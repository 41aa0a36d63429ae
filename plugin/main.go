// Package plugin is the command line of krowave. It takes arguments and files,
// prints results to standard output and findings to standard error, and returns
// an exit code. It contains no rules about graphs: each command, in a package
// below command, turns its flags into options of the engine, calls render.Render
// and prints the result.
//
//	code := plugin.Main(ctx, plugin.Streams{Out: os.Stdout, Err: os.Stderr}, []string{"render", "shop.yaml"})
package plugin

//go:generate go run ./internal/reference ../docs

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/command/adopt"
	"github.com/krowave/krowave/plugin/command/argocd"
	"github.com/krowave/krowave/plugin/command/change"
	"github.com/krowave/krowave/plugin/command/deps"
	"github.com/krowave/krowave/plugin/command/flux"
	"github.com/krowave/krowave/plugin/command/inspect"
	"github.com/krowave/krowave/plugin/command/list"
	"github.com/krowave/krowave/plugin/command/lsp"
	"github.com/krowave/krowave/plugin/command/observe"
	"github.com/krowave/krowave/plugin/command/preview"
	"github.com/krowave/krowave/plugin/command/publish"
	"github.com/krowave/krowave/plugin/command/render"
	"github.com/krowave/krowave/plugin/command/rgd"
	"github.com/krowave/krowave/plugin/command/scaffold"
	"github.com/krowave/krowave/plugin/command/test"
	"github.com/krowave/krowave/plugin/command/tree"
	"github.com/krowave/krowave/plugin/command/upgrade"
	"github.com/krowave/krowave/plugin/command/validate"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/render/diag"
)

// Streams is the world around a run.
type Streams = cli.Streams

// Exit codes.
const (
	exitDone     = 0
	exitFindings = 1
	exitUsage    = 2
	exitInternal = 3

	// exitFailed is that of diff and impact when the change cannot be rendered, as
	// of diff(1) for trouble. Differences are exitFindings.
	exitFailed = 2
)

// Main runs the command that args name and returns the exit code.
func Main(ctx context.Context, s Streams, args []string) int {
	if s.In == nil {
		s.In = strings.NewReader("")
	}
	s.Read = new(sync.Map)
	if cli.IsTerminal(s.Err) && s.Env("TERM") != "dumb" {
		p := cli.NewProgress(s.Err)
		var done context.CancelFunc
		ctx, done = context.WithCancel(ctx)
		defer done()
		defer p.End()
		ctx, s.Out, s.Err = p.Start(ctx), p.Before(s.Out), p.Before(s.Err)
	}
	running := false
	root := newRoot(s, &running, named(args))
	root.SetArgs(append([]string{}, args...))
	cmd, err := root.ExecuteContextC(ctx)
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, cli.ErrFindings), errors.Is(err, cli.ErrDiffers):
		return exitFindings
	case errors.Is(err, cli.ErrFailed):
		return exitFailed
	case cli.IsUsage(err), !running:
		fmt.Fprintf(s.Err, "error: %s\nrun '%s --help' for usage\n", diag.CleanLines(err.Error()), cmd.CommandPath())
		return exitUsage
	case ctx.Err() != nil:
		fmt.Fprintln(s.Err, "error: interrupted")
	default:
		fmt.Fprintf(s.Err, "error: %s\n", diag.CleanLines(err.Error()))
	}
	return exitInternal
}

// Root returns the command tree, for what describes it.
func Root(s Streams) *cobra.Command {
	running := false
	return newRoot(s, &running, commands())
}

// command is a command of the root and what makes it.
type command struct {
	name string
	make func(Streams) *cobra.Command
}

// commands lists all commands in the order of the help.
func commands() []command {
	return []command{
		{"render", render.New}, {"crd", rgd.NewCRD}, {"sample", rgd.NewSample}, {"graph", inspect.NewGraph}, {"diff", change.NewDiff},
		{"lsp", lsp.New},
		{"impact", change.NewImpact}, {"version", newVersion}, {"completion", newCompletion}, {"argocd", argocd.New}, {"flux", flux.New},
		{"explain", inspect.NewExplain}, {"tree", tree.New}, {"test", test.New}, {"validate", validate.New}, {"observe", observe.New}, {"push", publish.NewPush},
		{"hydrate", publish.NewHydrate}, {"update", deps.NewUpdate}, {"vendor", deps.NewVendor}, {"adopt", adopt.New}, {"upgrade-check", upgrade.New},
		{"preview", preview.New}, {"docs", rgd.NewDocs}, {"list", list.New}, {"schema", rgd.NewSchema},
		{"init", scaffold.NewInit}, {"new", scaffold.NewNew}, {"fmt", rgd.NewFmt},
	}
}

// named is the one command that arguments begin with, or all of them when they
// begin with something else. Others would be made for nothing.
func named(args []string) []command {
	all := commands()
	if len(args) > 0 {
		for _, c := range all {
			if c.name == args[0] && c.name != "completion" { // which is about all of them
				return []command{c}
			}
		}
	}
	return all
}

// newRoot builds the command tree. running turns true when a command's own code
// starts, so that an error before it is one of usage.
func newRoot(s Streams, running *bool, commands []command) *cobra.Command {
	program := displayName(s.Program)
	colors := options.Choice{Value: cli.ColorAuto, Allowed: []string{cli.ColorAuto, cli.ColorAlways, cli.ColorNever}}
	s.Colors = &cli.Colors{}
	root := &cobra.Command{
		Use:   "krowave",
		Short: "Render kro ResourceGraphDefinitions to plain manifests",
		Long: "krowave renders kro ResourceGraphDefinitions (RGDs) and their instances to plain Kubernetes manifests, before they reach a cluster.\n\n" +
			"Exit codes: 0 done, 1 findings, 2 wrong usage, 3 internal failure.",
		Annotations:       map[string]string{cobra.CommandDisplayNameAnnotation: program},
		SilenceUsage:      true,
		SilenceErrors:     true,
		PersistentPreRun:  func(*cobra.Command, []string) { *running, s.Colors.When = true, colors.Value },
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	for _, c := range commands {
		root.AddCommand(c.make(s))
	}
	completeNames(root, s)
	for _, c := range root.Commands() {
		c.Example = strings.ReplaceAll(c.Example, "krowave ", program+" ")
	}
	root.PersistentFlags().Var(&colors, "color", "colour what people read: auto colours what goes to a terminal, unless NO_COLOR is set")
	options.Complete(root, "color", colors.Allowed...)
	withUsage(root)
	return root
}

// displayName is how the program is called: kubectl and flux run a binary named
// kubectl-krowave or flux-krowave as a subcommand.
func displayName(file string) string {
	file = strings.TrimSuffix(filepath.Base(file), ".exe")
	for _, host := range []string{"kubectl", "flux"} {
		if strings.HasPrefix(file, host+"-krowave") || strings.HasPrefix(file, host+"_krowave") {
			return host + " krowave"
		}
	}
	return "krowave"
}
