// Command licenses lists the licence of every module of which krowave's binaries
// hold code, for all systems that are released. It fails if a licence is unknown,
// or is none that may go into a binary under Apache-2.0.
//
//	go run .           prints the list
//	go run . -check    fails if docs/licenses.md has another one
//	go run . -write    rewrites docs/licenses.md
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	classifier "github.com/google/licenseclassifier/v2"
	"github.com/google/licenseclassifier/v2/assets"
)

const document = "docs/licenses.md"

// allowed licences ask for no more than a notice, and MPL-2.0 for the changed files
// of its own.
var allowed = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSD-0-Clause", "0BSD", "CC0-1.0", "ISC", "MIT", "MPL-2.0", "Unlicense", "Zlib"}

var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|copyright|unlicense)([.-].*)?$`)

func main() {
	check := flag.Bool("check", false, "fail if "+document+" has another list")
	write := flag.Bool("write", false, "rewrite "+document)
	source := flag.String("source", "../..", "directory of krowave's main package")
	flag.Parse()
	if err := run(*source, *check, *write); err != nil {
		fmt.Fprintln(os.Stderr, "licenses:", err)
		os.Exit(1)
	}
}

func run(source string, check, write bool) error {
	modules, err := modulesOf(source)
	if err != nil {
		return err
	}
	c, err := assets.DefaultClassifier()
	if err != nil {
		return err
	}
	var text bytes.Buffer
	text.WriteString("# Licences\n\nkrowave is under Apache-2.0. Its binaries hold code of these modules; `make licenses` writes this list, and CI checks it.\n\n")
	text.WriteString("| module | licence |\n|---|---|\n")
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		found, err := licences(c, modules[name])
		if err != nil {
			return err
		}
		if len(found) == 0 {
			problems = append(problems, fmt.Errorf("%s: no known licence is in %s", name, modules[name]))
		}
		for _, licence := range found {
			if !slices.Contains(allowed, licence) {
				problems = append(problems, fmt.Errorf("%s: %s is not a licence that may go into the binary", name, licence))
			}
		}
		fmt.Fprintf(&text, "| %s | %s |\n", name, strings.Join(found, ", "))
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	name := filepath.Join(source, filepath.FromSlash(document))
	switch {
	case write:
		return os.WriteFile(name, text.Bytes(), 0o644)
	case check:
		have, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if !bytes.Equal(have, text.Bytes()) {
			return fmt.Errorf("%s has another list; run make licenses", document)
		}
		fmt.Printf("%d modules, each with a licence that may go into the binary\n", len(modules))
		return nil
	}
	_, err = os.Stdout.Write(text.Bytes())
	return err
}

// modulesOf returns the directory of each module that a binary has code of.
func modulesOf(source string) (map[string]string, error) {
	out := map[string]string{}
	for _, system := range []string{"linux", "darwin", "windows"} {
		cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Dir}}{{end}}{{end}}", ".")
		cmd.Dir, cmd.Stderr = source, os.Stderr
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system)
		text, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("listing packages for %s: %w", system, err)
		}
		for line := range strings.Lines(string(text)) {
			if name, dir, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
				out[name] = dir
			}
		}
	}
	if len(out) == 0 {
		return nil, errors.New("no module was found")
	}
	return out, nil
}

// licences classifies the licence files at the root of a module, except for those of
// its documentation, which is in no binary.
func licences(c *classifier.Classifier, dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for _, entry := range entries {
		if entry.IsDir() || entry.Type()&fs.ModeSymlink != 0 || !licenceFile.MatchString(entry.Name()) || strings.HasSuffix(entry.Name(), ".docs") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, err
		}
		for _, match := range c.Match(text).Matches {
			if match.MatchType == "License" {
				found[match.Name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}
