package lsp

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"

	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/schema"
)

// expressionOffers lists what can stand in an expression: variables and
// functions, or the fields and methods of what stands before the dot.
func expressionOffers(c *cursor, vars map[string]*cel.Type, named *schema.Types) []offer {
	if inString(c.expr) {
		return nil
	}
	env, err := expr.Typed(named, vars)
	if err != nil {
		return nil
	}
	head := strings.TrimSuffix(c.expr, c.word)
	trimmed := strings.TrimRight(head, " \t\r\n")
	optional := strings.HasSuffix(trimmed, ".?")
	trimmed = strings.TrimSuffix(trimmed, "?")
	if !strings.HasSuffix(trimmed, ".") {
		out := variables(vars)
		for _, name := range loopVariables(c.expr) {
			out = append(out, offer{label: name, kind: itemVariable, detail: "variable of a macro"})
		}
		return append(out, functions(env, "")...)
	}
	operand := operandBefore(strings.TrimSuffix(trimmed, "."))
	if operand == "" {
		return nil
	}
	t := typeOf(env, operand, c.expr, 0)
	if t == nil {
		return functions(env, operand+".")
	}
	if t.Kind() == types.OpaqueKind && t.TypeName() == "optional_type" && optional && len(t.Parameters()) > 0 {
		t = t.Parameters()[0]
	}
	out := fields(named, t)
	if !optional {
		out = append(out, methods(env, t)...)
	}
	return out
}

func variables(vars map[string]*cel.Type) []offer {
	var out []offer
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		out = append(out, offer{label: name, kind: itemVariable, detail: expr.TypeName(vars[name].String())})
	}
	return out
}

func fields(named *schema.Types, t *cel.Type) []offer {
	var out []offer
	for _, name := range named.FieldNames(t.TypeName()) {
		o := offer{label: plain(name), kind: itemField}
		if f, ok := named.Field(t.TypeName(), name); ok {
			o.detail, o.about = describe(f, false), f.Description
		}
		out = append(out, o)
	}
	return out
}

// plain is a field whose name is a word of CEL as it may be written too.
func plain(escaped string) string {
	if name, ok := strings.CutPrefix(escaped, "__"); ok && strings.HasSuffix(name, "__") {
		return strings.TrimSuffix(name, "__")
	}
	return escaped
}

// functions lists the global functions whose names begin with a namespace, or
// have none.
func functions(env *cel.Env, namespace string) []offer {
	out := map[string]offer{}
	for name, f := range env.Functions() {
		rest, ok := strings.CutPrefix(name, namespace)
		if !ok || !identifier.MatchString(strings.ReplaceAll(rest, ".", "_")) || namespace != "" && strings.Contains(rest, ".") {
			continue
		}
		for _, o := range f.OverloadDecls() {
			if !o.IsMemberFunction() {
				out[rest] = offer{label: rest, text: rest, kind: itemFunction, detail: signature(rest, nil, o.ArgTypes(), o.ResultType()), about: f.Description()}
				break
			}
		}
	}
	for _, m := range env.Macros() {
		name, ok := strings.CutPrefix(m.Function(), namespace)
		if ok && namespace == "" && !m.IsReceiverStyle() && identifier.MatchString(name) {
			out[name] = offer{label: name, kind: itemFunction, detail: "macro"}
		}
	}
	return sorted(out)
}

var identifier = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// methods lists the functions and macros that can be called on a value.
func methods(env *cel.Env, t *cel.Type) []offer {
	out := map[string]offer{}
	for name, f := range env.Functions() {
		if !identifier.MatchString(name) {
			continue
		}
		for _, o := range f.OverloadDecls() {
			args := o.ArgTypes()
			if o.IsMemberFunction() && len(args) > 0 && takes(args[0], t) {
				out[name] = offer{label: name, kind: itemMethod, detail: signature(name, args[0], args[1:], o.ResultType()), about: f.Description()}
				break
			}
		}
	}
	if t.Kind() == types.ListKind || t.Kind() == types.MapKind || t.Kind() == types.DynKind {
		for _, m := range env.Macros() {
			if m.IsReceiverStyle() && identifier.MatchString(m.Function()) && m.Function() != "bind" {
				out[m.Function()] = offer{label: m.Function(), kind: itemMethod, detail: "macro over a " + expr.TypeName(t.String())}
			}
		}
	}
	return sorted(out)
}

