package check

import (
	"slices"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
)

// elsewhere says of each verdict that depends on the policy for runtime values
// what is different under the others. What no cluster sets is a mistake under
// every policy, also where a render leaves it out.
func elsewhere(found diag.List, runtime render.Runtime) diag.List {
	out := slices.Clone(found)
	for i := range out {
		d := &out[i]
		switch more := ""; d.Rule {
		case "never-set":
			if d.Severity = diag.Error; runtime.LeavesOut() {
				more = "render --runtime=withhold leaves the node out, and every other policy refuses it"
			} else {
				more = "only --runtime=withhold renders the instance, without the node"
			}
			d.Hint = joined(d.Hint, more)
		case "runtime-value", "delegate":
			if d.Severity == diag.Info {
				d.Hint = joined(d.Hint, "with --runtime=fail, the default, this is an error")
			}
		case "runtime-fallback":
			if d.Severity == diag.Info {
				d.Hint = joined(d.Hint, "with --runtime=fail, the default, this is a warning")
			}
		}
	}
	return out
}

func joined(hint, more string) string {
	if hint == "" {
		return more
	}
	return hint + "; " + more
}
