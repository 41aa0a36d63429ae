package list

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/krowave/krowave/plugin/compare"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/outline"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"
)

// Kinds lists the JSON documents.
func Kinds() []report.Kind {
	return []report.Kind{
		{Name: "RGDList", Command: "list rgds -o json", Content: listOf[rgdItem]{}},
		{Name: "InstanceList", Command: "list instances -o json", Content: listOf[instanceItem]{}},
		{Name: "GraphList", Command: "list graphs -o json", Content: listOf[graphItem]{}},
		{Name: "ObjectList", Command: "list objects -o json", Content: listOf[map[string]any]{}},
		{Name: "ImageList", Command: "list images -o json", Content: listOf[imageItem]{}},
	}
}

func kindOf(name string) report.Kind {
	return Kinds()[slices.IndexFunc(Kinds(), func(k report.Kind) bool { return k.Name == name })]
}

// listOf is the content of a document.
type listOf[T any] struct {
	Items []T `json:"items"`
}

// listing is a list of one noun.
type listing struct {
	kind    report.Kind
	columns []column
	rows    []row
	mixed   bool // a row may be of several projects
}

// column is one of a table.
type column struct {
	name  string
	shown width
}

// width says with which width of a table a column is printed.
type width int

const (
	always width = iota
	onlyWide
	onlyNarrow
)

// row is one thing that is listed.
type row struct {
	item    any // of the JSON document
	name    string
	project string
	labels  map[string]string
	cells   []string
}

// metadata is that part of an object's metadata which a list shows.
type metadata struct {
	Name      string            `json:"name"`
	Namespace string            `json:"namespace,omitempty"`
	Labels    map[string]string `json:"labels,omitempty"`
}

// origin says where something comes from.
type origin struct {
	Project  string `json:"project,omitempty"`
	Path     string `json:"path,omitempty"` // of the file, or of the kustomization that builds it
	RGD      string `json:"rgd,omitempty"`
	Instance string `json:"instance,omitempty"` // Kind/namespace/name that renders it
	Node     string `json:"node,omitempty"`     // of that instance
}

type rgdItem struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Metadata   metadata `json:"metadata"`
	Krowave    rgdInfo  `json:"krowave"`
}

type rgdInfo struct {
	origin
	Defines      kindInfo `json:"defines"`
	Nodes        int      `json:"nodes"`
	RuntimeNodes int      `json:"runtimeNodes"` // of them: those that depend on cluster-only values
	Instances    int      `json:"instances"`    // in the paths; without those that instances render
	Status       string   `json:"status"`       // Ready, or Broken for one that has errors
}

type kindInfo struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Scope      string `json:"scope"` // Namespaced or Cluster
}

// rgds lists those of the paths; instances are counted and not rendered.
func (l *lister) rgds() (listing, error) {
	units := make([]load.Unit, len(l.in.Units))
	instances := make([]map[k8sschema.GroupVersionKind]int, len(units))
	for i, u := range l.in.Units {
		units[i], instances[i] = u.DefinitionsOnly(), map[k8sschema.GroupVersionKind]int{}
		for _, f := range u.Files {
			if f.Objects == nil && !bytes.Contains(f.Data, []byte("kind")) {
				continue
			}
			docs, _ := f.Read(u.Options.Documents) // what cannot be read is among the findings of validate
			for _, d := range docs {
				instances[i][object.GVK(d.Object)]++
			}
		}
	}
	var err error
	if l.run, err = load.Render(l.ctx, l.in, units); err != nil {
		return listing{}, err
	}
	out := listing{kind: kindOf("RGDList"), columns: []column{{"NAME", always}, {"APIVERSION", always}, {"KIND", always}, {"NODES", always}, {"INSTANCES", always}, {"STATUS", always}, {"SCOPE", onlyWide}, {"RUNTIME", onlyWide}, {"PATH", onlyWide}}}
	byProject := map[string]map[k8sschema.GroupVersionKind]int{}
	for i, u := range units {
		byProject[u.Project] = instances[i]
	}
	compiled := map[diag.Position]bool{}
	graphs, of := l.run.Graphs()
	for i, g := range graphs {
		doc := g.RGD.Doc
		item := rgdItem{APIVersion: doc.APIVersion(), Kind: doc.Kind(), Metadata: metadata{Name: g.RGD.Name, Labels: object.Labels(doc.Object)}}
		info := &item.Krowave
		info.Project, info.Path, info.RGD = of[i].Project, doc.File, g.RGD.Name
		info.Defines = kindInfo{g.RGD.GVK.GroupVersion().String(), g.RGD.GVK.Kind, "Namespaced"}
		if g.RGD.ClusterScoped {
			info.Defines.Scope = "Cluster"
		}
		info.Nodes, info.Instances, info.Status = len(g.Nodes), byProject[info.Project][g.RGD.GVK], "Ready"
		compiled[doc.Start()] = true
		for _, n := range g.Nodes {
			if n.Binding == graph.Runtime {
				info.RuntimeNodes++
			}
		}
		if !l.selects(render.Identity{APIVersion: item.APIVersion, Kind: item.Kind, Name: item.Metadata.Name}, item.Metadata.Labels, info.origin) {
			continue
		}
		out.rows = append(out.rows, item.row())
	}
	for i, u := range l.in.Units {
		for _, item := range l.broken(u, compiled) {
			info := &item.Krowave
			gv, _ := k8sschema.ParseGroupVersion(info.Defines.APIVersion) // which was printed from one
			info.Instances = instances[i][gv.WithKind(info.Defines.Kind)]
			if l.selects(render.Identity{APIVersion: item.APIVersion, Kind: item.Kind, Name: item.Metadata.Name}, item.Metadata.Labels, info.origin) {
				out.rows = append(out.rows, item.row())
			}
		}
	}
	slices.SortStableFunc(out.rows, func(a, b row) int { return cmp.Or(cmp.Compare(a.project, b.project), cmp.Compare(a.name, b.name)) })
	return out, nil
}

