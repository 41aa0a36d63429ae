package live

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/manifest"
)

// Snapshot is what is known of the objects that an owner wants.
type Snapshot struct {
	Objects []map[string]any // cut to what is read; by kind, namespace and name
	Digest  string           // of everything here

	// Complete says that every list that is wanted is known. Without that, an
	// empty list and an unknown one look the same.
	Complete bool

	Forbidden []Forbidden
	Unserved  []schema.GroupVersionKind // kinds that the cluster does not have
}

// Forbidden is a permission that is missing.
type Forbidden struct {
	Account   string // "" is the controller's own
	Namespace string // "" takes a ClusterRole
	Group     string
	Resource  string
	Names     []string // nil is all of them
	Reason    string   // as the API server puts it
}

// String says which rule to add where.
func (f Forbidden) String() string {
	role := "a ClusterRole"
	if f.Namespace != "" {
		role = "a Role in namespace " + f.Namespace
	}
	who := "the controller's own account"
	if f.Account != "" {
		who = strings.Replace(strings.TrimPrefix(f.Account, "system:serviceaccount:"), ":", "/", 1)
	}
	names := ""
	if len(f.Names) > 0 {
		names = fmt.Sprintf(", resourceNames: [%s]", strings.Join(f.Names, ", "))
	}
	return fmt.Sprintf("bind %s to %s with the rule {apiGroups: [%q], resources: [%s], verbs: [list, watch]%s} (%s)", who, role, f.Group, f.Resource, names, f.Reason)
}

// Read returns what is known now. From then on the owner is called when that
// changes.
func (w *Watcher) Read(key types.NamespacedName) Snapshot {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.owners[key]
	if o == nil {
		return Snapshot{}
	}
	s := w.snapshot(o)
	o.told = s.Digest
	return s
}

// snapshot puts the objects of an owner together.
func (w *Watcher) snapshot(o *owner) Snapshot {
	s := Snapshot{Complete: true}
	found := map[string]map[string]any{}
	missing := map[target]Forbidden{}
	for _, x := range o.wants {
		if x.watch == nil {
			s.Unserved = append(s.Unserved, x.GVK)
			s.Complete = s.Complete && x.Selector == nil
			continue
		}
		if err := x.watch.problem(); err != nil {
			s.Complete = s.Complete && x.Selector == nil
			if apierrors.IsForbidden(err) {
				forbid(missing, x, err)
			} else {
				s.Unserved = append(s.Unserved, x.GVK)
			}
			continue
		}
		if !x.watch.informer.HasSynced() {
			s.Complete = s.Complete && x.Selector == nil
		}
		for _, item := range x.watch.informer.GetStore().List() {
			if u, ok := item.(*unstructured.Unstructured); ok {
				add(found, x, u)
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(found)) {
		s.Objects = append(s.Objects, found[key])
	}
	s.Forbidden = slices.SortedFunc(maps.Values(missing), func(a, b Forbidden) int { return cmp.Compare(a.String(), b.String()) })
	s.Digest = s.digest()
	return s
}

// forbid collects missing permissions, those on objects of one kind together.
func forbid(missing map[target]Forbidden, x want, err error) {
	t := x.target
	t.name, t.selector = "", ""
	f, known := missing[t]
	if !known {
		f = Forbidden{Account: t.account, Namespace: t.namespace, Group: t.gvr.Group, Resource: t.gvr.Resource, Reason: err.Error()}
	}
	switch {
	case x.Name == "":
		f.Names = nil
	case !known || f.Names != nil:
		f.Names = append(f.Names, x.Name)
	}
	missing[t] = f
}

// add puts what is read of an object to what is there already of it.
func add(found map[string]map[string]any, x want, u *unstructured.Unstructured) {
	key := strings.Join([]string{x.GVK.String(), u.GetNamespace(), u.GetName()}, "\x00")
	obj := found[key]
	if obj == nil {
		meta := map[string]any{"name": u.GetName()}
		if ns := u.GetNamespace(); ns != "" {
			meta["namespace"] = ns
		}
		obj = map[string]any{"apiVersion": x.GVK.GroupVersion().String(), "kind": x.GVK.Kind, "metadata": meta}
		found[key] = obj
	}
	if x.Selector != nil {
		if labels, path, ok := pick(u.Object, []string{"metadata", "labels"}); ok {
			put(obj, path, labels)
		}
	}
	for _, p := range pathsOf(x, u) {
		if v, p, ok := pick(u.Object, p); ok {
			put(obj, p, v)
		}
	}
}

// pathsOf lists what is read of an object. The whole object is everything but
// what changes with each write.
func pathsOf(x want, u *unstructured.Unstructured) [][]string {
	whole := x.Paths == nil || slices.ContainsFunc(x.Paths, func(p []string) bool { return len(p) == 0 || p[0] == expr.Item })
	if !whole {
		return x.Paths
	}
	var out [][]string
	for _, field := range slices.Sorted(maps.Keys(u.Object)) {
		if field != "metadata" {
			out = append(out, []string{field})
		}
	}
	meta, _ := u.Object["metadata"].(map[string]any)
	for _, field := range slices.Sorted(maps.Keys(meta)) {
		if field != "resourceVersion" {
			out = append(out, []string{"metadata", field})
		}
	}
	return out
}

// pick follows a path as far as it names fields, and returns how far that is:
// from an element on, a list or a map is taken whole.
func pick(obj map[string]any, path []string) (any, []string, bool) {
	var v any = obj
	for i, step := range path {
		m, ok := v.(map[string]any)
		if step == expr.Item || !ok {
			return v, path[:i], true
		}
		if v, ok = m[step]; !ok {
			return nil, nil, false
		}
	}
	return v, path, true
}

// put sets the value of a path. Maps are copied on the way, since values belong
// to the informer.
func put(obj map[string]any, path []string, v any) {
	step := path[0]
	old, isMap := obj[step].(map[string]any)
	if len(path) > 1 {
		next := map[string]any{}
		if isMap {
			next = maps.Clone(old)
		}
		put(next, path[1:], v)
		v = next
	} else if whole, ok := v.(map[string]any); ok && isMap {
		merged := maps.Clone(old)
		maps.Copy(merged, whole)
		v = merged
	}
	obj[step] = v
}

func (s *Snapshot) digest() string {
	h := sha256.New()
	for _, o := range s.Objects {
		text, err := manifest.CanonicalJSON(o)
		if err != nil {
			text = []byte(err.Error())
		}
		h.Write(text)
		h.Write([]byte{'\n'})
	}
	fmt.Fprintf(h, "%t %q %q", s.Complete, s.Forbidden, s.Unserved)
	return hex.EncodeToString(h.Sum(nil))
}
