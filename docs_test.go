package main

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/krowave/krowave/plugin"
)

var (
	lawNumber  = regexp.MustCompile(`\bS[0-9]+(\.[0-9]+)?\b`)
	lawHeading = regexp.MustCompile(`(?m)^##+ (S[0-9]+(?:\.[0-9]+)?) `)
	lawItem    = regexp.MustCompile(`(?m)^([0-9]+)\. `)
	mdHeading  = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	mdLink     = regexp.MustCompile(`\]\(([^()\s]+(?:\([^()\s]*\))?[^()\s]*)\)|<img [^>]*src="([^"]+)"`)
	mdFence    = regexp.MustCompile("(?ms)^ *```([a-z]*)\n(.*?)^ *```")
	mdSpan     = regexp.MustCompile("`([^`\n]+)`")
	// placeholder matches what the parser says of NAME in place of a value, or of none.
	placeholder = regexp.MustCompile(`invalid argument "[A-Z]+" for|flag needs an argument`)
	notSlug     = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// TestSectionNumbersResolve finds each S-number that the code, the cases or the
// docs cite in docs/kro-semantics.md.
func TestSectionNumbersResolve(t *testing.T) {
	law := readText(t, "docs/kro-semantics.md")
	known := map[string]bool{}
	for _, m := range lawHeading.FindAllStringSubmatch(law, -1) {
		known[m[1]] = true
	}
	_, checklist, _ := strings.Cut(law, "\n## S12 ")
	checklist, _, _ = strings.Cut(checklist, "\n## S13 ")
	for _, m := range lawItem.FindAllStringSubmatch(checklist, -1) {
		known["S12."+m[1]] = true
	}
	cited := 0
	eachFile(t, func(name string) {
		if ext := path.Ext(name); ext != ".go" && ext != ".md" && ext != ".yaml" && ext != ".txtar" {
			return
		}
		for _, number := range lawNumber.FindAllString(readText(t, name), -1) {
			cited++
			if !known[number] {
				t.Errorf("%s cites %s, which docs/kro-semantics.md does not have", name, number)
			}
		}
	})
	if cited < 100 {
		t.Errorf("only %d citations found", cited)
	}
}

// TestLinksResolve follows each link between files of the repository, to the
// heading if it names one.
func TestLinksResolve(t *testing.T) {
	links := 0
	eachFile(t, func(name string) {
		if path.Ext(name) != ".md" {
			return
		}
		for _, m := range mdLink.FindAllStringSubmatch(mdSpan.ReplaceAllString(mdFence.ReplaceAllString(readText(t, name), ""), ""), -1) {
			link := m[1] + m[2]
			if strings.Contains(link, "://") || strings.HasPrefix(link, "mailto:") {
				continue
			}
			links++
			file, anchor, _ := strings.Cut(link, "#")
			target := name
			if file != "" {
				target = path.Join(path.Dir(name), file)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which does not exist", name, link)
			} else if anchor != "" && !slices.Contains(anchors(readText(t, target)), anchor) {
				t.Errorf("%s links to %s, which has no such heading", name, link)
			}
		}
	})
	if links < 50 {
		t.Errorf("only %d links found", links)
	}
}

// TestIndexIsComplete holds docs/README.md to the pages beside it.
func TestIndexIsComplete(t *testing.T) {
	index := readText(t, "docs/README.md")
	pages, err := filepath.Glob("docs/*.md")
	if err != nil || len(pages) < 10 {
		t.Fatalf("pages %v, error %v", pages, err)
	}
	for _, page := range pages {
		if name := filepath.Base(page); name != "README.md" && !strings.Contains(index, "]("+name+")") {
			t.Errorf("docs/README.md does not list %s", name)
		}
	}
}

// TestArchitectureListsPackages finds the directory of each package of the module
// in docs/architecture.md, and nothing there that is gone.
func TestArchitectureListsPackages(t *testing.T) {
	page := readText(t, "docs/architecture.md")
	dirs := map[string]bool{}
	eachFile(t, func(name string) {
		if path.Ext(name) == ".go" && !strings.Contains(name, "testdata/") && path.Dir(name) != "." {
			dirs[path.Dir(name)] = true
		}
	})
	if len(dirs) < 40 {
		t.Fatalf("only %d packages found", len(dirs))
	}
	for dir := range dirs {
		if !strings.Contains(page, "`"+dir+"`") {
			t.Errorf("docs/architecture.md does not list the package %s", dir)
		}
	}
	for _, m := range regexp.MustCompile("`((?:plugin|argocd|flux|render)(?:/[a-z0-9]+)*)`").FindAllStringSubmatch(page, -1) {
		if !dirs[m[1]] && m[1] != "plugin/command" {
			t.Errorf("docs/architecture.md lists %s, which is not a package", m[1])
		}
	}
}

// anchors are the ids that GitHub gives to the headings of a page.
func anchors(page string) []string {
	var out []string
	for _, m := range mdHeading.FindAllStringSubmatch(mdFence.ReplaceAllString(page, ""), -1) {
		out = append(out, strings.ReplaceAll(notSlug.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return out
}

// TestCommandsParse gives each krowave command line in the docs to the command
// line's own parser: the command and its flags exist, and take these values.
func TestCommandsParse(t *testing.T) {
	seen := 0
	eachFile(t, func(name string) {
		if path.Ext(name) != ".md" || name == "CHANGELOG.md" {
			return
		}
		for _, line := range commandLines(readText(t, name)) {
			seen++
			args := words(line)
			at := len(args) // --help stands before a flag that is named without its value
			if strings.HasPrefix(args[at-1], "-") && args[at-1] != "-" {
				at--
			}
			code, out := krowave(slices.Insert(slices.Clone(args), at, "--help")...)
			usage := usageLine(out)
			switch {
			case code != 0 && !placeholder.MatchString(out):
				t.Errorf("%s: krowave %s: %s", name, line, strings.TrimSpace(out))
			case strings.HasSuffix(usage, "[command]") && len(args) >= len(strings.Fields(usage))-1 && usage != "krowave [command]":
				t.Errorf("%s: krowave %s: no such command", name, line)
			}
		}
	})
	if seen < 60 {
		t.Errorf("only %d command lines found", seen)
	}
}

// TestFlagsExist looks up each flag that the docs name without a command.
func TestFlagsExist(t *testing.T) {
	known := map[string]bool{
		"--post-renderer": true, "--post-renderer-args": true, // of Helm
		"--argocd-config-dir": true, "--render-method": true, // of argocd-diff-preview
	}
	collectFlags(t, known)
	flag := regexp.MustCompile("`(--[a-z][a-z0-9-]*)(?:[ =][^`\n]*)?`")
	eachFile(t, func(name string) {
		if path.Dir(name) != "docs" && name != "README.md" || path.Ext(name) != ".md" {
			return
		}
		for _, m := range flag.FindAllStringSubmatch(readText(t, name), -1) {
			if !known[m[1]] && name != "docs/kro-semantics.md" {
				t.Errorf("%s names the flag %s, which no command has", name, m[1])
			}
		}
	})
}

// collectFlags walks the help of every command below args.
func collectFlags(t *testing.T, flags map[string]bool, args ...string) {
	t.Helper()
	code, help := krowave(append(slices.Clone(args), "--help")...)
	if code != 0 {
		t.Fatalf("krowave %v --help: %s", args, help)
	}
	for _, m := range regexp.MustCompile(`(?m)^ +(?:-[a-zA-Z], )?(--[a-z][a-z0-9-]*)`).FindAllStringSubmatch(help, -1) {
		flags[m[1]] = true
	}
	_, list, ok := strings.Cut(help, "Available Commands:\n")
	if !ok {
		return
	}
	list, _, _ = strings.Cut(list, "\n\n")
	for _, line := range strings.Split(list, "\n") {
		collectFlags(t, flags, append(slices.Clone(args), strings.Fields(line)[0])...)
	}
}

// commandLines are the krowave command lines in code fences, indented code and
// code spans of a page, without the program's name.
func commandLines(page string) []string {
	var code []string
	for _, m := range mdFence.FindAllStringSubmatch(page, -1) {
		if m[1] == "console" || m[1] == "sh" || m[1] == "bash" {
			code = append(code, strings.Split(strings.ReplaceAll(m[2], "\\\n", " "), "\n")...)
		}
	}
	rest := mdFence.ReplaceAllString(page, "")
	for _, line := range strings.Split(rest, "\n") {
		if strings.HasPrefix(line, "    krowave ") {
			code = append(code, line)
		}
	}
	for _, m := range mdSpan.FindAllStringSubmatch(rest, -1) {
		code = append(code, m[1])
	}
	var lines []string
	start := regexp.MustCompile(`(?:^|\| |&& )(?:kubectl |flux )?krowave ([a-z].*)`)
	for _, line := range code {
		line = strings.TrimPrefix(strings.TrimSpace(line), "$ ")
		if m := start.FindStringSubmatch(line); m != nil {
			lines = append(lines, m[1])
		}
	}
	return lines
}

// words splits a command line as far as the docs need it, up to a comment, a
// pipe or a redirection, and without the brackets of a synopsis.
func words(line string) []string {
	var args []string
	for _, w := range strings.Fields(line) {
		if w == "|" || w == "&&" || w == ">" || w == "<" || strings.HasPrefix(w, "#") {
			break
		}
		args = append(args, strings.Trim(w, `[]'",;:…`))
	}
	return args
}

func krowave(args ...string) (int, string) {
	var out bytes.Buffer
	code := plugin.Main(context.Background(), plugin.Streams{Out: &out, Err: &out}, args)
	return code, out.String()
}

func usageLine(help string) string {
	_, usage, _ := strings.Cut(help, "Usage:\n")
	usage, _, _ = strings.Cut(usage, "\n\n")
	lines := strings.Split(strings.TrimSpace(usage), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// eachFile visits the repository's files, named with slashes; folders with a
// leading dot are skipped, except .github.
func eachFile(t *testing.T, visit func(name string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		hidden := strings.HasPrefix(entry.Name(), ".") && name != "." && name != ".github"
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (hidden || entry.Name() == "dist" || entry.Name() == "node_modules"):
			return fs.SkipDir
		case entry.Type().IsRegular():
			visit(filepath.ToSlash(name))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func readText(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.FromSlash(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
