package check

import (
	"slices"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/diag"
)

// withoutWrongFixes takes from a patch without a target the advice to follow a
// resource whose own kind is wrong: nothing defines it, and that is what is to be
// corrected.
func withoutWrongFixes(found diag.List) diag.List {
	undefined := map[string]diag.Position{}
	for _, d := range found {
		if d.Rule == "unknown-instance" && d.Severity == diag.Error {
			kind := k8sschema.ParseGroupKind(d.Missing).Kind
			if _, known := undefined[kind]; !known {
				undefined[kind] = d.Pos
			}
		}
	}
	out := slices.Clone(found)
	for i, d := range out {
		if at, ok := undefined[d.Missing]; ok && d.Rule == "kustomize-target" {
			out[i] = d.With(diag.Remedy{Hint: "the kind of the resource is wrong, at " + at.String()})
		}
	}
	return out
}
