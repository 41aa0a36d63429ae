package scaffold

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/staging"
)

// explained is an error of writing with the names as they are seen from the working
// directory.
func explained(err error, working, base string) error {
	var there *staging.ExistsError
	if !errors.As(err, &there) {
		return fmt.Errorf("writing files: %w", err)
	}
	var names []string
	for _, name := range there.Names {
		names = append(names, load.Relative(working, filepath.Join(base, filepath.FromSlash(name))))
	}
	verb := "exists"
	if len(names) > 1 {
		verb = "exist"
	}
	return cli.Usagef("%s already %s, and nothing is overwritten: name another place", strings.Join(names, ", "), verb)
}
