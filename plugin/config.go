package plugin

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/pflag"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
)

// configName is the file with a repository's settings.
const configName = "krowave.yaml"

// config is what krowave.yaml says, beside the flags that it sets.
type config struct {
	dir                   string // that it stands in
	definitions, observed []string
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
	for dir := existing(filepath.Clean(arg)); within(root, dir); dir = filepath.Dir(dir) {
		data, err := os.ReadFile(filepath.Join(dir, configName))
		if err == nil {
			return r.parseConfig(dir, data, flags), nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, usagef("reading %s: %w", configName, errors.Unwrap(err))
		}
		if dir == root {
			break
		}
	}
	return &config{dir: r.dir}, nil
}

func (r *reader) parseConfig(dir string, data []byte, flags *pflag.FlagSet) *config {
	name := r.relative(dir, configName)
	r.in.sources[name] = data
	docs, diags := manifest.Read(name, data, manifest.Limits{})
	r.in.diags = append(r.in.diags, diags...)
	p := &configParser{config: config{dir: dir}, flags: flags, diags: &r.in.diags}
	for _, doc := range docs {
		p.doc = doc
		p.settings()
	}
	return &p.config
}

// configParser reads one krowave.yaml.
type configParser struct {
	config
	doc   *manifest.Document
	flags *pflag.FlagSet
	diags *diag.List
}

func (p *configParser) errorf(path diag.Path, format string, args ...any) {
	p.diags.Errorf(p.doc.Position(path), "config", format, args...)
}

func (p *configParser) settings() {
	known := []string{"definitions", "kubernetesVersion", "runtime", "observed", "limits"}
	for _, key := range slices.Sorted(maps.Keys(p.doc.Object)) {
		path := diag.Path{key}
		switch key {
		case "definitions":
			p.definitions = p.paths(path)
		case "observed":
			p.observed = p.paths(path)
		case "kubernetesVersion":
			p.set("kubernetes-version", p.doc.Object[key], path)
		case "runtime":
			p.set("runtime", p.doc.Object[key], path)
		case "limits":
			p.limits(path)
		default:
			p.unknown(path, key, known)
		}
	}
}

func (p *configParser) unknown(path diag.Path, key string, known []string) {
	d := diag.Diagnostic{Severity: diag.Error, Rule: "config", Pos: p.doc.KeyPosition(path),
		Message: fmt.Sprintf("krowave.yaml has no setting %s; there are %s", key, strings.Join(known, ", "))}
	if c := diag.Closest(key, known); c != "" {
		d.Hint = "did you mean " + c + "?"
	}
	p.diags.Add(d)
}

// paths reads a list of paths. Remote sources are refused: nothing is fetched.
func (p *configParser) paths(path diag.Path) []string {
	items, ok := p.doc.Object[path[0].(string)].([]any)
	if !ok {
		p.errorf(path, "%s is a list of paths", path)
		return nil
	}
	var out []string
	for i, item := range items {
		text, ok := item.(string)
		switch {
		case !ok:
			p.errorf(path.With(i), "%s is a path", path.With(i))
		case strings.Contains(text, "://") || strings.HasPrefix(text, "git@"):
			p.errorf(path.With(i), "Git URLs and OCI references are not supported yet; check the definitions in and give their path")
		default:
			out = append(out, text)
		}
	}
	return out
}

// limits sets the flag of each limit: maxFileBytes is --max-file-bytes.
func (p *configParser) limits(path diag.Path) {
	limits, ok := p.doc.Object["limits"].(map[string]any)
	if !ok {
		p.errorf(path, "limits is a mapping, such as maxCollectionSize: 1000")
		return
	}
	known := limitNames()
	for _, key := range slices.Sorted(maps.Keys(limits)) {
		if !slices.Contains(known, key) {
			p.unknown(path.With(key), "limits."+key, known)
			continue
		}
		p.set(kebab(key), limits[key], path.With(key))
	}
}

func (p *configParser) set(flag string, value any, path diag.Path) {
	f := p.flags.Lookup(flag)
	if f == nil || f.Changed {
		return
	}
	if err := f.Value.Set(fmt.Sprint(value)); err != nil {
		p.errorf(path, "%s: %v", path, err)
	}
}

// limitNames names the limits: every flag that is a count, but for --jobs.
func limitNames() []string {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	new(inputFlags).bind(flags)
	new(engineFlags).bind(flags)
	var out []string
	flags.VisitAll(func(f *pflag.Flag) {
		if _, ok := f.Value.(count); ok && f.Name != "jobs" {
			out = append(out, camel(f.Name))
		}
	})
	return out
}

func camel(flag string) string {
	words := strings.Split(flag, "-")
	for i, w := range words[1:] {
		words[i+1] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, "")
}

func kebab(key string) string {
	var b strings.Builder
	for _, c := range key {
		if unicode.IsUpper(c) {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}
