package report

import (
	"fmt"
	"io"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/render/diag"
)

// Findings prints findings with the lines of the source that they are about.
// With strict, warnings count as errors. It returns cli.ErrFindings when there is
// an error.
func Findings(w io.Writer, found diag.List, source func(file string) []byte, strict bool) error {
	if strict {
		promote(found)
	}
	if err := diag.Print(w, found, diag.PrintOptions{Source: source}); err != nil {
		return err
	}
	if found.HasErrors() {
		return cli.ErrFindings
	}
	return nil
}

// promote makes warnings errors.
func promote(found diag.List) {
	for i := range found {
		if found[i].Severity == diag.Warning {
			found[i].Severity = diag.Error
		}
	}
}

// Counted is a number with its noun, such as "2 errors".
func Counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
