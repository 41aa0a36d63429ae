// Package inspect contains the commands that explain how objects are rendered:
// explain and graph.
package inspect

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/trace"
)

// explainFlags are the flags of krowave explain.
type explainFlags struct {
	options.Settings
	filenames   []string
	output      options.Choice
	depth       int64
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
			"one of the first two forms. FIELD is a path such as spec.ports[0].port. Values of Secrets, and values derived from them, are not shown.",
		Example: "  krowave explain shop.yaml configmap/market\n  krowave explain shop.yaml configmap/market.data.goods\n" +
			"  krowave explain -f shop.yaml stand/market/sign",
		Args: cli.AtLeastOne("KIND/NAME of an object, or KIND/NAME/NODE of an instance's node"),
	}
	flags.bind(cmd)
	options.Complete(cmd, "output", flags.output.Allowed...)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		paths, object := append(flags.filenames, args[:len(args)-1]...), args[len(args)-1]
		if len(paths) == 0 {
			paths = []string{"."}
		}
		r, err := load.New(cmd, s, &flags.Settings).Render(paths)
		if err != nil {
			return err
		}
		flags.inNamespace = cmd.Flags().Changed("namespace")
		return explain(cmd.Context(), s, r, &flags, object)
	}
	return cmd
}

// explain prints the explanation of an object. Errors in the input are printed
// too, since what they stop is not there to explain.
func explain(ctx context.Context, s cli.Streams, r *load.Run, flags *explainFlags, object string) error {
	var broken diag.List
	for _, d := range r.Result.Diagnostics {
		if d.Severity == diag.Error || d.Severity == diag.Warning && r.In.Settings.Strict {
			broken.Add(d)
		}
	}
	r.Result.Diagnostics = broken
	t := trace.New(ctx, r.Result, trace.Options{Waves: r.In.Settings.Options.WaveMode, Depth: int(flags.depth)})
	namespace := ""
	if flags.inNamespace {
		namespace = r.In.Settings.Options.Namespace
	}
	target, err := t.Find(object, namespace)
	if err != nil {
		if found := report.Findings(s.Err, r.Result.Diagnostics, r.In.Printing()); found != nil {
			fmt.Fprintf(s.Err, "error: %v\n", err)
			return found
		}
		return cli.Usage(err)
	}
	x, err := t.Explain(target)
	if err != nil {
		return err
	}
	if err := writeExplanation(s, flags.output.Value, x); err != nil {
		return err
	}
	return report.Findings(s.Err, r.Result.Diagnostics, r.In.Printing())
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
