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

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/repo"
)

// Definition is a file that holds an RGD.
type Definition struct {
	File repo.File
	Dir  string // of its project

	defines []kind // of its RGDs
	uses    []kind // of their templates
}

// kind is a kind with its group.
type kind struct{ group, name string }

func (k kind) String() string { return k.name + " of group " + k.group }

func kindOf(object map[string]any) kind {
	d := manifest.Document{Object: object}
	group, _, found := strings.Cut(d.APIVersion(), "/")
	if !found {
		group = ""
	}
	return kind{group, d.Kind()}
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
// built, and what is hidden, ignored, excluded or cannot be read is passed over,
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

// read notes the kinds of a file and reports whether it holds an RGD.
func (d *Definition) read(limits manifest.Limits) bool {
	if !bytes.Contains(d.File.Data, []byte(definitionKind)) {
		return false // a cheap first look
	}
	docs, _ := manifest.Read(d.File.Name, d.File.Data, limits)
	found := false
	for _, doc := range docs {
		if doc.Kind() != definitionKind {
			continue
		}
		found = true
		spec, _ := doc.Object["spec"].(map[string]any)
		schema, _ := spec["schema"].(map[string]any)
		if name, _ := schema["kind"].(string); name != "" {
			group, _ := schema["group"].(string)
			if group == "" {
				group = definitionGroup
			}
			d.defines = append(d.defines, kind{group, name})
		}
		resources, _ := spec["resources"].([]any)
		for _, item := range resources {
			resource, _ := item.(map[string]any)
			template, _ := resource["template"].(map[string]any)
			if k := kindOf(template); k.name != "" {
				d.uses = append(d.uses, k)
			}
		}
	}
	return found
}

const (
	definitionKind  = "ResourceGraphDefinition"
	definitionGroup = "kro.run"
)

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
		group, _, found := strings.Cut(string(m[1]), "/")
		// The API server wants a dot in the group of a CRD, and an approval for
		// those of Kubernetes itself, which kro does not write.
		if found && strings.Contains(group, ".") && !strings.HasSuffix(group, ".k8s.io") {
			return true
		}
	}
	return false
}

var (
	apiVersion = regexp.MustCompile(`apiVersion["']?[ \t]*:[ \t]*["']?([A-Za-z0-9./-]+)["']?[ \t]*(?:[,}#\r\n]|$)`)
	escapes    = regexp.MustCompile(`\\[xuU]`)
)
