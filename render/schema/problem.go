package schema

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	kfield "k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/krowave/krowave/render/diag"
)

// Problem is one reason why the API server would refuse an object.
type Problem struct {
	Path    diag.Path
	Rule    string
	Message string
	Public  string // what is wrong without any value; "" when that would say nothing

	Word, Like string // a text that is none of an enum, and the word of it that is meant, if one is near
}

// Meant is the advice to write the word of an enum that is meant.
func (p Problem) Meant() diag.Remedy {
	if p.Like == "" {
		return diag.Remedy{}
	}
	return diag.Remedy{Hint: "did you mean " + p.Like + "?", Fix: diag.Replace(p.Word, p.Like)}
}

// MeantIn is Meant about what a template renders: a word that an expression gives is not
// one to replace.
func (p Problem) MeantIn(template any) diag.Remedy {
	remedy := p.Meant()
	if written, _ := p.Path.In(template); written != any(p.Word) {
		remedy.Fix = nil
	}
	return remedy
}

// Hidden says what is wrong with a value that may be a Secret's.
func (p Problem) Hidden() string {
	if p.Public == "" {
		return p.Path.String() + " does not fit its schema (the reason is not shown because it may quote a Secret)"
	}
	if strings.HasPrefix(p.Public, "the value ") {
		return p.Path.String() + ": " + p.Public + " (it is not shown because it may come from a Secret)"
	}
	return p.Path.String() + ": " + p.Public
}

// Rules of problems.
const (
	RuleSchema     = "object-schema"     // a value does not fit the schema of its kind
	RuleMetadata   = "object-metadata"   // metadata breaks a rule of Kubernetes
	RuleValidation = "object-validation" // a rule in x-kubernetes-validations is broken
	RuleKind       = "object-kind"       // the object is not of the expected kind
	RuleCRD        = "crd-invalid"       // the CRD itself would be refused
)

// maxValue is how much of a value a message quotes.
const maxValue = 64

// problemsOf words the library's errors and finds their place in obj. They are
// sorted, since the library walks maps.
func problemsOf(errs kfield.ErrorList, obj any, rule string) []Problem {
	out := make([]Problem, 0, len(errs))
	for _, e := range errs {
		where := e.Field
		if quoted, rest, ok := strings.Cut(strings.TrimPrefix(e.Detail, `"`), `" must validate `); ok && where == "<nil>" {
			where, e.Detail = quoted, "must validate "+rest // oneOf and the like
		}
		p := Problem{Path: pathOf(where, obj), Rule: rule, Message: messageOf(e)}
		switch e.Type {
		case kfield.ErrorTypeTypeInvalid, kfield.ErrorTypeRequired, kfield.ErrorTypeTooLong, kfield.ErrorTypeTooMany:
			p.Public = p.Message
		case kfield.ErrorTypeNotSupported:
			if text, ok := e.BadValue.(string); ok {
				p.Word, p.Like = text, diag.Closest(text, wordsOf(e.Detail))
			}
		}
		if rule == RuleSchema && len(p.Path) > 0 && p.Path[0] == "metadata" {
			p.Rule = RuleMetadata
		}
		out = append(out, p)
	}
	if len(out) > 1 {
		// The library repeats a wrong number type without saying where.
		out = slices.DeleteFunc(out, func(p Problem) bool {
			return len(p.Path) == 0 && strings.Contains(p.Message, "Checked value must be of type")
		})
	}
	mistyped := map[string]bool{}
	for _, p := range out {
		if strings.HasPrefix(p.Message, "must be of type ") {
			mistyped[p.Path.String()] = true
		}
	}
	out = slices.DeleteFunc(out, func(p Problem) bool { // what else is wrong with it says nothing
		return mistyped[p.Path.String()] && !strings.HasPrefix(p.Message, "must be of type ")
	})
	slices.SortFunc(out, func(a, b Problem) int {
		if n := strings.Compare(a.Path.String(), b.Path.String()); n != 0 {
			return n
		}
		return strings.Compare(a.Message, b.Message)
	})
	return slices.CompactFunc(out, func(a, b Problem) bool {
		return a.Message == b.Message && a.Path.String() == b.Path.String()
	})
}

