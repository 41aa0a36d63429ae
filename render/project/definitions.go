package project

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/outline"
	"github.com/krowave/krowave/render/repo"
)

// Definition is a file that holds an RGD.
type Definition struct {
	File repo.File
	Dir  string // of its project

	RGDs []outline.Definition
}

// defines are the kinds that the RGDs of the file define.
func (d *Definition) defines() []k8sschema.GroupKind {
	var out []k8sschema.GroupKind
	for _, rgd := range d.RGDs {
		if rgd.Kind.Kind != "" {
			out = append(out, rgd.Kind.GroupKind())
		}
	}
	return out
}

// Finder finds the definitions of a tree and remembers them. It is safe for
// concurrent use.
type Finder struct {
	// Below is the directory that is searched; "" is the whole tree.
	Below string

	tree    *repo.Tree
	exclude []string
	limits  manifest.Limits
	turn    chan struct{} // one at a time looks; a search that was cut short is done again
	done    bool
	all     []Definition
	found   diag.List
}

// NewFinder returns the Finder of a tree.
func NewFinder(tree *repo.Tree, exclude []string, limits manifest.Limits) *Finder {
	return &Finder{tree: tree, exclude: exclude, limits: limits, turn: make(chan struct{}, 1)}
}

// Find returns the files of the tree that hold an RGD, as they are: nothing is
// built, and what is hidden, ignored, excluded or cannot be read is skipped,
// for nobody asked for it. A finding says that there are too many files.
func (f *Finder) Find(ctx context.Context) ([]Definition, diag.List, error) {
	select {
	case f.turn <- struct{}{}:
		defer func() { <-f.turn }()
	case <-ctx.Done():
		return nil, nil, fmt.Errorf("looking for definitions: %w", ctx.Err())
	}
	if f.done {
		return f.all, f.found, nil
	}
	projects, err := Open(f.tree, Options{Exclude: f.exclude, Fetches: true})
	if err != nil {
		return nil, nil, err
	}
	read, err := f.tree.Read(ctx, repo.Request{Paths: []string{cmp.Or(f.Below, ".")}, Skip: projects.Skip, Search: true})
	if err != nil && ctx.Err() != nil {
		return nil, nil, fmt.Errorf("looking for definitions: %w", ctx.Err())
	}
	for _, file := range read.Files {
		if d := (Definition{File: file}); d.read(f.limits) {
			d.Dir = projects.Of(path.Dir(file.Name)).Dir
			f.all = append(f.all, d)
		}
	}
	f.found, f.done = read.Found, true
	return f.all, f.found, nil
}

// read notes the RGDs of a file and reports whether it holds any.
func (d *Definition) read(limits manifest.Limits) bool {
	if d.File.Objects == nil && !bytes.Contains(d.File.Data, []byte(object.RGDKind)) {
		return false // a cheap first look
	}
	for _, o := range Outlines(d.File, limits) {
		if o.IsRGD {
			d.RGDs = append(d.RGDs, o)
		}
	}
	return len(d.RGDs) > 0
}

// Outlines reads what the RGDs and CRDs of a file define.
func Outlines(f repo.File, limits manifest.Limits) []outline.Definition {
	if f.Objects == nil && !bytes.Contains(f.Data, []byte(object.RGDKind)) && !bytes.Contains(f.Data, []byte(object.CRDKind)) {
		return nil // a cheap first look
	}
	var out []outline.Definition
	docs, _ := f.Read(limits)
	for _, doc := range docs {
		if o, ok := outline.Read(doc.Object); ok {
			out = append(out, o)
		}
	}
	return out
}

// Define reports whether any of the files holds an RGD.
func Define(files []repo.File, limits manifest.Limits) bool {
	return slices.ContainsFunc(files, func(f repo.File) bool {
		d := Definition{File: f}
		return d.read(limits)
	})
}

// MayHoldInstance reports whether a text can hold an instance: whether an object
// in it may be of a group that a CRD can have. It errs on the side of yes.
func MayHoldInstance(text []byte) bool {
	versions := apiVersion.FindAllSubmatch(text, -1)
	if len(versions) != bytes.Count(text, []byte("apiVersion")) || bytes.IndexByte(text, 0) >= 0 || bytes.Contains(text, []byte(`\`)) && escapes.Match(text) {
		return true
	}
	for _, m := range versions {
		if group, _, found := strings.Cut(string(m[1]), "/"); found && mayBeCustom(group) {
			return true
		}
	}
	return false
}

// mayBeCustom reports whether a CRD can have a group. The API server wants a dot in
// it, and an approval for those of Kubernetes itself, which kro does not write.
func mayBeCustom(group string) bool {
	return strings.Contains(group, ".") && !strings.HasSuffix(group, ".k8s.io")
}

var (
	apiVersion = regexp.MustCompile(`apiVersion["']?[ \t]*:[ \t]*["']?([A-Za-z0-9./-]+)["']?[ \t]*(?:[,}#\r\n]|$)`)
	escapes    = regexp.MustCompile(`\\[xuU]`)
)
