// Package cli contains what every command needs: the streams and the environment
// of a run, errors that choose an exit code, and the version of the program. It
// never reads a manifest.
package cli

import (
	"io"
	"os"
	"sync"
)

// Streams is the world around a run.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	Dir      string // working directory; "" is the process's
	Getenv   func(string) string
	Program  string // file name of the binary; "" is krowave
	Colors   *Colors
	Read     *sync.Map // what In and other streams held, for who reads them again
}

// Colors is the value of --color: auto colours what goes to a terminal.
type Colors struct{ When string }

// When to colour.
const (
	ColorAuto   = "auto"
	ColorAlways = "always"
	ColorNever  = "never"
)

// Env returns an environment variable, "" when it is not set.
func (s Streams) Env(name string) string {
	if s.Getenv == nil {
		return ""
	}
	return s.Getenv(name)
}

// Color reports whether results go to a terminal that should have colours
// (no-color.org).
func (s Streams) Color() bool { return s.ColorOn(s.Out) }

// ColorOn does the same for one of the streams.
func (s Streams) ColorOn(w io.Writer) bool {
	if s.Colors != nil && s.Colors.When != ColorAuto && s.Colors.When != "" {
		return s.Colors.When == ColorAlways
	}
	return s.Env("NO_COLOR") == "" && s.Env("TERM") != "dumb" && IsTerminal(w)
}

// IsTerminal reports whether a writer is a terminal.
func IsTerminal(w io.Writer) bool {
	if a, ok := w.(*after); ok {
		w = a.Writer
	}
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
