package affected

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/manifest"
)

// mentions reports whether a text can hold an object of one of some kinds, given
// in lower case. It errs on the side of yes.
func mentions(text []byte, kinds map[string]bool) bool {
	found := false
	eachMention(text, kinds, func(string) bool {
		found = true
		return false
	})
	return found
}

// eachMention calls visit with the kinds that a text can hold an object of, until
// it returns false. A kind is one word in YAML and JSON alike, however it is
// quoted, unless it is written with escapes: then all are visited.
func eachMention(text []byte, kinds map[string]bool, visit func(kind string) bool) {
	if len(kinds) == 0 {
		return
	}
	if opaque(text) {
		for kind := range kinds {
			if !visit(kind) {
				return
			}
		}
		return
	}
	var word [maxKind]byte
	for i := 0; i < len(text); {
		n := 0
		for ; i < len(text) && isWord(text[i]); i++ {
			if n < maxKind {
				c := text[i]
				if 'A' <= c && c <= 'Z' {
					c += 'a' - 'A'
				}
				word[n] = c
			}
			n++
		}
		if n == 0 {
			i++
			continue
		}
		if n <= maxKind && kinds[string(word[:n])] && !visit(string(word[:n])) {
			return
		}
	}
}

// maxKind is the length of the longest kind, a label of RFC 1123 (S1.4).
const maxKind = 63

func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-'
}

// opaque reports whether a text may say a kind other than in plain letters: by
// an escape, in another encoding than UTF-8, or by one of the two letters beyond
// ASCII that are the same as one within when case does not count.
func opaque(text []byte) bool {
	return bytes.IndexByte(text, 0) >= 0 || bytes.Contains(text, []byte("\u212a")) || bytes.Contains(text, []byte("\u017f")) ||
		escapedLetter.Match(text)
}

// escapedLetter matches an escape of a letter, digit or line end in double
// quotes: \x57, \u0057, \U00000057, and a backslash before the end of a line.
var escapedLetter = regexp.MustCompile(`\\(x[0-9A-Fa-f]|u[0-9A-Fa-f]|U[0-9A-Fa-f]|[ \t]*\r?\n|[ \t]*\r)`)

// identities returns the identities of a file's objects as written.
func identities(f *file, limits manifest.Limits) []render.Identity {
	if id, ok := plainIdentity(string(f.text)); ok {
		return []render.Identity{id}
	}
	var out []render.Identity
	docs, _ := f.Read(limits)
	for _, d := range docs {
		out = append(out, render.IdentityOf(d.Object))
	}
	return out
}

// plainIdentity reads the identity of a file with one object as people write it,
// without decoding the rest. It gives up at anything else.
func plainIdentity(text string) (render.Identity, bool) {
	var p plainReader
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if text := strings.TrimSpace(line); text == "" || text[0] == '#' {
			continue
		}
		if !p.line(line) {
			return render.Identity{}, false
		}
	}
	return p.id, p.id.APIVersion != "" && p.id.Kind != "" && p.id.Name != ""
}

type plainReader struct {
	id       render.Identity
	metadata bool // inside of it
	indent   int  // of its keys, once the first is read
	scalar   bool // the key above has a value, which nothing may go on with
}

// plainLine is a line of a mapping: indentation, key and value.
var plainLine = regexp.MustCompile(`^( *)([A-Za-z]+):(?: +([A-Za-z][A-Za-z0-9./-]*))?$`)

func (p *plainReader) line(line string) bool {
	depth := len(line) - len(strings.TrimLeft(line, " "))
	inside := depth > 0 && (!p.metadata || p.indent > 0 && depth > p.indent)
	if inside {
		return !p.scalar
	}
	m := plainLine.FindStringSubmatch(line)
	if m == nil || depth > 0 && p.indent > 0 && depth != p.indent || notText[strings.ToLower(m[3])] {
		return false
	}
	key, value := m[2], m[3]
	p.scalar = value != ""
	if depth > 0 {
		p.indent = depth
		switch key {
		case "name":
			return set(&p.id.Name, value)
		case "namespace":
			return set(&p.id.Namespace, value)
		}
		return true
	}
	p.metadata, p.indent = key == "metadata", 0
	switch key {
	case "apiVersion":
		return set(&p.id.APIVersion, value)
	case "kind":
		return set(&p.id.Kind, value)
	case "metadata":
		return value == "" && p.id.Name == "" && p.id.Namespace == ""
	case "items":
		return false // of a List
	}
	return true
}

// notText are plain scalars that are not strings.
var notText = map[string]bool{"true": true, "false": true, "null": true, "yes": true, "no": true, "on": true, "off": true, "y": true, "n": true}

func set(to *string, value string) bool {
	if value == "" || *to != "" {
		return false
	}
	*to = value
	return true
}
