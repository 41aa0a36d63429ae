package expr

import (
	"fmt"
	"strings"
	"sync"

	"github.com/google/cel-go/common/functions"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
)

// DefaultCostLimit is how many steps the loops of one evaluation may take: a few
// seconds at worst, and five times what two nested loops over kro's largest
// collections need.
const DefaultCostLimit = 5_000_000

const (
	maxSize     = 32 << 20  // of one string or result, in bytes
	maxList     = 1_000_000 // elements of a list made by +, as lists.range
	maxDistinct = 20_000    // elements of a list for distinct, which is quadratic
)

// tooLarge says what was refused of one expression.
func tooLarge(format string, args ...any) error {
	return &LimitError{Reason: fmt.Sprintf("the expression is too expensive: "+format, args...), Advice: "make what the expression reads smaller"}
}

// isGuarded names the functions whose result can be far larger than expression and
// input together, or take far longer. Counting the steps of
// loops does not stop them.
func isGuarded(function string) bool {
	switch function {
	case "replace", "join", "format", "distinct", "_+_":
		return true
	}
	return false
}

// guards returns the bindings of the guarded functions with their check.
var guards = sync.OnceValues(func() ([]*functions.Overload, error) {
	base, err := Base()
	if err != nil {
		return nil, err
	}
	var out []*functions.Overload
	for _, name := range [...]string{"replace", "join", "format", "distinct", "_+_"} {
		bindings, err := base.Functions()[name].Bindings()
		if err != nil {
			return nil, fmt.Errorf("bind %s: %w", name, err)
		}
		for _, b := range bindings {
			out = append(out, guard(name, b))
		}
	}
	return out, nil
})

// guard returns a copy of an overload that checks its arguments first.
func guard(name string, o *functions.Overload) *functions.Overload {
	g := *o
	if o.Unary != nil {
		g.Unary = func(arg ref.Val) ref.Val {
			if err := tooMuch(name, arg); err != nil {
				return types.WrapErr(err)
			}
			return o.Unary(arg)
		}
	}
	if o.Binary != nil {
		g.Binary = func(lhs, rhs ref.Val) ref.Val {
			if err := tooMuch(name, lhs, rhs); err != nil {
				return types.WrapErr(err)
			}
			return o.Binary(lhs, rhs)
		}
	}
	if o.Function != nil {
		g.Function = func(args ...ref.Val) ref.Val {
			if err := tooMuch(name, args...); err != nil {
				return types.WrapErr(err)
			}
			return o.Function(args...)
		}
	}
	return &g
}

// tooMuch foresees the size of a call's result, or what it has to do.
func tooMuch(function string, args ...ref.Val) error {
	switch function {
	case "replace":
		return replaceTooLarge(args)
	case "join", "format":
		left := maxSize
		sep := 0
		if s, ok := args[len(args)-1].(types.String); ok && len(args) == 2 {
			sep = len(s)
		}
		for _, arg := range args {
			if list, ok := arg.(traits.Lister); ok && !measure(list, sep, &left) {
				return tooLarge("%s would make a string of more than %d bytes", function, maxSize)
			}
		}
	case "distinct":
		if list, ok := args[0].(traits.Lister); ok && sizeOf(list) > maxDistinct {
			return tooLarge("distinct of a list of more than %d elements", maxDistinct)
		}
	case "_+_":
		return sumTooLarge(args)
	}
	return nil
}

func replaceTooLarge(args []ref.Val) error {
	if len(args) < 3 {
		return nil
	}
	s, ok1 := args[0].(types.String)
	old, ok2 := args[1].(types.String)
	with, ok3 := args[2].(types.String)
	if !ok1 || !ok2 || !ok3 || len(with) <= len(old) {
		return nil
	}
	n := strings.Count(string(s), string(old))
	if len(args) > 3 {
		if limit, ok := args[3].(types.Int); ok && limit >= 0 && int64(limit) < int64(n) {
			n = int(limit)
		}
	}
	if n > 0 && len(with)-len(old) > (maxSize-min(len(s), maxSize))/n {
		return tooLarge("replace would make a string of more than %d bytes", maxSize)
	}
	return nil
}

func sumTooLarge(args []ref.Val) error {
	if len(args) != 2 {
		return nil
	}
	switch l := args[0].(type) {
	case types.String:
		if r, ok := args[1].(types.String); ok && len(l)+len(r) > maxSize {
			return tooLarge("+ would make a string of more than %d bytes", maxSize)
		}
	case traits.Lister:
		if r, ok := args[1].(traits.Lister); ok && sizeOf(l)+sizeOf(r) > maxList {
			return tooLarge("+ would make a list of more than %d elements", maxList)
		}
	}
	return nil
}

func sizeOf(v traits.Sizer) int {
	n, _ := v.Size().(types.Int)
	return int(n)
}

// measure counts what a value takes as text, and stops when nothing is left.
func measure(v ref.Val, extra int, left *int) bool {
	*left -= extra
	switch v := v.(type) {
	case types.String:
		*left -= len(v)
	case types.Bytes:
		*left -= len(v)
	case traits.Lister:
		for it := v.Iterator(); it.HasNext() == types.True; {
			if *left--; !measure(it.Next(), extra, left) {
				return false
			}
		}
	case traits.Mapper:
		for it := v.Iterator(); it.HasNext() == types.True; {
			k := it.Next()
			if *left--; !measure(k, 0, left) || !measure(v.Get(k), 0, left) {
				return false
			}
		}
	}
	return *left >= 0
}
