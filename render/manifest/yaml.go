package manifest

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	yamlv2 "go.yaml.in/yaml/v2"
)

// yamlEncoder appends objects to a buffer, with the bytes that the library
// would write and without its events, reflection and copies. What it does not
// know how to write (odd) is left to the library, one whole object at a time.
// TestEncodeEqualsLibrary and FuzzEncodeYAML hold it to the library.
type yamlEncoder struct {
	buf  []byte
	line int      // where the last line of buf begins
	keys []string // of the mappings being written, outer ones first
	odd  bool     // the object holds what the library has to write
}

// document appends one object after a line "---". Of an object that cannot be
// written nothing is appended.
func (e *yamlEncoder) document(obj map[string]any) error {
	begin := len(e.buf)
	e.buf = append(e.buf, "---\n"...)
	e.line, e.odd, e.keys = len(e.buf), len(obj) == 0, e.keys[:0]
	err := e.mapping(obj, 0)
	if err == nil && e.odd {
		e.buf = e.buf[:begin]
		return e.library(obj)
	}
	if err != nil {
		e.buf = e.buf[:begin]
		return err
	}
	e.newLine()
	return nil
}

// library appends an object as the library writes it.
func (e *yamlEncoder) library(obj map[string]any) error {
	value, err := yamlValue(obj)
	if err != nil {
		return err
	}
	text, err := yamlv2.Marshal(value)
	if err != nil {
		return err
	}
	e.buf = append(append(e.buf, "---\n"...), text...)
	return nil
}

// newLine ends a line, but for an empty one, which is that after a literal.
func (e *yamlEncoder) newLine() {
	if len(e.buf) > e.line {
		e.buf = append(e.buf, '\n')
		e.line = len(e.buf)
	}
}

const spaces = "                                                                "

func (e *yamlEncoder) indent(n int) {
	for ; n > len(spaces); n -= len(spaces) {
		e.buf = append(e.buf, spaces...)
	}
	e.buf = append(e.buf, spaces[:n]...)
}

// mapping appends entries, the first of them where the buffer ends.
func (e *yamlEncoder) mapping(m map[string]any, indent int) error {
	outer := len(e.keys)
	for k := range m {
		e.keys = append(e.keys, k)
	}
	keys := e.keys[outer:]
	sortKeys(keys)
	for i, k := range keys {
		if k == "<<" {
			return errMerge
		}
		if i > 0 {
			e.newLine()
			e.indent(indent)
		}
		e.key(k)
		e.buf = append(e.buf, ':')
		if err := e.entry(m[k], indent); err != nil {
			return err
		}
	}
	e.keys = e.keys[:outer]
	return nil
}

var errMerge = fmt.Errorf("the key %q would be read as a merge", "<<")

// entry appends what stands after a key.
func (e *yamlEncoder) entry(v any, indent int) error {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 {
			break
		}
		e.newLine()
		e.indent(indent + 2)
		return e.mapping(v, indent+2)
	case []any:
		if len(v) == 0 {
			break
		}
		e.newLine()
		e.indent(indent)
		return e.list(v, indent)
	}
	return e.scalar(v, indent)
}

// list appends items, the first of them where the buffer ends.
func (e *yamlEncoder) list(l []any, indent int) error {
	for i, v := range l {
		if i > 0 {
			e.newLine()
			e.indent(indent)
		}
		e.buf = append(e.buf, '-')
		if err := e.item(v, indent); err != nil {
			return err
		}
	}
	return nil
}

// item appends what stands after the dash of a list.
func (e *yamlEncoder) item(v any, indent int) error {
	switch v := v.(type) {
	case map[string]any:
		if len(v) > 0 {
			e.buf = append(e.buf, ' ')
			return e.mapping(v, indent+2)
		}
	case []any:
		if len(v) > 0 {
			e.buf = append(e.buf, ' ')
			return e.list(v, indent+2)
		}
	}
	return e.scalar(v, indent)
}

// scalar appends a value of one line, or a text.
func (e *yamlEncoder) scalar(v any, indent int) error {
	e.buf = append(e.buf, ' ')
	switch v := v.(type) {
	case string:
		e.text(v, indent+2)
	case bool:
		e.buf = strconv.AppendBool(e.buf, v)
	case int64:
		e.buf = strconv.AppendInt(e.buf, v, 10)
	case int:
		e.buf = strconv.AppendInt(e.buf, int64(v), 10)
	case int32:
		e.buf = strconv.AppendInt(e.buf, int64(v), 10)
	case uint64:
		e.buf = strconv.AppendUint(e.buf, v, 10)
	case float64:
		return e.float(v)
	case map[string]any:
		if v == nil {
			e.buf = append(e.buf, "null"...)
			return nil
		}
		e.buf = append(e.buf, "{}"...)
	case []any:
		if v == nil {
			e.buf = append(e.buf, "null"...)
			return nil
		}
		e.buf = append(e.buf, "[]"...)
	case nil:
		e.buf = append(e.buf, "null"...)
	default:
		return fmt.Errorf("a %T is not a JSON value", v)
	}
	return nil
}

