package expr

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/operators"

	"github.com/krowave/krowave/render/diag"
)

// remedy says how to mend operand i of a call, whose text is given.
func (x *explainer) remedy(function string, types []string, i int, text string) string {
	if i >= len(types) {
		return ""
	}
	typ := types[i]
	if hint, ok := openAPIHint(x.env, typ); ok {
		return hint
	}
	other := ""
	for j, t := range types {
		if j != i && !(function == operators.Conditional && j == 0) {
			other = t
		}
	}
	switch {
	case strings.HasPrefix(typ, "optional_type("):
		return fmt.Sprintf("give it a value for when it is missing: %s.orValue(...)", unit(text))
	case strings.HasPrefix(function, "base64.decode") && typ == "bytes":
		return fmt.Sprintf("the data of a Secret is decoded already: write string(%s)", text)
	case function == operators.Index && types[0] == "string":
		return "a character of a text is .charAt(0), and a part of it .substring(0, 3)"
	case function == operators.Index && strings.HasPrefix(typ, structPrefix):
		return "an object has fields, not keys: write .name, or dyn(...)[...] for one that is computed"
	case function == operators.Conditional && i == 0:
		return boolean(typ, text)
	case function == operators.LogicalAnd || function == operators.LogicalOr || function == operators.LogicalNot:
		return boolean(typ, text)
	case other == "string" && isScalar(typ):
		return fmt.Sprintf("write string(%s)", text)
	case other == "string" && isObject(typ):
		return fmt.Sprintf("write json.marshal(%s)", text)
	case other == "string" && typ == "list(string)":
		return fmt.Sprintf("write %s.join(\",\")", unit(text))
	case other == "double" && typ == "int", other == "int" && typ == "double":
		return "write double(...) around the integer"
	case other == "int" && typ == "string":
		return fmt.Sprintf("write int(%s)", text)
	case function == "string" && !isScalar(typ):
		return fmt.Sprintf("write json.marshal(%s)", text)
	case function == operators.Conditional, function == operators.Equals, function == operators.NotEquals, typ == "null", other == "null":
		return fmt.Sprintf("write dyn(%s), so that the type is not compared", text)
	case len(types) > 1 && isScalar(typ) && typ != "string" && slices.Contains(types, "string"), isMethodOfString(function) && isScalar(typ):
		return fmt.Sprintf("write string(%s)", text)
	case isObject(typ):
		return fmt.Sprintf("write dyn(%s) if its fields are not known before", text)
	}
	return ""
}

// unit puts an operation into parentheses.
func unit(text string) string {
	if strings.Contains(text, " ") && !strings.HasSuffix(text, ")") {
		return "(" + text + ")"
	}
	return text
}

func isScalar(t string) bool {
	switch t {
	case "int", "uint", "double", "bool", "bytes", "timestamp", "duration", "google.protobuf.Timestamp", "google.protobuf.Duration":
		return true
	}
	return false
}

func isObject(t string) bool {
	return strings.HasPrefix(t, structPrefix) || strings.HasPrefix(t, "map(")
}

func isMethodOfString(name string) bool {
	switch name {
	case "startsWith", "endsWith", "matches", "contains", "split", "replace", "lowerAscii", "upperAscii", "trim", "substring", "charAt", "indexOf", "lastIndexOf":
		return true
	}
	return false
}

// boolean says how a value becomes a condition.
func boolean(typ, text string) string {
	text = unit(text)
	switch {
	case typ == "dyn":
		return fmt.Sprintf("compare it: %s == true", text)
	case typ == "string":
		return fmt.Sprintf("compare it: %s != \"\", or %s == \"true\"", text, text)
	case typ == "int" || typ == "double":
		return fmt.Sprintf("compare it: %s > 0", text)
	case strings.HasPrefix(typ, "list(") || strings.HasPrefix(typ, "map("):
		return fmt.Sprintf("compare its size: size(%s) > 0", text)
	case strings.HasPrefix(typ, structPrefix):
		return fmt.Sprintf("ask for it: has(%s)", text)
	}
	return ""
}

// openAPIHint recognises a field that is declared {type: string}, which
// SimpleSchema takes for an object with a field named type.
func openAPIHint(env *cel.Env, typ string) (string, bool) {
	if !strings.HasPrefix(typ, structPrefix+"schema.spec.") {
		return "", false
	}
	fields := fieldNames(env, typ)
	if !slices.Contains(fields, "type") {
		return "", false
	}
	for _, f := range fields {
		switch f {
		case "type", "description", "default", "enum", "format", "minimum", "maximum", "items", "pattern", "required", "properties", "additionalProperties":
		default:
			return "", false
		}
	}
	path, _ := structPath(typ)
	name := path[strings.LastIndexByte(path, '.')+1:]
	return fmt.Sprintf("SimpleSchema writes `%s: string`; as it is, %s is an object with the field type", name, path), true
}

// Remedy says how an expression of type out can be written to a field that
// takes want; text is the expression as written, ${} aside.
func Remedy(env *cel.Env, out, want *cel.Type, text string) string {
	o, w := out.String(), want.String()
	if hint, ok := openAPIHint(env, o); ok {
		return hint
	}
	if len(text) > 60 || strings.ContainsAny(text, "\n") {
		text = "..."
	}
	wrap := func(function string) string { return fmt.Sprintf("write ${%s(%s)}", function, text) }
	switch {
	case strings.HasPrefix(o, "optional_type("):
		return fmt.Sprintf("give it a value for when it is missing: ${%s.orValue(...)}", unit(text))
	case w == "string" && isScalar(o):
		return wrap("string")
	case w == "string" && o == "list(string)":
		return fmt.Sprintf("write ${%s.join(\",\")}", unit(text))
	case w == "string" && (isObject(o) || strings.HasPrefix(o, "list(")):
		return wrap("json.marshal")
	case w == "int" && (o == "string" || o == "double"):
		return wrap("int")
	case w == "double" && (o == "string" || o == "int"):
		return wrap("double")
	case w == "bytes" && o == "string":
		return fmt.Sprintf("write it as plain text below stringData, or ${dyn(base64.encode(bytes(%s)))}", text)
	case w == "bool":
		return boolean(o, text)
	case strings.HasPrefix(w, "list(") && isObject(o):
		return "declare it as " + TypeName(w) + " in the schema, or write ${dyn(" + text + ")}"
	case w == "list("+o+")":
		return fmt.Sprintf("write ${[%s]}", text)
	case o == "null_type" || o == "null", isObject(w) && isObject(o), strings.HasPrefix(w, "list(") && strings.HasPrefix(o, "list("):
		return wrap("dyn")
	}
	return ""
}

// Rewrite is the edit of a hint that says what to write in place of a text, such as
// "write string(x)"; nil when the hint says something else, or leaves something
// open.
func Rewrite(hint, text string) *diag.Fix {
	now, ok := strings.CutPrefix(hint, "write ")
	if inner, whole := strings.CutPrefix(now, "${"); whole {
		now = strings.TrimSuffix(inner, "}")
	}
	if !ok || !strings.HasSuffix(now, "("+text+")") || strings.Contains(now, "...") || strings.ContainsAny(text, "\"'\\\n") {
		return nil
	}
	return diag.Replace(text, now)
}
