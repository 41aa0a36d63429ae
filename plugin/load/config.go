package load

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/project"
)

// config is what krowave.yaml says, beside the flags that it sets.
type config struct {
	dir                   string // that it stands in
	definitions, observed []string
	remotes               []project.Remote // definitions to fetch
}

// config reads the nearest krowave.yaml between an argument and the root of its
// repository. Settings are applied to flags that the command line leaves alone.
func (r *reader) config(args []string, flags *pflag.FlagSet) (*config, error) {
	arg := "."
	if len(args) > 0 && args[0] != "-" {
		arg = args[0]
	}
	root := r.rootOf(arg, r.dir)
	if !filepath.IsAbs(arg) {
		arg = filepath.Join(r.dir, arg)
	}
	tree, err := r.tree(root)
	if err != nil {
		return nil, cli.Usage(err)
	}
	inTree := func(name string) string {
		rel, _ := filepath.Rel(root, name) // both absolute
		return filepath.ToSlash(rel)
	}
	stat := func(name string) (fs.FileInfo, error) { return fs.Stat(tree.FS(), inTree(name)) }
	for dir := existing(stat, filepath.Clean(arg)); within(root, dir); dir = filepath.Dir(dir) {
		data, err := fs.ReadFile(tree.FS(), path.Join(inTree(dir), project.SettingsName))
		if err == nil {
			c, settings := r.parseConfig(dir, data, flags)
			c.elsewhere(settings, tree.FS(), inTree(dir))
			return c, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, cli.Usagef("reading %s: %w", project.SettingsName, errors.Unwrap(err))
		}
		if dir == root {
			break
		}
	}
	return &config{dir: r.dir}, nil
}

func (r *reader) parseConfig(dir string, data []byte, flags *pflag.FlagSet) (*config, *project.Settings) {
	name := r.relative(dir, project.SettingsName)
	r.in.Sources[name] = data
	settings, diags := project.ReadSettings(name, data)
	r.in.Diags = append(r.in.Diags, diags...)
	for _, v := range settings.Values {
		r.apply(v, flags)
	}
	return &config{dir: dir, definitions: settings.Definitions, observed: settings.Observed}, settings
}

// apply sets the flag of a setting, unless the command line sets it or the
// command has no such flag.
func (r *reader) apply(v project.Value, flags *pflag.FlagSet) {
	known := append(options.LimitNames(), "kubernetes-version", "runtime")
	if !slices.Contains(known, v.Flag) {
		d := diag.Diagnostic{Severity: diag.Error, Rule: "config", Pos: v.Position,
			Message: fmt.Sprintf("krowave.yaml has no limit %s; there are %s", camel(v.Flag), strings.Join(camels(options.LimitNames()), ", "))}
		if c := diag.Closest(v.Flag, known); c != "" {
			d.Hint = "did you mean " + camel(c) + "?"
		}
		r.in.Diags.Add(d)
		return
	}
	f := flags.Lookup(v.Flag)
	if f == nil || f.Changed {
		return
	}
	if err := f.Value.Set(v.Text); err != nil {
		r.in.Diags.Errorf(v.Position, "config", "%s: %v", camel(v.Flag), err)
	}
}

func camel(flag string) string {
	words := strings.Split(flag, "-")
	for i, w := range words[1:] {
		words[i+1] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, "")
}

func camels(flags []string) []string {
	out := make([]string, len(flags))
	for i, f := range flags {
		out[i] = camel(f)
	}
	return out
}

// elsewhere sorts the remote definitions of krowave.yaml: copies in the
// repository are paths like others, and the rest is fetched when it is read.
func (c *config) elsewhere(s *project.Settings, fsys fs.FS, dir string) {
	paths, missing := s.Vendored(fsys, dir)
	c.definitions = append(c.definitions, paths...)
	c.remotes = missing
}

// lists reports whether krowave.yaml says where definitions are.
func (c *config) lists() bool { return len(c.definitions)+len(c.remotes) > 0 }
