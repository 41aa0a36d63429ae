package randomcase

import (
	"fmt"
	"strconv"
	"strings"
)

// shape is the type of a value.
type shape int

const (
	text shape = iota
	integer
	number
	boolean
	textList
	integerList
	textMap
	structList
	structure
	freeObject
)

var shapeNames = map[shape]string{
	text: "string", integer: "integer", number: "float", boolean: "boolean", textList: "[]string",
	integerList: "[]integer", textMap: "map[string]string", structList: "[]Part", freeObject: "object",
}

// field is one field of a SimpleSchema struct.
type field struct {
	name     string
	shape    shape
	markers  []string
	required bool
	hasValue bool // by default
	enum     []string
	min, max int
	fields   []field // of a struct
}

// partFields is the custom type of struct lists.
var partFields = []field{
	{name: "name", shape: text, required: true, markers: []string{"required=true"}},
	{name: "count", shape: integer, hasValue: true, markers: []string{"default=2", "minimum=0"}, max: 50},
}

// value is something that an expression can read.
type value struct {
	path  string
	shape shape
}

func (g *generator) fields(n, depth int) []field {
	out := []field{{name: "name", shape: text, required: true, markers: []string{"required=true"}}}
	names := []string{"title", "size", "ratio", "enabled", "tags", "ports", "labels", "parts", "config", "free", "mode", "debug", "max-size", "note"}
	g.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for _, name := range names[:n] {
		f := field{name: name, shape: pick(g, text, text, integer, integer, number, boolean, textList, integerList, textMap, structList, structure, freeObject)}
		if name == "max-size" {
			f.shape = integer
		}
		if f.shape == structure {
			if depth > 1 {
				f.shape = text
			} else {
				f.fields = g.fields(1+g.IntN(3), depth+1)
			}
		}
		g.mark(&f)
		out = append(out, f)
	}
	return out
}

// mark gives a field markers that agree with each other.
func (g *generator) mark(f *field) {
	add := func(format string, args ...any) { f.markers = append(f.markers, fmt.Sprintf(format, args...)) }
	f.max = 50
	switch f.shape {
	case structure:
		return // a nested struct has no place for markers
	case text:
		if g.chance(20) {
			f.enum = []string{"alpha", "beta", "gamma"}
			add("enum=%q", strings.Join(f.enum, ","))
		} else if g.chance(15) {
			add(`pattern="^[A-Za-z0-9 ._-]*$"`)
		}
		if g.chance(10) {
			add("maxLength=80")
		}
	case integer, number:
		if g.chance(30) {
			f.min, f.max = 1, 1+g.IntN(20)
			add("minimum=%d", f.min)
			add("maximum=%d", f.max)
		}
		if g.chance(8) {
			add("immutable=true")
		}
	case textList, integerList:
		if g.chance(15) {
			add("maxItems=9")
		}
	}
	switch {
	case g.chance(55):
		f.hasValue = true
		add("default=%s", g.defaultText(*f))
	case g.chance(30):
		f.required = true
		add("required=true")
	}
	if g.chance(15) {
		add("description=%q", "what it is")
	}
	g.Shuffle(len(f.markers), func(i, j int) { f.markers[i], f.markers[j] = f.markers[j], f.markers[i] })
}

func (g *generator) defaultText(f field) string {
	switch f.shape {
	case text:
		if f.enum != nil {
			return pick(g, f.enum...)
		}
		return pick(g, "plain", `"two words"`, `""`, "web-1", `"a.b"`)
	case integer:
		return strconv.Itoa(f.min + g.IntN(f.max-f.min+1))
	case number:
		return pick(g, strconv.Itoa(f.min), strconv.Itoa(f.max)+".0", strconv.Itoa(f.min)+".0")
	case boolean:
		return pick(g, "true", "false")
	case textList:
		return pick(g, `["a","b"]`, `["x"]`, `[]`, `["b","a","b"]`)
	case integerList:
		return pick(g, `[3,1,2]`, `[80]`, `[]`)
	case textMap:
		return pick(g, `{"tier":"gold"}`, `{}`, `{"b":"2","a":"1"}`)
	case structList:
		return pick(g, `[{"name":"p","count":1}]`, `[{"name":"q"},{"name":"r"}]`, `[]`)
	}
	return pick(g, `{}`, `{"any":{"thing":1}}`)
}

func specText(fields []field) object {
	out := object{}
	for _, f := range fields {
		switch {
		case f.shape == structure:
			out[f.name] = specText(f.fields)
		case len(f.markers) > 0:
			out[f.name] = shapeNames[f.shape] + " | " + strings.Join(f.markers, " ")
		default:
			out[f.name] = shapeNames[f.shape]
		}
	}
	return out
}

func typesText(fields []field) object {
	for _, f := range fields {
		if f.shape == structList || f.shape == structure && len(typesText(f.fields)) > 0 {
			return object{"Part": specText(partFields)}
		}
	}
	return object{}
}

// schemaScope lists what expressions can read of the instance.
func schemaScope(fields []field, clusterScoped bool) []value {
	out := []value{{"schema.metadata.name", text}, {"schema.kind", text}}
	if !clusterScoped {
		out = append(out, value{"schema.metadata.namespace", text})
	}
	return append(out, fieldScope("schema.spec", fields)...)
}

func fieldScope(path string, fields []field) []value {
	var out []value
	for _, f := range fields {
		name := path + "." + strings.ReplaceAll(f.name, "-", "__dash__")
		if f.shape == structure {
			out = append(out, fieldScope(name, f.fields)...)
			continue
		}
		out = append(out, value{name, f.shape})
		if f.required || f.hasValue { // most expressions should find their data
			out = append(out, value{name, f.shape}, value{name, f.shape})
		}
	}
	return out
}

// given returns what an instance says about a struct: what is required, and some of the rest.
func (g *generator) given(fields []field) object {
	out := object{}
	for _, f := range fields {
		if f.required || g.chance(65) {
			out[f.name] = g.literal(f)
		}
	}
	return out
}

func (g *generator) literal(f field) any {
	switch f.shape {
	case text:
		if f.enum != nil {
			return pick(g, f.enum...)
		}
		return pick(g, "web", "api-2", "Mixed Case", "a.b", "x_y", "1")
	case integer:
		return f.min + g.IntN(f.max-f.min+1)
	case number:
		if f.max-f.min < 1 {
			return f.min
		}
		return pick[any](g, float64(f.min)+0.5, f.min, f.max)
	case boolean:
		return g.chance(50)
	case textList:
		return pick(g, []any{}, []any{"a"}, []any{"b", "a", "c"}, []any{"x", "x"}, []any{"a,b", "c d"})
	case integerList:
		return pick(g, []any{}, []any{8080}, []any{3, 1, 2}, []any{5, 5, 7})
	case textMap:
		return pick(g, object{}, object{"k": "v"}, object{"b": "2", "a": "1"}, object{"x-y": "z", "e.f/g": "h"})
	case structList:
		return pick(g, []any{}, []any{object{"name": "one", "count": 3}}, []any{object{"name": "b"}, object{"name": "a", "count": 7}})
	case structure:
		return g.given(f.fields)
	}
	return pick(g, object{}, object{"deep": object{"n": 1, "list": []any{1, "two", 3.5}}}, object{"flag": true, "text": "t"})
}
