// Package plugin is what people run: arguments and files go in, results go to
// standard output, findings to standard error, and an exit code comes back. It
// has no rule about graphs: each command turns its flags into the engine's
// options, calls render.Render and prints.
//
//	code := plugin.Main(ctx, plugin.Streams{Out: os.Stdout, Err: os.Stderr}, []string{"render", "shop.yaml"})
package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// Streams is the world around a run.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	Dir      string // working directory; "" is the process's
	Getenv   func(string) string
	Program  string // file name of the binary; "" is krowave

	ctx context.Context // of the run
}

// Exit codes.
const (
	exitDone     = 0
	exitFindings = 1
	exitUsage    = 2
	exitInternal = 3
)

// errFindings ends a command whose findings are printed already.
var errFindings = errors.New("there are errors in the input")

// usageError is a mistake in the command line.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// Main runs the command that args name and returns the exit code.
func Main(ctx context.Context, s Streams, args []string) int {
	if s.In == nil {
		s.In = strings.NewReader("")
	}
	running := false
	s.ctx = ctx
	root := newRoot(s, &running)
	root.SetArgs(append([]string{}, args...))
	cmd, err := root.ExecuteContextC(ctx)
	var usage usageError
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errFindings), errors.Is(err, errDiffers):
		return exitFindings
	case errors.Is(err, errFailed):
		return exitFailed
	case errors.As(err, &usage), !running:
		fmt.Fprintf(s.Err, "error: %v\nrun '%s --help' for usage\n", err, cmd.CommandPath())
		return exitUsage
	case ctx.Err() != nil:
		fmt.Fprintln(s.Err, "error: interrupted")
	default:
		fmt.Fprintf(s.Err, "error: %v\n", err)
	}
	return exitInternal
}

// newRoot builds the command tree. running turns true when a command's own code
// starts, so that an error before it is one of usage.
func newRoot(s Streams, running *bool) *cobra.Command {
	program := displayName(s.Program)
	root := &cobra.Command{
		Use:   "krowave",
		Short: "Expand kro ResourceGraphDefinitions before the cluster sees them",
		Long: "krowave expands kro ResourceGraphDefinitions where GitOps happens: in Git, before the cluster sees them.\n\n" +
			"Exit codes: 0 done, 1 findings, 2 wrong usage, 3 internal failure.",
		Annotations:       map[string]string{cobra.CommandDisplayNameAnnotation: program},
		SilenceUsage:      true,
		SilenceErrors:     true,
		PersistentPreRun:  func(*cobra.Command, []string) { *running = true },
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	root.AddCommand(newRender(s), newCRD(s), newSample(s), newGraph(s), newDiff(s), newImpact(s), newVersion(s), newCompletion(s), newArgoCD(s), newFlux(s))
	root.AddCommand(newExplain(s), newTest(s))
	root.AddCommand(newValidate(s), newObserve(s))
	root.AddCommand(newPush(s), newHydrate(s))
	root.AddCommand(newUpdate(s), newVendor(s))
	for _, c := range root.Commands() {
		c.Example = strings.ReplaceAll(c.Example, "krowave ", program+" ")
	}
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
