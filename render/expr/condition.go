package expr

import (
	"fmt"
	"reflect"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
)

// Condition is a status condition as expressions make and see it (S4.9).
type Condition struct {
	Name    string // the condition's type
	Status  string
	Reason  string
	Message string
}

// newCondition makes a Condition from a map of strings. The macro has checked
// keys and literals; this checks what was computed.
func newCondition(arg ref.Val) ref.Val {
	m, ok := arg.(traits.Mapper)
	if !ok {
		return types.NewErr("runtime.newCondition: argument must be a map, got %s", arg.Type().TypeName())
	}
	var c Condition
	for _, k := range sortedKeys(m) {
		name, _ := k.(types.String)
		v := m.Get(k)
		if types.IsError(v) {
			return v
		}
		s, ok := v.(types.String)
		if !ok {
			return types.NewErr("runtime.newCondition: %s must be a string, got %s", string(name), v.Type().TypeName())
		}
		switch name {
		case "type":
			if s == "" {
				return types.NewErr("runtime.newCondition: type must not be empty")
			}
			c.Name = string(s)
		case "status":
			if !isConditionStatus(string(s)) {
				return types.NewErr("runtime.newCondition: status must be True, False or Unknown, got %q", string(s))
			}
			c.Status = string(s)
		case "reason":
			c.Reason = string(s)
		case "message":
			c.Message = string(s)
		}
	}
	return &c
}

// findCondition returns the entry of obj.status.conditions with a type, or an
// empty Condition when there is none or no such list.
func findCondition(args ...ref.Val) ref.Val {
	if len(args) != 3 {
		return types.NewErr("runtime.condition: want an object and a type")
	}
	wanted, ok := args[2].(types.String)
	if !ok {
		return types.NewErr("runtime.condition: type must be a string, got %s", args[2].Type().TypeName())
	}
	obj, ok := args[1].(traits.Mapper)
	if !ok {
		return types.NewErr("runtime.condition: want an object, got %s", args[1].Type().TypeName())
	}
	v, found := obj.Find(types.String("status"))
	if !found {
		return &Condition{}
	}
	status, ok := v.(traits.Mapper)
	if !ok {
		return types.NewErr("runtime.condition: status of the object must be an object")
	}
	v, found = status.Find(types.String("conditions"))
	if !found {
		return &Condition{}
	}
	list, ok := v.(traits.Lister)
	if !ok {
		return types.NewErr("runtime.condition: status.conditions of the object must be a list")
	}
	return pickCondition(list, string(wanted))
}

// pickCondition looks at every element, since a bad one anywhere is an error.
func pickCondition(list traits.Lister, wanted string) ref.Val {
	var found *Condition
	size, _ := list.Size().(types.Int)
	for i := types.Int(0); i < size; i++ {
		var c *Condition
		switch v := list.Get(i).(type) {
		case *Condition:
			c = v
		case traits.Mapper:
			c = &Condition{Name: textAt(v, "type"), Status: textAt(v, "status"), Reason: textAt(v, "reason"), Message: textAt(v, "message")}
		default:
			return types.NewErr("runtime.condition: a condition must be an object, got %s", v.Type().TypeName())
		}
		if found == nil && c.Name == wanted {
			found = c
		}
	}
	if found == nil {
		return &Condition{}
	}
	return found
}

func textAt(m traits.Mapper, key string) string {
	v, _ := m.Find(types.String(key))
	s, _ := v.(types.String)
	return string(s)
}

// Type implements ref.Val.
func (c *Condition) Type() ref.Type { return conditionType }

// Value implements ref.Val.
func (c *Condition) Value() any { return c }

// Equal implements ref.Val.
func (c *Condition) Equal(other ref.Val) ref.Val {
	o, ok := other.(*Condition)
	if !ok {
		return types.MaybeNoSuchOverloadErr(other)
	}
	return types.Bool(*c == *o)
}

// Get implements traits.Indexer, for c.status.
func (c *Condition) Get(key ref.Val) ref.Val {
	name, ok := key.(types.String)
	if !ok {
		return types.NewErr("a condition's field name must be a string, got %s", key.Type().TypeName())
	}
	switch name {
	case "type":
		return types.String(c.Name)
	case "status":
		return types.String(c.Status)
	case "reason":
		return types.String(c.Reason)
	case "message":
		return types.String(c.Message)
	}
	return types.NewErr("no such field %q in a condition", string(name))
}

// ConvertToNative implements ref.Val.
func (c *Condition) ConvertToNative(t reflect.Type) (any, error) {
	switch {
	case t.Kind() == reflect.Map:
		return map[string]any{"type": c.Name, "status": c.Status, "reason": c.Reason, "message": c.Message}, nil
	case t == reflect.TypeFor[*Condition]():
		return c, nil
	case t == reflect.TypeFor[Condition]():
		return *c, nil
	}
	return nil, fmt.Errorf("type conversion error from %s to %v", conditionTypeName, t)
}

// ConvertToType implements ref.Val.
func (c *Condition) ConvertToType(t ref.Type) ref.Val { return convertToOwnType(c, t) }
