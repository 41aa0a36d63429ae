package simpleschema

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/krowave/krowave/render/diag"
)

// marker is one name=value after the "|" of a field.
type marker struct {
	name   string
	value  string // unquoted
	raw    string // as written
	offset int    // of the name in the field's text
	at     int    // of the value, after its opening quote
}

// Marker describes a marker for somebody who writes one.
type Marker struct {
	Name  string
	Form  string // how it is written
	About string
}

// Markers lists every marker (S2.4).
func Markers() []Marker {
	return []Marker{
		{"required", "required=true", "an instance has to set the field"},
		{"default", "default=VALUE", "the value of an instance that does not set the field"},
		{"description", `description="TEXT"`, "what the field is for"},
		{"minimum", "minimum=NUMBER", "the smallest number"},
		{"maximum", "maximum=NUMBER", "the largest number"},
		{"enum", `enum="A,B"`, "the only values"},
		{"pattern", `pattern="REGEXP"`, "a regular expression that the value matches"},
		{"minLength", "minLength=NUMBER", "the fewest characters"},
		{"maxLength", "maxLength=NUMBER", "the most characters"},
		{"minItems", "minItems=NUMBER", "the fewest items"},
		{"maxItems", "maxItems=NUMBER", "the most items"},
		{"uniqueItems", "uniqueItems=true", "no item is there twice"},
		{"listType", "listType=atomic|set|map", "how the API server merges the list"},
		{"listMapKey", "listMapKey=FIELD", "the key of the items of a list of the type map"},
		{"validation", `validation="CEL"`, "a rule over self"},
		{"immutable", "immutable=true", "the value cannot change"},
	}
}

// markerNames lists the names of all markers.
func markerNames() []string {
	all := Markers()
	names := make([]string, len(all))
	for i, m := range all {
		names[i] = m.Name
	}
	return names
}

// parseMarkers reads the markers of a field from byte start on (S2.3).
func parseMarkers(text string, start int) ([]marker, []Problem) {
	s := &markerScanner{text: text, token: token{offset: -1}}
	for i, r := range text[start:] {
		s.step(start+i, r)
	}
	s.finish(start)
	return s.markers, s.problems
}

// token is the text collected since the last marker ended, or since its "=".
type token struct {
	text   strings.Builder
	offset int   // of its first character, -1 when empty
	gaps   []int // lengths of text at which white space was dropped
}

// markerScanner walks the markers character by character. White space ends a
// value; before a "=" it is dropped, so that "a b=1" names the marker "ab".
type markerScanner struct {
	text     string
	markers  []marker
	problems []Problem

	token    token
	current  *marker // the marker whose value is being read
	quote    int     // offset of the open quote, when inQuotes
	inQuotes bool
	escaped  bool
	brackets []int // offsets of the open brackets
}

func (s *markerScanner) step(offset int, r rune) {
	switch {
	case s.inQuotes && s.escaped:
		s.escaped = false
	case r == '"':
		s.inQuotes = !s.inQuotes
		s.quote = offset
	case s.inQuotes:
		s.escaped = r == '\\'
	case r == '=' && s.current == nil && len(s.brackets) == 0:
		s.endName(offset)
		return
	case r == '{' || r == '[':
		s.brackets = append(s.brackets, offset)
	case r == '}' || r == ']':
		if len(s.brackets) == 0 {
			s.problem(offset, fmt.Sprintf("closing %q has no opening bracket", r), "put the value in double quotes")
			break
		}
		s.brackets = s.brackets[:len(s.brackets)-1]
	case unicode.IsSpace(r) && len(s.brackets) == 0:
		s.space()
		return
	}
	if s.token.offset < 0 {
		s.token.offset = offset
	}
	s.token.text.WriteRune(r)
}

func (s *markerScanner) space() {
	if s.current != nil {
		s.endValue()
		return
	}
	if n := s.token.text.Len(); n > 0 {
		s.token.gaps = append(s.token.gaps, n)
	}
}

// endName starts a marker at its "=".
func (s *markerScanner) endName(equals int) {
	tok := s.token
	s.token = token{offset: -1}
	name := strings.TrimSpace(tok.text.String())
	s.current = &marker{name: name, offset: tok.offset, at: equals + 1}
	switch {
	case name == "":
		s.current.offset = equals
		s.problem(equals, `a marker name is required before "="`, "")
	case !slices.Contains(markerNames(), name):
		s.unknownMarker(tok, name)
	}
}

// endValue finishes the current marker.
func (s *markerScanner) endValue() {
	m := s.current
	m.raw = s.token.text.String()
	if s.token.offset >= 0 {
		m.at = s.token.offset
	}
	m.value = strings.TrimSpace(m.raw)
	// The quotes count also where a value only begins and ends with one.
	if len(m.raw) >= 2 && m.raw[0] == '"' && m.raw[len(m.raw)-1] == '"' {
		m.value = unescape(m.raw[1 : len(m.raw)-1])
		m.at++
	}
	s.markers = append(s.markers, *m)
	s.current = nil
	s.token = token{offset: -1}
}

