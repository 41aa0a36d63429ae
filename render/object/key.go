package object

import "k8s.io/apimachinery/pkg/runtime/schema"

// Key tells an object from all others of a cluster. Versions are views of one
// object, so no version is in it.
type Key struct{ Group, Kind, Namespace, Name string }

// KeyOf returns the key of an object, with the namespace as written.
func KeyOf(obj map[string]any) Key {
	gvk := GVK(obj)
	return Key{Group: gvk.Group, Kind: gvk.Kind, Namespace: Namespace(obj), Name: Name(obj)}
}

// GroupKind returns the group and kind.
func (k Key) GroupKind() schema.GroupKind { return schema.GroupKind{Group: k.Group, Kind: k.Kind} }

// String returns group/Kind/namespace/name.
func (k Key) String() string { return k.Group + "/" + k.Kind + "/" + k.Namespace + "/" + k.Name }

// Title returns "Kind namespace/name" or "Kind name", as findings name an
// object.
func (k Key) Title() string {
	name := k.Name
	if k.Namespace != "" {
		name = k.Namespace + "/" + name
	}
	switch {
	case k.Kind == "":
		return name
	case name == "":
		return k.Kind
	}
	return k.Kind + " " + name
}

// Matches reports whether a text is the object's NAME, NAMESPACE/NAME, KIND/NAME
// or KIND/NAMESPACE/NAME.
func (k Key) Matches(text string) bool {
	switch text {
	case k.Name, k.Namespace + "/" + k.Name, k.Kind + "/" + k.Namespace + "/" + k.Name, k.Kind + "/" + k.Name:
		return true
	}
	return false
}
