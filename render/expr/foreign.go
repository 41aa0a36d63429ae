package expr

import (
	"regexp"
	"strconv"
	"strings"
)

// expansion is what stands between ${ and } in shells and in Grafana: a name or
// a special parameter, an index, and an operator with its operand.
var expansion = regexp.MustCompile(`(?s)^[#!]?(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*?$!#-]+)(?:\[[^\]]*\])?(?:\.[A-Za-z_.]+)?(?::?[-=?+].*|[#%/^,@:].*)?$`)

// variable begins with a name that shells and Grafana use and resources do not
// have.
var variable = regexp.MustCompile(`^(?:[A-Z][A-Z0-9_]*|_[A-Za-z0-9_]*)(?:[^A-Za-z0-9_]|$)`)

// IsExpansion reports whether the text between ${ and } could be a variable of
// a shell or of Grafana. Ask only of what is not CEL, or does not exist there. A
// field of the instance is none, also one that CEL reserves the name of.
func IsExpansion(source string) bool {
	return expansion.MatchString(source) && !strings.HasPrefix(source, "schema.")
}

// IsVariable reports whether the text between ${ and } of an expression that
// names something unknown is rather a variable of a shell or of Grafana.
func IsVariable(source string) bool { return variable.MatchString(source) && IsExpansion(source) }

// IsNumber reports whether a text is a positional parameter of a shell, which is
// an integer to CEL.
func IsNumber(source string) bool {
	return source != "" && strings.Trim(source, "0123456789") == ""
}

// Literal writes ${source} so that kro keeps it as text (S3.2).
func Literal(source string) string { return "${" + strconv.Quote("${"+source+"}") + "}" }

// Around returns what stands between ${ and } around the inner ${ at an offset.
func Around(text string, inner int) (string, bool) {
	start := strings.LastIndex(text[:min(inner, len(text))], "${")
	if start < 0 {
		return "", false
	}
	depth := 0
	for i := start; i < len(text); i++ {
		switch text[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return text[start+2 : i], true
			}
		}
	}
	return "", false
}
