package compare

import (
	"cmp"
	"slices"
	"strings"

	"github.com/krowave/krowave/plugin/compare/alike"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
)

// Group is a change that is the same, but for names, in several instances, or in
// several objects of no instance.
type Group struct {
	Definition string            `json:"definition,omitempty"`  // name of the RGD that the objects come from; empty for objects of no instance
	Count      int               `json:"count"`                 // instances, or objects of no instance
	Objects    int               `json:"objects"`               // that change so, in all instances
	By         []Share           `json:"by,omitempty"`          // how many are where, the most first
	Instances  []render.Identity `json:"instances,omitempty"`   // all
	Others     []render.Identity `json:"passThrough,omitempty"` // all objects of no instance
	// Differ says that the same fields of the same objects change, to values that
	// are not the same.
	Differ bool `json:"valuesDiffer,omitempty"`
	// Changes are those of the first instance or object. They stand for the rest.
	Changes     []ObjectChange `json:"changes,omitempty"`
	Diagnostics diag.List      `json:"diagnostics,omitempty"` // of the first instance, where all are broken alike

	status  Status
	titles  []string
	members []*ObjectChange // of the first change, in every instance
	all     []*ObjectChange
}

// Share is a part of a group: a project, a directory or a namespace.
type Share struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// source is where a hunk comes from.
type source struct {
	change *ObjectChange // nil for the findings of a broken instance
	owner  int
}

// groupChanges finds out which changes are the same. What is in no group is left
// to be shown one by one.
func (r *Report) groupChanges() {
	var hunks []alike.Hunk
	var from []source
	for n := range r.Instances {
		i := &r.Instances[n]
		if i.Status == Unchanged {
			continue
		}
		names := i.ownNames()
		if i.Status == Broken && len(i.Diagnostics) > 0 {
			hunks, from = append(hunks, i.brokenHunk(n, names)), append(from, source{nil, n})
		}
		for k := range i.Objects {
			o := &i.Objects[k]
			hunks, from = append(hunks, o.hunk(n, names)), append(from, source{o, n})
		}
	}
	for n := range r.PassThrough {
		o := &r.PassThrough[n]
		owner := len(r.Instances) + n
		hunks, from = append(hunks, o.hunk(owner, nil)), append(from, source{o, owner})
	}
	groups, single := alike.Of(hunks)
	for _, g := range groups {
		r.Groups = append(r.Groups, r.groupOf(g, from))
	}
	r.single = map[*ObjectChange]bool{}
	r.singleBroken = map[int]bool{}
	for _, h := range single {
		if from[h].change == nil {
			r.singleBroken[from[h].owner] = true
		} else {
			r.single[from[h].change] = true
		}
	}
}

func (r *Report) groupOf(g alike.Group, from []source) Group {
	out := Group{Count: len(g.Owners), Differ: g.Differ}
	first := g.Owners[0]
	inInstances := first < len(r.Instances)
	for _, set := range g.Hunks {
		if c := from[set[0]].change; c != nil {
			out.Objects += len(set)
			out.Changes = append(out.Changes, *c)
			for _, h := range set {
				out.all = append(out.all, from[h].change)
			}
			if out.members == nil {
				out.members = out.all
			}
		} else {
			out.Diagnostics = r.Instances[first].Diagnostics
		}
	}
	for _, n := range g.Owners {
		if inInstances {
			out.Instances = append(out.Instances, r.Instances[n].Identity)
			out.titles = append(out.titles, r.Instances[n].Title())
		} else {
			id := r.PassThrough[n-len(r.Instances)].Identity
			out.Others = append(out.Others, id)
			out.titles = append(out.titles, title(id))
		}
	}
	if inInstances {
		out.Definition, out.status = r.Instances[first].definition(), r.Instances[first].Status
		if len(out.Changes) > 0 && out.Changes[0].Node != "" { // that of a chained instance, it may be
			out.Definition, _, _ = strings.Cut(out.Changes[0].Node, "/")
		}
	}
	out.By = shares(slices.Concat(out.Instances, out.Others))
	return out
}

