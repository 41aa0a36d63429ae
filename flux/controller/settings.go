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
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/project"
	"github.com/krowave/krowave/render/repo"
	"github.com/krowave/krowave/render/schema"
)

// Limits bound what one RenderedSource may cost. krowave.yaml can only lower
// those of the render.
type Limits struct {
	CollectionSize, CollectionDimensions, ChainDepth, CELCost int64
	FileBytes, Documents, Depth, Nodes                        int64
	Files, TotalBytes                                         int64

	// Of the archive of a source.
	DownloadBytes, Entries, UnpackedBytes, OtherFileBytes, Ratio int64
}

// DefaultLimits are those of the command line.
func DefaultLimits() Limits {
	return Limits{
		CollectionSize: 1000, CollectionDimensions: 10, ChainDepth: 8, CELCost: expr.DefaultCostLimit,
		FileBytes: 32 << 20, Documents: 50_000, Depth: 200, Nodes: 1_000_000,
		Files: 50_000, TotalBytes: 512 << 20,
		DownloadBytes: 256 << 20, Entries: 200_000, UnpackedBytes: 4 << 30, OtherFileBytes: 1 << 20, Ratio: 250,
	}
}

type limit struct {
	name, help string
	value      *int64
}

func (l *Limits) ofRender() []limit {
	return []limit{
		{"max-collection-size", "objects that one forEach may make", &l.CollectionSize},
		{"max-collection-dimensions", "iterators that one forEach may have", &l.CollectionDimensions},
		{"max-chain-depth", "instances that may chain into each other", &l.ChainDepth},
		{"cel-cost-limit", "steps that one evaluation may take", &l.CELCost},
		{"max-file-bytes", "bytes that one file may have", &l.FileBytes},
		{"max-documents", "objects that one file may have", &l.Documents},
		{"max-depth", "maps and lists that may be nested", &l.Depth},
		{"max-yaml-nodes", "values that one document may have after aliases are expanded", &l.Nodes},
		{"max-files", "files that may be read", &l.Files},
		{"max-total-bytes", "bytes that all files together may have", &l.TotalBytes},
	}
}

func (l *Limits) ofArchives() []limit {
	return []limit{
		{"max-download-bytes", "bytes that the archive of a source may have", &l.DownloadBytes},
		{"max-entries", "files, directories and links that a source may have", &l.Entries},
		{"max-unpacked-bytes", "bytes that a source may have, files that are not read included", &l.UnpackedBytes},
		{"max-other-file-bytes", "bytes of a file that is no manifest, which only a kustomization can read", &l.OtherFileBytes},
		{"max-ratio", "times that a source may be larger than its archive", &l.Ratio},
	}
}

// BindFlags binds the limits to flags.
func (l *Limits) BindFlags(flags *pflag.FlagSet) {
	for _, f := range append(l.ofRender(), l.ofArchives()...) {
		flags.Int64Var(f.value, f.name, *f.value, f.help)
	}
}

func (l *Limits) check() error {
	for _, f := range append(l.ofRender(), l.ofArchives()...) {
		if *f.value < 1 {
			return fmt.Errorf("--%s: %d is not a number from 1 on", f.name, *f.value)
		}
	}
	return nil
}

// Archives returns the limits of a download.
func (l *Limits) Archives() source.Limits {
	return source.Limits{Download: l.DownloadBytes, Archive: repo.TarLimits{
		Entries: int(l.Entries), Unpacked: l.UnpackedBytes, Kept: l.TotalBytes,
		FileBytes: l.FileBytes, OtherFile: l.OtherFileBytes, Ratio: l.Ratio,
	}}
}

func (l *Limits) apply(o *render.Options) {
	o.MaxCollectionSize = int(l.CollectionSize)
	o.MaxCollectionDimensions = int(l.CollectionDimensions)
	o.MaxChainDepth = int(l.ChainDepth)
	o.CELCostLimit = uint(l.CELCost)
	o.Documents = manifest.Limits{FileBytes: int(l.FileBytes), Documents: int(l.Documents), Depth: int(l.Depth), Nodes: int(l.Nodes)}
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
	for i, l := range s.limits.ofRender() {
		if l.name != name {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		bound := *s.bounds.ofRender()[i].value
		switch {
		case err != nil || n < 1:
			return fmt.Errorf("%q is not a number from 1 on", text)
		case n > bound:
			return fmt.Errorf("%d is above the limit of this controller, %d; whoever runs it can raise that with --%s", n, bound, name)
		}
		*l.value = n
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
