package live

import (
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/krowave/krowave/plugin/kubeapi"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/object"
)

// forbidden is a request that the cluster's RBAC does not allow.
type forbidden struct {
	rule   string // of a Role or ClusterRole, as YAML in one line
	verb   string
	what   string // of the resource
	scope  string
	object *render.Object // nil for one that is not in the render
}

// isDenied reports whether RBAC, and no admission plugin, refused a verb.
func isDenied(err error, verb string) bool {
	return apierrors.IsForbidden(err) && strings.Contains(err.Error(), " cannot "+verb+" resource ")
}

// deny notes that a verb is missing for the object.
func (x *asked) deny(verb string) error {
	f, err := x.missing(x.slot.ref, verb)
	x.slot.forbidden = append(x.slot.forbidden, f)
	return err
}

// missing is a verb that is missing for an object.
func (a *Asker) missing(r kubeapi.Ref, verb string) (forbidden, error) {
	mapping, err := a.cluster.Served(r.GVK().GroupKind(), r.GVK().Version)
	if err != nil {
		return forbidden{}, err
	}
	if mapping == nil {
		return forbidden{}, errors.New("the cluster stopped to serve " + r.Kind)
	}
	f := forbidden{verb: verb, what: mapping.Resource.GroupResource().String(), scope: "the cluster"}
	if r.Namespace != "" {
		f.scope = "namespace " + r.Namespace
	}
	f.rule = fmt.Sprintf("{apiGroups: [%q], resources: [%q], verbs: [%q]}", mapping.Resource.Group, mapping.Resource.Resource, verb)
	return f, nil
}

// findings says each missing rule once.
func findings(list []forbidden) diag.List {
	type key struct{ rule, scope string }
	var order []key
	objects := map[key][]forbidden{}
	for _, f := range list {
		k := key{f.rule, f.scope}
		if len(objects[k]) == 0 {
			order = append(order, k)
		}
		objects[k] = append(objects[k], f)
	}
	var out diag.List
	for _, k := range order {
		first := objects[k][0]
		effect := "is not compared"
		if first.verb != "get" {
			effect = "is compared without admission, defaults and checks of the API server"
		}
		what := "one object " + effect
		if n := len(objects[k]); n > 1 {
			what = fmt.Sprintf("%d objects %s", n, strings.Replace(effect, "is", "are", 1))
		}
		d := diag.Diagnostic{
			Severity: diag.Error, Rule: "live-forbidden",
			Message: fmt.Sprintf("the cluster does not allow you to %s %s in %s: %s", first.verb, first.what, first.scope, what),
			Hint:    "add the rule " + first.rule + " to a role that you have there",
		}
		if first.object != nil {
			d.Object, d.Pos = object.KeyOf(first.object.Object).Title(), positionOf(first.object)
		}
		out.Add(d)
	}
	return out
}

// positionOf is where the render has an object from.
func positionOf(o *render.Object) diag.Position {
	if top := topOf(o); top != nil && top.Doc != nil {
		return top.Doc.Start()
	}
	if o.Doc != nil {
		return o.Doc.Start()
	}
	return diag.Position{File: "(cluster)", Line: 1, Column: 1}
}
