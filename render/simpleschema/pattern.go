package simpleschema

import (
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/krowave/krowave/render/diag"
)

// sampleString makes a string that satisfies pattern and length, readable
// where that is possible. Nothing known fits a contradictory schema; the best
// guess is returned then.
func sampleString(path diag.Path, schema *apiextensionsv1.JSONSchemaProps, variant int) string {
	base := wordFor(path)
	if variant > 0 {
		base += "-" + strconv.Itoa(variant+1)
	}
	low, high := int64(0), int64(maxSampleString)
	if schema.MinLength != nil {
		low = min(max(0, *schema.MinLength), maxSampleString)
	}
	if schema.MaxLength != nil {
		high = min(max(0, *schema.MaxLength), maxSampleString)
	}
	fitted := fit(base, int(low), int(high))
	if schema.Pattern == "" {
		return fitted
	}
	re, err := regexp.Compile(schema.Pattern)
	if err != nil {
		return fitted
	}
	ok := func(s string) bool {
		n := int64(utf8.RuneCountInString(s))
		return n >= low && n <= high && re.MatchString(s)
	}
	for _, s := range append([]string{base, fitted}, readable(variant)...) {
		if ok(s) {
			return s
		}
	}
	if s, found := fromPattern(schema.Pattern, int(low), variant, ok); found {
		return s
	}
	return fitted
}

// wordFor turns the field's name into a DNS label, since many a field ends up
// in an object's name.
func wordFor(path diag.Path) string {
	name := "example"
	for i, step := range path {
		// The made-up key of a map entry says less than the map's name.
		if s, ok := step.(string); ok && (s != sampleKey || i < 2) {
			name = s
		}
	}
	word := strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return unicode.ToLower(r)
		}
		return '-'
	}, name), "-")
	switch {
	case word == "":
		return "example"
	case word[0] <= '9':
		word = "x" + word
	}
	return strings.TrimRight(word[:min(len(word), 63)], "-")
}

// fit stretches or cuts an ASCII word to the allowed length. The end is kept
// when cutting, since that is where variants differ.
func fit(word string, low, high int) string {
	if len(word) > high {
		return strings.TrimLeft(word[len(word)-high:], "-")
	}
	if len(word) < low {
		return strings.Repeat(word[:1], low-len(word)) + word
	}
	return word
}

// readable lists values of common formats, tried before one is made up. A
// further variant has those only that differ from the first one's.
func readable(variant int) []string {
	first := formats(1)
	if variant == 0 {
		return first
	}
	n := strconv.Itoa(variant + 1)
	out := []string{"example" + n, "example-" + n, "example" + n + ".com", "user" + n + "@example.com", "https://example" + n + ".com"}
	for i, s := range formats(variant + 1) {
		if s != first[i] {
			out = append(out, s)
		}
	}
	return out
}

func formats(number int) []string {
	n := strconv.Itoa(number)
	return []string{
		"example", "my-example", n, n + "0", n + ".0", n + ".0.0", "v" + n, "v" + n + ".0.0", n + "Gi", n + "Mi", n + "00m", n + "0s", n + "h",
		"10." + n + ".0.0", "10." + n + ".0.0/16", "10." + n + ".0.0/24", "us-east-1", "us-east-1a", "2024-01-0" + n,
		"example.com", "www.example.com", "user@example.com", "https://example.com", "https://example.com/example",
		"/example", "example/example", "example.com/example:" + n + ".0.0", "arn:aws:iam::123456789012:role/example",
		"123456789012", "00000000-0000-4000-8000-00000000000" + n, "0 0 * * *", "Example", "EXAMPLE", "ex",
	}
}

// fromPattern makes strings from the pattern's syntax tree, shorter ones first,
// until one is accepted.
func fromPattern(pattern string, low, variant int, ok func(string) bool) (string, bool) {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return "", false
	}
	for _, grow := range growths(low) {
		for branch := range 4 {
			g := &generator{grow: grow, branch: branch + variant, variant: variant}
			g.write(tree)
			for _, s := range extended(g.out.String(), low, variant) {
				if s != "" && ok(s) {
					return s, true
				}
			}
		}
	}
	return "", ok("")
}

// extended lists a string and longer ones, which match too where the pattern
// has no anchor at the end.
func extended(made string, low, variant int) []string {
	missing := low - utf8.RuneCountInString(made)
	list := []string{
		made, made + strings.Repeat("a", max(0, missing)), made + "-" + strings.Repeat("a", max(0, missing-1)),
	}
	if variant == 0 {
		return list
	}
	for i, s := range list {
		list[i] = s + "-" + strconv.Itoa(variant+1)
	}
	return append(list, made)
}

// growths lists how many extra repetitions to try.
func growths(low int) []int {
	list := []int{0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64}
	for n := max(low-8, 65); n <= low; n++ {
		list = append(list, n)
	}
	return list
}

// generator writes one string of a pattern's language, assertions aside.
type generator struct {
	grow    int // extra repetitions of what may repeat
	branch  int // which alternative to take
	variant int // which character to take from a class
	out     strings.Builder
}

func (g *generator) write(re *syntax.Regexp) {
	if g.out.Len() > maxSampleString {
		return
	}
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if re.Flags&syntax.FoldCase != 0 {
				r = unicode.ToLower(r)
			}
			g.out.WriteRune(r)
		}
	case syntax.OpCharClass:
		g.out.WriteRune(pick(re.Rune, g.variant))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		g.out.WriteRune(rune('a' + g.variant%26))
	case syntax.OpCapture, syntax.OpConcat:
		for _, sub := range re.Sub {
			g.write(sub)
		}
	case syntax.OpAlternate:
		g.write(re.Sub[g.branch%len(re.Sub)])
	case syntax.OpStar:
		g.repeat(re.Sub[0], 0, -1)
	case syntax.OpPlus:
		g.repeat(re.Sub[0], 1, -1)
	case syntax.OpQuest:
		g.repeat(re.Sub[0], 0, 1)
	case syntax.OpRepeat:
		g.repeat(re.Sub[0], re.Min, re.Max)
	}
}

func (g *generator) repeat(re *syntax.Regexp, low, high int) {
	times := low + g.grow
	if high >= 0 {
		times = min(times, high)
	}
	for range times {
		before := g.out.Len()
		g.write(re)
		if g.out.Len() == before || before > maxSampleString {
			return
		}
	}
}

// pick takes a readable character of a class, given as pairs of bounds.
func pick(ranges []rune, variant int) rune {
	var found []rune
	for _, r := range "abcdefghijklmnopqrstuvwxyz123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ0-_./: " {
		if inRanges(ranges, r) {
			found = append(found, r)
		}
	}
	if len(found) > 0 {
		return found[variant%len(found)]
	}
	if len(ranges) == 0 {
		return 'a'
	}
	return ranges[0]
}

func inRanges(ranges []rune, r rune) bool {
	for i := 0; i+1 < len(ranges); i += 2 {
		if ranges[i] <= r && r <= ranges[i+1] {
			return true
		}
	}
	return false
}
