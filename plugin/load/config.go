package load

import (
	"errors"
	"io/fs"
	"path"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/render/project"
	"github.com/krowave/krowave/render/settings"
)

// config is what krowave.yaml says, beside the flags that it sets.
type config struct {
	dir                         string // that it stands in
	definitions, crds, observed []string
	remotes                     []project.Remote // definitions to fetch
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
			c, file := r.parseConfig(dir, data, flags)
			c.elsewhere(file, tree.FS(), inTree(dir))
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
	file, diags := project.ReadSettings(name, data)
	r.in.Diags = append(r.in.Diags, diags...)
	r.apply(file, flags)
	return &config{dir: dir, definitions: file.Definitions, crds: file.CRDs, observed: file.Observed}, file
}

// apply sets the flags of settings, unless the command line sets them or the
// command has no such flag.
func (r *reader) apply(file *project.Settings, flags *pflag.FlagSet) {
	layer, person := settings.File(file), settings.Layer{Surface: settings.CommandLine}
	flags.Visit(func(f *pflag.Flag) {
		if s, ok := settings.Find(f.Name); ok && s.Type != settings.List {
			person.Values = append(person.Values, settings.Value{Setting: s.Name, Texts: []string{f.Value.String()}})
		}
	})
	_, diags := settings.Resolve(settings.Default(settings.CommandLine), layer, person)
	r.in.Diags = append(r.in.Diags, diags...)
	if diags.HasErrors() {
		return
	}
	for _, v := range layer.Values {
		s, _ := settings.Find(v.Setting)
		if f := flags.Lookup(v.Setting); f != nil && !f.Changed && s.Type != settings.List {
			_ = f.Value.Set(v.Texts[0]) // resolved above
		}
	}
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
