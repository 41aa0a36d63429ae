package expr

import "strings"

// TypeName spells a CEL type, given as CEL prints it, as SimpleSchema and
// Kubernetes do: integer, []string, map[string]string, object.
func TypeName(text string) string {
	name, args := splitType(text)
	param := func(i int) string {
		if i >= len(args) {
			return "any"
		}
		return TypeName(args[i])
	}
	switch name {
	case "list":
		return "[]" + param(0)
	case "map":
		return "map[" + param(0) + "]" + param(1)
	case "optional_type":
		return "optional " + param(0)
	case "wrapper":
		return param(0)
	case "int":
		return "integer"
	case "uint":
		return "unsigned integer"
	case "double":
		return "number"
	case "bool":
		return "boolean"
	case "null_type":
		return "null"
	case "dyn", "any", "!error!", "google.protobuf.Any":
		return "any"
	}
	switch {
	case strings.HasPrefix(name, structPrefix):
		return "object"
	case len(name) == 1, strings.HasPrefix(name, "_var"), strings.HasPrefix(name, "%"):
		return "any" // a type parameter
	}
	return strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
}

// structPrefix begins the names of types that come from schemas.
const structPrefix = "__type_"

// structPath says which field an object type belongs to: schema.spec.probe.
func structPath(text string) (string, bool) {
	path, ok := strings.CutPrefix(text, structPrefix)
	path = strings.NewReplacer(".@idx", "[]", ".@elem", "[]").Replace(path)
	return path, ok && !strings.Contains(path, "@")
}

// splitType parts list(int) into list and int.
func splitType(text string) (name string, args []string) {
	name, rest, ok := strings.Cut(strings.TrimSpace(text), "(")
	if !ok || !strings.HasSuffix(rest, ")") {
		return strings.TrimSpace(text), nil
	}
	return name, splitArgs(rest[:len(rest)-1])
}

// splitArgs parts a list of types at the commas outside of parentheses.
func splitArgs(text string) []string {
	var out []string
	depth, begin := 0, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				out, begin = append(out, strings.TrimSpace(text[begin:i])), i+1
			}
		}
	}
	if last := strings.TrimSpace(text[begin:]); last != "" {
		out = append(out, last)
	}
	return out
}
