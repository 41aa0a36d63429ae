package healthcheck

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/ext"

	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/schema"
)

// options are the options of github.com/fluxcd/pkg/runtime/cel v0.110.3, which makes
// its environment out of reach. A test holds one to the other.
func options() []cel.EnvOption {
	return []cel.EnvOption{
		cel.HomogeneousAggregateLiterals(),
		cel.EagerlyValidateDeclarations(true),
		cel.DefaultUTCTimeZone(true),
		cel.CrossTypeNumericComparisons(true),
		cel.OptionalTypes(),
		ext.Strings(),
		ext.Sets(),
		ext.Encoders(),
	}
}

var environment = sync.OnceValues(func() (*cel.Env, error) {
	env, err := cel.NewEnv(options()...)
	if err != nil {
		return nil, fmt.Errorf("build the CEL environment: %w", err)
	}
	return env, nil
})

// check type-checks an expression about top-level fields in Flux's environment.
// optional says that its value is one.
func check(text string, fields []string, kind *schema.Schema) (optional bool, err error) {
	roots := map[string]*schema.Schema{}
	for _, name := range fields {
		if kind != nil && kind.Properties[name] != nil {
			roots[name] = kind.Properties[name]
		}
	}
	known := schema.NewTypes(roots)
	typed := known.Variables()
	base, err := environment()
	if err != nil {
		return false, err
	}
	opts := []cel.EnvOption{cel.CustomTypeProvider(known)}
	for _, name := range fields {
		typ := cel.DynType
		if typed[name] != nil {
			typ = typed[name]
		}
		opts = append(opts, cel.Variable(name, typ))
	}
	env, err := base.Extend(opts...)
	if err != nil {
		return false, notCarried("Flux has no variables for its fields: %s", oneLine(err.Error()))
	}
	checked, issues := env.Compile(text)
	if issues.Err() != nil {
		return false, notCarried("%s in Flux's CEL", issues.Errors()[0].Message)
	}
	if err := readable(checked.NativeRep()); err != nil {
		return false, err
	}
	typ := checked.OutputType()
	return typ.Kind() == types.OpaqueKind && typ.TypeName() == "optional_type", nil
}

// readable refuses functions of fields that the schema calls bytes, a time or a
// duration: objects hold text there, for which kro never finds the function, and
// Flux would find one for text.
func readable(checked *ast.AST) (err error) {
	ast.PreOrderVisit(checked.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.CallKind || asIs[e.AsCall().FunctionName()] {
			return
		}
		args := e.AsCall().Args()
		if e.AsCall().IsMemberFunction() {
			args = append([]ast.Expr{e.AsCall().Target()}, args...)
		}
		for _, arg := range args {
			isField := arg.Kind() == ast.SelectKind || arg.Kind() == ast.CallKind && arg.AsCall().FunctionName() == operators.Index
			switch typ := checked.GetType(arg.ID()); typ.Kind() {
			case types.BytesKind, types.TimestampKind, types.DurationKind:
				if isField && err == nil {
					err = notCarried("kro itself never evaluates it to true: the object has a string where the schema says %s", typ)
				}
			}
		}
	}))
	return err
}

// asIs are the operators that take a field for what it is.
var asIs = set(operators.Equals, operators.NotEquals, operators.In, operators.Index, operators.OptIndex, operators.OptSelect)

// nameable reports whether CEL takes a field's name for a variable.
func nameable(name string) bool {
	return identifier.MatchString(name) && !reserved[name]
}

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// reserved are the words of CEL that name no variable
// (https://github.com/google/cel-spec, doc/langdef.md, syntax).
var reserved = set(
	"true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import",
	"let", "loop", "package", "namespace", "return", "var", "void", "while",
)

func set(names ...string) map[string]bool {
	out := map[string]bool{}
	for _, name := range names {
		out[name] = true
	}
	return out
}

// waits reports whether the expression, and its translation in Flux, can only be
// true when every field is there whose absence the expression looks at.
func (r *rewriter) waits(original, translated ast.Expr) (bool, error) {
	kro, err := expr.Base()
	if err != nil {
		return false, err
	}
	flux, err := environment()
	if err != nil {
		return false, err
	}
	for _, name := range sortedKeys(r.soft) {
		without := &rewriter{self: r.self, factory: r.factory, presence: denied, absent: name, roots: map[string]bool{}, soft: map[string]bool{}, taken: r.taken}
		e, err := without.rewrite(original, nil)
		if err != nil {
			return false, err
		}
		for _, side := range []absence{{kro, name, without.roots}, {flux, name, r.roots}} {
			may, err := side.mayBeTrue(e)
			if may || err != nil {
				return false, err
			}
			e = translated
		}
	}
	return true, nil
}

// absence is a world in which an object lacks one field and nothing is known of
// the others.
type absence struct {
	env    *cel.Env
	field  string
	fields map[string]bool
}

// mayBeTrue reports whether an expression may be true. An error beside something
// unknown is unknown to CEL, but makes no conjunction true.
func (a absence) mayBeTrue(e ast.Expr) (bool, error) {
	if e.Kind() != ast.CallKind {
		return a.eval(e)
	}
	switch c := e.AsCall(); c.FunctionName() {
	case operators.LogicalAnd:
		for _, arg := range c.Args() {
			if may, err := a.mayBeTrue(arg); !may || err != nil {
				return false, err
			}
		}
		return true, nil
	case operators.LogicalOr:
		for _, arg := range c.Args() {
			if may, err := a.mayBeTrue(arg); may || err != nil {
				return true, err
			}
		}
		return false, nil
	}
	return a.eval(e)
}

func (a absence) eval(e ast.Expr) (bool, error) {
	text, err := print(e)
	if err != nil {
		return false, err
	}
	parsed, issues := a.env.Parse(text)
	if issues.Err() != nil {
		return false, notCarried("%s", issues.Errors()[0].Message)
	}
	program, err := a.env.Program(parsed, cel.EvalOptions(cel.OptPartialEval))
	if err != nil {
		return false, notCarried("%s", oneLine(err.Error()))
	}
	var unknown []*cel.AttributePatternType
	for _, name := range sortedKeys(a.fields) {
		if name != a.field {
			unknown = append(unknown, cel.AttributePattern(name))
		}
	}
	vars, err := cel.PartialVars(map[string]any{}, unknown...)
	if err != nil {
		return false, fmt.Errorf("evaluate without %s: %w", a.field, err)
	}
	out, _, err := program.Eval(vars)
	if err != nil {
		return false, nil // an error is not ready
	}
	return types.IsUnknown(out) || out == types.True || optionalTrue(out), nil
}

func optionalTrue(out any) bool {
	o, ok := out.(*types.Optional)
	return ok && o.HasValue() && o.GetValue() == types.True
}

func sortedKeys(m map[string]bool) []string { return slices.Sorted(maps.Keys(m)) }

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
