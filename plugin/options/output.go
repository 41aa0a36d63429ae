package options

import (
	"fmt"
	"strings"
)

// Output is the value of a flag that is a word, or dir=DIR.
type Output struct {
	Value string
	words []string
}

// NewOutput returns an output that is one of some words; the first is the
// default.
func NewOutput(words ...string) Output { return Output{Value: words[0], words: words} }

func (o *Output) String() string { return o.Value }
func (o *Output) Type() string   { return strings.Join(append(o.words, "dir=DIR"), "|") }

func (o *Output) Set(s string) error {
	if dir, ok := strings.CutPrefix(s, "dir="); !ok || dir == "" {
		if err := (&Choice{Allowed: o.words}).Set(s); err != nil {
			return fmt.Errorf("%w, dir=DIR", err)
		}
	}
	o.Value = s
	return nil
}

// Dir returns the directory of dir=DIR.
func (o *Output) Dir() (dir string, ok bool) { return strings.CutPrefix(o.Value, "dir=") }
