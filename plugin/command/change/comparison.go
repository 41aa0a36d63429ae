// Package change contains the commands that compare two states of a repository:
// diff and impact.
package change

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/compare"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render/diag"
)

// comparison is a loaded comparison that is compared and reported.
type comparison struct {
	load.Comparison
	found diag.List                  // by comparing
	about func(diag.Diagnostic) bool // what findings are for the reader; nil for all
}

// compare compares the two sides.
func (c *comparison) compare() (*compare.Report, error) {
	report, err := compare.Compare(c.Command.Context(),
		compare.Side{Result: c.Old.Run.Result, Label: c.Old.Label, Unread: c.Old.In.Unread, Hides: c.Old.Hides},
		compare.Side{Result: c.New.Run.Result, Label: c.New.Label, Unread: c.New.In.Unread, Hides: c.New.Hides},
		compare.Options{Unchanged: c.Unchanged, GraphsByKro: c.GraphsByKro, Policies: c.Policies, Jobs: c.New.In.Settings.Options.Jobs})
	if err != nil {
		return nil, err
	}
	c.found = report.Findings()
	return report, nil
}

// report prints what is wrong with the sides, and reports whether the new one
// has errors. What was wrong with the old one stops nobody.
func (c *comparison) report(w io.Writer) (failed bool, err error) {
	switch n := c.oldErrors(); {
	case c.Old.Broken != nil:
		err = warnf(w, "%s cannot be read, so everything counts as added: %v", c.Old.Label, c.Old.Broken)
	case n > 0:
		err = warnf(w, "%s has errors (%d), and what cannot be rendered of it counts as added", c.Old.Label, n)
	}
	if err != nil {
		return false, err
	}
	list := slices.Concat(c.New.Run.Result.Diagnostics, c.found).Sorted()
	if c.about != nil {
		all := len(list)
		if list = slices.DeleteFunc(list, func(d diag.Diagnostic) bool { return !c.about(d) }); len(list) < all {
			if err := notef(w, "%d findings that are not about this RGD are not shown: krowave validate lists them", all-len(list)); err != nil {
				return false, err
			}
		}
	}
	switch err := report.Findings(w, list, c.New.Run.In.Printing()); {
	case errors.Is(err, cli.ErrFindings):
		return true, nil
	default:
		return false, err
	}
}

// oldErrors counts the errors of the old side, which is a render unless a cluster is.
func (c *comparison) oldErrors() int {
	if c.Old.Run == nil {
		return 0
	}
	return errorsIn(c.Old.Run.Result.Diagnostics)
}

func warnf(w io.Writer, format string, args ...any) error {
	_, err := fmt.Fprintf(w, "warning: "+strings.ReplaceAll(format, "\n", " ")+"\n", args...)
	return err
}

func notef(w io.Writer, format string, args ...any) error {
	_, err := fmt.Fprintf(w, "note: "+format+"\n", args...)
	return err
}

func errorsIn(list diag.List) int {
	n := 0
	for _, d := range list {
		if d.Severity == diag.Error {
			n++
		}
	}
	return n
}
