package health

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/google/cel-go/common/types"
)

// quote writes a Lua string literal. Everything but printable ASCII becomes a
// decimal escape, so that the script survives any YAML.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\%03d`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// exact is the first whole number whose neighbour a float cannot tell from it.
const exact = 1 << 53

// number writes a Lua number, or says that a float cannot hold it.
func number[N types.Int | types.Uint | types.Double](value N) (string, error) {
	n := float64(value)
	if math.Abs(n) >= exact || math.IsNaN(n) {
		return "", notCarried("the number %v is too large for Lua, whose numbers are floats", value)
	}
	return strconv.FormatFloat(n, 'g', -1, 64), nil
}

// after is the text that is directly after all texts with a prefix: texts are
// compared by bytes. Lua in Argo CD has no other means to look into a text.
func after(prefix string) string {
	last := len(prefix) - 1
	return prefix[:last] + string(prefix[last]+1)
}
