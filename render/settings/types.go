package settings

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/krowave/krowave/render/compat"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/schema"
)

// The constructors below make rows of the table, one for each type. to returns
// where Values hold the setting.

func boolean(name, help string, rights [surfaces]Right, to func(*Values) *bool) Setting {
	return Setting{Name: name, Type: Bool, Help: help, Rights: rights,
		set: single(func(v *Values, text string) error {
			on, err := strconv.ParseBool(text)
			if err != nil {
				return fmt.Errorf("%q is not true or false", text)
			}
			*to(v) = on
			return nil
		}),
		get: func(v *Values) string { return strconv.FormatBool(*to(v)) },
	}
}

// stricter makes a bool guard: on is its stricter value.
func (s Setting) stricter(on bool) Setting {
	s.looser = func(v, bound *Values) bool {
		return s.get(v) != s.get(bound) && s.get(v) != strconv.FormatBool(on)
	}
	return s
}

// limit is an upper bound: lower is stricter.
func limit[T int | int64 | uint](name, help string, rights [surfaces]Right, to func(*Values) *T) Setting {
	s := count(name, help, rights, to)
	s.Limit = true
	s.looser = func(v, bound *Values) bool { return *to(v) > *to(bound) }
	return s
}

func count[T int | int64 | uint](name, help string, rights [surfaces]Right, to func(*Values) *T) Setting {
	return Setting{Name: name, Type: Count, Help: help, Rights: rights,
		set: single(func(v *Values, text string) error {
			n, err := ParseCount(text)
			*to(v) = T(n)
			return err
		}),
		get: func(v *Values) string {
			if n := *to(v); n > 0 {
				return fmt.Sprint(n)
			}
			return ""
		},
	}
}

// ParseCount reads an integer greater than 0.
func ParseCount(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("must be an integer greater than 0, not %q", text)
	}
	return n, nil
}

func word[T ~string](name, help string, words []string, rights [surfaces]Right, to func(*Values) *T) Setting {
	return Setting{Name: name, Type: Word, Help: help, Words: words, Rights: rights,
		set: single(func(v *Values, text string) error {
			*to(v) = T(text)
			return OneOf(text, words)
		}),
		get: func(v *Values) string { return string(*to(v)) },
	}
}

// switched is a word that stands for a bool.
func switched(name, help, off, on string, rights [surfaces]Right, to func(*Values) *bool) Setting {
	names := map[bool]string{false: off, true: on}
	return Setting{Name: name, Type: Word, Help: help, Words: []string{off, on}, Rights: rights,
		set: single(func(v *Values, text string) error {
			*to(v) = text == on
			return OneOf(text, []string{off, on})
		}),
		get: func(v *Values) string { return names[*to(v)] },
	}
}

// OneOf is an error when a text is none of the words.
func OneOf(text string, words []string) error {
	if slices.Contains(words, text) {
		return nil
	}
	return &diag.NotOneOf{
		Text: text, Message: fmt.Sprintf("%q is not one of %s", text, strings.Join(words, ", ")), Like: diag.Closest(text, words),
	}
}

// words are several bools, each with a name; to returns them in the order of the
// names.
func words(name, help string, names []string, rights [surfaces]Right, to func(*Values) []*bool) Setting {
	return Setting{Name: name, Type: Words, Help: help, Words: names, Rights: rights,
		set: func(v *Values, texts []string) error {
			for _, b := range to(v) {
				*b = false
			}
			chosen := SplitList(strings.Join(texts, ","))
			if slices.Equal(chosen, []string{"none"}) {
				return nil
			}
			for _, text := range chosen {
				if err := OneOf(text, append([]string{"none"}, names...)); err != nil {
					return err
				}
				if text == "none" {
					return fmt.Errorf("none excludes every other word")
				}
				*to(v)[slices.Index(names, text)] = true
			}
			return nil
		},
		get: func(v *Values) string {
			var on []string
			for i, b := range to(v) {
				if *b {
					on = append(on, names[i])
				}
			}
			return strings.Join(on, ",")
		},
	}
}

func list(name, help string, rights [surfaces]Right, to func(*Values) *[]string) Setting {
	return Setting{Name: name, Type: List, Help: help, Rights: rights,
		set: func(v *Values, texts []string) error {
			*to(v) = slices.Clone(texts)
			return nil
		},
		get: func(v *Values) string { return strings.Join(*to(v), ",") },
	}
}

// additive is a list to which every surface adds: no one takes an item back, so
// it is never looser. check looks at an item.
func additive(name, help string, rights [surfaces]Right, check func(item string) error, to func(*Values) *[]string) Setting {
	s := list(name, help, rights, to)
	s.set = func(v *Values, texts []string) error {
		items := slices.Concat(*to(v), SplitList(strings.Join(texts, ",")))
		for _, item := range items {
			if err := check(item); err != nil {
				return err
			}
		}
		slices.Sort(items)
		*to(v) = slices.Compact(items)
		return nil
	}
	s.looser = func(v, bound *Values) bool {
		return slices.ContainsFunc(*to(bound), func(item string) bool { return !slices.Contains(*to(v), item) })
	}
	return s
}

