package expr

import "github.com/google/cel-go/cel"

// ListElem returns the element type of a list type.
func ListElem(t *cel.Type) (*cel.Type, bool) {
	params := t.Parameters()
	if len(params) != 1 || !cel.ListType(params[0]).IsAssignableType(t) {
		return nil, false
	}
	return params[0], true
}

// IsBool reports whether a condition may have this type: bool or an optional of
// it. A dyn is not assignable to bool and is refused, as in kro.
func IsBool(t *cel.Type) bool {
	return cel.BoolType.IsAssignableType(t) || cel.OptionalType(cel.BoolType).IsAssignableType(t)
}

// IsConditionOutput reports whether an entry of status.conditions may have this
// type: a Condition, a list of them, or dyn in either place (S4.9).
func IsConditionOutput(t *cel.Type) bool {
	if elem, ok := ListElem(t); ok {
		t = elem
	}
	return t.TypeName() == conditionTypeName || t.IsExactType(cel.DynType)
}