func (item rgdItem) row() row {
	info := item.Krowave
	return row{item: item, name: item.Metadata.Name, project: info.Project, labels: item.Metadata.Labels, cells: []string{
		item.Metadata.Name, info.Defines.APIVersion, info.Defines.Kind, fmt.Sprint(info.Nodes), fmt.Sprint(info.Instances), info.Status, info.Defines.Scope, fmt.Sprint(info.RuntimeNodes), info.Path,
	}}
}

// broken are the RGDs of a unit's files that were not compiled, because they or
// what they build on have errors.
func (l *lister) broken(u load.Unit, compiled map[diag.Position]bool) []rgdItem {
	var out []rgdItem
	for _, f := range u.Files {
		if f.Objects == nil && !bytes.Contains(f.Data, []byte(object.RGDKind)) {
			continue
		}
		docs, _ := f.Read(u.Options.Documents)
		for _, doc := range docs {
			o, ok := outline.Read(doc.Object)
			if !ok || !o.IsRGD || compiled[doc.Start()] {
				continue
			}
			item := rgdItem{APIVersion: doc.APIVersion(), Kind: doc.Kind(), Metadata: metadata{Name: o.Name, Labels: object.Labels(doc.Object)}}
			item.Krowave = rgdInfo{
				origin: origin{Project: u.Project, Path: doc.File, RGD: o.Name}, Status: "Broken",
				Defines: kindInfo{o.Kind.GroupVersion().String(), o.Kind.Kind, "Namespaced"}, Nodes: len(object.List(object.Map(doc.Object, "spec"), "resources")),
			}
			if o.ClusterScoped {
				item.Krowave.Defines.Scope = "Cluster"
			}
			out = append(out, item)
		}
	}
	return out
}

type instanceItem struct {
	APIVersion string       `json:"apiVersion"`
	Kind       string       `json:"kind"`
	Metadata   metadata     `json:"metadata"`
	Krowave    instanceInfo `json:"krowave"`
}

type instanceInfo struct {
	origin
	Objects   int      `json:"objects"` // that it renders, with those of instances that it renders
	FirstWave int      `json:"firstWave"`
	LastWave  int      `json:"lastWave"`
	Skipped   []string `json:"skipped,omitempty"` // nodes that are left out
	Waiting   []string `json:"waiting,omitempty"` // nodes that wait for cluster-only values
}

