package simpleschema

import (
	"fmt"
	"strings"

	"github.com/krowave/krowave/render/diag"
)

// maxTypeDepth is how many [] and map[string] may stand before a type (S2.2).
const maxTypeDepth = 16

type form int

const (
	formAtomic form = iota
	formObject
	formArray
	formMap
	formCustom
)

// fieldType is the part of a field before the first "|".
type fieldType struct {
	form   form
	name   string // atomic and custom types
	elem   *fieldType
	offset int // of the type word in the field's text
}

// parseType reads the type of a field (S2.2). A word that is not a built-in type
// is the name of a custom one.
func parseType(text string) (*fieldType, *Problem) {
	text, _, _ = strings.Cut(text, "|")
	rest, offset := trim(text, 0)
	if rest == "" {
		return nil, &Problem{Rule: RuleType, Message: "a field needs a type", Hint: "write for example: string"}
	}
	root := &fieldType{}
	for at, depth := root, 0; ; depth++ {
		if depth > maxTypeDepth {
			return nil, &Problem{Offset: offset, Rule: RuleType,
				Message: fmt.Sprintf("a type may be nested %d levels deep", maxTypeDepth),
				Hint:    "declare the inner type under types, or use object"}
		}
		rest, offset = trim(rest, offset)
		at.offset = offset
		switch {
		case isAtomic(rest):
			at.form, at.name = formAtomic, rest
			return root, nil
		case rest == "object":
			at.form = formObject
			return root, nil
		case strings.HasPrefix(rest, "[]"):
			at.form = formArray
			if rest == "[]" {
				return nil, &Problem{Offset: offset, Rule: RuleType,
					Message: "[] needs the type of its items", Hint: "write for example: []string"}
			}
			rest, offset = rest[len("[]"):], offset+len("[]")
		case strings.HasPrefix(rest, "map["):
			at.form = formMap
			value, problem := mapValue(rest, offset)
			if problem != nil {
				return nil, problem
			}
			rest, offset = value, offset+len("map[string]")
		default:
			at.form, at.name = formCustom, rest
			return root, nil
		}
		at.elem = &fieldType{}
		at = at.elem
	}
}

// mapValue returns the text after map[string].
func mapValue(text string, offset int) (string, *Problem) {
	value, ok := strings.CutPrefix(text, "map[string]")
	if !ok {
		return "", &Problem{Offset: offset + len("map["), Rule: RuleType,
			Message: "the key of a map must be string", Hint: "write map[string]T"}
	}
	if strings.TrimSpace(value) == "" {
		return "", &Problem{Offset: offset, Rule: RuleType,
			Message: "map[string] needs the type of its values", Hint: "write for example: map[string]string"}
	}
	return value, nil
}

// trim cuts surrounding white space and says where the rest begins.
func trim(s string, offset int) (string, int) {
	right := strings.TrimSpace(s)
	return right, offset + strings.Index(s, right)
}

func isAtomic(s string) bool {
	switch s {
	case "string", "integer", "boolean", "float":
		return true
	}
	return false
}

// unknownType words the problem of a type name that nothing declares.
func unknownType(typ *fieldType, declared []string) Problem {
	return Problem{
		Offset: typ.offset, Rule: RuleType,
		Message: fmt.Sprintf("unknown type %q", typ.name),
		Hint:    typeHint(typ.name, declared), Fix: oneWord(typ.name, typeHint(typ.name, declared)),
	}
}

// typeHint guesses what was meant by a type name from elsewhere.
func typeHint(name string, declared []string) string {
	word, rest, spaced := strings.Cut(name, " ")
	lower := strings.ToLower(name)
	switch lower {
	case "int", "int32", "int64", "uint", "long", "short":
		return "write integer"
	case "bool":
		return "write boolean"
	case "number", "double", "float32", "float64", "decimal":
		return "write float"
	case "any", "map", "dict", "struct", "json", "interface{}":
		return "write object for a free-form value, or map[string]T"
	case "array", "list", "slice":
		return "write []T, for example []string"
	case "str", "text", "date", "datetime", "time", "bytes", "quantity", "duration":
		return "write string"
	}
	switch {
	case spaced && strings.Contains(rest, "="):
		return fmt.Sprintf("put a | between the type and its markers: %s | %s", word, strings.TrimSpace(rest))
	case strings.HasSuffix(name, "[]"):
		return "write []" + strings.TrimSuffix(name, "[]")
	case strings.HasPrefix(lower, "list<"), strings.HasPrefix(lower, "array<"),
		strings.HasPrefix(lower, "list["), strings.HasPrefix(lower, "array["):
		return "write []T, for example []string"
	case strings.HasPrefix(lower, "map<"):
		return "write map[string]T"
	}
	candidates := append([]string{"string", "integer", "boolean", "float", "object"}, declared...)
	if near := diag.Closest(name, candidates); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "built-in types are string, integer, boolean, float, object, []T and map[string]T; declare others under types"
}

// notAType words the problem of a value that is neither string nor map.
func notAType(path diag.Path, value any) Problem {
	p := Problem{Path: path, Rule: RuleType}
	switch value.(type) {
	case nil:
		p.Message, p.Hint = "a field needs a type, found null", "write for example: string, or object for a free-form value"
	case []any:
		p.Message, p.Hint = "a field needs a type, found a list", `write "[]T", for example "[]string"`
	case bool:
		p.Message, p.Hint = "a field needs a type, found a boolean", "write for example: boolean | default=true"
	default:
		p.Message, p.Hint = "a field needs a type, found a number", "write for example: integer | default=1"
	}
	return p
}
