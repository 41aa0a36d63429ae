package inspect

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/trace"
)

func usesKind() report.Kind {
	return report.Kind{Name: "FieldUses", Command: "explain --uses -o json", Content: trace.FieldUses{}}
}

// uses prints who uses a field. Instances are read and not rendered.
func uses(cmd *cobra.Command, s cli.Streams, flags *explainFlags, paths []string) error {
	in, err := load.New(cmd, s, &flags.Settings).Read(paths)
	if err != nil {
		return err
	}
	units := make([]load.Unit, len(in.Units))
	var docs []*manifest.Document
	for i, u := range in.Units {
		units[i] = u.DefinitionsOnly()
		for _, f := range u.Files {
			if f.Objects != nil || bytes.Contains(f.Data, []byte("kind")) {
				found, _ := f.Read(u.Options.Documents) // what cannot be read is among the findings of validate
				docs = append(docs, found...)
			}
		}
	}
	r, err := load.Render(cmd.Context(), in, units)
	if err != nil {
		return err
	}
	out, err := trace.Uses(flags.uses, r.Result.Graphs, docs)
	if err != nil {
		of, found, failed := usesInGraph(cmd, in, flags.uses)
		switch {
		case found:
			out, err = of, failed
		case failed != nil:
			return failed
		}
	}
	if err != nil {
		if found := report.Findings(s.Err, r.Result.Diagnostics, in.Printing()); found != nil {
			fmt.Fprintf(s.Err, "error: %v\n", err)
			return found
		}
		return cli.Usage(err)
	}
	if flags.output.Value == "json" {
		err = usesKind().Write(s.Out, out)
	} else {
		err = printUses(s.Out, out, flags.Verbose)
	}
	if err != nil {
		return err
	}
	return report.Findings(s.Err, r.Result.Diagnostics.Errors(), in.Printing())
}

// usesInGraph asks the objects of kind Graph, which kro makes objects of in the cluster.
func usesInGraph(cmd *cobra.Command, in *load.Input, text string) (*trace.FieldUses, bool, error) {
	units := slices.Clone(in.Units)
	for i := range units {
		units[i].Options.Foresee = true
	}
	r, err := load.Render(cmd.Context(), in, units)
	if err != nil {
		return nil, false, err
	}
	return trace.UsesInGraph(text, slices.Concat(r.Result.Foreseen, r.Result.Instances))
}

// fewGiven is how many instances are listed without -v.
const fewGiven = 20

func printUses(w io.Writer, u *trace.FieldUses, all bool) error {
	p := explanationPrinter{}
	native := u.Kind == "Graph" // which has no instances
	if native {
		p.line(0, "%s of Graph %s", u.Field, u.RGD)
	} else {
		p.line(0, "%s of ResourceGraphDefinition %s (%s)", u.Field, u.RGD, u.Kind)
	}
	p.line(0, "")
	if len(u.Reads) == 0 {
		p.line(1, "no expression reads it")
	}
	p.places("read by", "", u.Reads)
	p.places("set by", " of %s", u.Sets)
	if !native {
		p.line(1, "set in %d of %d %s", len(u.Given), u.Of, plural(u.Of, "instance"))
	}
	for i, g := range u.Given {
		if i == fewGiven && !all {
			p.line(2, "and %d more (-v lists them)", len(u.Given)-i)
			break
		}
		p.line(2, "%s, %s", identityText(g.Identity), g.At)
	}
	_, err := w.Write(p.out.Bytes())
	return err
}

// places prints one line for each place in an RGD.
func (p *explanationPrinter) places(title, of string, uses []trace.FieldUse) {
	if len(uses) == 0 {
		return
	}
	p.line(1, "%s", title)
	for _, u := range uses {
		whose := ""
		if of != "" {
			whose = fmt.Sprintf(of, u.RGD)
		}
		p.line(2, "%s%s: %s, %s  %s", u.Node, whose, u.Path, u.At, strings.Join(strings.Fields(u.Expression), " "))
	}
}
