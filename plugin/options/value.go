package options

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/render/settings"
)

// Choice is the value of a flag that has one of a few words.
type Choice struct {
	Value   string
	Allowed []string
}

func (c *Choice) String() string { return c.Value }

func (c *Choice) Type() string { return strings.Join(c.Allowed, "|") }

// Set takes human and text for the same, whichever of them is allowed.
func (c *Choice) Set(s string) error {
	for word, other := range map[string]string{"human": "text", "text": "human"} {
		if s == word && !slices.Contains(c.Allowed, s) && slices.Contains(c.Allowed, other) {
			s = other
			break
		}
	}
	if err := settings.OneOf(s, c.Allowed); err != nil {
		return err
	}
	c.Value = s
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
