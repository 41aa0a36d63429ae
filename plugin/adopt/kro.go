package adopt

import (
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/object"
)

// What kro v0.9.4 writes on an instance and on its objects.
const (
	kroManager   = "kro.run/applyset"
	kroFinalizer = "kro.run/finalizer"

	ownedLabel     = "kro.run/owned"
	versionLabel   = "kro.run/kro-version"
	partOfLabel    = "applyset.kubernetes.io/part-of"
	managedByLabel = "app.kubernetes.io/managed-by"

	suspendAnnotation    = "kro.run/reconcile"
	suspended            = "suspended"
	toolingAnnotation    = "applyset.kubernetes.io/tooling"
	kindsAnnotation      = "applyset.kubernetes.io/contains-group-kinds"
	namespacesAnnotation = "applyset.kubernetes.io/additional-namespaces"
	hashAnnotation       = "internal.kro.run/applyset-inventory-hash"
	orderAnnotation      = "internal.kro.run/apply-order"
)

// inventoryAnnotations are what kro reads to find the objects of a deleted instance.
func inventoryAnnotations() []string {
	return []string{kindsAnnotation, namespacesAnnotation, hashAnnotation}
}

// setID is the id of the ApplySet of an instance: the value of partOfLabel.
func setID(r Ref) string {
	group := r.GVK().Group
	sum := sha256.Sum256([]byte(strings.Join([]string{r.Name, r.Namespace, r.Kind, group}, ".")))
	return "applyset-" + base64.RawURLEncoding.EncodeToString(sum[:]) + "-v1"
}

// emptyHash is the digest of an inventory without kinds and namespaces.
func emptyHash(id string) string {
	sum := sha256.Sum256([]byte(id + "\x00\x00"))
	return "sha256:" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// inventory lists the kinds and namespaces in which kro looks for what is a part of
// an instance.
func inventory(instance map[string]any) (kinds []schema.GroupKind, namespaces []string) {
	for _, text := range split(object.Annotation(instance, kindsAnnotation)) {
		kinds = append(kinds, schema.ParseGroupKind(text))
	}
	namespaces = split(object.Annotation(instance, namespacesAnnotation))
	if ns := object.Namespace(instance); ns != "" {
		namespaces = append(namespaces, ns)
	} else {
		namespaces = append(namespaces, "default")
	}
	slices.Sort(namespaces)
	return kinds, slices.Compact(namespaces)
}

func split(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

// kroLabels are the labels on an object that kro put there.
func kroLabels(obj map[string]any) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(object.Labels(obj))) {
		if strings.HasPrefix(name, "kro.run/") || name == partOfLabel {
			out = append(out, name)
		}
	}
	return out
}

// kroVersion is the version of the kro that last wrote an instance: v0.9.4.
func kroVersion(instance map[string]any) string {
	if v, ok := strings.CutPrefix(object.Annotation(instance, toolingAnnotation), "kro/"); ok {
		return v
	}
	return object.Labels(instance)[versionLabel]
}

// deletesByLabel reports whether a version of kro finds what it deletes by label and
// inventory, as all do from v0.9.4 on. A version that cannot be read, of a build of
// one's own, is not known to.
func deletesByLabel(version string) bool {
	parts := strings.FieldsFunc(strings.TrimPrefix(version, "v"), func(r rune) bool { return r == '.' || r == '-' || r == '+' })
	if len(parts) < 3 {
		return false
	}
	got := [3]int{}
	for i := range got {
		n, err := strconv.Atoi(parts[i])
		if err != nil {
			return false
		}
		got[i] = n
	}
	return slices.Compare(got[:], []int{0, 9, 4}) >= 0
}
