package view

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
)

// Overview is what there is, in numbers.
type Overview struct {
	Definitions int `json:"definitions"`
	Instances   int `json:"instances"`
	Objects     int `json:"objects"`
	PassThrough int `json:"passThrough"`
	Pending     int `json:"pending"` // instances with nodes that wait for a cluster
	Broken      int `json:"broken"`  // instances with errors
	Stale       int `json:"stale"`   // instances of an earlier render
	Errors      int `json:"errors"`
	Warnings    int `json:"warnings"`

	Projects    []Count `json:"projects"`    // instances of each
	Kinds       []Count `json:"kinds"`       // of instances
	ObjectKinds []Count `json:"objectKinds"` // of objects
	Namespaces  []Count `json:"namespaces"`  // of instances
}

// Count is how many there are of something.
type Count struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// Overview returns the numbers of the render.
func (v *View) Overview() Overview { return v.overview }

func (v *View) count() Overview {
	out := Overview{Definitions: len(v.definitions), Instances: len(v.instances), Objects: len(v.objects)}
	projects, kinds, objects, namespaces := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	for _, u := range v.run.In.Units {
		projects[u.Project] += 0
	}
	for _, i := range v.instances {
		projects[i.identity.Project]++
		kinds[kind(i.identity)]++
		namespaces[i.identity.Namespace]++
		switch i.status() {
		case "stale":
			out.Stale++
		case "error":
			out.Broken++
		case "pending":
			out.Pending++
		}
	}
	for _, o := range v.objects {
		objects[kind(o.identity)]++
		if o.instance == nil {
			out.PassThrough++
		}
	}
	for _, d := range v.findings {
		switch d.Severity {
		case diag.Error:
			out.Errors++
		case diag.Warning:
			out.Warnings++
		}
	}
	out.Projects, out.Kinds, out.ObjectKinds, out.Namespaces = counts(projects), counts(kinds), counts(objects), counts(namespaces)
	return out
}

// counts are in the order of names.
func counts(m map[string]int) []Count {
	out := []Count{}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, Count{name, m[name]})
	}
	return out
}

// Query selects a part of a list. An empty field selects everything.
type Query struct {
	Text       string // words that the name, kind, namespace or file holds
	Kind       string // Kind.group
	Namespace  *string
	Project    *string
	Status     string
	Definition string // id of an RGD whose instances are meant
	Instance   string // id of an instance whose objects are meant
	Wave       *int
	Offset     int
	Limit      int
}

// maxLimit is the longest part of a list.
const maxLimit = 500

// Page is a part of a list.
type Page[T any] struct {
	Total  int `json:"total"` // of what the query selects
	Offset int `json:"offset"`
	Items  []T `json:"items"`
}

// page returns the part of a list that a query asks for.
func page[T, U any](q Query, all []T, row func(T) U) Page[U] {
	out := Page[U]{Total: len(all), Offset: min(max(q.Offset, 0), len(all)), Items: []U{}}
	limit := cmp.Or(min(max(q.Limit, 0), maxLimit), 100)
	for _, item := range all[out.Offset:min(out.Offset+limit, len(all))] {
		out.Items = append(out.Items, row(item))
	}
	return out
}

// InstanceRow is an instance in a list.
type InstanceRow struct {
	ID         string `json:"id"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace"`
	Name       string `json:"name"`
	Project    string `json:"project"`
	File       string `json:"file"`
	Line       int    `json:"line"`
	Definition string `json:"definition"`
	Objects    int    `json:"objects"`
	Status     string `json:"status"` // ok, pending, error or stale
}

// Instances lists instances in the order of the input.
func (v *View) Instances(q Query) Page[InstanceRow] {
	words := strings.Fields(strings.ToLower(q.Text))
	from := v.instances
	if q.Definition != "" {
		from = nil
		if d := v.byID.definitions[q.Definition]; d != nil {
			from = d.users
		}
	}
	var found []*instance
	for _, i := range from {
		id := i.identity
		if q.Kind != "" && kind(id) != q.Kind || q.Namespace != nil && id.Namespace != *q.Namespace ||
			q.Project != nil && id.Project != *q.Project || q.Status != "" && i.status() != q.Status ||
			!contains(id.Kind+" "+id.Namespace+"/"+id.Name+" "+id.Path, words) {
			continue
		}
		found = append(found, i)
	}
	return page(q, found, v.instanceRow)
}

func (v *View) instanceRow(i *instance) InstanceRow {
	row := InstanceRow{
		ID: i.id, Kind: i.identity.Kind, Namespace: i.identity.Namespace, Name: i.identity.Name, Project: i.identity.Project,
		File: i.identity.Path, Objects: len(i.objects), Status: i.status(), Definition: v.definitionID(i.top, i.made),
	}
	if i.top.Doc != nil {
		row.Line = i.top.Doc.Start().Line
	}
	return row
}

// definitionID finds the RGD of an instance.
func (v *View) definitionID(i *render.Instance, m *made) string {
	for _, d := range v.definitions {
		if d.graph == i.Graph {
			return d.id
		}
	}
	for _, d := range v.definitions {
		if d.graph.RGD.Name == i.Graph.RGD.Name && d.made.unit.Project == m.unit.Project {
			return d.id
		}
	}
	return ""
}

