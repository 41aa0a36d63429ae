// Package instance expands the instances of an input, including instances that
// other instances render. It takes a document and the graph of its kind, and
// returns an Instance with its objects and their waves.
package instance

import (
	"fmt"
	"slices"

	"github.com/krowave/krowave/render/delegation"
	"github.com/krowave/krowave/render/directive"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/wave"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"
)

// Instance is one expanded instance. It is shared between renders that have a
// cache in common, and must not be changed.
type Instance struct {
	wave.Member
	Doc    *manifest.Document // nil for a chained instance
	Parent *Instance          // of a chained instance
	Node   string             // of the parent that rendered it

	Project string // of the input

	Made Made // by an instance of the input and what is chained into it

	Directives directive.Directives // of the annotations of an instance of the input

	Residual *delegation.Residual // what is left to kro; nil when Git renders all of it

	chained  []*Instance    // by object; nil for plain objects
	authored map[string]any // before it is admitted
	withheld []int          // objects that are instances and were refused, so that they are not printed
}

// All lists an instance and those chained below it, parents first.
func (i *Instance) All() []*Instance {
	out := []*Instance{i}
	for _, c := range i.chained {
		if c != nil {
			out = append(out, c.All()...)
		}
	}
	return out
}

// Made is what an expansion took: objects, steps of loops in CEL, and about how
// many bytes the objects have.
type Made struct {
	Objects      int
	Steps, Bytes int64
}

// Top returns the instance of the input that an instance is chained to, itself
// if it is none.
func (i *Instance) Top() *Instance {
	for i.Parent != nil {
		i = i.Parent
	}
	return i
}

// Inner returns the expansion of object n, nil if that is a plain object.
func (i *Instance) Inner(n int) *Instance { return i.chained[n] }

// Withheld reports whether object n is an instance that is not expanded.
func (i *Instance) Withheld(n int) bool { return slices.Contains(i.withheld, n) }

// IsOpen reports whether something of the instance is not rendered: it waits,
// kro finishes it, or an object of it is an instance that was refused.
func (i *Instance) IsOpen() bool {
	return len(i.Pending) > 0 || i.Residual != nil || len(i.withheld) > 0
}

// Bare returns the instance, and those that it is chained to, without objects.
// done has those that were made before.
func (i *Instance) Bare(done map[*Instance]*Instance) *Instance {
	if i == nil || done[i] != nil {
		return done[i]
	}
	out := &Instance{Doc: i.Doc, Node: i.Node, Project: i.Project, Made: i.Made, Directives: i.Directives}
	out.Expansion = &expand.Expansion{Graph: i.Graph, Instance: i.Instance, Skipped: i.Skipped}
	out.First = i.First
	done[i] = out
	out.Parent = i.Parent.Bare(done)
	return out
}

// Identity names an instance.
type Identity struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name"`

	// Where an instance of the input is: the project, "" for that of the root, and
	// the file or the kustomization that builds it. A repository may have instances
	// of one name in several places.
	Project string `json:"project,omitempty"`
	Path    string `json:"path,omitempty"`
}

// IdentityOf returns the identity of an object.
func IdentityOf(obj map[string]any) Identity {
	return Identity{
		APIVersion: object.APIVersion(obj), Kind: object.Kind(obj),
		Namespace: object.Namespace(obj), Name: object.Name(obj),
	}
}

// Key returns the object's key, which has no version.
func (id Identity) Key() object.Key {
	gvk := k8sschema.FromAPIVersionAndKind(id.APIVersion, id.Kind)
	return object.Key{Group: gvk.Group, Kind: id.Kind, Namespace: id.Namespace, Name: id.Name}
}

// Identity returns what tells the instance from others.
func (i *Instance) Identity() Identity {
	id := IdentityOf(i.Instance)
	id.Project = i.Project
	top := i
	for top.Parent != nil {
		top = top.Parent
	}
	if top.Doc != nil {
		id.Path = top.Doc.File
	}
	return id
}

// Title is "Kind namespace/name" of the instance.
func (i *Instance) Title() string { return object.KeyOf(i.Instance).Title() }

// Origin is group/Kind/namespace/name of the instance, as annotations name it.
func (i *Instance) Origin() string {
	id := i.Identity()
	return fmt.Sprintf("%s/%s/%s/%s", i.Graph.RGD.GVK.Group, id.Kind, id.Namespace, id.Name)
}

// readsSecret reports whether the node of that id reads a Secret.
func (i *Instance) readsSecret(id string) bool {
	for _, n := range i.Graph.Nodes {
		if n.ID == id {
			return i.ReadsSecret(n)
		}
	}
	return false
}
