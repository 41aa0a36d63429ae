package view

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/krowave/krowave/plugin/compare"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
)

// Attempt is an instance that somebody tries. Nothing is written.
type Attempt struct {
	Definition string `json:"definition"` // id
	Instance   string `json:"instance"`   // id of the instance that it replaces; "" for a new one
	YAML       string `json:"yaml"`
}

// Tried is what an attempt renders to.
type Tried struct {
	Findings diag.List        `json:"findings"` // positions are those of the attempt, in TryFile
	Objects  []TriedObject    `json:"objects"`
	Summary  compare.Summary  `json:"summary"`
	Changes  []ObjectDiff     `json:"changes"`
	Dangers  []compare.Danger `json:"dangers"`
	Pending  []string         `json:"pending"` // nodes
	Skipped  []string         `json:"skipped"`
}

// TriedObject is an object of an attempt.
type TriedObject struct {
	Object render.Identity `json:"object"`
	Wave   int             `json:"wave"`
	Node   string          `json:"node"`
	YAML   string          `json:"yaml"`
}

// TryFile is the name of an attempt in findings.
const TryFile = "try.yaml"

// Try renders an attempt in memory, and compares it with the instance that it
// replaces.
func (v *View) Try(ctx context.Context, a Attempt) (*Tried, error) {
	d := v.byID.definitions[a.Definition]
	i := v.byID.instances[a.Instance]
	if d == nil || a.Instance != "" && i == nil {
		return nil, ErrUnknown
	}
	out := &Tried{Findings: diag.List{}, Objects: []TriedObject{}, Changes: []ObjectDiff{}, Dangers: []compare.Danger{}, Pending: []string{}, Skipped: []string{}}
	u := v.unitOf(d)
	file := manifest.File{Name: TryFile, Data: []byte(a.YAML)}
	docs, found := file.Read(u.Options.Documents)
	if found.HasErrors() {
		out.Findings = found.Sorted()
		return out, nil
	}
	at := diag.Position{File: TryFile, Line: 1, Column: 1}
	if len(docs) != 1 || object.GVK(docs[0].Object) != d.graph.RGD.GVK {
		out.Findings.Errorf(at, "unknown-instance", "one object of apiVersion %s and kind %s is needed", d.graph.RGD.GVK.GroupVersion(), d.graph.RGD.GVK.Kind)
		return out, nil
	}
	opts := u.Options
	opts.AllowEmpty = true
	in := u.Input
	var old *render.Result
	if i != nil && i.top.Doc != nil {
		in.Files = without(in.Files, i.top.Doc, u.Options.Documents)
		if full := compare.Unmask(docs[0].Object, i.top.Doc.Object); strings.Contains(a.YAML, "<secret value>") {
			file = manifest.File{Name: TryFile, Objects: []map[string]any{full}}
		}
		was := opts
		was.Instances = []string{selector(i.top.Doc.Object, opts.Namespace)}
		var err error
		if old, err = render.Render(ctx, u.Input, was); err != nil {
			return nil, err
		}
	}
	in.Files = append(slices.Clone(in.Files), file)
	opts.Instances = []string{selector(docs[0].Object, opts.Namespace)}
	now, err := render.Render(ctx, in, opts)
	if err != nil {
		return nil, err
	}
	return out, out.fill(ctx, old, now)
}

// unitOf is the project that an RGD is rendered in.
func (v *View) unitOf(d *definition) load.Unit { return d.made.unit }

// selector names an instance as Options.Instances does.
func selector(obj map[string]any, namespace string) string {
	key := object.KeyOf(obj)
	if key.Namespace == "" {
		key.Namespace = namespace
	}
	return key.Kind + "/" + key.Namespace + "/" + key.Name
}

// without is a list of files that lacks one document.
func without(files []manifest.File, doc *manifest.Document, limits manifest.Limits) []manifest.File {
	out := slices.Clone(files)
	for n, f := range out {
		if f.Name != doc.File {
			continue
		}
		docs, _ := f.Read(limits) // its findings are known
		rest := []map[string]any{}
		for _, d := range docs {
			if d.Index != doc.Index {
				rest = append(rest, d.Object)
			}
		}
		if len(rest) == 0 {
			return slices.Delete(out, n, n+1)
		}
		out[n] = manifest.File{Name: f.Name, Objects: rest, Walked: f.Walked}
		break
	}
	return out
}

// fill says what came out.
func (t *Tried) fill(ctx context.Context, old, now *render.Result) error {
	masks := compare.NewMasks(now)
	for _, i := range now.Instances {
		for _, p := range i.Pending {
			t.Pending = append(t.Pending, p.Node.ID)
		}
		t.Skipped = append(t.Skipped, i.Skipped...)
	}
	for n := range now.Objects {
		o := &now.Objects[n]
		if o.Instance == nil {
			continue
		}
		text, err := yamlOf(masks.Object(o))
		if err != nil {
			return err
		}
		t.Objects = append(t.Objects, TriedObject{render.IdentityOf(o.Object), o.Wave, o.Node.ID, text})
	}
	for _, d := range report.Folded(now.Diagnostics, nil) {
		if d.Pos.File == TryFile || len(d.Related) > 0 && slices.ContainsFunc(d.Related, func(r diag.Related) bool { return r.Position.File == TryFile }) || d.Rule == "limit-render" {
			t.Findings.Add(d)
		}
	}
	r, err := compare.Compare(ctx, compare.Side{Result: only(old)}, compare.Side{Result: only(now)}, compare.Options{})
	if err != nil {
		return fmt.Errorf("comparing an attempt: %w", err)
	}
	t.Summary, t.Dangers = r.Summary, append(t.Dangers, r.Dangers...)
	for n := range r.Instances {
		for k := range r.Instances[n].Objects {
			d, err := diffOf(&r.Instances[n].Objects[k])
			if err != nil {
				return err
			}
			t.Changes = append(t.Changes, d)
		}
	}
	return nil
}

// only is the part of a result that instances render to.
func only(res *render.Result) *render.Result {
	if res == nil {
		return nil
	}
	out := *res
	out.Objects = nil
	for _, o := range res.Objects {
		if o.Instance != nil || o.For != nil {
			out.Objects = append(out.Objects, o)
		}
	}
	return &out
}