// DefinitionRow is an RGD in a list.
type DefinitionRow struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Kind       string `json:"kind"`
	APIVersion string `json:"apiVersion"`
	Project    string `json:"project"`
	File       string `json:"file"`
	Line       int    `json:"line"`
	Nodes      int    `json:"nodes"`
	Instances  int    `json:"instances"`
	Stale      bool   `json:"stale,omitempty"`
}

// Definitions lists RGDs in the order of the input.
func (v *View) Definitions(q Query) Page[DefinitionRow] {
	words := strings.Fields(strings.ToLower(q.Text))
	var found []*definition
	for _, d := range v.definitions {
		if (q.Project == nil || d.made.unit.Project == *q.Project) && contains(d.graph.RGD.Name+" "+d.graph.RGD.GVK.Kind, words) {
			found = append(found, d)
		}
	}
	return page(q, found, definitionRow)
}

func definitionRow(d *definition) DefinitionRow {
	at := d.graph.RGD.Doc.Start()
	return DefinitionRow{
		ID: d.id, Name: d.graph.RGD.Name, Kind: d.graph.RGD.GVK.Kind, APIVersion: d.graph.RGD.GVK.GroupVersion().String(),
		Project: d.made.unit.Project, File: at.File, Line: at.Line, Nodes: len(d.graph.Nodes), Instances: len(d.users), Stale: d.stale,
	}
}

// ObjectRow is an object in a list.
type ObjectRow struct {
	ID        string `json:"id"`
	Kind      string `json:"kind"`
	Group     string `json:"group"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Wave      *int   `json:"wave,omitempty"`
	Node      string `json:"node,omitempty"`
	Instance  string `json:"instance,omitempty"` // id
	Stale     bool   `json:"stale,omitempty"`
}

// Objects lists objects in the order of the output, those of one instance by
// wave.
func (v *View) Objects(q Query) (Page[ObjectRow], error) {
	words := strings.Fields(strings.ToLower(q.Text))
	from := v.objects
	if q.Instance != "" {
		i := v.byID.instances[q.Instance]
		if i == nil {
			return Page[ObjectRow]{}, ErrUnknown
		}
		from = slices.Clone(i.objects)
		slices.SortStableFunc(from, func(a, b *product) int { return cmp.Compare(a.from.Wave, b.from.Wave) })
	}
	var found []*product
	for _, o := range from {
		id := o.identity
		if q.Kind != "" && kind(id) != q.Kind || q.Namespace != nil && id.Namespace != *q.Namespace ||
			q.Project != nil && o.from.Project != *q.Project || q.Wave != nil && (o.instance == nil || o.from.Wave != *q.Wave) ||
			len(words) > 0 && !contains(id.Kind+" "+id.Namespace+"/"+id.Name, words) {
			continue
		}
		found = append(found, o)
	}
	return page(q, found, objectRow), nil
}

func objectRow(o *product) ObjectRow {
	row := ObjectRow{
		ID: o.id, Kind: o.identity.Kind, Group: o.identity.Key().Group, Namespace: o.identity.Namespace, Name: o.identity.Name,
	}
	if o.instance != nil {
		w := o.from.Wave
		row.Wave, row.Instance, row.Stale = &w, o.instance.id, o.instance.stale
	}
	if o.from.Node != nil {
		row.Node = o.from.Node.ID
	}
	return row
}

// Findings lists findings, causes first and equal ones once.
func (v *View) Findings(q Query) Page[diag.Diagnostic] {
	words := strings.Fields(strings.ToLower(q.Text))
	var found diag.List
	for _, d := range v.findings {
		if (q.Status == "" || d.Severity.String() == q.Status) && contains(d.Message+" "+d.Rule+" "+d.Pos.File+" "+d.Object, words) {
			found = append(found, d)
		}
	}
	return page(q, found, diag.Diagnostic.Inert)
}

// Hit is something that a search found.
type Hit struct {
	Type  string `json:"type"` // definition, instance, object or finding
	ID    string `json:"id"`
	Title string `json:"title"`
	Note  string `json:"note"`
}

// Search looks in everything: the first few of each type.
func (v *View) Search(text string) []Hit {
	const each = 12
	out := []Hit{}
	q := Query{Text: text, Limit: each}
	for _, d := range v.Definitions(q).Items {
		out = append(out, Hit{"definition", d.ID, d.Name, d.Kind + " " + d.APIVersion})
	}
	for _, i := range v.Instances(q).Items {
		out = append(out, Hit{"instance", i.ID, i.Kind + " " + strings.TrimPrefix(i.Namespace+"/"+i.Name, "/"), i.File})
	}
	objects, _ := v.Objects(q) // of no instance in particular, so there is no error
	for _, o := range objects.Items {
		out = append(out, Hit{"object", o.ID, o.Kind + " " + strings.TrimPrefix(o.Namespace+"/"+o.Name, "/"), o.Instance})
	}
	for _, d := range v.Findings(q).Items {
		out = append(out, Hit{"finding", d.Pos.String(), d.Message, d.Pos.String()})
	}
	return out
}
