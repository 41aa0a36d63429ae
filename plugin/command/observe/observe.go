// Package observe contains the command observe, which records the cluster objects
// that runtime values need.
package observe

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/observe"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
)

// observeFlags are the flags of krowave observe.
type observeFlags struct {
	options.Settings
	output  options.Output
	check   bool
	secrets bool
	cluster *genericclioptions.ConfigFlags
}

func (f *observeFlags) bind(cmd *cobra.Command) {
	flags := cmd.Flags()
	defaults := options.Defaults()
	defaults.Idioms = "drop"
	f.Settings.Bind(cmd, defaults, append(options.OfOutput(), "runtime")...)
	f.BindRef(flags)
	f.output = options.NewOutput("yaml")
	flags.VarP(&f.output, "output", "o", "output: standard output, or one file for each object")
	options.Complete(cmd, "output", "yaml", "dir=")
	flags.BoolVar(&f.check, "check", false, "write nothing; exit with 1 if the cluster differs from the objects recorded in -o dir=DIR")
	flags.BoolVar(&f.secrets, "include-secrets", false, "record values of Secrets in plain text")
	f.cluster = genericclioptions.NewConfigFlags(true)
	f.cluster.Namespace, f.cluster.CacheDir = nil, nil // -n is the instances', and nothing is cached
	f.cluster.AddFlags(flags)
}

// New returns the command.
func New(s cli.Streams) *cobra.Command {
	var flags observeFlags
	cmd := &cobra.Command{
		Use:   "observe PATH|-...",
		Short: "Record cluster objects that runtime values need",
		Long: "observe renders the paths and reads from a cluster the objects that expressions need and that are not in Git: only the fields " +
			"that are read, and no values of Secrets. Commit and review the files that it writes, and use them with --observed, or " +
			"observed: in krowave.yaml.\n\nIt sends only get and list requests. It uses the same cluster as kubectl; inside a pod, the " +
			"pod's cluster.\n\nExit code 1 means that the input has errors, that a read is forbidden, or, with --check, that the " +
			"cluster has changed.",
		Example: "  krowave observe -o dir=observed shop\n  krowave observe -o dir=observed --check shop\n  krowave observe --context staging shop",
		Args:    cli.AtLeastOne("a file, a directory, a pattern, or - for standard input"),
	}
	flags.bind(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		dir, toDir := flags.output.Dir()
		if flags.check && !toDir {
			return cli.Usagef("--check needs -o dir=DIR, the directory to compare with")
		}
		if toDir && !filepath.IsAbs(dir) {
			dir = filepath.Join(s.Dir, dir)
		}
		c := load.New(cmd, s, &flags.Settings)
		found, err := flags.read(c, args)
		if err != nil {
			return err
		}
		if !toDir {
			return manifest.EncodeYAML(s.Out, found.Objects)
		}
		files, err := observe.Files(found.Objects)
		if err != nil {
			return err
		}
		return flags.record(s, dir, files)
	}
	return cmd
}

// read reads the cluster and reports what is worth knowing of it.
func (f *observeFlags) read(c load.Loader, args []string) (*observe.Found, error) {
	in, err := c.Read(args)
	if err != nil {
		return nil, err
	}
	config, err := f.cluster.ToRESTConfig()
	if err != nil {
		return nil, cli.Usagef("no cluster: %w", err)
	}
	cluster, err := observe.NewCluster(config)
	if err != nil {
		return nil, cli.Usage(err)
	}
	units := make([]observe.Unit, len(in.Units))
	for i, u := range in.Units {
		units[i] = observe.Unit{Input: u.Input, Options: u.Options}
	}
	found, err := observe.Objects(c.Context(), cluster, observe.Request{
		Units: units, IncludeSecrets: f.secrets, Jobs: in.Settings.Options.Jobs,
	})
	if err != nil {
		return nil, err
	}
	return found, reportFound(c.Streams.Err, in, found, in.Settings.Strict)
}

// reportFound prints what is missing, forbidden or confidential, and returns
// cli.ErrFindings when something is an error.
func reportFound(w io.Writer, in *load.Input, found *observe.Found, strict bool) error {
	var ours diag.List
	for _, d := range append(in.Diags, found.Diagnostics...).Sorted() {
		switch {
		case d.Pos.File != observe.ObservedFile:
			ours.Add(d)
		case d.Severity != diag.Info && d.Rule != "observed-secret":
			fmt.Fprintf(w, "%s: %s\n", d.Severity, d.Message)
		}
	}
	if err := report.Findings(w, ours, report.Printing{Source: in.Source, Strict: strict, Verbose: in.Verbose, Color: in.Color}); err != nil {
		return err
	}
	for _, m := range found.Missing {
		fmt.Fprintf(w, "note: the cluster has no %s\n", m)
	}
	for _, m := range found.Withheld {
		fmt.Fprintf(w, "note: the values of %s are read, but not recorded (--include-secrets)\n", m)
	}
	if len(found.Secrets) > 0 {
		fmt.Fprintf(w, "WARNING: the values of %s are written in plain text: everyone who reads the output can see them. Do not commit them.\n",
			strings.Join(found.Secrets, ", "))
	}
	for _, denied := range found.Forbidden {
		fmt.Fprintf(w, "error: reading %s is forbidden: %s\n    missing in %s: - %s\n", denied.What, denied.Reason, denied.Scope, denied.Rule)
	}
	if len(found.Forbidden) > 0 {
		return cli.ErrFindings
	}
	return nil
}

// record writes files, or with --check says what would change.
func (f *observeFlags) record(s cli.Streams, dir string, files []observe.File) error {
	compare := observe.Write
	if f.check {
		compare = observe.Compare
	}
	changes, err := compare(dir, files)
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, c := range changes {
		fmt.Fprintf(&b, "%s %s\n", c.What, c.Name)
		for _, d := range c.Details {
			fmt.Fprintf(&b, "    %s\n", d)
		}
	}
	if len(changes) == 0 {
		fmt.Fprintf(&b, "no change in %s\n", report.Counted(len(files), "object", "objects"))
	}
	if _, err := io.WriteString(s.Out, b.String()); err != nil {
		return err
	}
	if f.check && len(changes) > 0 {
		return cli.ErrFindings
	}
	return nil
}
