package graph

import (
	"strconv"
	"strings"

	"github.com/krowave/krowave/render/diag"
)

// kroSteps returns path as kro reads it back from its text, or nil when kro
// cannot (S3.5). The two differ for keys that hold brackets or, beside a dot, a
// quote: kro then writes to another place or fails, and so must we.
func kroSteps(path diag.Path) diag.Path {
	text := path.String()
	if !strings.ContainsAny(text, `["`) {
		return path
	}
	steps := diag.Path{}
	for text != "" {
		var ok bool
		if steps, text, ok = kroStep(steps, text); !ok {
			return nil
		}
	}
	return steps
}

// kroStep reads a field, quoted or not, an index after it, and a dot.
func kroStep(steps diag.Path, text string) (diag.Path, string, bool) {
	switch {
	case strings.HasPrefix(text, `["`):
		name, rest, ok := strings.Cut(text[2:], `"`)
		if !ok || !strings.HasPrefix(rest, "]") {
			return nil, "", false
		}
		steps, text = append(steps, name), rest[1:]
	case text[0] != '[':
		end := strings.IndexAny(text, ".[")
		if end < 0 {
			end = len(text)
		}
		if end == 0 {
			return nil, "", false
		}
		steps, text = append(steps, text[:end]), text[end:]
	}
	if strings.HasPrefix(text, "[") && !strings.HasPrefix(text, `["`) {
		digits, rest, ok := strings.Cut(text[1:], "]")
		n, err := strconv.Atoi(digits)
		if !ok || err != nil {
			return nil, "", false
		}
		text = rest
		if n >= 0 {
			steps = append(steps, n)
		} else {
			steps = append(steps, "")
		}
	}
	return steps, strings.TrimPrefix(text, "."), true
}
