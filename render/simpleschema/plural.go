package simpleschema

import (
	"slices"
	"strings"
	"sync"
)

// Plural returns the plural that kro gives a kind: that of
// github.com/gobuffalo/flect, quirks included. The library itself is not linked:
// its init makes 5 MB of garbage in every process, and reads files of the working
// directory that change plurals. TestPluralEqualsFlect holds this to it.
func Plural(kind string) string {
	t, s := plurals(), strings.ToLower(kind)
	if p, ok := t.words[s]; ok {
		return p
	}
	if s == "" || t.plural[s] {
		return s
	}
	if upper := strings.ToUpper(s); t.acronyms[upper] {
		if p, ok := t.end(upper); ok {
			return s + p
		}
	} else if p, ok := t.end(s); ok {
		return p
	}
	if strings.HasSuffix(s, "s") {
		return s
	}
	return s + "s"
}

// pluralTable is the tables in the form that they are looked up in.
type pluralTable struct {
	words    map[string]string
	plural   map[string]bool // words that are plurals
	ends     [][2]string     // of words and of their plurals
	acronyms map[string]bool
}

// end replaces the first end that s has. One that is that of a plural stays.
func (t *pluralTable) end(s string) (string, bool) {
	for _, e := range t.ends {
		if strings.HasSuffix(s, e[1]) {
			return s, true
		}
		if before, ok := strings.CutSuffix(s, e[0]); ok {
			return before + e[1], true
		}
	}
	return "", false
}

var plurals = sync.OnceValue(func() *pluralTable {
	t := &pluralTable{words: map[string]string{}, plural: map[string]bool{}, acronyms: map[string]bool{}}
	for _, entry := range entries(pluralWords) {
		word, part := strings.CutPrefix(entry[0], "=")
		t.words[word] = entry[1]
		if !part {
			t.ends = append(t.ends, [2]string{word, entry[1]})
		}
		if len(entry) == 3 && entry[2] == "-" {
			continue
		}
		for _, p := range entry[1:] {
			t.plural[p] = true
		}
	}
	slices.Reverse(t.ends)
	for _, entry := range entries(pluralEnds) {
		t.ends = append(t.ends, [2]string{entry[0], entry[1]})
	}
	for _, a := range strings.Fields(acronyms) {
		t.acronyms[a] = true
	}
	return t
})

// entries reads a table.
func entries(table string) [][]string {
	var out [][]string
	for entry := range strings.FieldsFuncSeq(table, func(r rune) bool { return r == ',' || r == '\n' }) {
		out = append(out, strings.Fields(entry))
	}
	return out
}
