package report

import (
	"fmt"
	"io"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/render/diag"
)

// Printing says how findings are printed.
type Printing struct {
	Source  func(file string) []byte // of a file, for the lines that findings are about
	Strict  bool                     // warnings count as errors
	Verbose bool                     // nothing is folded
	Color   bool
	Link    func(file string) string // the address of a file, for terminals that open it
}

// Findings prints findings for people: causes first, equal ones once. It returns
// cli.ErrFindings when there is an error.
func Findings(w io.Writer, found diag.List, how Printing) error {
	if how.Strict {
		promote(found)
	}
	if err := how.print(w, found); err != nil {
		return err
	}
	if found.HasErrors() {
		return cli.ErrFindings
	}
	return nil
}

func (how Printing) print(w io.Writer, list diag.List) error {
	if !how.Verbose {
		list = Folded(list, how.Source)
	}
	return diag.Print(w, list, diag.PrintOptions{Source: how.Source, Color: how.Color, Link: how.Link})
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
