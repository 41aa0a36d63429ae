package publish

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/hydrate"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/output"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/repo"
)

// render reads and renders, and finds out which commit that is of.
func (h *hydration) render() (*load.Run, error) {
	in, err := h.read(h.Loader)
	if err != nil {
		return nil, err
	}
	if in.Placeholder() {
		return nil, cli.Usagef("--runtime=placeholder is only for previews: its objects cannot be committed")
	}
	if err := h.source(in); err != nil {
		return nil, err
	}
	r, err := load.Render(h.Context(), in, in.Units)
	if err != nil {
		return nil, err
	}
	r.Collide()
	h.incomplete(r)
	h.secrets(r)
	r.Result.Diagnostics = r.Result.Diagnostics.Sorted()
	return r, nil
}

// read reads the arguments. With --allow-empty, a path may be gone, as that of
// the last instance of a directory is: Git keeps no empty one.
func (h *hydration) read(l load.Loader) (*load.Input, error) {
	present, gone, err := l.Present(h.args)
	switch {
	case err != nil || len(gone) == 0:
		return l.Read(h.args)
	case !h.Settings.Own().Options.AllowEmpty:
		in, err := l.Read(h.args)
		if err != nil {
			err = cli.Usagef("%w; if it was deleted, --allow-empty removes its manifests from the branch", err)
		}
		return in, err
	case len(present) > 0:
		return l.Read(present)
	}
	return &load.Input{Settings: h.Settings.Own(), Sources: map[string][]byte{}}, nil
}

// source finds the dry commit: --ref, or HEAD when what was read is what HEAD
// has.
func (h *hydration) source(in *load.Input) error {
	dir, err := filepath.Abs(h.Streams.Dir)
	if err != nil {
		return fmt.Errorf("working directory: %w", err)
	}
	git, err := load.OpenHistory(dir)
	if errors.Is(err, repo.ErrNoRepository) {
		h.dry.RepoURL = hydrate.Public(h.flags.source)
		return nil
	}
	if err != nil {
		return err
	}
	defer git.Close()
	h.top = git.Root()
	h.dry.RepoURL = h.sourceURL()
	ref := h.Settings.Ref
	if ref == "" {
		if git.Top() == "" {
			return cli.Usagef("the repository is bare: name the revision to render with --ref")
		}
		ref = "HEAD"
		if known, err := h.committed(in); err != nil || !known {
			return err
		}
	}
	if slices.ContainsFunc(h.args, repo.IsStream) {
		return nil // where that comes from is not known
	}
	rev, err := git.Revision(ref)
	if err != nil {
		return cli.Usage(err)
	}
	address := h.dry.RepoURL
	h.dry, err = hydrate.ReadSource(h.top, rev.Hash)
	h.dry.RepoURL = address
	return err
}

func (h *hydration) sourceURL() string {
	if h.flags.source != "" {
		return hydrate.Public(h.flags.source)
	}
	address, err := hydrate.Find("origin", h.top, h.top)
	if err != nil || filepath.IsAbs(address) || strings.HasPrefix(address, "file:") {
		return "" // a path of this machine means nothing to others
	}
	return hydrate.Public(address)
}

