package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Kind is one kind of a catalog, as a cluster serves it. It is immutable.
type Kind struct {
	GVK        schema.GroupVersionKind
	Plural     string
	Namespaced bool
	Builtin    bool // comes with Kubernetes, not from a CRD
	OwnStatus  bool // the API server drops the status of an object that is created or applied
	Schema     *Schema

	// Err says why the schema of a CRD is not structural. The API server would
	// refuse such a CRD; Schema is then an object of nothing known.
	Err error

	aliases    string                       // of a CRD, with spaces between
	structural *structuralschema.Structural // CRDs only, defaults pruned
	defaults   *kindDefaults                // of Schema; built-in kinds only
}

// GVR is the resource that serves the kind.
func (k *Kind) GVR() schema.GroupVersionResource {
	return k.GVK.GroupVersion().WithResource(k.Plural)
}

// Catalog says what a kind looks like. It knows the kinds of one Kubernetes
// version, those of kro itself, and the CRDs it was given. Schemas are built
// when they are looked up. A Catalog is immutable and safe for concurrent use.
type Catalog struct {
	version string
	bundle  *bundle
	builtin *sync.Map // GVK -> *Kind, shared by the catalogs made from one another
	custom  map[schema.GroupVersionKind]func() *Kind
}

// Versions lists the Kubernetes minor versions with bundled schemas, oldest
// first; the last is the default.
func Versions() []string { return bundleVersions() }

// NewCatalog returns the kinds of a Kubernetes version, named as "1.34", "v1.34"
// or "1.34.2"; "" is the newest.
func NewCatalog(version string) (*Catalog, error) {
	known := Versions()
	minor := known[len(known)-1]
	if version != "" {
		parts := strings.Split(strings.TrimPrefix(version, "v"), ".")
		minor = strings.Join(parts[:min(2, len(parts))], ".")
		if len(parts) > 3 || !slices.Contains(known, minor) {
			return nil, fmt.Errorf("no schemas of Kubernetes %q: use one of %s", version, strings.Join(known, ", "))
		}
	}
	b, err := loadedBundle(minor)
	if err != nil {
		return nil, err
	}
	c := &Catalog{version: minor, bundle: b, builtin: &sync.Map{}, custom: map[schema.GroupVersionKind]func() *Kind{}}
	for i, gvk := range ownKinds() {
		c.custom[gvk] = sync.OnceValue(func() *Kind {
			crd := ownCRDs()[i]
			return kindOfCRD(crd, &crd.Spec.Versions[0])
		})
	}
	return c, nil
}

// Version returns the Kubernetes minor version of the bundled kinds.
func (c *Catalog) Version() string { return c.version }

// With returns a catalog that serves crds too. As in a cluster, a later
// definition of a kind takes the place of an earlier one.
func (c *Catalog) With(crds ...*apiextensionsv1.CustomResourceDefinition) *Catalog {
	if len(crds) == 0 {
		return c
	}
	out := &Catalog{version: c.version, bundle: c.bundle, builtin: c.builtin, custom: maps.Clone(c.custom)}
	for _, crd := range crds {
		own := schema.GroupKind{Group: crd.Spec.Group, Kind: crd.Spec.Names.Kind}
		maps.DeleteFunc(out.custom, func(k schema.GroupVersionKind, _ func() *Kind) bool { return k.GroupKind() == own })
		for i := range crd.Spec.Versions {
			if v := &crd.Spec.Versions[i]; v.Served {
				out.custom[own.WithVersion(v.Name)] = sync.OnceValue(func() *Kind { return kindOfCRD(crd, v) })
			}
		}
	}
	return out
}

// Lookup returns a kind.
func (c *Catalog) Lookup(gvk schema.GroupVersionKind) (*Kind, bool) {
	if build, ok := c.custom[gvk]; ok {
		return build(), true
	}
	if k, ok := c.builtin.Load(gvk); ok {
		return k.(*Kind), true
	}
	b, ok := c.bundle.kinds[gvk]
	if !ok {
		return nil, false
	}
	s := c.bundle.component(b.component)
	k, _ := c.builtin.LoadOrStore(gvk, &Kind{
		GVK: gvk, Plural: b.plural, Namespaced: b.namespaced, Builtin: true, OwnStatus: ownStatus(gvk, s), Schema: s, defaults: &kindDefaults{},
	})
	return k.(*Kind), true
}

// Has reports whether the kind is served, without building its schema.
func (c *Catalog) Has(gvk schema.GroupVersionKind) bool {
	_, custom := c.custom[gvk]
	_, builtin := c.bundle.kinds[gvk]
	return custom || builtin
}

// Kinds lists every kind, sorted by group, version and kind.
func (c *Catalog) Kinds() []schema.GroupVersionKind {
	out := slices.Collect(maps.Keys(c.custom))
	for gvk := range c.bundle.kinds {
		if _, ok := c.custom[gvk]; !ok {
			out = append(out, gvk)
		}
	}
	slices.SortFunc(out, func(a, b schema.GroupVersionKind) int {
		if n := strings.Compare(a.Group, b.Group); n != 0 {
			return n
		}
		if n := strings.Compare(a.Version, b.Version); n != 0 {
			return n
		}
		return strings.Compare(a.Kind, b.Kind)
	})
	return out
}

// GroupVersions lists where a kind of this name exists, sorted.
func (c *Catalog) GroupVersions(kind string) []schema.GroupVersion {
	var out []schema.GroupVersion
	for _, gvk := range c.Kinds() {
		if gvk.Kind == kind {
			out = append(out, gvk.GroupVersion())
		}
	}
	return out
}

// ObjectMeta returns the schema of metadata.
func ObjectMeta() *Schema { return metaSchemas().objectMeta }

// LabelSelector returns the schema of a label selector.
func LabelSelector() *Schema { return metaSchemas().labelSelector }

type metaPair struct {
	objectMeta, namespaceless, labelSelector *Schema
}

// metaSchemas builds the schemas that every kind shares, from the newest bundle.
var metaSchemas = sync.OnceValue(func() metaPair {
	known := Versions()
	b, err := loadedBundle(known[len(known)-1])
	if err != nil {
		return metaPair{&Schema{Type: "object"}, &Schema{Type: "object"}, &Schema{Type: "object"}}
	}
	pair := metaPair{objectMeta: b.component(b.meta), labelSelector: b.component(b.selector)}
	clusterScoped := *pair.objectMeta
	clusterScoped.Properties = maps.Clone(clusterScoped.Properties)
	delete(clusterScoped.Properties, "namespace")
	pair.namespaceless = &clusterScoped
	return pair
})

// loadedBundle is loadBundle, once per version and process.
func loadedBundle(version string) (*bundle, error) {
	if load, ok := bundleLoaders()[version]; ok {
		return load()
	}
	return loadBundle(version)
}

var bundleLoaders = sync.OnceValue(func() map[string]func() (*bundle, error) {
	out := map[string]func() (*bundle, error){}
	for _, v := range Versions() {
		out[v] = sync.OnceValues(func() (*bundle, error) { return loadBundle(v) })
	}
	return out
})
