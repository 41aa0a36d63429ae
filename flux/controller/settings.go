package controller

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/spf13/pflag"

	"github.com/krowave/krowave/flux/source"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/limits"
	"github.com/krowave/krowave/render/project"
	"github.com/krowave/krowave/render/schema"
)

// Limits bound what one RenderedSource may cost. krowave.yaml can only lower
// those of the render.
type Limits struct {
	limits.Limits
	DownloadBytes int64 // of the archive of a source
}

// DefaultLimits are those of the command line.
func DefaultLimits() Limits {
	return Limits{Limits: limits.Default(), DownloadBytes: 256 << 20}
}

func (l *Limits) all() []limits.Limit {
	download := limits.Limit{Name: "max-download-bytes", Help: "bytes that the archive of a source may have", Value: &l.DownloadBytes}
	return slices.Concat(l.Render(), []limits.Limit{download}, l.Archive())
}

// BindFlags binds the limits to flags.
func (l *Limits) BindFlags(flags *pflag.FlagSet) {
	for _, f := range l.all() {
		flags.Int64Var(f.Value, f.Name, *f.Value, f.Help)
	}
}

func (l *Limits) check() error {
	for _, f := range l.all() {
		if *f.Value < 1 {
			return fmt.Errorf("--%s: %d is not a number from 1 on", f.Name, *f.Value)
		}
	}
	return nil
}

// Archives returns the limits of a download.
func (l *Limits) Archives() source.Limits {
	return source.Limits{Download: l.DownloadBytes, Archive: l.Tar()}
}

// settings are what krowave.yaml and the spec say together.
type settings struct {
	options  render.Options
	limits   Limits
	bounds   Limits
	request  project.Request
	observed []string // of krowave.yaml
	diags    diag.List
}

// file applies a krowave.yaml. What the spec says too is set later.
func (s *settings) file(f *project.Settings) {
	for _, d := range f.Definitions {
		s.request.Definitions = append(s.request.Definitions, path.Join(f.Dir, d))
	}
	for _, o := range f.Observed {
		s.observed = append(s.observed, path.Join(f.Dir, o))
	}
	for _, v := range f.Values {
		if err := s.set(v.Flag, v.Text); err != nil {
			s.diags.Errorf(v.Position, "config", "%s: %v", camel(v.Flag), err)
		}
	}
}

func (s *settings) set(name, text string) error {
	switch name {
	case "kubernetes-version":
		if !slices.Contains(schema.Versions(), minor(text)) {
			return fmt.Errorf("%q is not one of %s", text, strings.Join(schema.Versions(), ", "))
		}
		s.options.KubernetesVersion = minor(text)
		return nil
	case "runtime":
		if policies := []render.Runtime{render.Fail, render.Withhold, render.Delegate}; !slices.Contains(policies, render.Runtime(text)) {
			return fmt.Errorf("%q is not one of %s, %s, %s", text, policies[0], policies[1], policies[2])
		}
		s.options.Runtime = render.Runtime(text)
		return nil
	}
	for i, l := range s.limits.Render() {
		if l.Name != name {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		bound := *s.bounds.Render()[i].Value
		switch {
		case err != nil || n < 1:
			return fmt.Errorf("%q is not a number from 1 on", text)
		case n > bound:
			return fmt.Errorf("%d is above the limit of this controller, %d; whoever runs it can raise that with --%s", n, bound, name)
		}
		*l.Value = n
		return nil
	}
	return fmt.Errorf("there is no such limit")
}

func camel(flag string) string {
	words := strings.Split(flag, "-")
	for i, w := range words[1:] {
		r := []rune(w)
		words[i+1] = string(unicode.ToUpper(r[0])) + string(r[1:])
	}
	return strings.Join(words, "")
}
