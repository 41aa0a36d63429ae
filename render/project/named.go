package project

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/repo"
)

// named reports the paths of a krowave.yaml that are wrong, and takes those that
// lead nowhere away: each is an error, so nothing is rendered without them.
func (p *Project) named(tree *repo.Tree) {
	for _, n := range p.Settings.Named {
		if n.Key == "exclude" {
			if pattern, ok := excluded(n.Path); ok {
				p.exclude = append(p.exclude, pattern)
			} else if strings.HasPrefix(n.Path, "!") {
				p.Found.Errorf(n.Position, "config", "exclude: %q takes nothing back in, as it would in .gitignore; write patterns that match only what to skip", n.Path)
			} else {
				p.Found.Errorf(n.Position, "config", "exclude: %q is not a pattern of paths below the directory of %s", n.Path, SettingsName)
			}
			continue
		}
		message, remedy := p.absent(tree, n)
		if message == "" {
			continue
		}
		p.Found.Add(diag.Diagnostic{Severity: diag.Error, Rule: "config", Pos: n.Position, Message: message}.With(remedy))
		for _, list := range []*[]string{&p.Settings.Definitions, &p.Settings.CRDs, &p.Settings.Observed, &p.Settings.Policies} {
			*list = slices.DeleteFunc(*list, func(text string) bool { return text == n.Path })
		}
	}
}

func excluded(text string) (repo.Pattern, bool) {
	pattern, err := repo.ParsePattern(text)
	return pattern, err == nil && text != "" && text[0] != '!' && !path.IsAbs(text) && !strings.HasPrefix(path.Clean(text), "..")
}

// absent says that nothing is where a path leads, "" if something is, or if that
// is for the reading to find out: in a sparse checkout, outside of the tree, and
// of patterns with **.
func (p *Project) absent(tree *repo.Tree, n Named) (message string, remedy diag.Remedy) {
	name := path.Join(p.Dir, n.Path)
	if path.IsAbs(n.Path) || !fs.ValidPath(name) || tree.Sparse() {
		return "", remedy
	}
	if _, err := fs.Stat(tree.FS(), name); err == nil {
		return "", remedy
	}
	if strings.ContainsAny(n.Path, "*?[") {
		if _, err := repo.ParsePattern(n.Path); err != nil {
			return fmt.Sprintf("%s: %q is not a pattern of paths", n.Key, n.Path), remedy
		}
		if found, err := fs.Glob(tree.FS(), name); err == nil && len(found) == 0 && !strings.Contains(n.Path, "**") {
			return fmt.Sprintf("%s: %s matches nothing", n.Key, n.Path), remedy
		}
		return "", remedy
	}
	var names []string
	entries, _ := fs.ReadDir(tree.FS(), path.Dir(name))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if like := diag.Closest(path.Base(name), names); like != "" {
		meant := path.Join(path.Dir(n.Path), like)
		remedy = diag.Remedy{Hint: "did you mean " + meant + "?", Fix: diag.Replace(n.Path, meant)}
	}
	return fmt.Sprintf("%s: %s is not there", n.Key, n.Path), remedy
}
