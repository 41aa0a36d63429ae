package list

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/krowave/krowave/plugin/compare/headline"
	"github.com/krowave/krowave/render"
)

type imageItem struct {
	Image   string       `json:"image"`
	Objects int          `json:"objects"`
	Where   []imagePlace `json:"where"`
}

type imagePlace struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name"`
	origin
}

// images lists the images of the selected objects, those of most objects first.
func (l *lister) images() (listing, error) {
	list, err := l.selected()
	if err != nil {
		return listing{}, err
	}
	masks := l.masks()
	found := map[string]*imageItem{}
	for _, r := range list {
		images := headline.Images(masks[r.of.Project].Object(r.of))
		slices.Sort(images)
		for _, image := range slices.Compact(images) {
			if found[image] == nil {
				found[image] = &imageItem{Image: image}
			}
			x := found[image]
			x.Objects++
			x.Where = append(x.Where, imagePlace{r.id.APIVersion, r.id.Kind, r.id.Namespace, r.id.Name, r.from})
		}
	}
	out := listing{kind: kindOf("ImageList"), mixed: true, columns: []column{{"IMAGE", always}, {"OBJECTS", always}, {"WHERE", onlyNarrow}, {"WHERE", onlyWide}}}
	for _, x := range found {
		var where []string
		for _, p := range x.Where {
			id := render.Identity{APIVersion: p.APIVersion, Kind: p.Kind, Namespace: p.Namespace, Name: p.Name}
			where = append(where, strings.TrimPrefix(p.Project+": "+id.Key().Title(), ": "))
		}
		short := where[0]
		if len(where) > 1 {
			short += fmt.Sprintf(" and %d more", len(where)-1)
		}
		out.rows = append(out.rows, row{item: *x, name: x.Image, cells: []string{x.Image, fmt.Sprint(x.Objects), short, strings.Join(where, ", ")}})
	}
	slices.SortFunc(out.rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(b.item.(imageItem).Objects, a.item.(imageItem).Objects), cmp.Compare(a.name, b.name))
	})
	return out, nil
}