func (e *yamlEncoder) float(f float64) error {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return errNumber
	}
	switch v := wholeToYAML(f).(type) {
	case int64:
		e.buf = strconv.AppendInt(e.buf, v, 10)
	case uint64:
		e.buf = strconv.AppendUint(e.buf, v, 10)
	default:
		e.buf = strconv.AppendFloat(e.buf, f, 'g', -1, 64)
	}
	return nil
}

var errNumber = fmt.Errorf("infinity and NaN have no JSON form")

// sortKeys sorts as the library does: letters after other characters, digits
// by the number that they make. That is no order where numbers have zeros in
// front (0x < 1a < 001 < 0x); such keys begin from one order, so that they end
// in one.
func sortKeys(keys []string) {
	if len(keys) > 2 && slices.ContainsFunc(keys, hasDigit) {
		slices.Sort(keys)
	}
	if len(keys) > 12 {
		slices.SortStableFunc(keys, func(a, b string) int {
			switch {
			case keyLess(a, b):
				return -1
			case keyLess(b, a):
				return 1
			}
			return 0
		})
		return
	}
	for i := 1; i < len(keys); i++ {
		for j := i; j > 0 && keyLess(keys[j], keys[j-1]); j-- {
			keys[j], keys[j-1] = keys[j-1], keys[j]
		}
	}
}

// hasDigit reports whether a key has a digit, or a character that may be one.
func hasDigit(key string) bool {
	for i := range len(key) {
		if c := key[i]; c >= '0' && c <= '9' || c >= utf8.RuneSelf {
			return true
		}
	}
	return false
}

// keyLess reports whether the library writes key a before key b.
func keyLess(a, b string) bool {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	if i == len(a) || i == len(b) {
		return len(a) < len(b)
	}
	if x, y := a[i], b[i]; x < utf8.RuneSelf && y < utf8.RuneSelf && (isLetter(x) || isLetter(y)) {
		if isLetter(x) && isLetter(y) {
			return x < y
		}
		return isLetter(y)
	}
	for i > 0 && i < len(a) && !utf8.RuneStart(a[i]) {
		i--
	}
	return runesLess([]rune(a), []rune(b), utf8.RuneCountInString(a[:i]))
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// runesLess compares keys that differ in character i.
func runesLess(a, b []rune, i int) bool {
	x, y := a[i], b[i]
	switch xl, yl := unicode.IsLetter(x), unicode.IsLetter(y); {
	case xl && yl:
		return x < y
	case xl || yl:
		return yl
	}
	// A 0 after other digits than 0 is part of their number, and numbers are
	// told apart by their length first.
	var start int64
	if x == '0' || y == '0' {
		j := i - 1
		for j >= 0 && a[j] == '0' {
			j--
		}
		if j >= 0 && unicode.IsDigit(a[j]) {
			start = 1
		}
	}
	xn, xend := number(a, i, start)
	yn, yend := number(b, i, start)
	return cmp.Or(cmp.Compare(xn, yn), cmp.Compare(xend, yend), cmp.Compare(x, y)) < 0
}

// number reads the digits from i on after those of n, and returns their end. It
// overflows as the library's does.
func number(s []rune, i int, n int64) (int64, int) {
	for ; i < len(s) && unicode.IsDigit(s[i]); i++ {
		n = n*10 + int64(s[i]-'0')
	}
	return n, i
}

// plainWords are texts that YAML 1.1 reads as something else than a text.
func plainWord(s string) bool {
	switch s {
	case "", "~", "null", "Null", "NULL", "y", "Y", "yes", "Yes", "YES", "n", "N", "no", "No", "NO",
		"true", "True", "TRUE", "false", "False", "FALSE", "on", "On", "ON", "off", "Off", "OFF",
		".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF":
		return true
	}
	return false
}

// isText reports whether YAML 1.1 reads an unquoted s as a text.
func isText(s string) bool {
	if len(s) == 0 {
		return false
	}
	switch c := s[0]; {
	case c == '~' || isLetter(c) && strings.IndexByte("yntfo", c|0x20) >= 0:
		return !plainWord(s)
	case c == '.':
		return !plainWord(s) && !isFloat(s)
	case c == '+' || c == '-' || c >= '0' && c <= '9':
		return !plainWord(s) && !isNumber(s)
	}
	return true
}