func sorted(from map[string]offer) []offer {
	var out []offer
	for _, name := range slices.Sorted(maps.Keys(from)) {
		out = append(out, from[name])
	}
	return out
}

// takes reports whether a function is for values of a type.
func takes(param, t *cel.Type) bool {
	if param.Kind() == types.TypeParamKind || t.Kind() == types.DynKind {
		return true
	}
	named := param.Kind() == types.OpaqueKind || param.Kind() == types.StructKind
	return param.Kind() == t.Kind() && (!named || param.TypeName() == t.TypeName()) &&
		(param.Kind() != types.ListKind || takes(param.Parameters()[0], t.Parameters()[0]))
}

func signature(name string, target *cel.Type, args []*cel.Type, result *cel.Type) string {
	var list []string
	for _, a := range args {
		list = append(list, expr.TypeName(a.String()))
	}
	if target != nil {
		name = expr.TypeName(target.String()) + "." + name
	}
	return name + "(" + strings.Join(list, ", ") + "): " + expr.TypeName(result.String())
}

// typeOf is the type of the operand of a text; nil when it has none.
func typeOf(env *cel.Env, operand, text string, depth int) *cel.Type {
	if parsed, errs := expr.ParseAST(operand); errs == nil {
		if checked, errs := expr.Check(env, parsed); errs == nil {
			return checked.OutputType()
		}
	}
	root := rootName.FindString(operand)
	if root == "" || depth > 5 {
		return nil
	}
	over := loopOver(text, root)
	if over == "" {
		return nil
	}
	return typeOf(env, over+strings.TrimPrefix(operand, root), text, depth+1)
}

var (
	rootName  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*`)
	loopMacro = regexp.MustCompile(`\.(?:map|filter|all|exists|exists_one|existsOne|sortBy|transformList|transformMap|transformMapEntry|optMap|optFlatMap)\(\s*([A-Za-z_][A-Za-z0-9_]*)\s*,(?:\s*([A-Za-z_][A-Za-z0-9_]*)\s*,)?`)
)

// loopVariables are the variables of the macros that a text opens.
func loopVariables(text string) []string {
	var out []string
	for _, m := range loopMacro.FindAllStringSubmatch(text, -1) {
		for _, name := range m[1:] {
			if name != "" && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// loopOver is an item of what the last loop variable of that name runs over.
func loopOver(text, name string) string {
	all := loopMacro.FindAllStringSubmatchIndex(text, -1)
	for _, m := range slices.Backward(all) {
		if text[m[2]:m[3]] != name {
			continue
		}
		operand := operandBefore(text[:m[0]])
		if operand == "" {
			return ""
		}
		if strings.HasPrefix(text[m[0]:], ".opt") {
			return operand + ".value()"
		}
		return operand + "[0]"
	}
	return ""
}

// operandBefore is the operand that a text ends with: a name or a call, with what
// is selected of it.
func operandBefore(text string) string {
	end := len(text)
	i := end
	for i > 0 {
		switch b := text[i-1]; {
		case isWordByte(b, true), b == '.', b == '?' && i > 1 && text[i-2] == '.':
			i--
		case b == ')' || b == ']':
			open := openingBefore(text, i-1)
			if open < 0 {
				return ""
			}
			i = open
		default:
			return strings.TrimLeft(text[i:end], ".?")
		}
	}
	return strings.TrimLeft(text[i:end], ".?")
}

// openingBefore is where the bracket opens that the one at an index closes.
func openingBefore(text string, at int) int {
	depth := 0
	for i := at; i >= 0; i-- {
		switch text[i] {
		case ')', ']', '}':
			depth++
		case '(', '[', '{':
			if depth--; depth == 0 {
				return i
			}
		case '"', '\'':
			q := text[i]
			for i--; i >= 0 && (text[i] != q || i > 0 && text[i-1] == '\\'); i-- {
			}
		}
	}
	return -1
}

// inString reports whether an expression ends in an open string.
func inString(text string) bool {
	quote := byte(0)
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case quote != 0 && b == '\\':
			i++
		case quote != 0 && b == quote:
			quote = 0
		case quote == 0 && (b == '"' || b == '\''):
			quote = b
		}
	}
	return quote != 0
}
