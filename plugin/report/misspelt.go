package report

import (
	"strings"

	"github.com/krowave/krowave/render/diag"
)

// misspelt finds the keys of objects that are most likely misspelt, by the object
// and the path that is meant: what lacks there follows from the spelling.
func misspelt(list diag.List) map[[2]string]int {
	out := map[[2]string]int{}
	for n, d := range list {
		if d.Rule != unknownField || d.Object == "" || d.Fix == nil || len(d.Fix.Edits) != 1 {
			continue
		}
		above := d.Path[:strings.LastIndex(d.Path, ".")+1]
		key := [2]string{nameOf(d.Object), above + d.Fix.Edits[0].Text}
		if _, known := out[key]; !known {
			out[key] = n
		}
	}
	return out
}

const unknownField = "unknown-field"

// nameOf is a title without the namespace, which not every finding knows.
func nameOf(title string) string {
	kind, name, _ := strings.Cut(title, " ")
	return kind + " " + name[strings.LastIndex(name, "/")+1:]
}

// lacking is the path of what a finding says is not there.
func lacking(d diag.Diagnostic) (string, bool) {
	switch {
	case strings.HasPrefix(d.Message, "a value is required"):
		return d.Path, d.Path != ""
	case d.Rule == "never-set":
		_, rest, _ := strings.Cut(d.Message, " waits for schema.")
		path, _, ok := strings.Cut(rest, ", which nothing sets")
		return path, ok
	}
	return "", false
}

// misspeltAt is the misspelt key because of which something lacks.
func (f *causes) misspeltAt(d diag.Diagnostic) (int, bool) {
	path, ok := lacking(d)
	if !ok || len(f.misspelt) == 0 {
		return 0, false
	}
	for path != "" {
		if n, ok := f.misspelt[[2]string{nameOf(d.Object), path}]; ok {
			return n, true
		}
		path = path[:max(0, strings.LastIndex(path, "."))]
	}
	return 0, false
}
