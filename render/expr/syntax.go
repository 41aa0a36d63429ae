package expr

import (
	"regexp"
	"strings"
)

var (
	expecting = regexp.MustCompile(` expecting \{.*\}$`)
	absent    = regexp.MustCompile(`^Syntax error: missing '([\])}])' at `)
	stray     = regexp.MustCompile(`^Syntax error: (?:mismatched|extraneous) input '(and|or|not|is|eq|ne|then|else|if)'`)
)

// inCEL are words of other languages.
var inCEL = map[string]string{"and": "&&", "or": "||", "not": "!", "is": "==", "eq": "==", "ne": "!=", "then": "condition ? a : b", "else": "condition ? a : b", "if": "condition ? a : b"}

// syntaxError words what the parser says of a source, and says how to write what
// was meant where that is known.
func syntaxError(source, message string, offset int) (text, hint string) {
	rest := source[min(offset, len(source)):]
	switch m := stray.FindStringSubmatch(message); {
	case strings.TrimSpace(source) == "":
		return "the expression is empty", ""
	case m != nil:
		return "CEL has no word " + m[1], "write " + inCEL[m[1]]
	case strings.HasPrefix(message, "Syntax error: token recognition error at: '=") && strings.HasPrefix(rest, "="):
		return "CEL has no operator =", "compare with =="
	case strings.HasPrefix(message, "Syntax error: token recognition error at: '&"):
		return "CEL has no operator &", "write &&"
	case strings.HasPrefix(message, "Syntax error: token recognition error at: '|"):
		return "CEL has no operator |", "write ||"
	case strings.HasPrefix(message, "Syntax error: token recognition error at: '$"):
		return "CEL has no character $", "an expression stands without ${ } here"
	}
	if m := absent.FindStringSubmatch(message); m != nil {
		return "a " + m[1] + " is missing", ""
	}
	return expecting.ReplaceAllString(message, ""), ""
}
