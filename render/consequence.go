package render

import (
	"context"
	"fmt"
	"slices"
	"strings"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/outline"
)

// withoutConsequences leaves out that nothing defines a kind when a file that
// cannot be read names the kind: that file is the cause, and is reported.
func withoutConsequences(found diag.List, in Input) diag.List {
	broken := map[string]bool{}
	for _, d := range found {
		if d.Severity == diag.Error && strings.HasPrefix(d.Rule, "yaml-") {
			broken[d.Pos.File] = true
		}
	}
	if len(broken) == 0 {
		return found
	}
	kinds := map[string]bool{}
	for _, files := range [][]manifest.File{in.Files, in.Definitions, in.CRDs} {
		for _, f := range files {
			if !broken[f.Name] {
				continue
			}
			for _, kind := range outline.NamedKinds(f.Data) {
				kinds[kind] = true
			}
		}
	}
	return slices.DeleteFunc(found, func(d diag.Diagnostic) bool {
		return d.Missing != "" && !broken[d.Pos.File] && kinds[k8sschema.ParseGroupKind(d.Missing).Kind]
	})
}

// located adds to errors about unknown kinds where their CRDs are.
func located(ctx context.Context, found diag.List, in Input) (diag.List, error) {
	var kinds []string
	for _, d := range found {
		if d.Rule == "unknown-kind" && d.Severity == diag.Error && d.Missing != "" && !slices.Contains(kinds, d.Missing) {
			kinds = append(kinds, d.Missing)
		}
	}
	if len(kinds) == 0 || in.Locate == nil {
		return found, nil
	}
	hints, err := in.Locate(ctx, kinds)
	if err != nil {
		return nil, fmt.Errorf("looking for the CRDs of unknown kinds: %w", err)
	}
	out := slices.Clone(found)
	for i := range out {
		if hint := hints[out[i].Missing]; hint != "" && out[i].Rule == "unknown-kind" {
			out[i].Hint = hint
		}
	}
	return out, nil
}
