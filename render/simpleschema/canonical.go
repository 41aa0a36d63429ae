package simpleschema

import (
	"cmp"
	"slices"
	"strings"
)

// Canonical returns the text of a field with one space around "|" and between
// markers, and the markers in the order of markerNames. What has a problem is
// returned as it is.
func Canonical(text string) string {
	typ, _, marked := strings.Cut(text, "|")
	if typ = strings.TrimSpace(typ); typ == "" {
		return text
	}
	if !marked {
		return typ
	}
	markers, problems := parseMarkers(text, strings.Index(text, "|")+1)
	if len(problems) > 0 || len(markers) == 0 {
		return text
	}
	names := markerNames()
	slices.SortStableFunc(markers, func(a, b marker) int { return cmp.Compare(slices.Index(names, a.name), slices.Index(names, b.name)) })
	out := typ + " |"
	for _, m := range markers {
		out += " " + m.name + "=" + strings.TrimSpace(m.raw)
	}
	return out
}
