package compare

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/krowave/krowave/plugin/compare/headline"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
)

// Headlines are what people ask first of a change.
type Headlines struct {
	Images []ImageChange `json:"images,omitempty"` // the most frequent first
	// Requests are what the objects that come, go and change request in sum.
	Requests      []headline.Request `json:"requests,omitempty"`
	ClusterScoped []render.Identity  `json:"clusterScoped,omitempty"` // objects that are new
	RBAC          []AccessChange     `json:"rbac,omitempty"`          // roles and bindings
}

// ImageChange is an image that becomes another one. One that comes has no before,
// one that goes no after.
type ImageChange struct {
	Before  string   `json:"before,omitempty"`
	After   string   `json:"after,omitempty"`
	Objects int      `json:"objects"`         // in which it does
	Nodes   []string `json:"nodes,omitempty"` // rgd/id
	By      []Share  `json:"by,omitempty"`    // how many are where

	first string
}

// AccessChange is a role or binding that comes, goes or changes.
type AccessChange struct {
	Action Action          `json:"action"`
	Object render.Identity `json:"object"`
}

const rbacGroup = "rbac.authorization.k8s.io"

// headlines looks at all changes of objects.
func (r *Report) headlines() {
	images := imageChanges{}
	var sum headline.Sum
	each := func(o *ObjectChange, owner render.Identity) {
		if o.Action == MoveObject {
			return
		}
		images.of(o, owner)
		sum.Add(o.before, o.after)
		if o.Action == AddObject && o.clusterScoped {
			r.Headlines.ClusterScoped = append(r.Headlines.ClusterScoped, o.Identity)
		}
		if keyOf(o.Identity).Group == rbacGroup {
			r.Headlines.RBAC = append(r.Headlines.RBAC, AccessChange{o.Action, o.Identity})
		}
	}
	for n := range r.Instances {
		for k := range r.Instances[n].Objects {
			each(&r.Instances[n].Objects[k], r.Instances[n].Identity)
		}
	}
	for n := range r.PassThrough {
		each(&r.PassThrough[n], r.PassThrough[n].Identity)
	}
	r.Headlines.Images = images.sorted()
	r.Headlines.Requests = sum.Changed()
}

type imageChange struct {
	nodes   map[string]bool
	objects int
	owners  []render.Identity
	first   string
}

// imageChanges are changes by the image before and after.
type imageChanges map[[2]string]*imageChange

// of adds the images of an object: wherever a field is called image.
func (c imageChanges) of(o *ObjectChange, owner render.Identity) {
	if o.Action != ChangeObject {
		return
	}
	found := map[[2]string]bool{}
	for _, f := range o.Fields {
		if f.Secret {
			continue
		}
		if last := f.Steps; len(last) > 0 && last[len(last)-1] == "image" {
			before, _ := f.Before.(string)
			after, _ := f.After.(string)
			if before != "" || after != "" {
				found[[2]string{before, after}] = true
			}
			continue
		}
		for _, image := range headline.Images(f.Before) {
			found[[2]string{image, ""}] = true
		}
		for _, image := range headline.Images(f.After) {
			found[[2]string{"", image}] = true
		}
	}
	for k := range found {
		x := c[k]
		if x == nil {
			x = &imageChange{nodes: map[string]bool{}, first: title(o.Identity)}
			c[k] = x
		}
		x.objects++
		if node, _, _ := strings.Cut(o.Node, "["); node != "" {
			x.nodes[node] = true
		}
		x.owners = append(x.owners, owner)
	}
}

func (c imageChanges) sorted() []ImageChange {
	var out []ImageChange
	for k, x := range c {
		out = append(out, ImageChange{Before: k[0], After: k[1], Objects: x.objects, Nodes: slices.Sorted(maps.Keys(x.nodes)), By: shares(unique(x.owners)), first: x.first})
	}
	slices.SortFunc(out, func(a, b ImageChange) int {
		return cmp.Or(cmp.Compare(b.Objects, a.Objects), cmp.Compare(a.Before, b.Before), cmp.Compare(a.After, b.After))
	})
	return out
}

// lines are the headlines for people.
func (h *Headlines) lines() []string {
	var out []string
	for n, i := range h.Images {
		if n == mostRows {
			out = append(out, count(len(h.Images)-n, "more image changes", "more images change")+" (-o json lists all)")
			break
		}
		out = append(out, i.line())
	}
	var parts []string
	for _, q := range h.Requests {
		parts = append(parts, fmt.Sprintf("%s %s -> %s", q.Name, q.Before, q.After))
	}
	if len(parts) > 0 {
		out = append(out, "requested in sum, by what changes: "+strings.Join(parts, ", "))
	}
	if n := len(h.ClusterScoped); n > 0 {
		out = append(out, count(n, "new cluster-scoped object", "new cluster-scoped objects")+": "+listOf(h.ClusterScoped, func(id render.Identity) string { return title(id) }))
	}
	if n := len(h.RBAC); n > 0 {
		out = append(out, count(n, "role or binding", "roles and bindings")+": "+listOf(h.RBAC, func(a AccessChange) string { return a.Action.mark() + " " + title(a.Object) }))
	}
	return out
}

func (i *ImageChange) line() string {
	text := "image "
	switch {
	case i.Before == "":
		text += "new: " + diag.Line(i.After)
	case i.After == "":
		text += "gone: " + diag.Line(i.Before)
	default:
		text += diag.Line(i.Before) + " -> " + diag.Line(i.After)
	}
	where := i.first
	if i.Objects > 1 {
		where = count(i.Objects, "object", "objects")
	}
	text += " in " + where
	if by := sharesText(i.By); by != "" {
		text += ": " + by
	}
	if len(i.Nodes) > 0 {
		const most = 3
		nodes := i.Nodes
		if len(nodes) > most {
			nodes = append(slices.Clone(nodes[:most]), fmt.Sprintf("%d more", len(i.Nodes)-most))
		}
		text += " (node " + diag.Name(strings.Join(nodes, ", ")) + ")"
	}
	return text
}

// listOf names the first of a list and counts the rest.
func listOf[T any](list []T, name func(T) string) string {
	const most = 5
	var out []string
	for n, item := range list {
		if n == most {
			out = append(out, number(len(list)-n)+" more")
			break
		}
		out = append(out, name(item))
	}
	return strings.Join(out, ", ")
}
