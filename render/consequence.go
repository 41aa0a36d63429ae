package render

import (
	"regexp"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
)

var (
	namedKind   = regexp.MustCompile(`(?m)\bkind:\s*["']?([A-Za-z0-9]+)`)
	missingKind = regexp.MustCompile(`^(?:nothing defines|no schema for) \S+ ([A-Za-z0-9]+)`)
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
			for _, m := range namedKind.FindAllSubmatch(f.Data, -1) {
				kinds[string(m[1])] = true
			}
		}
	}
	return slices.DeleteFunc(found, func(d diag.Diagnostic) bool {
		if d.Rule != "unknown-instance" && d.Rule != "unknown-kind" || broken[d.Pos.File] {
			return false
		}
		m := missingKind.FindStringSubmatch(d.Message)
		return m != nil && kinds[m[1]]
	})
}
