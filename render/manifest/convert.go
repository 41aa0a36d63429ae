package manifest

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/krowave/krowave/render/diag"
)

// converter turns what the YAML library decodes into what the same text would
// be after YAML -> JSON -> Kubernetes' JSON decoder, without writing the JSON.
// TestConvertEqualsJSON and FuzzRead hold it to the long way.
type converter struct {
	lim   Limits
	nodes int
	// ordered walks maps by key.
	ordered bool

	// The first problem, by path; the path is collected while unwinding.
	rule, problem string
	path          diag.Path
}

func (c *converter) fail(rule, format string, args ...any) {
	if c.problem == "" {
		c.rule, c.problem = rule, fmt.Sprintf(format, args...)
	}
}

func (c *converter) fullPath() diag.Path {
	out := slices.Clone(c.path)
	slices.Reverse(out)
	return out
}

// enter counts a value; aliases make it possible that a short text has many.
func (c *converter) enter(depth int) bool {
	c.nodes++
	if c.nodes > c.lim.Nodes {
		c.fail("limit-nodes", "document has more than %d values; raise --max-yaml-nodes to read it", c.lim.Nodes)
	}
	if depth > c.lim.Depth {
		c.fail("limit-depth", "too deep")
	}
	return c.problem == ""
}

// run converts a document. Maps are walked in Go's order as long as all is
// well; a problem is looked for again in the order of the keys, so that the
// same one is reported every time.
func (c *converter) run(v any) any {
	out := c.convert(v, 0)
	if c.problem == "" {
		return out
	}
	*c = converter{lim: c.lim, ordered: true}
	return c.convert(v, 0)
}

func (c *converter) convert(v any, depth int) any {
	switch v := v.(type) {
	case map[any]any:
		return c.mapping(entriesOf(v, c.ordered), depth+1)
	case map[string]any: // an item of a list that was converted before a problem
		return c.mapping(entriesOf(v, c.ordered), depth+1)
	case []any:
		return c.list(v, depth+1)
	}
	if !c.enter(depth) {
		return nil
	}
	switch v := v.(type) {
	case string:
		return validUTF8(v)
	case int:
		return int64(v)
	case uint64:
		return float64(v) // larger than int64: the JSON decoder falls back to float64
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			c.fail("yaml-number", "infinity and NaN cannot be written in JSON; quote it if a string is meant")
			return nil
		}
		return wholeToInt(v)
	}
	return v
}

func (c *converter) list(l []any, depth int) any {
	if !c.enter(depth) {
		return nil
	}
	for i, item := range l {
		converted := c.convert(item, depth)
		if c.problem != "" {
			c.path = append(c.path, i)
			return nil
		}
		l[i] = converted
	}
	return l
}

func (c *converter) mapping(entries iter.Seq2[any, any], depth int) any {
	if !c.enter(depth) {
		return nil
	}
	out := map[string]any{}
	for k, v := range entries {
		name, ok := keyString(k)
		if !ok {
			c.fail("yaml-key", "null and mappings cannot be keys; quote it")
			return nil
		}
		if _, twice := out[name]; twice {
			c.fail("yaml-duplicate-key", "key %q is set twice in this mapping", clip(name))
			c.path = append(c.path, name)
			return nil
		}
		converted := c.convert(v, depth)
		if c.problem != "" {
			c.path = append(c.path, name)
			return nil
		}
		out[name] = converted
	}
	return out
}

// entriesOf walks a map, by the text of its keys if that is asked for.
func entriesOf[K comparable](m map[K]any, ordered bool) iter.Seq2[any, any] {
	return func(yield func(any, any) bool) {
		if !ordered {
			for k, v := range m {
				if !yield(k, v) {
					return
				}
			}
			return
		}
		keys := make([]K, 0, len(m))
		for k := range m {
			keys = append(keys, k)
		}
		slices.SortFunc(keys, func(a, b K) int {
			return cmp.Compare(fmt.Sprintf("%v %T", a, a), fmt.Sprintf("%v %T", b, b))
		})
		for _, k := range keys {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}

// count applies the limit on values to what came from JSON; depth was checked
// on the text.
func (c *converter) count(v any) {
	if c.nodes++; c.nodes > c.lim.Nodes {
		c.fail("limit-nodes", "document has more than %d values; raise --max-yaml-nodes to read it", c.lim.Nodes)
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for _, item := range v {
			c.count(item)
		}
	case []any:
		for _, item := range v {
			c.count(item)
		}
	}
}

// keyString is how sigs.k8s.io/yaml makes a JSON key of a YAML key.
func keyString(k any) (string, bool) {
	switch k := k.(type) {
	case string:
		return validUTF8(k), true
	case int:
		return strconv.Itoa(k), true
	case int64:
		return strconv.FormatInt(k, 10), true
	case bool:
		return strconv.FormatBool(k), true
	case float64:
		switch s := strconv.FormatFloat(k, 'g', -1, 32); s {
		case "+Inf":
			return ".inf", true
		case "-Inf":
			return "-.inf", true
		case "NaN":
			return ".nan", true
		default:
			return s, true
		}
	}
	return "", false
}

// wholeToInt returns the int64 that a whole float is read back as from JSON,
// where 3.0 is written as 3; other floats, and those from 2^63 or 1e21 on, stay
// floats.
func wholeToInt(f float64) any {
	if f != math.Trunc(f) || math.Abs(f) >= 1e21 {
		return f
	}
	if math.Abs(f) < 1<<53 {
		return int64(f)
	}
	// JSON holds the shortest digits that mean f, which above 2^53 can be
	// another integer than f itself.
	if i, err := strconv.ParseInt(strconv.FormatFloat(f, 'f', -1, 64), 10, 64); err == nil {
		return i
	}
	return f
}

// validUTF8 replaces each byte that is not UTF-8, which only !!binary can bring
// in, as encoding/json does.
func validUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}
