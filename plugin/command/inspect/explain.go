// Package inspect contains the commands that explain how objects are rendered:
// explain and graph.
package inspect

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/affected"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/trace"
)

// explainFlags are the flags of krowave explain.
type explainFlags struct {
	options.Settings
	filenames   []string
	output      options.Choice
	depth       int64
	uses        string
	inNamespace bool // -n is given: the object is in that namespace
}

// bind adds the flags. What only a cluster knows is explained, so it is not an error.
func (f *explainFlags) bind(cmd *cobra.Command) {
	defaults, flags := options.Defaults(), cmd.Flags()
	defaults.Options.Runtime, defaults.Options.AllowEmpty, defaults.Idioms = render.Withhold, true, "drop"
	f.Settings.Bind(cmd, defaults, "runtime", "allow-empty", "annotate", "emit")
	f.BindRef(flags)
	flags.StringArrayVarP(&f.filenames, "filename", "f", nil, "file, directory, glob pattern or - to read; repeatable (default the paths before OBJECT, else the working directory)")
	f.output = options.Choice{Value: "human", Allowed: []string{"human", "json"}}
	flags.VarP(&f.output, "output", "o", "output format")
	flags.StringVar(&f.uses, "uses", "", "list who uses a field of an RGD's instances, `RGD.FIELD`, such as shop.spec.replicas; all arguments are paths then")
	f.depth = 4
	flags.Var(options.NewCount(&f.depth), "depth", "number of levels of inputs to trace")
}

// NewExplain returns krowave explain.
func NewExplain(s cli.Streams) *cobra.Command {
	var flags explainFlags
	cmd := &cobra.Command{
		Use:   "explain [-f PATH...|PATH...] OBJECT[.FIELD]",
		Short: "Show where a rendered value comes from, or why it is missing",
		Long: "explain shows where a rendered object or one of its fields comes from: the line of the RGD, the expression, the values that it " +
			"reads and where those come from; for an object also its conditions and the longest path to its wave. For a node that renders " +
			"nothing it shows the reason.\n\nOBJECT is KIND/NAME, KIND/NAMESPACE/NAME, INSTANCE/NODE or INSTANCE/NODE[INDEX], where INSTANCE has " +
			"one of the first two forms. FIELD is a path such as spec.ports[0].port. Values of Secrets, and values derived from them, are not shown.\n\n" +
			"With --uses it lists the expressions that read a field of an RGD's instances, the templates that set it, and the instances that do.",
		Example: "  krowave explain shop.yaml configmap/market\n  krowave explain shop.yaml configmap/market.data.goods\n" +
			"  krowave explain -f shop.yaml stand/market/sign\n" +
			"  krowave explain --uses stand.spec.goods shop.yaml",
	}
	named := cli.AtLeastOne("KIND/NAME of an object, or KIND/NAME/NODE of an instance's node")
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if flags.uses != "" {
			return nil
		}
		return named(cmd, args)
	}
	flags.bind(cmd)
	options.Complete(cmd, "output", flags.output.Allowed...)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if flags.uses != "" {
			paths := append(flags.filenames, args...)
			if len(paths) == 0 {
				paths = []string{"."}
			}
			return uses(cmd, s, &flags, paths)
		}
		paths, object := append(flags.filenames, args[:len(args)-1]...), args[len(args)-1]
		if len(paths) == 0 {
			paths = []string{"."}
		}
		flags.inNamespace = cmd.Flags().Changed("namespace")
		in, err := load.New(cmd, s, &flags.Settings).Read(paths)
		if err != nil {
			return err
		}
		return explain(cmd.Context(), s, in, &flags, object)
	}
	return cmd
}

// explain prints the explanation of an object. Errors in the input are printed
// too, since what they stop is not there to explain.
func explain(ctx context.Context, s cli.Streams, in *load.Input, flags *explainFlags, object string) error {
	f := &finder{ctx: ctx, in: in, flags: flags}
	if flags.inNamespace {
		f.namespace = in.Settings.Options.Namespace
	}
	target, err := f.find(object)
	if err != nil {
		return err
	}
	if target == nil {
		if found := report.Findings(s.Err, f.run.Result.Diagnostics, in.Printing()); found != nil {
			fmt.Fprintf(s.Err, "error: %v\n", f.unknown)
			return found
		}
		return cli.Usage(f.unknown)
	}
	x, err := f.tracer.Explain(*target)
	if err != nil {
		return err
	}
	if err := writeExplanation(s, flags.output.Value, x); err != nil {
		return err
	}
	return report.Findings(s.Err, f.run.Result.Diagnostics, in.Printing())
}

// finder renders what a question needs and finds what it is about.
type finder struct {
	ctx       context.Context
	in        *load.Input
	flags     *explainFlags
	namespace string

	run     *load.Run
	tracer  *trace.Tracer
	unknown error
}

// find renders the part of the input that can be meant, and all of it when there
// is nothing in that part. It returns nil, and sets unknown, when nothing is
// found.
func (f *finder) find(object string) (*trace.Target, error) {
	units, part := slices.Clone(f.in.Units), true
	for i := range units {
		units[i].Options.Foresee = true
	}
	every := slices.Clone(units)
	for i := range units {
		var ok bool
		units[i].Input, ok = affected.About(units[i].Input, object, units[i].Options)
		part = part && ok
	}
	if part {
		if target, err := f.among(units, object); target != nil && !target.Likely || err != nil {
			return target, err
		}
	}
	return f.among(every, object)
}

func (f *finder) among(units []load.Unit, object string) (*trace.Target, error) {
	r, err := load.Render(f.ctx, f.in, units)
	if err != nil {
		return nil, err
	}
	var broken diag.List
	for _, d := range r.Result.Diagnostics {
		if d.Severity == diag.Error || d.Severity == diag.Warning && f.in.Settings.Strict {
			broken.Add(d)
		}
	}
	r.Result.Diagnostics = broken
	f.run, f.tracer = r, trace.New(f.ctx, r.Result, trace.Options{Waves: f.in.Settings.Options.WaveMode, Depth: int(f.flags.depth)})
	target, err := f.tracer.Find(object, f.namespace)
	if err != nil {
		f.unknown = err
		return nil, nil
	}
	return &target, nil
}

func explanationKind() report.Kind {
	return report.Kind{Name: "Explanation", Command: "explain -o json", Content: trace.Explanation{}}
}

func writeExplanation(s cli.Streams, format string, x *trace.Explanation) error {
	if format == "json" {
		return explanationKind().Write(s.Out, x)
	}
	p := explanationPrinter{}
	p.explanation(x)
	_, err := s.Out.Write(p.out.Bytes())
	return err
}
