package rgdtest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
)

// Status says how a case ended.
type Status string

// Statuses.
const (
	Pass Status = "PASS"
	Fail Status = "FAIL"
	Skip Status = "SKIP"
)

// Input is what a case renders.
type Input struct {
	render.Input
	Options render.Options
	Found   diag.List // on reading the files
	Golden  []byte    // nil when there is no such file
	Update  bool      // the golden file is written anew: nothing is compared with it
	Strict  bool      // warnings are errors
	Source  func(file string) []byte

	// Inline are the objects that the test itself holds, by the name of their file
	// in Input: findings about them are shown where the test has them.
	Inline map[string]Source
}

// Outcome is how a case ended.
type Outcome struct {
	Case     *Case
	Status   Status
	Problems []Problem
	Golden   []byte // what the golden file should hold; nil without one, and when nothing was rendered
}

// Problem is something that is not as expected.
type Problem struct {
	At    diag.Position
	Text  string
	Lines []string // what is there instead
}

// Run renders a case and compares. An error means that rendering itself failed.
func Run(ctx context.Context, c *Case, in Input) (*Outcome, error) {
	out := &Outcome{Case: c, Status: Skip}
	if c.Skip != "" {
		return out, nil
	}
	res, err := render.Render(ctx, in.Input, in.Options)
	if err != nil {
		return nil, err
	}
	res.Diagnostics = append(slices.Clone(in.Found), res.Diagnostics...)
	if len(res.Instances) > 0 {
		// RGDs with errors that the instance does not build on concern others.
		res.Diagnostics = slices.DeleteFunc(res.Diagnostics, func(d diag.Diagnostic) bool {
			return strings.HasPrefix(d.Object, object.RGDKind+" ") && d.Severity == diag.Error
		})
	}
	for i := range res.Diagnostics {
		in.locate(&res.Diagnostics[i])
		if in.Strict && res.Diagnostics[i].Severity == diag.Warning {
			res.Diagnostics[i].Severity = diag.Error
		}
	}
	if len(res.Instances) == 0 && !res.Diagnostics.HasErrors() {
		res.Diagnostics.Errorf(c.Instance.At, "test-file", "no RGD defines the kind of the instance, and it is no Graph")
	}
	switch {
	case c.Error != nil:
		out.expectError(res.Diagnostics, in)
	case res.Diagnostics.HasErrors():
		out.problem(c.At, renderFailed, printed(res.Diagnostics, in)...)
	default:
		err = out.compare(ctx, res, in)
	}
	if out.Status = Pass; len(out.Problems) > 0 {
		out.Status = Fail
	}
	return out, err
}

// renderFailed is the problem of a case whose instance cannot be rendered.
const renderFailed = "the render has errors"

// locate moves a finding about an object of the test to its place in the test.
func (in *Input) locate(d *diag.Diagnostic) {
	if s, ok := in.Inline[d.Pos.File]; ok {
		d.Pos = s.find(graph.ParsePath(d.Path))
	}
	related := slices.Clone(d.Related)
	for i, r := range related {
		if s, ok := in.Inline[r.Position.File]; ok {
			related[i].Position = s.At
		}
	}
	d.Related = related
}

func (o *Outcome) problem(at diag.Position, text string, lines ...string) {
	o.Problems = append(o.Problems, Problem{At: at, Text: text, Lines: lines})
}

// printed shows the errors of a render as the command line does.
func printed(found diag.List, in Input) []string {
	var b bytes.Buffer
	errors := slices.DeleteFunc(slices.Clone(found), func(d diag.Diagnostic) bool { return d.Severity != diag.Error })
	if err := diag.Print(&b, report.Folded(errors, in.Source), diag.PrintOptions{Max: 20, Source: in.Source}); err != nil {
		return []string{err.Error()}
	}
	return strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
}

func (o *Outcome) expectError(found diag.List, in Input) {
	e := o.Case.Error
	wanted := "an error"
	if e.Rule != "" {
		wanted += " [" + e.Rule + "]"
	}
	if e.Path != "" {
		wanted += " at " + e.Path
	}
	if e.Message != "" {
		wanted += fmt.Sprintf(" that says %q", e.Message)
	}
	switch {
	case !found.HasErrors():
		o.problem(e.At, "expected "+wanted+", but the render has none")
	case !slices.ContainsFunc(found, e.fits):
		o.problem(e.At, "expected "+wanted+"; the render has other errors", printed(found, in)...)
	}
}

func (e *ExpectedError) fits(d diag.Diagnostic) bool {
	return d.Severity == diag.Error && (e.Rule == "" || d.Rule == e.Rule) && (e.Path == "" || d.Path == e.Path) && strings.Contains(d.Message, e.Message)
}

// compare holds the rendered objects to the golden file and the assertions.
func (o *Outcome) compare(ctx context.Context, res *render.Result, in Input) error {
	m := masked(res)
	if o.Case.Golden != "" {
		var b bytes.Buffer
		if err := manifest.EncodeYAML(&b, m.objects); err != nil {
			return err
		}
		o.Golden = b.Bytes()
		if !in.Update {
			o.compareGolden(in)
		}
	}
	vars, shown := variablesOf(res), variablesOf(res)
	list := make([]any, len(m.objects))
	for i, obj := range m.objects {
		list[i] = obj
	}
	shown["objects"] = list
	if len(res.Instances) > 0 {
		shown["instance"] = hideInputs(res.Instances[0])
	}
	for _, a := range o.Case.Assert {
		p, err := a.check(ctx, vars, shown, m.secret)
		if err != nil {
			return err
		}
		if p != nil {
			o.Problems = append(o.Problems, *p)
		}
	}
	return nil
}

func (o *Outcome) compareGolden(in Input) {
	switch {
	case in.Golden == nil:
		o.problem(o.Case.At, fmt.Sprintf("golden file %s does not exist; --update writes it", o.Case.Golden))
	case !sameContent(in.Golden, o.Golden):
		o.problem(o.Case.At, fmt.Sprintf("the objects differ from %s; --update rewrites it", o.Case.Golden), goldenDiff(in.Golden, o.Golden)...)
	}
}

// variablesOf are the variables of assertions.
func variablesOf(res *render.Result) map[string]any {
	objects, waves := []any{}, []any{}
	for _, o := range res.Objects {
		if o.Instance != nil {
			objects, waves = append(objects, o.Object), append(waves, int64(o.Wave))
		}
	}
	skipped, pending := []any{}, []any{}
	var instance any
	for _, i := range res.Instances {
		if instance == nil {
			instance = i.Instance
		}
		for _, id := range i.Skipped {
			skipped = append(skipped, prefix(i)+id)
		}
		for _, p := range i.Pending {
			pending = append(pending, prefix(i)+p.Node.ID)
		}
	}
	return map[string]any{"objects": objects, "waves": waves, "instance": instance, "skipped": skipped, "pending": pending}
}

// prefix names the nodes that a chained instance came through.
func prefix(i *render.Instance) string {
	if i.Parent == nil {
		return ""
	}
	return prefix(i.Parent) + i.Node + "."
}
