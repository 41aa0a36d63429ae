package options

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/render/settings"
)

// Choice is the value of a flag that has one of a few words.
type Choice struct {
	Value   string
	Allowed []string
}

func (c *Choice) String() string { return c.Value }

func (c *Choice) Type() string { return strings.Join(c.Allowed, "|") }

func (c *Choice) Set(s string) error {
	if err := settings.OneOf(s, c.Allowed); err != nil {
		return err
	}
	c.Value = s
	return nil
}

// Choices is the value of a flag that has several of a few words; "none" stands
// alone.
type Choices struct {
	Values  []string
	Allowed []string
}

func (c *Choices) String() string { return strings.Join(c.Values, ",") }

func (c *Choices) Type() string { return strings.Join(c.Allowed, ",") }

func (c *Choices) Has(word string) bool { return slices.Contains(c.Values, word) }

func (c *Choices) Set(s string) error {
	c.Values = nil
	if s == "none" {
		return nil
	}
	for _, word := range strings.Split(s, ",") {
		if err := settings.OneOf(word, append([]string{"none"}, c.Allowed...)); err != nil {
			return err
		}
		c.Values = append(c.Values, word)
	}
	return nil
}

// OptionalInt is the value of a flag that may be absent.
type OptionalInt struct {
	N     int
	Given bool
}

func (o *OptionalInt) Type() string { return "N" }

func (o *OptionalInt) String() string {
	if !o.Given {
		return ""
	}
	return strconv.Itoa(o.N)
}

func (o *OptionalInt) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil {
		return fmt.Errorf("%q is not an integer", s)
	}
	o.N, o.Given = n, true
	return nil
}

// Count is the value of a limit: at least 1.
type Count struct{ to *int64 }

// NewCount returns a value that sets *to.
func NewCount(to *int64) Count { return Count{to} }

func (c Count) String() string {
	if c.to == nil {
		return ""
	}
	return strconv.FormatInt(*c.to, 10)
}

func (c Count) Type() string { return "N" }

func (c Count) Set(s string) error {
	n, err := settings.ParseCount(s)
	if err == nil {
		*c.to = n
	}
	return err
}

// FeatureGates is the value of --feature-gates: kro's names and defaults.
type FeatureGates map[string]bool

func NewFeatureGates() FeatureGates {
	return FeatureGates{"CELOmitFunction": false, "InstanceConditionEvents": false, "InstanceConditionMetrics": false}
}

func (g FeatureGates) Names() []string {
	return []string{"CELOmitFunction", "InstanceConditionEvents", "InstanceConditionMetrics"}
}

func (g FeatureGates) String() string { return "" }

func (g FeatureGates) Type() string { return "NAME=true|false,..." }

func (g FeatureGates) Set(s string) error {
	for _, pair := range strings.Split(s, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
		if name == "" && !ok {
			continue
		}
		on, err := strconv.ParseBool(strings.TrimSpace(value))
		if !ok || err != nil {
			return fmt.Errorf("%q is not NAME=true or NAME=false", pair)
		}
		if _, known := g[name]; !known && name != "AllAlpha" && name != "AllBeta" {
			return settings.OneOf(name, g.Names())
		}
		if name == "AllAlpha" { // every gate of kro v0.9.4 is alpha
			for _, gate := range g.Names() {
				g[gate] = on
			}
			continue
		}
		if name != "AllBeta" {
			g[name] = on
		}
	}
	return nil
}

// Resolve returns the values that flags set, or what is wrong with them.
func Resolve(flags *settings.Flags) (settings.Values, error) {
	values, diags := flags.Resolve()
	for _, d := range diags {
		return values, cli.Usagef("%s", d.Message)
	}
	return values, nil
}

// Complete offers fixed words as the values of a flag.
func Complete(cmd *cobra.Command, flag string, words ...string) {
	// The flag was bound just before, so registering cannot fail.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// Timestamp is the value of a flag with a time as in RFC 3339.
type Timestamp struct{ time.Time }

func (t *Timestamp) String() string { return t.Format(time.RFC3339) }

func (t *Timestamp) Type() string { return "RFC3339" }

func (t *Timestamp) Set(s string) error {
	parsed, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return fmt.Errorf("%q is not a time such as 2026-01-02T03:04:05Z", s)
	}
	t.Time = parsed.UTC()
	return nil
}
