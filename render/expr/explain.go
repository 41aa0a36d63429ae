package expr

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"

	"github.com/krowave/krowave/render/diag"
)

var (
	noOverload = regexp.MustCompile(`^found no matching overload for '([^']*)' applied to '(.*)'$`)
	noField    = regexp.MustCompile(`^undefined field '(.*)'$`)
	noMethod   = regexp.MustCompile(`^undeclared reference to '([^']*)' \(in container '.*'\)$`)
	noSelect   = regexp.MustCompile(`^type '(.*)' does not support field selection$`)
	noRange    = regexp.MustCompile(`^expression of type '(.*)' cannot be range of a comprehension`)
	otherType  = regexp.MustCompile(`^expected type '(.*)' but found '(.*)'$`)
)

// explainer words what CEL's checker says for somebody who writes YAML: at the
// operand that is wrong, with the types of SimpleSchema, and with a remedy.
type explainer struct {
	env    *cel.Env
	source string
	places *places
}

func newExplainer(env *cel.Env, parsed *cel.Ast) *explainer {
	source := parsed.Source().Content()
	return &explainer{env: env, source: source, places: newPlaces(source, parsed.NativeRep())}
}

// explain returns the error in its new words.
func (x *explainer) explain(id int64, e *Error) *Error {
	at := x.places.byID[id]
	switch {
	case noOverload.MatchString(e.Message):
		m := noOverload.FindStringSubmatch(e.Message)
		x.call(e, m[1], signature(m[2]), at)
	case noField.MatchString(e.Message):
		x.field(e, noField.FindStringSubmatch(e.Message)[1], at)
	case noMethod.MatchString(e.Message):
		name := noMethod.FindStringSubmatch(e.Message)[1]
		if at == nil || at.Kind() != ast.CallKind {
			e.Message = "undeclared reference to '" + name + "'"
			break
		}
		e.Message = "there is no function " + name
		e.take(SimilarFunction(name))
		e.Offset = x.nameOffset(at, name, e.Offset)
	case noSelect.MatchString(e.Message):
		typ := noSelect.FindStringSubmatch(e.Message)[1]
		e.Message = TypeName(typ) + " has no fields"
		if strings.HasPrefix(typ, "list(") {
			e.Hint = "take an element with [0], or go through the list with map()"
		}
	case noRange.MatchString(e.Message):
		e.Message = "a loop needs a list or a map, not " + TypeName(noRange.FindStringSubmatch(e.Message)[1])
	case otherType.MatchString(e.Message):
		m := otherType.FindStringSubmatch(e.Message)
		e.Message = fmt.Sprintf("%s is needed here, not %s", TypeName(m[1]), TypeName(m[2]))
		if m[1] == "bool" && at != nil {
			e.Hint = boolean(m[2], x.text(at))
		}
	}
	return e
}

// signature lists the types of a call, the receiver's first.
func signature(text string) []string {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '(':
			depth++
		case ')':
			depth--
		case '.':
			if depth == 0 && strings.HasPrefix(text[i:], ".(") {
				return append([]string{text[:i]}, splitArgs(strings.TrimSuffix(text[i+2:], ")"))...)
			}
		}
	}
	return splitArgs(strings.TrimSuffix(strings.TrimPrefix(text, "("), ")"))
}

// operands are the expressions of a call in the order of its signature.
func operands(e ast.Expr) []ast.Expr {
	if e == nil || e.Kind() != ast.CallKind {
		return nil
	}
	call := e.AsCall()
	if call.IsMemberFunction() {
		return append([]ast.Expr{call.Target()}, call.Args()...)
	}
	return call.Args()
}

// call explains a call that takes other types.
func (x *explainer) call(e *Error, name string, types []string, at ast.Expr) {
	args := operands(at)
	if len(args) != len(types) {
		args = nil // a qualified function such as json.marshal keeps its name as the target
		if at != nil && at.Kind() == ast.CallKind && len(at.AsCall().Args()) == len(types) {
			args = at.AsCall().Args()
		}
	}
	culprit := func(i int) {
		if i < len(args) {
			e.Offset = x.places.start(args[i])
			e.Hint = x.remedy(name, types, i, x.text(args[i]))
			e.Fix = Rewrite(e.Hint, x.text(args[i]))
		} else {
			e.Hint = x.remedy(name, types, i, "...")
		}
	}
	symbol, binary := operators.FindReverseBinaryOperator(name)
	switch {
	case name == operators.Conditional && len(types) == 3:
		if types[0] != "bool" && types[0] != "dyn" {
			e.Message = "the condition of ? : must be a boolean, not " + TypeName(types[0])
			culprit(0)
			return
		}
		e.Message = "both branches of ? : must have one type; these are " + both(types[1], types[2])
		culprit(different(types, 1, 2))
	case name == operators.Index && len(types) == 2:
		e.Message = fmt.Sprintf("%s cannot be indexed with %s", TypeName(types[0]), TypeName(types[1]))
		culprit(0)
	case (name == operators.LogicalAnd || name == operators.LogicalOr) && len(types) == 2:
		i := slices.IndexFunc(types, func(t string) bool { return t != "bool" && t != "dyn" })
		e.Message = fmt.Sprintf("%s needs booleans, not %s", symbol, TypeName(types[max(i, 0)]))
		culprit(max(i, 0))
	case binary && len(types) == 2:
		e.Message = fmt.Sprintf("%s does not take %s", symbol, both(types[0], types[1]))
		if name == operators.Equals || name == operators.NotEquals {
			e.Message = fmt.Sprintf("%s compares values of one type; these are %s", symbol, both(types[0], types[1]))
		}
		culprit(different(types, 0, 1))
	case name == operators.LogicalNot || name == operators.Negate:
		e.Message = fmt.Sprintf("%s does not take %s", strings.Trim(name, "_"), TypeName(types[0]))
		culprit(0)
	default:
		e.Offset = x.nameOffset(at, name, e.Offset)
		e.Message = fmt.Sprintf("%s does not take %s", name, names(types))
		i := suspect(types)
		if len(types) > 0 && i < len(args) {
			text := x.text(args[i])
			if i == 0 && at.AsCall().IsMemberFunction() && len(args) > len(at.AsCall().Args()) {
				text = strings.TrimRight(x.source[x.places.start(args[0]):e.Offset], ". \t\r\n")
			}
			e.Hint = x.remedy(name, types, i, text)
			e.Fix = Rewrite(e.Hint, text)
		}
	}
}