func (l *lister) instances() (listing, error) {
	for i := range l.in.Units {
		l.in.Units[i].Options.Count = true
	}
	if err := l.render(); err != nil {
		return listing{}, err
	}
	out := listing{kind: kindOf("InstanceList"), columns: []column{{"NAMESPACE", always}, {"NAME", always}, {"KIND", always}, {"RGD", always}, {"OBJECTS", always}, {"WAVES", always},
		{"SKIPPED", always}, {"WAITING", always}, {"PARENT", onlyWide}, {"PATH", onlyWide}}}
	objects, last := map[*render.Instance]int{}, map[*render.Instance]int{}
	for _, o := range l.run.Result.Objects {
		for i := o.Instance; i != nil; i = i.Parent {
			objects[i]++
			if w, ok := last[i]; !ok || o.Wave > w {
				last[i] = o.Wave
			}
		}
	}
	type named struct {
		*render.Instance
		id render.Identity
	}
	list := make([]named, len(l.run.Result.Instances))
	for n, i := range l.run.Result.Instances {
		list[n] = named{i, i.Identity()}
	}
	slices.SortStableFunc(list, func(a, b named) int { return byIdentity(a.id, b.id) })
	for _, n := range list {
		i, id := n.Instance, n.id
		item := instanceItem{APIVersion: id.APIVersion, Kind: id.Kind, Metadata: metadata{id.Name, id.Namespace, object.Labels(i.Instance)}}
		info := &item.Krowave
		info.origin = origin{Project: id.Project, Path: id.Path, RGD: definedBy(i)}
		if i.Parent != nil {
			info.Instance, info.Node = reference(i.Parent), i.Node
		}
		info.Objects, info.FirstWave, info.LastWave, info.Skipped = objects[i], i.First, max(i.First, last[i]), i.Skipped
		for _, p := range i.Pending {
			info.Waiting = append(info.Waiting, p.Node.ID)
		}
		if !l.selects(id, item.Metadata.Labels, info.origin) {
			continue
		}
		waves := fmt.Sprint(info.FirstWave)
		if info.LastWave > info.FirstWave {
			waves += fmt.Sprintf("-%d", info.LastWave)
		}
		out.rows = append(out.rows, row{item: item, name: id.Name, project: id.Project, labels: item.Metadata.Labels, cells: []string{
			id.Namespace, id.Name, id.Kind, info.RGD, fmt.Sprint(info.Objects), waves, fmt.Sprint(len(info.Skipped)), fmt.Sprint(len(info.Waiting)), info.Instance, info.Path,
		}})
	}
	return out, nil
}

// definedBy is the name of the RGD of an instance. A Graph has none.
func definedBy(i *render.Instance) string {
	if i.Graph.Native != nil {
		return ""
	}
	return i.Graph.RGD.Name
}

// reference is Kind/namespace/name of an instance, as explain takes it.
func reference(i *render.Instance) string {
	id := i.Identity()
	return strings.Join(slices.DeleteFunc([]string{id.Kind, id.Namespace, id.Name}, func(s string) bool { return s == "" }), "/")
}

// rendered is an object with where it comes from.
type rendered struct {
	id     render.Identity
	labels map[string]string
	from   origin
	of     *render.Object
}

// selected are the objects that the selectors take, in the order of their names.
func (l *lister) selected() ([]rendered, error) {
	if err := l.render(); err != nil {
		return nil, err
	}
	for _, i := range l.run.Result.Instances {
		if i.Residual == nil { // else kro has what waits
			l.waiting += len(i.Pending)
		}
	}
	var out []rendered
	for n := range l.run.Result.Objects {
		o := &l.run.Result.Objects[n]
		r := rendered{of: o, id: render.IdentityOf(o.Object), labels: object.Labels(o.Object), from: origin{Project: o.Project}}
		r.id.Project = o.Project
		switch {
		case o.Instance != nil:
			r.from.Path, r.from.RGD, r.from.Instance = o.Instance.Identity().Path, definedBy(o.Instance), reference(o.Instance)
			r.from.Node = o.Node.ID
			if o.Node.Type.IsCollection() {
				r.from.Node += fmt.Sprintf("[%d]", o.Index)
			}
		case o.For != nil:
			r.from.Path, r.from.RGD, r.from.Instance = o.For.Identity().Path, definedBy(o.For), reference(o.For)
		case o.Doc != nil:
			r.from.Path = o.Doc.File
		}
		if l.selects(r.id, r.labels, r.from) {
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(a, b rendered) int { return byIdentity(a.id, b.id) })
	return out, nil
}

func (l *lister) objects() (listing, error) {
	list, err := l.selected()
	if err != nil {
		return listing{}, err
	}
	out := listing{kind: kindOf("ObjectList"), columns: []column{{"NAMESPACE", always}, {"KIND", always}, {"NAME", always}, {"WAVE", always}, {"INSTANCE", always}, {"NODE", always}, {"APIVERSION", onlyWide}, {"PATH", onlyWide}}}
	masks := l.masks()
	for _, r := range list {
		item := masks[r.of.Project].Object(r.of)
		from := map[string]any{"wave": int64(r.of.Wave)}
		for name, text := range map[string]string{"project": r.from.Project, "path": r.from.Path, "rgd": r.from.RGD, "instance": r.from.Instance, "node": r.from.Node} {
			if text != "" {
				from[name] = text
			}
		}
		item = maps.Clone(item)
		item["krowave"] = from
		out.rows = append(out.rows, row{item: item, name: r.id.Name, project: r.from.Project, labels: r.labels, cells: []string{
			r.id.Namespace, r.id.Kind, r.id.Name, fmt.Sprint(r.of.Wave), r.from.Instance, r.from.Node, r.id.APIVersion, r.from.Path,
		}})
	}
	return out, nil
}

// masks are those of each project.
func (l *lister) masks() map[string]*compare.Masks {
	out := map[string]*compare.Masks{}
	for i, part := range l.run.Parts {
		out[l.in.Units[i].Project] = compare.NewMasks(part)
	}
	return out
}
