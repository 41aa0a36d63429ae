package health

import (
	"math/rand/v2"
	"slices"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"

	"github.com/krowave/krowave/render/expr"
)

// shape is what an expression expects somewhere in an object: fields, elements,
// or neither.
type shape struct {
	names  []string
	fields map[string]*shape
	items  *shape
	sized  bool // its size is taken
}

func (s *shape) field(name string) *shape {
	if s.fields == nil {
		s.fields = map[string]*shape{}
	}
	if s.fields[name] == nil {
		s.fields[name] = &shape{}
		s.names = append(s.names, name)
	}
	return s.fields[name]
}

func (s *shape) item() *shape {
	if s.items == nil {
		s.items = &shape{}
	}
	return s.items
}

// objects makes random objects that an expression can say something about.
type objects struct {
	root   *shape
	values []any // literals of the expression, and neighbours
	random *rand.Rand
	counts bool // no text where a size is taken: Lua cannot count characters
}

func objectsFor(source, self string, seed uint64) *objects {
	parsed, errs := expr.ParseAST(source)
	if errs != nil {
		panic(errs[0])
	}
	o := &objects{root: &shape{}, random: rand.New(rand.NewPCG(seed, 1))}
	o.values = []any{"", "a", "é", "True", "False", "true", "null", true, false, int64(0), int64(1), int64(2), -1.5, 0.5}
	o.visit(parsed.NativeRep().Expr(), map[string]*shape{self: o.root})
	return o
}

// visit collects shapes and literals, and returns the shape of e's value.
func (o *objects) visit(e ast.Expr, vars map[string]*shape) *shape {
	switch e.Kind() {
	case ast.IdentKind:
		if s := vars[e.AsIdent()]; s != nil {
			return s
		}
	case ast.LiteralKind:
		o.literal(e)
	case ast.SelectKind:
		return o.visit(e.AsSelect().Operand(), vars).field(e.AsSelect().FieldName())
	case ast.ListKind:
		for _, item := range e.AsList().Elements() {
			o.visit(item, vars)
		}
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			o.visit(entry.AsMapEntry().Key(), vars)
			o.visit(entry.AsMapEntry().Value(), vars)
		}
	case ast.CallKind:
		return o.call(e.AsCall(), vars)
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		over := o.visit(c.IterRange(), vars)
		inner := with2(vars, c.AccuVar(), o.visit(c.AccuInit(), vars))
		inner = with2(inner, c.IterVar(), over.item())
		o.visit(c.LoopStep(), inner)
		o.visit(c.Result(), inner)
		return over
	}
	return &shape{}
}

func with2(vars map[string]*shape, name string, s *shape) map[string]*shape {
	out := map[string]*shape{name: s}
	for k, v := range vars {
		if k != name {
			out[k] = v
		}
	}
	return out
}

func (o *objects) call(c ast.CallExpr, vars map[string]*shape) *shape {
	args := c.Args()
	if c.IsMemberFunction() {
		args = append([]ast.Expr{c.Target()}, args...)
	}
	var shapes []*shape
	for _, arg := range args {
		shapes = append(shapes, o.visit(arg, vars))
	}
	switch c.FunctionName() {
	case operators.OptSelect, operators.OptIndex, operators.Index:
		if args[1].Kind() != ast.LiteralKind {
			return shapes[0].item()
		}
		if name, ok := args[1].AsLiteral().(types.String); ok {
			return shapes[0].field(string(name))
		}
		return shapes[0].item()
	case operators.In:
		shapes[1].item()
	case "size":
		shapes[0].item()
		shapes[0].sized = true
	case "orValue", "or", "value", "dyn":
		return shapes[0]
	}
	return &shape{}
}

func (o *objects) literal(e ast.Expr) {
	switch v := e.AsLiteral().(type) {
	case types.String:
		o.values = append(o.values, string(v), string(v), string(v), string(v)+"x")
	case types.Int:
		o.values = append(o.values, int64(v), int64(v), int64(v)+1, int64(v)-1, float64(v)+0.5)
	case types.Double:
		o.values = append(o.values, float64(v)+0.25, float64(v)-0.25)
	}
}

// next makes an object.
func (o *objects) next() map[string]any {
	object, _ := o.value(o.root, true).(map[string]any)
	return object
}

// value makes a value of a shape; now and then something else.
func (o *objects) value(s *shape, sure bool) any {
	odd := o.random.IntN(40)
	if o.counts && s.sized && odd == 3 {
		odd = 2
	}
	switch {
	case !sure && odd == 0:
		return nil
	case !sure && odd == 1:
		return []any{o.leaf()} // not empty: Lua takes an empty list for a map
	case !sure && odd == 2:
		return map[string]any{"a": o.leaf()}
	case !sure && odd == 3:
		return o.leaf()
	case s.items != nil && (s.fields == nil || odd%2 == 0) && !sure:
		return o.list(s.items)
	case s.fields != nil || sure:
		out := map[string]any{}
		for _, name := range s.names {
			if o.random.IntN(6) > 0 {
				out[name] = o.value(s.fields[name], false)
			}
		}
		return out
	}
	return o.leaf()
}

func (o *objects) list(s *shape) any {
	if o.random.IntN(8) == 0 { // a map, whose keys a loop visits
		out := map[string]any{}
		for range o.random.IntN(3) {
			if key, ok := o.leaf().(string); ok {
				out[key] = o.value(s, false)
			}
		}
		return out
	}
	out := []any{}
	for range o.random.IntN(4) {
		out = append(out, o.value(s, false))
	}
	return out
}

func (o *objects) leaf() any { return o.values[o.random.IntN(len(o.values))] }

// withoutNulls is what Argo CD's Lua sees of a value: null is absent.
func withoutNulls(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, item := range v {
			if item != nil {
				out[key] = withoutNulls(item)
			}
		}
		return out
	case []any:
		out := []any{}
		for _, item := range v {
			if item != nil {
				out = append(out, withoutNulls(item))
			}
		}
		return slices.Clip(out)
	}
	return v
}
