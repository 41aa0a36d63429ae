// Package danger finds dangerous changes of single objects: deletions that lose
// data, changes of immutable fields, and permissions that become wider. It takes
// an object before and after a change, and returns Findings.
//
//	findings := danger.Of(danger.Change{Before: before, After: after, Kind: kind})
//
// The rules are those of Kubernetes' own validation, the Pod Security Standards
// and RBAC; they look at nothing but the two objects. A finding quotes no value
// of a Secret, since such values come in hidden.
package danger

import (
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/diag"
	kinds "github.com/krowave/krowave/render/schema"
)

// Change is what happens to an object: nil before for a new one, nil after for
// one that goes.
type Change struct {
	Before, After map[string]any
	Kind          *kinds.Kind // nil when nothing is known of it
	ByKro         bool        // kro deletes it, which asks for no annotation of Argo CD or Flux
}

// Finding is one danger.
type Finding struct {
	Severity diag.Severity // error: data is lost, or the API server will refuse
	Rule     string
	Message  string
	Path     diag.Path // of the field; nil for the object as a whole
}

// Of returns the dangers of a change, in the order of the rules.
func Of(c Change) []Finding {
	l := &list{}
	switch {
	case c.After == nil:
		l.deletion(c)
	case c.Before != nil:
		l.immutable(c)
	}
	l.rbac(c)
	l.privileges(c)
	l.tokens(c)
	l.network(c)
	return l.found
}

// list collects findings.
type list struct{ found []Finding }

func (l *list) add(severity diag.Severity, rule, message string, path diag.Path) {
	l.found = append(l.found, Finding{Severity: severity, Rule: rule, Message: message, Path: path})
}

// kind is the group and kind of the object.
func (c Change) kind() schema.GroupKind {
	obj := c.After
	if obj == nil {
		obj = c.Before
	}
	gv, err := schema.ParseGroupVersion(text(obj, "apiVersion"))
	if err != nil {
		return schema.GroupKind{Kind: text(obj, "kind")}
	}
	return schema.GroupKind{Group: gv.Group, Kind: text(obj, "kind")}
}

// at returns what stands at a path of names.
func at(obj any, path ...string) any {
	for _, name := range path {
		m, _ := obj.(map[string]any)
		obj = m[name]
	}
	return obj
}

func text(obj any, path ...string) string {
	s, _ := at(obj, path...).(string)
	return s
}

func items(obj any, path ...string) []any {
	l, _ := at(obj, path...).([]any)
	return l
}

// steps makes a path of names.
func steps(path ...string) diag.Path {
	out := diag.Path{}
	for _, name := range path {
		out = append(out, name)
	}
	return out
}

// syncOption reports whether an object has an option of Argo CD, such as
// Prune=false.
func syncOption(obj any, option string) bool {
	for o := range strings.SplitSeq(text(obj, "metadata", "annotations", "argocd.argoproj.io/sync-options"), ",") {
		if strings.EqualFold(strings.TrimSpace(o), option) {
			return true
		}
	}
	return false
}
