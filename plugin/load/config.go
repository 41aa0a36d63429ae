package load

import (
	"errors"
	"io/fs"
	"path"
	"path/filepath"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/project"
)

// config is what krowave.yaml says of places.
type config struct {
	dir                         string // that it stands in
	definitions, crds, observed []string
	remotes                     []project.Remote // definitions to fetch
}

// config reads the nearest krowave.yaml between an argument and the root of its
// repository, and resolves the settings.
func (r *reader) config(args []string) (*config, error) {
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
			c, file := r.parseConfig(dir, data)
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

func (r *reader) parseConfig(dir string, data []byte) (*config, *project.Settings) {
	name := r.relative(dir, project.SettingsName)
	r.in.Sources[name] = data
	file, diags := project.ReadSettings(name, data)
	r.in.Diags = append(r.in.Diags, diags...)
	r.resolve(file)
	return &config{dir: dir, definitions: file.Definitions, crds: file.CRDs, observed: file.Observed}, file
}

// resolve settles the settings of what is read.
func (r *reader) resolve(file *project.Settings) {
	var diags diag.List
	r.in.Settings, diags = r.flags.Resolve(file)
	r.in.Diags = append(r.in.Diags, diags...)
	for _, t := range r.trees {
		t.Limits = r.in.Settings.Tree()
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