// finish ends the last marker and reports what is left open.
func (s *markerScanner) finish(start int) {
	switch {
	case s.inQuotes:
		s.problem(s.quote, "double quote is not closed", `write \" for a quote inside a quoted value`)
	case len(s.brackets) > 0:
		open := s.brackets[len(s.brackets)-1]
		s.problem(open, fmt.Sprintf("%q is not closed", s.text[open]), "")
	case s.current != nil:
		s.endValue()
	case s.token.offset >= 0:
		s.leftover()
	case len(s.markers) == 0:
		s.problem(start-1, `no marker follows "|"`, `remove the "|"`)
	default:
		end := len(strings.TrimRightFunc(s.text, unicode.IsSpace))
		s.problem(end, "white space follows the last marker", "remove it")
	}
}

// leftover reports text at the end that has no "=".
func (s *markerScanner) leftover() {
	word := s.token.text.String()
	if len(s.token.gaps) > 0 {
		word = word[:s.token.gaps[0]]
	}
	hint := s.stray(word)
	if hint == "" && slices.Contains(markerNames(), word) {
		hint = fmt.Sprintf("write %s=true", word)
		if word != "required" && word != "immutable" && word != "uniqueItems" {
			hint = fmt.Sprintf("write %s=VALUE", word)
		}
	}
	if strings.HasPrefix(word, "|") {
		hint = `a field has one "|"; separate markers with spaces`
	}
	s.problem(s.token.offset, fmt.Sprintf(`marker %q has no "=" and value`, word), hint)
}

// unknownMarker reports a name that is not a marker, and lets reading go on
// with the marker that was meant.
func (s *markerScanner) unknownMarker(tok token, name string) {
	full := tok.text.String()
	last := full
	if n := len(tok.gaps); n > 0 {
		last = full[tok.gaps[n-1]:]
	}
	meant := strings.TrimLeft(last, "|,")
	if slices.Contains(markerNames(), meant) {
		s.current.name = meant
	}
	switch {
	case full[0] == '|':
		s.problem(tok.offset, `a field has one "|"`, "separate markers with spaces")
	case full[0] == ',':
		s.problem(tok.offset, "markers are separated by spaces, not commas", "")
	case len(tok.gaps) > 0:
		hint := s.stray(full[:tok.gaps[0]])
		if hint == "" {
			hint = "write markers as name=value, separated by spaces"
		}
		s.problem(tok.offset, fmt.Sprintf(`marker %q has no "=" and value`, full[:tok.gaps[0]]), hint)
	default:
		s.problem(tok.offset, fmt.Sprintf("unknown marker %q", name), markerHint(name))
		s.problems[len(s.problems)-1].Fix = oneWord(name, markerHint(name))
	}
}

// stray says how a word came to stand outside the value before it, and drops
// that value, which was cut off there.
func (s *markerScanner) stray(word string) string {
	if len(s.markers) == 0 || slices.Contains(markerNames(), word) {
		return ""
	}
	prev := s.markers[len(s.markers)-1]
	hint := ""
	switch {
	case prev.raw == "":
		hint = fmt.Sprintf(`write %s=%s without spaces around "="`, prev.name, word)
	case prev.raw[0] == '\'':
		hint = fmt.Sprintf(`single quotes do not quote; write %s="..."`, prev.name)
	case prev.raw[0] != '"' && prev.raw != "true" && prev.raw != "false":
		hint = fmt.Sprintf(`put a value with spaces in double quotes: %s="..."`, prev.name)
	default:
		return ""
	}
	s.markers = s.markers[:len(s.markers)-1]
	return hint
}

func (s *markerScanner) problem(offset int, message, hint string) {
	switch n := len(s.problems); {
	case n == maxProblems:
		message, hint = "there are more mistakes in these markers", "correct those above first"
	case n > maxProblems:
		return
	}
	s.problems = append(s.problems, Problem{Offset: offset, Rule: RuleMarker, Message: message, Hint: hint})
}

// maxProblems is how many mistakes in one field's markers are told apart.
const maxProblems = 20

// markerHint guesses what was meant by a marker name from elsewhere.
func markerHint(name string) string {
	switch strings.ToLower(name) {
	case "min", "minvalue":
		return "write minimum"
	case "max", "maxvalue":
		return "write maximum"
	case "regex", "regexp":
		return "write pattern"
	case "desc", "doc", "comment":
		return "write description"
	case "optional", "nullable":
		return "fields are optional unless required=true; remove it"
	case "unique":
		return "write uniqueItems"
	case "readonly":
		return "write immutable"
	case "values", "options", "oneof":
		return "write enum"
	}
	if near := diag.Closest(name, markerNames()); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "markers are " + strings.Join(markerNames(), ", ")
}

// oneWord is the edit of a hint that says which one word to write in place of another.
func oneWord(old, hint string) *diag.Fix {
	m := hintedWord.FindStringSubmatch(hint)
	if m == nil {
		return nil
	}
	return diag.Replace(old, cmp.Or(m[1], m[2]))
}

var hintedWord = regexp.MustCompile(`^(?:write ((?:\[\])?\w+)|did you mean "(\w+)"\?)$`)

// unescape undoes \" and \\ inside a quoted value; any other backslash stays,
// so that regular expressions need no second one.
func unescape(s string) string {
	var b strings.Builder
	escaped := false
	for _, r := range s {
		if r == '\\' && !escaped {
			escaped = true
			continue
		}
		if escaped && r != '"' && r != '\\' {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
		escaped = false
	}
	return b.String()
}
