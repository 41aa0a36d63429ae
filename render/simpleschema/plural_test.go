package simpleschema

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gobuffalo/flect"
)

// TestPluralEqualsFlect compares with the library that kro takes plurals from:
// every word and end of the tables, alone, behind other letters and with letters
// behind them, and words made at random.
func TestPluralEqualsFlect(t *testing.T) {
	var parts []string
	for _, table := range []string{pluralWords, pluralEnds, strings.ReplaceAll(acronyms, " ", ",")} {
		for _, entry := range entries(table) {
			for _, word := range entry {
				if word != "-" {
					parts = append(parts, strings.TrimPrefix(word, "="))
				}
			}
		}
	}
	kinds := slices.Clone(parts)
	for _, part := range parts {
		for _, before := range []string{"a", "q", "web", "o", "s", "Gitrepo", "x9"} {
			kinds = append(kinds, before+part, part+before)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 50_000 {
		kinds = append(kinds, parts[r.IntN(len(parts))]+parts[r.IntN(len(parts))])
		word := make([]byte, 1+r.IntN(9))
		for i := range word {
			word[i] = "aeiousxyzhfmntlrc1"[r.IntN(18)]
		}
		kinds = append(kinds, string(word))
	}
	for _, kind := range append(kinds, "") {
		if got, want := Plural(kind), flect.Pluralize(strings.ToLower(kind)); got != want {
			t.Errorf("Plural(%q) = %q, and flect gives %q", kind, got, want)
		}
	}
}
