package simpleschema

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"unicode/utf8"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/krowave/krowave/render/diag"
)

// constraints warns of markers that kro and the API server accept although they
// check nothing, or although no instance can satisfy them. Markers of a custom
// type are its own: only what this field's markers add is looked at.
func (t *target) constraints(markers []marker) {
	c := checks{target: t, at: map[string]int{}, text: map[string]string{}}
	for _, m := range markers {
		c.at[m.name], c.text[m.name] = m.offset, m.raw
	}
	s := t.schema
	if s.Type != "integer" && s.Type != "number" {
		c.noNumber("minimum", s.Minimum)
		c.noNumber("maximum", s.Maximum)
	} else if !c.fraction("minimum", s.Minimum) && !c.fraction("maximum", s.Maximum) {
		c.bounds("minimum", s.Minimum, "maximum", s.Maximum)
	}
	c.bounds("minLength", float(s.MinLength), "maxLength", float(s.MaxLength))
	c.bounds("minItems", float(s.MinItems), "maxItems", float(s.MaxItems))
	if len(t.problems) == 0 {
		c.values()
	}
}

// checks knows where the field itself says what it says.
type checks struct {
	*target
	at   map[string]int    // marker: its offset in the text of the field
	text map[string]string // marker: its value as it is written
}

func (c *checks) warn(offset int, message, hint string) {
	c.problems = append(c.problems, Problem{Severity: diag.Warning, Offset: offset, Rule: RuleConstraint, Message: message, Hint: hint})
}

// nothingFits reports markers that no value satisfies. A default is a value: the
// API server refuses it with the CRD.
func (c *checks) nothingFits(offset int, message, hint string) {
	if c.schema.Default != nil && c.inSpec {
		c.badAt(offset, "no value fits, not even the default, so the API server refuses the generated CRD: "+message, hint)
		c.problems[len(c.problems)-1].Rule = RuleConstraint
		return
	}
	c.warn(offset, "no value fits: "+message, hint)
}

// noNumber reports a bound of numbers on another type.
func (c *checks) noNumber(name string, bound *float64) {
	at, own := c.at[name]
	if !own || bound == nil {
		return
	}
	hint := "remove it"
	switch c.schema.Type {
	case "string":
		hint = fmt.Sprintf("write %sLength to limit the number of characters, or make the field an integer", name[:3])
	case "array":
		hint = fmt.Sprintf("write %sItems to limit the number of items; a bound of each item belongs to a custom type", name[:3])
	}
	c.warn(at, fmt.Sprintf("%s checks nothing here: it is for integer and float fields, this one is %s", name, typeName(c.schema)), hint)
}

// fraction reports a bound of an integer that is none: with it the API server
// refuses whatever an instance has.
func (c *checks) fraction(name string, bound *float64) bool {
	at, own := c.at[name]
	if bound == nil || c.schema.Type != "integer" || *bound == math.Trunc(*bound) && math.Abs(*bound) < math.MaxInt64 {
		return false
	}
	if own {
		c.nothingFits(at, fmt.Sprintf("%s=%s of an integer is not an integer", name, c.text[name]), "write an integer, or make the field a float")
	}
	return true
}

// bounds reports a lower bound above an upper one.
func (c *checks) bounds(low string, from *float64, high string, to *float64) {
	lowAt, ownLow := c.at[low]
	highAt, ownHigh := c.at[high]
	switch {
	case to == nil || !ownLow && !ownHigh:
	case low != "minimum" && *to < 0:
		if ownHigh {
			c.nothingFits(highAt, fmt.Sprintf("%s is negative", high), "write a number that is not negative, or remove it")
		}
	case from != nil && *from > *to:
		at, hint := lowAt, "swap the two, or remove one"
		if !ownLow || ownHigh && highAt > lowAt {
			at = highAt
		}
		if !ownLow || !ownHigh {
			hint = "correct it; the other one is of the custom type"
		}
		c.nothingFits(at, fmt.Sprintf("%s=%s is above %s=%s", low, plain(*from), high, plain(*to)), hint)
	}
}

// values reports values of an enum that other markers exclude.
func (c *checks) values() {
	at, ownEnum := c.at["enum"]
	var excluded []string
	reason := ""
	for _, raw := range c.schema.Enum {
		value, marker := excludes(c.schema, raw)
		if marker == "" {
			continue
		}
		if offset, own := c.at[marker]; own {
			at = max(at, offset)
		} else if !ownEnum {
			return // the custom type says both
		}
		excluded, reason = append(excluded, value), marker
	}
	switch len(excluded) {
	case 0:
	case len(c.schema.Enum):
		c.nothingFits(at, fmt.Sprintf("%s excludes each value of the enum", reason), "correct one of the two")
	default:
		c.warn(at, fmt.Sprintf("%s excludes the value %s of the enum", reason, excluded[0]), "remove the value, or correct "+reason)
	}
}

// excludes returns a value of an enum, and the marker that it does not satisfy.
func excludes(s *apiextensionsv1.JSONSchemaProps, raw apiextensionsv1.JSON) (value, marker string) {
	if s.Type == "integer" {
		n, err := strconv.ParseFloat(string(raw.Raw), 64)
		switch {
		case err != nil:
		case s.Minimum != nil && n < *s.Minimum:
			marker = "minimum"
		case s.Maximum != nil && n > *s.Maximum:
			marker = "maximum"
		}
		return string(raw.Raw), marker
	}
	if json.Unmarshal(raw.Raw, &value) != nil {
		return "", ""
	}
	length := int64(utf8.RuneCountInString(value))
	switch {
	case s.MinLength != nil && length < *s.MinLength:
		marker = "minLength"
	case s.MaxLength != nil && length > *s.MaxLength:
		marker = "maxLength"
	case s.Pattern != "":
		if re, err := regexp.Compile(s.Pattern); err == nil && !re.MatchString(value) {
			marker = "pattern"
		}
	}
	return strconv.Quote(value), marker
}

func float(n *int64) *float64 {
	if n == nil {
		return nil
	}
	f := float64(*n)
	return &f
}

func plain(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
