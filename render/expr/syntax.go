package expr

import (
	"regexp"
	"strings"

	"github.com/krowave/krowave/render/diag"
)

var (
	expecting = regexp.MustCompile(` expecting \{.*\}$`)
	absent    = regexp.MustCompile(`^Syntax error: missing '([\])}])' at `)
	stray     = regexp.MustCompile(`^Syntax error: (?:mismatched|extraneous) input '(and|or|not|is|eq|ne|then|else|if)'`)
)

// inCEL are words of other languages.
var inCEL = map[string]string{"and": "&&", "or": "||", "not": "!", "is": "==", "eq": "==", "ne": "!=", "then": "condition ? a : b", "else": "condition ? a : b", "if": "condition ? a : b"}

// Syntax words what CEL says of a source, for who compiles it elsewhere.
func Syntax(source, message string) (string, diag.Remedy) {
	offset := len(source)
	if quote, ok := strings.CutPrefix(message, "Syntax error: token recognition error at: '"); ok {
		offset = max(0, strings.Index(source, strings.TrimSuffix(quote, "'")))
	}
	return syntaxError(source, message, offset)
}

// syntaxError words what the parser says of a source, and says how to write what
// was meant where that is known.
func syntaxError(source, message string, offset int) (string, diag.Remedy) {
	rest := source[min(offset, len(source)):]
	switch m := stray.FindStringSubmatch(message); {
	case strings.TrimSpace(source) == "":
		return "the expression is empty", diag.Remedy{}
	case m != nil:
		remedy := write(m[1], inCEL[m[1]])
		if strings.Contains(inCEL[m[1]], " ") { // an example
			remedy.Fix = nil
		}
		return "CEL has no word " + m[1], remedy
	case strings.HasPrefix(message, "Syntax error: token recognition error at: '=") && strings.HasPrefix(rest, "="):
		return "CEL has no operator =", diag.Remedy{Hint: "compare with ==", Fix: diag.Replace("=", "==")}
	case strings.HasPrefix(message, "Syntax error: token recognition error at: '&"):
		return "CEL has no operator &", write("&", "&&")
	case strings.HasPrefix(message, "Syntax error: token recognition error at: '|"):
		return "CEL has no operator |", write("|", "||")
	case strings.HasPrefix(message, "Syntax error: token recognition error at: '$"):
		return "CEL has no character $", diag.Remedy{Hint: "an expression stands without ${ } here"}
	case strings.HasPrefix(message, "Syntax error: token recognition error at: '") && strings.IndexAny(rest, `"'`) == 0:
		return "the quote that begins here is not closed", diag.Remedy{}
	case strings.HasPrefix(message, "Syntax error: mismatched input '<EOF>' expecting ':'"):
		return "a : and the value behind it are missing", diag.Remedy{Hint: "write condition ? a : b"}
	case strings.HasPrefix(message, "Syntax error: mismatched input '<EOF>'"):
		return "the expression ends where a value is expected", diag.Remedy{}
	}
	if m := absent.FindStringSubmatch(message); m != nil {
		return "a " + m[1] + " is missing", diag.Remedy{}
	}
	return expecting.ReplaceAllString(message, ""), diag.Remedy{}
}

// write is the advice to write a text in place of another.
func write(old, text string) diag.Remedy {
	return diag.Remedy{Hint: "write " + text, Fix: diag.Replace(old, text)}
}
