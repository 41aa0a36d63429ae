package adopt

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/krowave/krowave/plugin/compare/field"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render/diag"
)

// PlanKind is the JSON document of a plan.
func PlanKind() report.Kind {
	return report.Kind{Name: "AdoptionPlan", Command: "adopt plan -o json", Content: Plan{}}
}

// Print prints a plan: human, markdown or json.
func (p *Plan) Print(w io.Writer, format string) error {
	if format == "json" {
		return PlanKind().Write(w, p)
	}
	var b strings.Builder
	for i, instance := range p.Instances {
		if i > 0 {
			b.WriteString("\n")
		}
		if format == "markdown" {
			instance.markdown(&b)
		} else {
			instance.human(&b)
		}
	}
	_, err := io.WriteString(w, diag.CleanLines(b.String()))
	return err
}

// headline is what a plan comes to, in one line.
func (i *InstancePlan) headline() string {
	switch i.State {
	case Nothing:
		return "nothing to do"
	case Unsafe:
		return "not safe"
	}
	return report.Counted(len(i.Steps), "step", "steps") + " to do"
}

func (i *InstancePlan) human(b *strings.Builder) {
	fmt.Fprintf(b, "%s: %s\n", i.Instance, i.headline())
	for _, c := range i.Chained {
		fmt.Fprintf(b, "  with %s\n", c)
	}
	for _, o := range i.Objects {
		fmt.Fprintf(b, "  %s %s\n", sign(o.Place), o.line())
		for _, line := range o.details() {
			fmt.Fprintf(b, "      %s\n", line)
		}
	}
	for _, r := range i.Risks {
		fmt.Fprintf(b, "  %s\n", r)
	}
	for n, s := range i.Steps {
		fmt.Fprintf(b, "  %d. %s: %s\n", n+1, s.Step, s.What)
		for _, c := range s.Commands {
			fmt.Fprintf(b, "       %s\n", c)
		}
	}
}

func (i *InstancePlan) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "## %s: %s\n\n", text(i.Instance), i.headline())
	if len(i.Objects) > 0 {
		b.WriteString("| | object | managed by | changes |\n|---|---|---|---|\n")
	}
	for _, o := range i.Objects {
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", o.Place, text(o.Ref), text(strings.Join(o.Managers, ", ")), text(strings.Join(o.differences(), "; ")))
	}
	if len(i.Risks) > 0 {
		b.WriteString("\n")
	}
	for _, r := range i.Risks {
		fmt.Fprintf(b, "- %s\n", text(r))
	}
	for n, s := range i.Steps {
		fmt.Fprintf(b, "\n%d. **%s**: %s\n", n+1, s.Step, text(s.What))
		if len(s.Commands) > 0 {
			fmt.Fprintf(b, "\n   ```sh\n   %s\n   ```\n", strings.Join(s.Commands, "\n   "))
		}
	}
}

// text is text in Markdown, where it may stand in a table.
func text(v any) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;", "*", `\*`, "`", "'").Replace(fmt.Sprint(v))
}

func sign(p Place) string {
	switch p {
	case InCluster:
		return "-"
	case InRender:
		return "+"
	}
	return "="
}

func (o *ObjectPlan) line() string {
	switch o.Place {
	case InCluster:
		return o.String() + ": only in the cluster"
	case InRender:
		return o.String() + ": not in the cluster"
	}
	return o.String()
}

// differences are what would change in the object.
func (o *ObjectPlan) differences() []string {
	var out []string
	for _, c := range o.Changes {
		switch {
		case c.Secret:
			out = append(out, c.Path+": a secret value")
		case c.Op == field.Add:
			out = append(out, fmt.Sprintf("%s: set to %v", c.Path, c.After))
		default:
			out = append(out, fmt.Sprintf("%s: %v to %v", c.Path, c.Before, c.After))
		}
	}
	for _, name := range o.Dropped {
		out = append(out, name+": only kro sets it")
	}
	return out
}

func (o *ObjectPlan) details() []string {
	out := o.differences()
	list := func(what string, items []string) {
		if len(items) > 0 {
			out = append(out, what+": "+strings.Join(slices.Clone(items), ", "))
		}
	}
	list("fields of", o.Managers)
	list("owned by", o.Owners)
	list("finalizers", o.Finalizers)
	list("tracked by", o.TrackedBy)
	return out
}

// String is unsafe: Shop shop/web: why.
func (r Risk) String() string {
	what := "note"
	if r.Unsafe {
		what = "not safe"
	}
	if r.Object == "" {
		return fmt.Sprintf("%s: %s [%s]", what, r.Message, r.Name)
	}
	return fmt.Sprintf("%s: %s: %s [%s]", what, r.Object, r.Message, r.Name)
}