// wordsOf are the quoted words of a message such as supported values: "a", "b".
func wordsOf(detail string) []string {
	var out []string
	for _, quoted := range quotedWord.FindAllString(detail, -1) {
		if word, err := strconv.Unquote(quoted); err == nil {
			out = append(out, word)
		}
	}
	return out
}

var quotedWord = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// messageOf says what is wrong, without the path and with values cut short.
func messageOf(e *kfield.Error) string {
	detail := e.Detail
	if _, after, ok := strings.Cut(detail, " in body "); ok {
		detail = after // the path is told elsewhere
	}
	switch e.Type {
	case kfield.ErrorTypeTypeInvalid:
		if want, is, ok := strings.Cut(detail, `: "`); ok {
			return want + ", not " + strings.TrimSuffix(is, `"`)
		}
		return withDetail("invalid type", detail)
	case kfield.ErrorTypeRequired:
		return withDetail("a value is required", detail)
	case kfield.ErrorTypeDuplicate:
		return withDetail("duplicate value "+quoteValue(e.BadValue), detail)
	case kfield.ErrorTypeNotSupported:
		return withDetail("value "+quoteValue(e.BadValue)+" is not supported", detail)
	case kfield.ErrorTypeTooLong:
		// the library says bytes, the schema means characters
		return withDetail("too long", strings.Replace(detail, " bytes", " characters", 1))
	case kfield.ErrorTypeTooMany, kfield.ErrorTypeForbidden, kfield.ErrorTypeInternal:
		return withDetail(strings.ToLower(e.Type.String()), detail)
	default:
		return withDetail("invalid value "+quoteValue(e.BadValue), detail)
	}
}

func withDetail(what, detail string) string {
	if detail == "" {
		return what
	}
	return what + ": " + strings.Join(strings.Fields(detail), " ")
}

// quoteValue prints a value as JSON, cut to maxValue characters.
func quoteValue(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return "of this type"
	}
	s := string(raw)
	if utf8.RuneCountInString(s) <= maxValue {
		return s
	}
	return string([]rune(s)[:maxValue]) + "…"
}

// pathOf turns the library's spelling of a path into a path in obj. The
// spelling leaves open where a key with dots ends, so the keys of obj decide.
func pathOf(text string, obj any) diag.Path {
	var path diag.Path
	rest := strings.TrimPrefix(text, ".")
	if rest == "<nil>" {
		return nil
	}
	for rest != "" {
		step, tail := nextStep(rest, obj)
		path = append(path, step)
		switch s := step.(type) {
		case int:
			if l, ok := obj.([]any); ok && s < len(l) {
				obj = l[s]
			} else {
				obj = nil
			}
		case string:
			m, _ := obj.(map[string]any)
			obj = m[s]
		}
		rest = strings.TrimPrefix(tail, ".")
	}
	return path
}

// longestKey is the longest key of m, in brackets or not, that rest begins with,
// and what follows.
func longestKey(rest string, m map[string]any) (best, tail string) {
	for i := len(rest); i > len(best); i-- {
		if i < len(rest) && rest[i] != '.' && rest[i] != '[' {
			continue
		}
		for _, key := range []string{rest[:i], strings.TrimSuffix(strings.TrimPrefix(rest[:i], "["), "]")} {
			if _, ok := m[key]; !ok || len(key) <= len(best) {
				continue
			}
			if spelled := rest[:i]; spelled == key || spelled == "["+key+"]" {
				best, tail = key, rest[i:]
			}
		}
	}
	return best, tail
}

func nextStep(rest string, obj any) (step any, tail string) {
	inner, after, bracketed := strings.Cut(strings.TrimPrefix(rest, "["), "]")
	bracketed = bracketed && rest[0] == '['
	if bracketed {
		if i, err := strconv.Atoi(inner); err == nil && i >= 0 {
			if _, isMap := obj.(map[string]any); !isMap {
				return i, after
			}
		}
	}
	if m, ok := obj.(map[string]any); ok {
		if key, tail := longestKey(rest, m); key != "" {
			return key, tail
		}
	}
	if bracketed {
		return inner, after
	}
	if i := strings.IndexAny(rest[1:], ".["); i >= 0 {
		return rest[:i+1], rest[i+1:]
	}
	return rest, ""
}
