package expr

import (
	"fmt"
	"reflect"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// Omit stands, in the result of an evaluation, for a field or list element that
// is to be left out (S3.7).
type Omit struct{}

// IsOmit reports whether v is the result of omit().
func IsOmit(v any) bool {
	_, ok := v.(Omit)
	return ok
}

// StripOmit removes every map entry and list element of v that is Omit. It
// changes v, which must be the caller's own; v itself must not be Omit.
func StripOmit(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			if IsOmit(e) {
				delete(v, k)
			} else {
				v[k] = StripOmit(e)
			}
		}
		return v
	case []any:
		kept := v[:0]
		for _, e := range v {
			if !IsOmit(e) {
				kept = append(kept, StripOmit(e))
			}
		}
		clear(v[len(kept):])
		return kept
	}
	return v
}

// omitLibrary declares omit() (S3.7). Where it may be used is for others to check.
type omitLibrary struct{}

func (omitLibrary) LibraryName() string                 { return "kro.omit" }
func (omitLibrary) ProgramOptions() []cel.ProgramOption { return nil }

func (omitLibrary) CompileOptions() []cel.EnvOption {
	return []cel.EnvOption{
		cel.Function("omit", cel.Overload("omit_void", []*cel.Type{}, cel.DynType,
			cel.FunctionBinding(func(...ref.Val) ref.Val { return omitValue{} }))),
	}
}

// omitValue is Omit inside CEL. It can be passed on and nothing else.
type omitValue struct{}

func (omitValue) Type() ref.Type { return types.NewObjectType("kro.omit") }
func (omitValue) Value() any     { return Omit{} }

func (omitValue) Equal(ref.Val) ref.Val {
	return types.NewErr("the result of omit() cannot be compared")
}

func (omitValue) ConvertToNative(t reflect.Type) (any, error) {
	if t == reflect.TypeFor[Omit]() || t.Kind() == reflect.Interface {
		return Omit{}, nil
	}
	return nil, fmt.Errorf("the result of omit() cannot be converted to %v", t)
}

func (v omitValue) ConvertToType(t ref.Type) ref.Val {
	if t == types.TypeType {
		return v.Type().(ref.Val)
	}
	return types.NewErr("the result of omit() cannot be converted to %v", t.TypeName())
}
