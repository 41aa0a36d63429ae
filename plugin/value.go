package plugin

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/render/diag"
)

// choice is the value of a flag that has one of a few words.
type choice struct {
	value   string
	allowed []string
}

func (c *choice) String() string { return c.value }
func (c *choice) Type() string   { return strings.Join(c.allowed, "|") }

func (c *choice) Set(s string) error {
	if !slices.Contains(c.allowed, s) {
		return unknownWord(s, c.allowed)
	}
	c.value = s
	return nil
}

// choices is the value of a flag that has several of a few words; "none" stands
// alone.
type choices struct {
	values  []string
	allowed []string
}

func (c *choices) String() string       { return strings.Join(c.values, ",") }
func (c *choices) Type() string         { return strings.Join(c.allowed, ",") }
func (c *choices) has(word string) bool { return slices.Contains(c.values, word) }

func (c *choices) Set(s string) error {
	c.values = nil
	if s == "none" {
		return nil
	}
	for _, word := range strings.Split(s, ",") {
		if !slices.Contains(c.allowed, word) {
			return unknownWord(word, append([]string{"none"}, c.allowed...))
		}
		c.values = append(c.values, word)
	}
	return nil
}

// optionalInt is the value of a flag that may be absent.
type optionalInt struct {
	n   int
	set bool
}

func (o *optionalInt) Type() string { return "N" }

func (o *optionalInt) String() string {
	if !o.set {
		return ""
	}
	return strconv.Itoa(o.n)
}

func (o *optionalInt) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil {
		return fmt.Errorf("%q is not an integer", s)
	}
	o.n, o.set = n, true
	return nil
}

func unknownWord(word string, allowed []string) error {
	text := fmt.Sprintf("%q is not one of %s", word, strings.Join(allowed, ", "))
	if closest := diag.Closest(word, allowed); closest != "" {
		text += fmt.Sprintf("; did you mean %s", closest)
	}
	return fmt.Errorf("%s", text)
}

// count is the value of a limit: at least 1.
type count struct{ to *int64 }

func (c count) String() string {
	if c.to == nil {
		return ""
	}
	return strconv.FormatInt(*c.to, 10)
}

func (c count) Type() string { return "N" }

func (c count) Set(s string) error {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 1 {
		return fmt.Errorf("%q is not a number from 1 on", s)
	}
	*c.to = n
	return nil
}

// featureGates is the value of --feature-gates: kro's names and defaults.
type featureGates map[string]bool

func newFeatureGates() featureGates {
	return featureGates{"CELOmitFunction": false, "InstanceConditionEvents": false, "InstanceConditionMetrics": false}
}

func (g featureGates) names() []string {
	return []string{"CELOmitFunction", "InstanceConditionEvents", "InstanceConditionMetrics"}
}

func (g featureGates) String() string { return "" }
func (g featureGates) Type() string   { return "NAME=true|false,..." }

func (g featureGates) Set(s string) error {
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
			return unknownWord(name, g.names())
		}
		if name == "AllAlpha" { // every gate of kro v0.9.4 is alpha
			for _, gate := range g.names() {
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

// complete offers fixed words as the values of a flag.
func complete(cmd *cobra.Command, flag string, words ...string) {
	// The flag was bound just before, so registering cannot fail.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}
