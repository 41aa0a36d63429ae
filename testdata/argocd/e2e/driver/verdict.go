//go:build ignore

package main

import (
	"fmt"
	"strings"
)

// A verdict is what is wrong, or nothing.

// first is the first verdict that is not empty; later ones are not asked for.
func first(verdict string, more ...func() string) string {
	for _, next := range more {
		if verdict != "" {
			return verdict
		}
		verdict = next()
	}
	return verdict
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func lacks(in, part string) string {
	if strings.Contains(in, part) {
		return ""
	}
	if len(in) > 2000 {
		in = in[:2000] + "..."
	}
	return fmt.Sprintf("%q has no %q", in, part)
}

func lacksNot(in, part string) string {
	if lacks(in, part) != "" {
		return ""
	}
	return fmt.Sprintf("%q has %q", in, part)
}

func unequal[T comparable](got, want T) string {
	if got == want {
		return ""
	}
	return fmt.Sprintf("got %v, want %v", got, want)
}
