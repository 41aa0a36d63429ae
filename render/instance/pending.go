package instance

import (
	"fmt"
	"strings"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/object"
)

// pending reports the nodes that wait, and those that are rendered with a
// fallback, as the policy says. That a node waits for another is a consequence
// and is not reported beside its cause.
func (r *run) pending(i *Instance, x *expand.Expansion) {
	title := object.KeyOf(x.Instance).Title()
	add := func(p expand.Pending, d diag.Diagnostic) {
		d.Object = title
		path := x.Graph.Body(p.Node)
		if d.Pos = x.Graph.RGD.Doc.Position(path); p.Expression != nil {
			path = p.Expression.Path
			d.Pos, d.Sensitive = x.Graph.RGD.Doc.Within(path, p.Offset), p.Expression.Sensitive
		}
		d.Path = path.String()
		if i.Doc != nil {
			d.Related = []diag.Related{{Position: i.Doc.Start(), Message: diag.ForInstance}}
		}
		r.diags.Add(d)
	}
	for _, p := range x.Pending {
		if len(p.WaitsFor) == 0 {
			add(p, r.waiting(x, p))
		}
		for _, other := range p.Also {
			add(other, r.waiting(x, other))
		}
	}
	for _, p := range x.FallbackUsed {
		d := diag.Diagnostic{Severity: diag.Info, Rule: "runtime-fallback", Message: fmt.Sprintf(
			"%s reads %s, which exists only in the cluster, and uses its fallback", p.Node.ID, p.Needs)}
		if r.Options.Runtime.Refuses() {
			d.Severity = diag.Warning
			d.Hint = "kro would change the object once the value exists; provide it with --observed, or leave the node to kro with --runtime=delegate"
		}
		add(p, d)
	}
}

// waiting says what a node waits for.
func (r *run) waiting(x *expand.Expansion, p expand.Pending) diag.Diagnostic {
	switch {
	case p.Unsatisfiable && p.Absent != nil:
		return diag.Diagnostic{
			Severity: r.unsatisfiableSeverity(), Rule: "never-set",
			Message: fmt.Sprintf("%s would never be created: %s", p.Node.ID, p.Absent), Hint: absentHint(p.Absent),
		}
	case p.Unsatisfiable:
		return diag.Diagnostic{
			Severity: r.unsatisfiableSeverity(), Rule: "never-set",
			Message: fmt.Sprintf("%s waits for %s, which nothing sets: it would never be created", p.Node.ID, p.Needs),
			Hint:    "set it in the instance, give it a default, or read it with .? and orValue()",
		}
	}
	if p.Node.Type == graph.Patch {
		return r.patch(p)
	}
	d := diag.Diagnostic{Severity: diag.Info, Rule: "runtime-value", Message: fmt.Sprintf("%s needs %s, which exists only in a cluster", p.Node.ID, p.Needs)}
	if p.Expression != nil {
		d.Message = fmt.Sprintf("%s needs %s, which exists only in a cluster", p.Node.ID, p.Needs)
	}
	if p.UnknownKind {
		d.Message = fmt.Sprintf("%s needs %s, which no CRD of the input defines", p.Node.ID, p.Needs)
	}
	if r.Options.Runtime.Delegates() && x.Graph.Native == nil {
		return undelegated(d)
	}
	if !r.refuses(x) {
		return d
	}
	d.Severity = diag.Error
	d.Hint = "provide the object with --observed FILE, leave the node to kro with --runtime=delegate, or leave it out with --runtime=withhold"
	if p.UnknownKind {
		d.Hint = "provide the CRD with --crds, leave the node to kro with --graphs=split, or leave it out with --runtime=withhold"
	}
	if ref := x.External[p.Node.ID]; p.Expression == nil && ref != nil {
		if others := r.Options.Expand.Observed.Resembling(ref); len(others) > 0 {
			d.Hint = fmt.Sprintf("an object of that name is observed, but as %s", others[0])
		}
	}
	return d
}

// refuses reports whether a node that waits is an error.
func (r *run) refuses(x *expand.Expansion) bool {
	return r.Options.Runtime.Refuses() && !(x.Graph.Native != nil && r.Options.Graphs.Divides(r.Options.Runtime))
}

// patch says of a patch that only kro can apply it (G21, G24).
func (r *run) patch(p expand.Pending) diag.Diagnostic {
	d := diag.Diagnostic{Severity: diag.Info, Rule: "runtime-value", Message: fmt.Sprintf("%s is a patch of an object that others own, which only kro can apply", p.Node.ID)}
	if r.Options.Runtime.Refuses() {
		d.Severity = diag.Error
		d.Hint = "leave the patch to kro with --graphs=split, leave it out with --runtime=withhold, or leave all of the Graph to kro with --graphs=pass"
	}
	return d
}

func absentHint(a *expr.Absent) string {
	switch {
	case a.Hidden:
		return "read it with [?...] and orValue()"
	case strings.HasPrefix(a.Index, "-"):
		return "indexes count from 0; read the last element with [size(...) - 1]"
	case a.Index != "":
		return fmt.Sprintf("make the list longer, or read it with [?%s] and orValue()", a.Index)
	case diag.Closest(a.Key, a.Keys) != "":
		return "did you mean " + diag.Closest(a.Key, a.Keys) + "?"
	}
	return fmt.Sprintf("set the key, or read it with [?%q] and orValue()", a.Key)
}

// unsatisfiableSeverity: what no cluster ever brings is a mistake under every policy
// but the one that only leaves out.
func (r *run) unsatisfiableSeverity() diag.Severity {
	if r.Options.Runtime.LeavesOut() {
		return diag.Info
	}
	return diag.Error
}

// undelegated makes an error of a node that waits although it is not one that
// kro renders: whether it has to differs from instance to instance, and what
// differs cannot be in one residual RGD.
func undelegated(d diag.Diagnostic) diag.Diagnostic {
	d.Severity = diag.Error
	d.Message += "; in other instances the value comes from Git, so it is not left to kro"
	d.Hint = "provide the object with --observed FILE, or write the field out in the template that is read, so that every instance has it from Git"
	return d
}