// committed reports whether HEAD has all that was read, as it was read. What
// differs is a finding.
func (h *hydration) committed(in *load.Input) (bool, error) {
	if h.flags.uncommitted || h.Settings.Own().Root != "" || slices.ContainsFunc(h.args, repo.IsStream) {
		return false, nil
	}
	flags := *h.Settings
	flags.Ref = "HEAD"
	then, err := h.read(load.New(h.Command, h.Streams, &flags))
	if err != nil {
		return false, cli.Usagef("comparing with HEAD: %w; commit the rendered files, or use --allow-uncommitted", err)
	}
	var names []string
	for name, data := range in.Sources {
		if was, ok := then.Sources[name]; !ok || !bytes.Equal(was, data) {
			names = append(names, name)
		}
	}
	for name := range then.Sources {
		if _, ok := in.Sources[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		in.Diags.Add(diag.Diagnostic{Severity: diag.Error, Rule: "hydrate-uncommitted", Pos: diag.Position{File: name, Line: 1, Column: 1},
			Message: "this file differs from HEAD",
			Hint:    "commit it, render a revision with --ref=HEAD, or use --allow-uncommitted"})
	}
	return len(names) == 0, nil
}

// incomplete refuses instances that are rendered in part.
func (h *hydration) incomplete(r *load.Run) {
	for n, part := range r.Parts {
		if r.In.Units[n].Options.Runtime.LeavesOut() {
			h.incompleteIn(r, part)
		}
	}
}

func (h *hydration) incompleteIn(r *load.Run, part *render.Result) {
	for _, i := range part.Instances {
		for _, p := range i.Pending {
			if p.Unsatisfiable {
				r.Result.Diagnostics.Errorf(start(topmost(i)), "hydrate-incomplete",
					"node %s of %s waits for %s, which nothing sets, and a part of an instance cannot be committed; set it, or read it with .? and orValue()",
					p.Node.ID, i.Identity().Name, p.Needs)
				continue
			}
			r.Result.Diagnostics.Errorf(start(topmost(i)), "hydrate-incomplete",
				"node %s of %s needs cluster-only values, and a part of an instance cannot be committed; use --runtime=delegate, or --observed", p.Node.ID, i.Identity().Name)
		}
	}
}

// secrets refuses Secrets with values.
func (h *hydration) secrets(r *load.Run) {
	if h.flags.includeSecrets {
		return
	}
	for _, o := range r.Result.Objects {
		if !object.HoldsSecretValues(o.Object) {
			continue
		}
		pos := diag.Position{}
		if i := madeFor(o); i != nil {
			pos = start(i)
		} else if o.Doc != nil {
			pos = o.Doc.Start()
		}
		r.Result.Diagnostics.Errorf(pos, "hydrate-secret",
			"%s has values that everyone with access to the branch could read; create it with a secrets operator, or use --include-secrets", object.KeyOf(o.Object).Title())
	}
}

// madeFor is the instance of the input that an object comes from.
func madeFor(o render.Object) *render.Instance {
	if o.Instance != nil {
		return topmost(o.Instance)
	}
	if o.For != nil {
		return topmost(o.For)
	}
	return nil
}

func topmost(i *render.Instance) *render.Instance {
	for i.Parent != nil {
		i = i.Parent
	}
	return i
}

func start(i *render.Instance) diag.Position {
	if i.Doc == nil {
		return diag.Position{}
	}
	return i.Doc.Start()
}

// Directories that no namespace can have the name of.
const (
	clusterDir = "_cluster" // instances without a namespace
	objectsDir = "_objects" // what was passed through
)

// directories lays the objects out: a directory per instance, in it one per
// wave, and one for what was passed through.
func (h *hydration) directories(r *load.Run) []hydrate.Directory {
	if h.flags.owner == "" {
		h.flags.owner = h.defaultOwner()
	}
	var instances []*render.Instance
	objects := map[*render.Instance][]render.Object{}
	for _, o := range r.Result.Objects {
		i := madeFor(o)
		if objects[i] == nil {
			instances = append(instances, i)
		}
		objects[i] = append(objects[i], o)
	}
	short := map[string]int{}
	for _, i := range instances {
		if i != nil {
			short[instanceDir(i, false)]++
		}
	}
	var out []hydrate.Directory
	taken := map[string]bool{}
	for _, i := range instances {
		d := hydrate.Directory{Parent: objectsDir, Name: cmp.Or(slug(h.flags.owner), "all"), Commands: h.commands(nil)}
		pos := diag.Position{}
		if i != nil {
			id := i.Identity()
			d.Instance = strings.Join([]string{group(id.APIVersion), id.Kind, id.Namespace, id.Name}, "/")
			d.Parent, d.Name = path.Split(instanceDir(i, short[instanceDir(i, false)] > 1))
			d.Parent = strings.TrimSuffix(d.Parent, "/")
			d.Commands, pos = h.commands(i), start(i)
		}
		var problems []string
		if d.Files, problems = files(objects[i], i == nil); taken[d.Path()] {
			problems = append(problems, "another instance has the directory "+d.Path())
		}
		if bad := badPart(d.Parent, d.Name); bad != "" {
			problems = append(problems, fmt.Sprintf("%q cannot be the name of a directory", bad))
		}
		taken[d.Path()] = true
		for _, p := range problems {
			r.Result.Diagnostics.Errorf(pos, "hydrate-name", "%s", p)
		}
		out = append(out, d)
	}
	r.Result.Diagnostics = r.Result.Diagnostics.Sorted()
	return out
}

func instanceDir(i *render.Instance, withGroup bool) string {
	id := i.Identity()
	kind := id.Kind
	if withGroup {
		kind += "." + group(id.APIVersion)
	}
	return strings.ToLower(cmp.Or(id.Namespace, clusterDir) + "/" + kind + "-" + id.Name)
}

func group(apiVersion string) string {
	g, _, ok := strings.Cut(apiVersion, "/")
	if !ok {
		return ""
	}
	return g
}

// files encodes the objects of a directory, sorted into folders.
func files(objects []render.Object, passed bool) (out []hydrate.File, problems []string) {
	folders := map[string][]map[string]any{}
	var order []string
	for _, o := range objects {
		folder := fmt.Sprintf("wave-%d", o.Wave)
		if passed {
			folder = "manifests"
		}
		if folders[folder] == nil {
			order = append(order, folder)
		}
		folders[folder] = append(folders[folder], o.Object)
	}
	for _, folder := range order {
		names, found := output.FileNames(folders[folder])
		problems = append(problems, found...)
		for n, o := range folders[folder] {
			var text bytes.Buffer
			if err := manifest.EncodeYAML(&text, []map[string]any{o}); err != nil {
				problems = append(problems, err.Error())
				continue
			}
			if bad := badPart(strings.Split(names[n], "/")...); bad != "" {
				problems = append(problems, fmt.Sprintf("%q cannot be the name of a file", bad))
			}
			out = append(out, hydrate.File{Name: folder + "/" + names[n], Data: text.Bytes()})
		}
	}
	return out, problems
}

// badPart returns the first part of a path that a work tree of Git may not have,
// or that is not one part.
func badPart(parts ...string) string {
	for _, p := range parts {
		switch low := strings.ToLower(p); {
		case p == "", p == "..", low == ".git", strings.HasPrefix(low, "git~"), strings.ContainsAny(p, "/\\:\x00\n\r"):
			return p
		}
	}
	return ""
}

// slug makes a directory name of an owner.
func slug(owner string) string {
	name := strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' {
			return r
		}
		return '-'
	}, owner), "-.")
	return name[:min(len(name), 100)] // who has it is in its metadata
}
