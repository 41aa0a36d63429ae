package list

import (
	"fmt"
	"slices"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/object"
)

type graphItem struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Metadata   metadata  `json:"metadata"`
	Krowave    graphInfo `json:"krowave"`
}

type graphInfo struct {
	origin
	Nodes   int      `json:"nodes"`             // with those of nested graphs
	Objects int      `json:"objects"`           // that kro makes of it, or that are rendered, as far as Git knows
	Waiting []string `json:"waiting,omitempty"` // nodes that wait for cluster-only values
	Handled string   `json:"handled"`           // passed, expanded, or split
}

// graphs lists the objects of kind Graph: those that are rendered, and those that kro gets, with
// what kro makes of them as far as Git knows.
func (l *lister) graphs() (listing, error) {
	for i := range l.in.Units {
		l.in.Units[i].Options.Foresee = true
	}
	if err := l.render(); err != nil {
		return listing{}, err
	}
	out := listing{kind: kindOf("GraphList"), columns: []column{{"NAMESPACE", always}, {"NAME", always}, {"NODES", always}, {"OBJECTS", always}, {"WAITING", always},
		{"HANDLED", always}, {"INSTANCE", onlyWide}, {"PATH", onlyWide}}}
	var split []render.Identity
	var list []*render.Instance
	for _, i := range l.run.Result.Instances {
		if i.Graph.Native != nil {
			if list = append(list, i); i.Residual != nil {
				split = append(split, i.Identity())
			}
		}
	}
	passed := len(list)
	for _, i := range l.run.Result.Foreseen {
		if !slices.Contains(split, i.Identity()) { // else it is what a division leaves
			list = append(list, i)
		}
	}
	for n, i := range list {
		id := i.Identity()
		item := graphItem{APIVersion: id.APIVersion, Kind: id.Kind, Metadata: metadata{id.Name, id.Namespace, object.Labels(i.Instance)}}
		info := &item.Krowave
		info.origin = origin{Project: id.Project, Path: id.Path}
		if i.Parent != nil {
			info.Instance, info.Node = reference(i.Parent), i.Node
		}
		info.Nodes, info.Objects, info.Handled = len(i.Graph.Nodes), made(i), "expanded"
		switch {
		case n >= passed:
			info.Handled = "passed"
		case i.Residual != nil:
			info.Handled, info.Waiting = "split", i.Residual.Nodes
		}
		for _, p := range i.Pending {
			info.Waiting = append(info.Waiting, p.Node.ID)
		}
		if !l.selects(id, item.Metadata.Labels, info.origin) {
			continue
		}
		out.rows = append(out.rows, row{item: item, name: id.Name, project: id.Project, labels: item.Metadata.Labels, cells: []string{
			id.Namespace, id.Name, fmt.Sprint(info.Nodes), fmt.Sprint(info.Objects), fmt.Sprint(len(info.Waiting)), info.Handled, info.Instance, info.Path,
		}})
	}
	slices.SortStableFunc(out.rows, func(a, b row) int { return byIdentity(idOf(a), idOf(b)) })
	return out, nil
}

func idOf(r row) render.Identity {
	x := r.item.(graphItem)
	return render.Identity{Project: r.project, Kind: x.Kind, APIVersion: x.APIVersion, Namespace: x.Metadata.Namespace, Name: r.name, Path: x.Krowave.Path}
}

// made counts the objects of an instance and of those chained into it.
func made(i *render.Instance) int {
	n := 0
	for k := range i.Objects {
		if inner := i.Inner(k); inner != nil {
			n += made(inner)
		} else {
			n++
		}
	}
	return n
}
