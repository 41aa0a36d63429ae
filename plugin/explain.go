package plugin

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/trace"
	"github.com/krowave/krowave/render/wave"
)

// explainFlags are those of krowave explain.
type explainFlags struct {
	engine         engineFlags
	filenames      []string
	output         choice
	serverDefaults choice
	waves          choice
	depth          int64
	inNamespace    bool // -n is given: the object is in that namespace
}

func (f *explainFlags) bind(flags *pflag.FlagSet) {
	f.engine.bind(flags)
	flags.StringArrayVarP(&f.filenames, "filename", "f", nil, "file, directory, pattern or - to read; repeatable (default the paths before OBJECT, else the working directory)")
	f.output = choice{value: "human", allowed: []string{"human", "json"}}
	flags.VarP(&f.output, "output", "o", "how to print")
	f.serverDefaults = choice{value: "schema", allowed: []string{"schema", "none"}}
	flags.Var(&f.serverDefaults, "server-defaults", "what references between nodes see beside the template: the API server's schema defaults, or nothing")
	f.waves = choice{value: "levels", allowed: []string{"levels", "gated", "none"}}
	flags.Var(&f.waves, "waves", "where a new wave begins: behind every dependency, behind those that must be waited for, or nowhere")
	f.depth = 4
	flags.Var(count{&f.depth}, "depth", "how far inputs of inputs are followed")
}

// options yields the engine's options. What only a cluster knows is explained,
// so it is no error.
func (f *explainFlags) options() render.Options {
	o := f.engine.options()
	o.Runtime = render.Withhold
	o.ServerDefaults = render.ServerDefaults(f.serverDefaults.value)
	o.WaveMode = wave.Mode(f.waves.value)
	o.AllowEmpty = true
	return o
}

func newExplain(s Streams) *cobra.Command {
	var in inputFlags
	var flags explainFlags
	cmd := &cobra.Command{
		Use:   "explain [-f PATH...|PATH...] OBJECT[.FIELD]",
		Short: "Say where a rendered value comes from, or why there is none",
		Long: "explain says where a rendered object or one of its fields comes from: the line of the RGD, the expression, what it reads and " +
			"where that comes from in turn; for an object also its conditions and the longest path to its wave. For a node that renders " +
			"nothing it says why.\n\nOBJECT is KIND/NAME, KIND/NAMESPACE/NAME, or INSTANCE/NODE and INSTANCE/NODE[INDEX], where INSTANCE is " +
			"as the first two. FIELD is a path such as spec.ports[0].port. Values of Secrets, and what is made of them, are not shown.",
		Example: "  krowave explain shop.yaml configmap/market\n  krowave explain shop.yaml configmap/market.data.goods\n" +
			"  krowave explain -f shop.yaml stand/market/sign",
		Args: atLeastOne("KIND/NAME of an object, or KIND/NAME/NODE of an instance's node"),
	}
	in.bind(cmd.Flags())
	flags.bind(cmd.Flags())
	flags.engine.complete(cmd)
	complete(cmd, "output", flags.output.allowed...)
	complete(cmd, "server-defaults", flags.serverDefaults.allowed...)
	complete(cmd, "waves", flags.waves.allowed...)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		paths, object := append(flags.filenames, args[:len(args)-1]...), args[len(args)-1]
		if len(paths) == 0 {
			paths = []string{"."}
		}
		r, err := command{cmd, s, &in, flags.options}.render(paths)
		if err != nil {
			return err
		}
		flags.inNamespace = cmd.Flags().Changed("namespace")
		return r.explain(cmd.Context(), s, &flags, object)
	}
	return cmd
}

// explain prints the explanation of an object. Errors in the input are printed
// too, since what they stop is not there to explain.
func (r *run) explain(ctx context.Context, s Streams, flags *explainFlags, object string) error {
	var broken diag.List
	for _, d := range r.res.Diagnostics {
		if d.Severity == diag.Error || d.Severity == diag.Warning && flags.engine.strict {
			broken.Add(d)
		}
	}
	r.res.Diagnostics = broken
	t := trace.New(ctx, r.res, trace.Options{Waves: wave.Mode(flags.waves.value), Depth: int(flags.depth)})
	namespace := ""
	if flags.inNamespace {
		namespace = flags.engine.namespace
	}
	target, err := t.Find(object, namespace)
	if err != nil {
		if found := r.report(s.Err, flags.engine.strict); found != nil {
			fmt.Fprintf(s.Err, "error: %v\n", err)
			return found
		}
		return usageError{err}
	}
	x, err := t.Explain(target)
	if err != nil {
		return err
	}
	if err := writeExplanation(s, flags.output.value, x); err != nil {
		return err
	}
	return r.report(s.Err, flags.engine.strict)
}

func writeExplanation(s Streams, format string, x *trace.Explanation) error {
	if format == "json" {
		enc := json.NewEncoder(s.Out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(x)
	}
	p := explanationPrinter{}
	p.explanation(x)
	_, err := s.Out.Write(p.out.Bytes())
	return err
}
