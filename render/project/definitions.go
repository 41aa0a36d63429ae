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
	unread  []outline.Unread
	found   diag.List
}

// NewFinder returns the Finder of a tree.
func NewFinder(tree *repo.Tree, exclude []string, limits manifest.Limits) *Finder {
	return &Finder{tree: tree, exclude: exclude, limits: limits, turn: make(chan struct{}, 1)}
}

// Find returns the files of the tree that hold an RGD, as they are: nothing is
// built, and what is hidden, ignored or excluded is skipped, for nobody asked for
// it. What cannot be read is in Unread. A finding says that there are too many files.
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
	f.all, f.unread = nil, unread(read)
	for _, file := range read.Files {
		d := Definition{File: file}
		ok, problem := d.read(f.limits)
		if u, may := outline.NewUnread(file.Name, file.Data, problem); may && problem != "" {
			f.unread = append(f.unread, u)
		}
		if ok {
			d.Dir = projects.Of(path.Dir(file.Name)).Dir
			f.all = append(f.all, d)
		}
	}
	f.found, f.done = read.Found, true
	return f.all, f.found, nil
}

// Unread are the files and directories of the tree that Find could not read, or
// not parse.
func (f *Finder) Unread() []outline.Unread {
	f.turn <- struct{}{}
	defer func() { <-f.turn }()
	return f.unread
}

// unread are the files and directories that a search could not read.
func unread(read repo.Selection) []outline.Unread {
	passed := map[string]repo.Passed{}
	for _, p := range read.Passed {
		passed[p.Name] = p
	}
	var out []outline.Unread
	for _, name := range read.Unread {
		p, ok := passed[name]
		if !ok {
			p = repo.Passed{Reason: "it is outside the sparse checkout", Absent: true}
		}
		out = append(out, outline.Unread{Name: name, Reason: p.Reason, Absent: p.Absent})
	}
	return out
}

// read notes the RGDs of a file, and reports whether it holds any, and why some of
// it cannot be parsed.
func (d *Definition) read(limits manifest.Limits) (ok bool, problem string) {
	if d.File.Objects == nil && !bytes.Contains(d.File.Data, []byte(object.RGDKind)) && bytes.IndexByte(d.File.Data, 0) < 0 {
		return false, "" // a cheap first look
	}
	outlines, found := read(d.File, limits)
	for _, o := range outlines {
		if o.IsRGD {
			d.RGDs = append(d.RGDs, o)
		}
	}
	if i := slices.IndexFunc(found, func(f diag.Diagnostic) bool { return f.Severity == diag.Error }); i >= 0 {
		problem = found[i].Message
	}
	return len(d.RGDs) > 0, problem
}

// Outlines reads what the RGDs and CRDs of a file define.
func Outlines(f repo.File, limits manifest.Limits) []outline.Definition {
	if f.Objects == nil && !bytes.Contains(f.Data, []byte(object.RGDKind)) && !bytes.Contains(f.Data, []byte(object.CRDKind)) {
		return nil // a cheap first look
	}
	out, _ := read(f, limits)
	return out
}

func read(f repo.File, limits manifest.Limits) ([]outline.Definition, diag.List) {
	var out []outline.Definition
	docs, found := f.Read(limits)
	for _, doc := range docs {
		if o, ok := outline.Read(doc.Object); ok {
			out = append(out, o)
		}
	}
	return out, found
}

// Define reports whether any of the files holds an RGD.
func Define(files []repo.File, limits manifest.Limits) bool {
	return slices.ContainsFunc(files, func(f repo.File) bool {
		d := Definition{File: f}
		ok, _ := d.read(limits)
		return ok
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
		if group, _, found := strings.Cut(string(m[1]), "/"); found && outline.MayBeCustom(group) {
			return true
		}
	}
	return false
}

var (
	apiVersion = regexp.MustCompile(`apiVersion["']?[ \t]*:[ \t]*["']?([A-Za-z0-9./-]+)["']?[ \t]*(?:[,}#\r\n]|$)`)
	escapes    = regexp.MustCompile(`\\[xuU]`)
)
