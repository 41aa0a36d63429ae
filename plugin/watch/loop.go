package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/krowave/krowave/plugin/cli"
)

// Loop runs a command now, and again after every change below the roots, until the
// context ends. What is wrong with files ends nothing; it is printed, and the next
// change may mend it. On a terminal, each run begins on a clear screen.
func Loop(ctx context.Context, s cli.Streams, roots []string, run func() error) error {
	w, err := New(roots)
	if err != nil {
		return err
	}
	defer w.Close()
	if err := w.Err(); err != nil {
		fmt.Fprintf(s.Err, "warning: %v; changes there are not seen\n", err)
	}
	for {
		if cli.IsTerminal(s.Out) {
			if _, err := io.WriteString(s.Out, "\x1b[H\x1b[2J"); err != nil {
				return err
			}
		}
		err := run()
		said := slices.ContainsFunc([]error{cli.ErrFindings, cli.ErrDiffers, cli.ErrFailed}, func(known error) bool { return errors.Is(err, known) })
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && !said:
			fmt.Fprintf(s.Err, "error: %v\n", err)
		}
		fmt.Fprintln(s.Err, "waiting for changes; Ctrl-C ends this")
		if w.Next(ctx) != nil {
			return nil
		}
	}
}
