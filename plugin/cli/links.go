package cli

import (
	"io"
	"net/url"
	"path/filepath"
	"strconv"
)

// linking are the terminals that open links, by their variable TERM_PROGRAM.
var linking = map[string]bool{"iTerm.app": true, "WezTerm": true, "vscode": true, "ghostty": true, "Hyper": true, "rio": true}

// Links gives the addresses of files below the working directory to a terminal that
// opens them (OSC 8), nil to others. FORCE_HYPERLINK is 0 for never, and 1 for a
// terminal that is not known here.
func (s Streams) Links(w io.Writer) func(file string) string {
	vte, _ := strconv.Atoi(s.Env("VTE_VERSION"))
	knows := linking[s.Env("TERM_PROGRAM")] || vte >= 5000 || s.Env("KITTY_WINDOW_ID") != "" || s.Env("WT_SESSION") != ""
	if force := s.Env("FORCE_HYPERLINK"); force != "" {
		knows = force != "0"
	}
	dir, err := filepath.Abs(s.Dir)
	if !knows || !s.ColorOn(w) || err != nil {
		return nil
	}
	return func(file string) string {
		if file == "" || file == "-" || !filepath.IsLocal(filepath.FromSlash(file)) {
			return ""
		}
		to := url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Join(dir, filepath.FromSlash(file)))}
		return to.String()
	}
}
