package expr

import (
	"fmt"
	"reflect"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"github.com/google/cel-go/parser"
)

// RuntimeVar is the variable that status conditions are written with. An
// activation for them binds it to Runtime().
const RuntimeVar = "runtime"

const (
	runtimeTypeName   = "kro.run.Runtime"
	conditionTypeName = "kro.run.Condition"
)

// The types are values that CEL compares by identity and never changes.
var (
	runtimeType   = cel.ObjectType(runtimeTypeName)
	conditionType = cel.ObjectType(conditionTypeName, traits.IndexerType)
)

// Runtime returns the value of the variable runtime.
func Runtime() ref.Val { return runtimeValue{} }

// runtimeLibrary declares runtime.newCondition and runtime.condition (S4.9).
type runtimeLibrary struct{}

func (runtimeLibrary) LibraryName() string                 { return "kro.runtime" }
func (runtimeLibrary) ProgramOptions() []cel.ProgramOption { return nil }

func (runtimeLibrary) CompileOptions() []cel.EnvOption {
	texts := cel.MapType(cel.StringType, cel.StringType)
	return []cel.EnvOption{
		cel.Types(runtimeType),
		cel.Variable(RuntimeVar, runtimeType),
		cel.Function("newCondition",
			cel.MemberOverload("runtime_newCondition_map",
				[]*cel.Type{runtimeType, texts}, conditionType,
				cel.BinaryBinding(func(_, arg ref.Val) ref.Val { return newCondition(arg) }))),
		cel.Function("condition",
			cel.MemberOverload("runtime_condition_dyn_string",
				[]*cel.Type{runtimeType, cel.DynType, cel.StringType}, conditionType,
				cel.FunctionBinding(findCondition))),
		cel.Macros(parser.NewReceiverMacro("newCondition", 1, quoteConditionKeys)),
	}
}

// quoteConditionKeys lets authors write newCondition({type: 'X'}) with bare
// keys: it turns them into strings and refuses any other key.
func quoteConditionKeys(eh parser.ExprHelper, target ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
	if !isIdent(target, RuntimeVar) {
		return nil, nil // somebody else's newCondition
	}
	arg := args[0]
	if arg.Kind() != ast.MapKind {
		return nil, eh.NewError(arg.ID(), "runtime.newCondition: argument must be a map literal")
	}
	seen := map[string]bool{}
	var entries []ast.EntryExpr
	for _, entry := range arg.AsMap().Entries() {
		key := entry.AsMapEntry().Key()
		if key.Kind() != ast.IdentKind {
			return nil, eh.NewError(key.ID(), "runtime.newCondition: keys must be the bare words type, status, reason or message")
		}
		name := key.AsIdent()
		if !isConditionField(name) {
			return nil, eh.NewError(key.ID(), fmt.Sprintf("runtime.newCondition: unknown key %q, want type, status, reason or message", name))
		}
		if seen[name] {
			return nil, eh.NewError(key.ID(), fmt.Sprintf("runtime.newCondition: duplicate key %q", name))
		}
		seen[name] = true
		entries = append(entries, eh.NewMapEntry(eh.NewLiteral(types.String(name)), entry.AsMapEntry().Value(), false))
	}
	for _, name := range [...]string{"type", "status"} {
		if !seen[name] {
			return nil, eh.NewError(arg.ID(), fmt.Sprintf("runtime.newCondition: key %q is required", name))
		}
	}
	return eh.NewMemberCall("newCondition", target, eh.NewMap(entries...)), nil
}

func isIdent(e ast.Expr, name string) bool {
	return e != nil && e.Kind() == ast.IdentKind && e.AsIdent() == name
}

func isConditionField(name string) bool {
	return name == "type" || name == "status" || name == "reason" || name == "message"
}

func isConditionStatus(s string) bool { return s == "True" || s == "False" || s == "Unknown" }

// runtimeValue has methods and nothing else.
type runtimeValue struct{}

func (runtimeValue) Type() ref.Type { return runtimeType }
func (v runtimeValue) Value() any   { return v }

func (runtimeValue) Equal(other ref.Val) ref.Val {
	_, ok := other.(runtimeValue)
	return types.Bool(ok)
}

func (runtimeValue) ConvertToNative(reflect.Type) (any, error) {
	return nil, fmt.Errorf("%s cannot be converted", runtimeTypeName)
}

func (v runtimeValue) ConvertToType(t ref.Type) ref.Val { return convertToOwnType(v, t) }

// convertToOwnType converts a value without any conversions.
func convertToOwnType(v ref.Val, t ref.Type) ref.Val {
	switch t {
	case v.Type():
		return v
	case types.TypeType:
		return v.Type().(ref.Val)
	}
	return types.NewErr("type conversion error from %s to %s", v.Type().TypeName(), t.TypeName())
}

// conditionProvider lets the checker know the fields of a Condition. It stands
// before the provider of the variables' types.
type conditionProvider struct{ types.Provider }

func (p conditionProvider) FindStructType(name string) (*types.Type, bool) {
	if name == conditionTypeName {
		return types.NewTypeTypeWithParam(conditionType), true
	}
	return p.Provider.FindStructType(name)
}

func (p conditionProvider) FindStructFieldNames(name string) ([]string, bool) {
	if name == conditionTypeName {
		return []string{"type", "status", "reason", "message"}, true
	}
	return p.Provider.FindStructFieldNames(name)
}

func (p conditionProvider) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	if name != conditionTypeName {
		return p.Provider.FindStructFieldType(name, field)
	}
	if !isConditionField(field) {
		return nil, false
	}
	return &types.FieldType{Type: types.StringType}, true
}

// fieldNames lists the fields of a struct type of env, as far as its provider
// tells.
func fieldNames(env *cel.Env, typeName string) []string {
	p, _ := env.CELTypeProvider().(conditionProvider)
	if named, ok := p.Provider.(interface{ FieldNames(string) []string }); ok {
		return named.FieldNames(typeName)
	}
	return nil
}