// definition is the name of an instance's own RGD.
func (i *InstanceChange) definition() string {
	if len(i.Definitions) == 0 {
		return ""
	}
	return i.Definitions[0]
}

// ownNames are what an instance is called, and what its objects are.
func (i *InstanceChange) ownNames() []alike.Name {
	names := []alike.Name{{Text: i.Identity.Name, Stands: "name"}, {Text: i.Identity.Namespace, Stands: "namespace"}}
	if ns := strings.TrimPrefix(i.Identity.Path, "./"); ns != "" {
		names = append(names, alike.Name{Text: ns, Stands: "file"})
	}
	for k := range i.Objects {
		o := &i.Objects[k]
		names = append(names,
			alike.Name{Text: o.Identity.Name, Stands: "name of " + o.what()},
			alike.Name{Text: o.Identity.Namespace, Stands: "namespace of " + o.what()})
	}
	return names
}

// what is the node of an object without its place in a collection, or its kind.
func (o *ObjectChange) what() string {
	node, _, _ := strings.Cut(o.Node, "[")
	return cmp.Or(node, o.Identity.APIVersion+"/"+o.Identity.Kind)
}

// hunk is a change without the names of its instance and of the object itself.
func (o *ObjectChange) hunk(owner int, instance []alike.Name) alike.Hunk {
	own := []alike.Name{{Text: o.Identity.Name, Stands: "name of " + o.what()}, {Text: o.Identity.Namespace, Stands: "namespace of " + o.what()}}
	names := alike.NewNames(append(slices.Clone(instance), own...)...)
	var raw *alike.Names
	return alike.Hunk{
		Owner: owner, Class: o.Identity.APIVersion + "\x00" + o.Identity.Kind + "\x00" + o.what(),
		Keys:  []alike.Digest{o.script(raw), o.script(names)},
		Shape: o.shape(names),
	}
}

// begin is what the whole of an object's change has in common.
func (o *ObjectChange) begin(names *alike.Names) *alike.Script {
	s := names.Script().Add(string(o.Action), string(o.Reason), o.From != nil)
	if o.Action != MoveObject && !o.moves() {
		return s
	}
	return s.Add(o.waveText())
}

func (o *ObjectChange) script(names *alike.Names) alike.Digest {
	s := o.begin(names)
	if o.Action == AddObject {
		return s.Add(withoutName(o.Content)).Sum()
	}
	for _, f := range o.Fields {
		s.Add(f.Path, string(f.Op), f.Before, f.After, f.Secret)
	}
	return s.Sum()
}

// shape is a change without its values.
func (o *ObjectChange) shape(names *alike.Names) alike.Digest {
	s := o.begin(names)
	for _, f := range o.Fields {
		s.Add(f.Path, string(f.Op), f.Secret)
	}
	return s.Sum()
}

// withoutName is an object without what its identity says.
func withoutName(obj map[string]any) map[string]any {
	out := make(map[string]any, len(obj))
	for key, v := range obj {
		if m, ok := v.(map[string]any); ok && key == "metadata" {
			meta := make(map[string]any, len(m))
			for name, value := range m {
				if name != "name" && name != "namespace" && name != "annotations" {
					meta[name] = value
				}
			}
			if a, ok := m["annotations"].(map[string]any); ok {
				for name, value := range a {
					if !isOwn(name) {
						meta["annotation "+name] = value
					}
				}
			}
			v = meta
		}
		out[key] = v
	}
	return out
}

func (i *InstanceChange) brokenHunk(owner int, list []alike.Name) alike.Hunk {
	names := alike.NewNames(list...)
	script := func(names *alike.Names) alike.Digest {
		s := names.Script()
		for _, d := range i.Diagnostics {
			s.Add(d.Rule, d.Path, d.Message)
		}
		return s.Sum()
	}
	var raw *alike.Names
	class := i.definition() + "\x00" + i.Identity.APIVersion + "\x00" + i.Identity.Kind + "\x00broken"
	shape := names.Script()
	for _, d := range i.Diagnostics {
		shape.Add(d.Rule, d.Path)
	}
	return alike.Hunk{Owner: owner, Class: class, Keys: []alike.Digest{script(raw), script(names)}, Shape: shape.Sum()}
}