// apiGroup is an error where text is no name of an API group.
func apiGroup(text string) error {
	if problems := validation.IsDNS1123Subdomain(text); len(problems) > 0 {
		return fmt.Errorf("%q is not an API group such as example.com", text)
	}
	return nil
}

// SplitList reads what a variable or parameter gives for a list: separated by
// commas or lines.
func SplitList(text string) []string {
	var out []string
	for _, item := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '\n' }) {
		if item = strings.TrimSpace(item); item != "" {
			out = append(out, item)
		}
	}
	return out
}

func text(name, help string, rights [surfaces]Right, to func(*Values) *string) Setting {
	return Setting{Name: name, Type: Text, Help: help, Rights: rights,
		set: single(func(v *Values, text string) error {
			*to(v) = text
			return nil
		}),
		get: func(v *Values) string { return *to(v) },
	}
}

func version(name, help string, rights [surfaces]Right, to func(*Values) *string) Setting {
	return Setting{Name: name, Type: Version, Help: help, Words: schema.Versions(), Rights: rights,
		set: single(func(v *Values, text string) error {
			var err error
			*to(v), err = ParseVersion(text)
			return err
		}),
		get: func(v *Values) string { return *to(v) },
	}
}

func kroVersion(name, help string, rights [surfaces]Right, to func(*Values) *compat.Version) Setting {
	return Setting{Name: name, Type: Version, Help: help, Words: compat.Names(), Rights: rights,
		set: single(func(v *Values, text string) error {
			var err error
			*to(v), err = compat.Parse(text)
			return err
		}),
		get: func(v *Values) string { return string(*to(v)) },
	}
}

// warnNext turns warnings about the newest version of kro on.
func warnNext(name, help string, rights [surfaces]Right) Setting {
	return Setting{Name: name, Type: Bool, Help: help, Rights: rights,
		set: single(func(v *Values, text string) error {
			on, err := strconv.ParseBool(text)
			if err != nil {
				return fmt.Errorf("%q is not true or false", text)
			}
			if v.Options.WarnNext = ""; on {
				v.Options.WarnNext = compat.Newest()
			}
			return nil
		}),
		get: func(v *Values) string { return strconv.FormatBool(v.Options.WarnNext != "") },
	}
}

// ParseVersion reads a version of Kubernetes: 1.34, v1.34 or v1.34.7. The result
// is the minor version, whose schemas are bundled.
func ParseVersion(text string) (string, error) {
	parts := strings.Split(strings.TrimPrefix(text, "v"), ".")
	minor := strings.Join(parts[:min(2, len(parts))], ".")
	if len(parts) == 3 {
		if _, err := strconv.ParseUint(parts[2], 10, 32); err != nil {
			minor = ""
		}
	}
	if len(parts) > 3 || !slices.Contains(schema.Versions(), minor) {
		return "", OneOf(text, schema.Versions())
	}
	return minor, nil
}

// gateNames are kro's feature gates. Only the first one changes what is rendered;
// the others are of kro's controller.
func gateNames() []string {
	return []string{"CELOmitFunction", "InstanceConditionEvents", "InstanceConditionMetrics", "ConservativeCRDComparison", "GraphKind"}
}

func gates(name, help string, rights [surfaces]Right, to func(*Values) *bool) Setting {
	return Setting{Name: name, Type: Gates, Help: help, Words: []string{gateNames()[0] + "=true"}, Rights: rights,
		set: func(v *Values, texts []string) error {
			for _, pair := range SplitList(strings.Join(texts, ",")) {
				gate, value, _ := strings.Cut(pair, "=")
				on, err := strconv.ParseBool(strings.TrimSpace(value))
				if err != nil {
					return fmt.Errorf("%q is not NAME=true or NAME=false", pair)
				}
				switch gate = strings.TrimSpace(gate); gate {
				case gateNames()[0], "AllAlpha": // every gate of kro is alpha
					*to(v) = on
				case "AllBeta":
				default:
					if err := OneOf(gate, gateNames()); err != nil {
						return err
					}
				}
			}
			return nil
		},
		get: func(v *Values) string {
			if *to(v) {
				return gateNames()[0] + "=true"
			}
			return ""
		},
	}
}

// single sets from the only text of a value.
func single(set func(*Values, string) error) func(*Values, []string) error {
	return func(v *Values, texts []string) error {
		if len(texts) != 1 {
			return fmt.Errorf("must be a single value")
		}
		return set(v, texts[0])
	}
}
