package trace

import (
	"strconv"
	"strings"

	"github.com/krowave/krowave/render/diag"
)

// step reads the next step of a field's path as it leads into v: .key, ["key"],
// [0], or [name] of a list whose items have names. Keys may hold dots: the
// longest that is there wins. ok is false when v has no such step; the step is
// then what the text says.
func step(text string, v any) (next any, rest string, ok bool) {
	if strings.HasPrefix(text, "[") {
		if len(text) > 1 && (text[1] == '"' || text[1] == '\'') {
			key, rest, closed := strings.Cut(text[2:], text[1:2]+"]")
			m, _ := v.(map[string]any)
			_, ok = m[key]
			return key, rest, ok && closed
		}
		inner, rest, closed := strings.Cut(text[1:], "]")
		l, _ := v.([]any)
		if n, err := strconv.Atoi(inner); err == nil {
			return n, rest, closed && n >= 0 && n < len(l)
		}
		for i, e := range l {
			if m, _ := e.(map[string]any); m["name"] == inner {
				return i, rest, closed
			}
		}
		return inner, rest, false
	}
	text = strings.TrimPrefix(text, ".")
	best := ""
	m, _ := v.(map[string]any)
	for key := range m {
		if len(key) > len(best) && strings.HasPrefix(text, key) && ends(text[len(key):]) {
			best = key
		}
	}
	if best != "" {
		return best, text[len(best):], true
	}
	end := strings.IndexAny(text, ".[")
	if end < 0 {
		end = len(text)
	}
	return text[:end], text[end:], false
}

// ends reports whether a name may end where rest begins.
func ends(rest string) bool { return rest == "" || rest[0] == '.' || rest[0] == '[' }

// parsePath reads a field's path. found is how many of its steps lead to
// something in v.
func parsePath(text string, v any) (path diag.Path, found int) {
	for text != "" && text != "." {
		next, rest, ok := step(text, v)
		path = append(path, next)
		if ok && found == len(path)-1 {
			v, _ = diag.Path{next}.In(v)
			found++
		} else {
			v = nil
		}
		if len(rest) >= len(text) {
			break
		}
		text = rest
	}
	return path, found
}
