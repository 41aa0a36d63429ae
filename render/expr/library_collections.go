package expr

import (
	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
)

// mapsLibrary holds merge and deepMerge (S4.7).
type mapsLibrary struct{}

func (mapsLibrary) LibraryName() string                 { return "cel.lib.ext.maps" }
func (mapsLibrary) ProgramOptions() []cel.ProgramOption { return nil }

func (mapsLibrary) CompileOptions() []cel.EnvOption {
	kv := cel.MapType(cel.TypeParamType("K"), cel.TypeParamType("V"))
	return []cel.EnvOption{
		cel.Function("merge",
			cel.MemberOverload("map_merge", []*cel.Type{kv, kv}, kv, cel.BinaryBinding(merge))),
		cel.Function("deepMerge",
			cel.MemberOverload("dyn_deepmerge_dyn",
				[]*cel.Type{cel.DynType, cel.DynType}, cel.DynType, cel.BinaryBinding(deepMerge))),
	}
}

// merge returns the entries of both maps; on equal keys the right one wins.
func merge(left, right ref.Val) ref.Val {
	l, ok1 := left.(traits.Mapper)
	r, ok2 := right.(traits.Mapper)
	if !ok1 || !ok2 {
		return types.NewErr("no such overload: %v.merge(%v)", left.Type(), right.Type())
	}
	out := make(map[ref.Val]ref.Val)
	for it := r.Iterator(); it.HasNext() == types.True; {
		k := it.Next()
		out[k] = r.Get(k)
	}
	// Asking a map, not out, finds an equal key of another numeric type.
	taken := types.NewRefValMap(types.DefaultTypeAdapter, out)
	for _, k := range sortedKeys(l) {
		if taken.Contains(k) != types.True {
			out[k] = l.Get(k)
		}
	}
	return types.NewRefValMap(types.DefaultTypeAdapter, out)
}

// deepMerge merges maps within maps too; anything else on the right replaces
// what is on the left. An empty side gives the other one unchanged.
func deepMerge(left, right ref.Val) ref.Val {
	l, ok := left.(traits.Mapper)
	if !ok {
		return types.MaybeNoSuchOverloadErr(left)
	}
	r, ok := right.(traits.Mapper)
	if !ok {
		return types.MaybeNoSuchOverloadErr(right)
	}
	if r.Size() == types.IntZero {
		return l
	}
	if l.Size() == types.IntZero {
		return r
	}
	out := make(map[ref.Val]ref.Val)
	for it := l.Iterator(); it.HasNext() == types.True; {
		k := it.Next()
		out[k] = l.Get(k)
	}
	for it := r.Iterator(); it.HasNext() == types.True; {
		k := it.Next()
		v := r.Get(k)
		_, below := out[k].(traits.Mapper)
		if _, ok := v.(traits.Mapper); ok && below {
			v = deepMerge(out[k], v)
		}
		out[k] = v
	}
	return types.NewRefValMap(types.DefaultTypeAdapter, out)
}

// listsLibrary holds kro's list functions that take an index (S4.7).
type listsLibrary struct{}

func (listsLibrary) LibraryName() string                 { return "kro.lists" }
func (listsLibrary) ProgramOptions() []cel.ProgramOption { return nil }

func (listsLibrary) CompileOptions() []cel.EnvOption {
	elem := cel.TypeParamType("T")
	list := cel.ListType(elem)
	return []cel.EnvOption{
		cel.Function("lists.setAtIndex",
			cel.Overload("lists.setAtIndex_list_int_T", []*cel.Type{list, cel.IntType, elem}, list,
				cel.FunctionBinding(func(args ...ref.Val) ref.Val {
					return spliceList("lists.setAtIndex", args, 1)
				}))),
		cel.Function("lists.insertAtIndex",
			cel.Overload("lists.insertAtIndex_list_int_T", []*cel.Type{list, cel.IntType, elem}, list,
				cel.FunctionBinding(func(args ...ref.Val) ref.Val {
					return spliceList("lists.insertAtIndex", args, 0)
				}))),
		cel.Function("lists.removeAtIndex",
			cel.Overload("lists.removeAtIndex_list_int", []*cel.Type{list, cel.IntType}, list,
				cel.BinaryBinding(func(list, index ref.Val) ref.Val {
					return spliceList("lists.removeAtIndex", []ref.Val{list, index}, 1)
				}))),
	}
}

// spliceList copies the list args[0], with drop elements at the index args[1]
// replaced by the rest of args. Its bounds error must not read "index out of
// bounds", which would mean pending.
func spliceList(name string, args []ref.Val, drop int) ref.Val {
	list, ok := args[0].(traits.Lister)
	if !ok {
		return types.NewErr("%s: first argument must be a list", name)
	}
	index, ok := args[1].(types.Int)
	if !ok {
		return types.NewErr("%s: index must be an integer", name)
	}
	size := list.Size().(types.Int)
	if index < 0 || index > size-types.Int(drop) {
		return types.NewErr("%s: index %d out of bounds of a list of %d", name, index, size)
	}
	out := make([]ref.Val, 0, int(size)+len(args))
	for i := types.Int(0); i < index; i++ {
		out = append(out, list.Get(i))
	}
	out = append(out, args[2:]...)
	for i := index + types.Int(drop); i < size; i++ {
		out = append(out, list.Get(i))
	}
	return types.NewRefValList(types.DefaultTypeAdapter, out)
}