// different says which of two operands to point at: the one that is not a string
// beside a string, an optional beside a plain value, else the second.
func different(types []string, a, b int) int {
	switch {
	case strings.HasPrefix(types[a], "optional_type("), types[b] == "string" && types[a] != "dyn", types[a] == "null":
		return a
	}
	return b
}

// suspect is the argument of a call that most likely has the wrong type.
func suspect(types []string) int {
	for _, bad := range []func(string) bool{
		func(t string) bool { return strings.HasPrefix(t, "optional_type(") },
		func(t string) bool { return strings.HasPrefix(t, structPrefix) },
		func(t string) bool { return t != "string" && t != "dyn" },
	} {
		if i := slices.IndexFunc(types, bad); i >= 0 {
			return i
		}
	}
	return 0
}

// both names two types; two objects by where they come from.
func both(a, b string) string {
	if pa, ok := structPath(a); ok {
		if pb, ok := structPath(b); ok {
			return "the different objects " + pa + " and " + pb
		}
	}
	return TypeName(a) + " and " + TypeName(b)
}

func names(types []string) string {
	out := make([]string, len(types))
	for i, t := range types {
		out[i] = TypeName(t)
	}
	if len(out) == 0 {
		return "no arguments"
	}
	return strings.Join(out, ", ")
}

// field explains a field that an object does not have.
func (x *explainer) field(e *Error, name string, at ast.Expr) {
	if at == nil || at.Kind() != ast.SelectKind {
		return
	}
	begin, dot := x.places.start(at), e.Offset
	if begin >= dot || dot > len(x.source) {
		return
	}
	checked, errs := x.check(x.source[begin:dot])
	if errs != nil {
		return
	}
	e.take(x.ofSchema(name, strings.TrimSpace(x.source[begin:dot])).Or(diag.Meant(name, fieldNames(x.env, checked.OutputType().TypeName()))))
}

// ofSchema is the advice about a field that the instance has elsewhere, or that kro
// gives to no expression.
func (x *explainer) ofSchema(name, operand string) diag.Remedy {
	if operand != "schema" {
		return diag.Remedy{}
	}
	if name == "status" {
		return diag.Remedy{Hint: "no expression can read the status of the instance; read the status of the resource that it comes from"}
	}
	spec, errs := x.check("schema.spec")
	if errs != nil || !slices.Contains(fieldNames(x.env, spec.OutputType().TypeName()), name) {
		return diag.Remedy{}
	}
	fix := diag.Replace("."+name, ".spec."+name)
	fix.Title = "Change to schema.spec." + name
	return diag.Remedy{Hint: "did you mean schema.spec." + name + "?", Fix: fix}
}

func (x *explainer) check(source string) (*cel.Ast, error) {
	parsed, iss := x.env.Parse(source)
	if iss.Err() != nil {
		return nil, iss.Err()
	}
	checked, iss := x.env.Check(parsed)
	return checked, iss.Err()
}

// SimilarFunction asks whether another function than the named one is meant.
func SimilarFunction(name string) diag.Remedy {
	env, err := Base()
	if err != nil {
		return diag.Remedy{}
	}
	var all []string
	for f := range env.Functions() {
		f = f[strings.LastIndexByte(f, '.')+1:]
		if f != "" && f[0] != '@' && f[0] != '_' {
			all = append(all, f)
		}
	}
	slices.Sort(all)
	return diag.Meant(name, slices.Compact(all))
}

// take gives an error advice, if there is some.
func (e *Error) take(r diag.Remedy) {
	if r.Hint != "" {
		e.Hint, e.Fix = r.Hint, r.Fix
	}
}

// nameOffset is where the name of a called function stands.
func (x *explainer) nameOffset(at ast.Expr, name string, offset int) int {
	if at == nil || offset > len(x.source) {
		return offset
	}
	before := strings.TrimRight(x.source[:offset], " \t\r\n")
	if strings.HasSuffix(before, name) {
		return len(before) - len(name)
	}
	if short := name[strings.LastIndexByte(name, '.')+1:]; strings.HasSuffix(before, short) {
		return len(before) - len(short)
	}
	return offset
}

// text is what the author wrote for an operand.
func (x *explainer) text(e ast.Expr) string {
	begin, end := x.places.start(e), x.places.end(e)
	if begin < 0 || end <= begin || end > len(x.source) || end-begin > 60 {
		return "..."
	}
	return x.source[begin:end]
}
