package object

import "k8s.io/apimachinery/pkg/runtime/schema"

// Kinds that the engine knows by name.
const (
	RGDGroup = "kro.run"
	RGDKind  = "ResourceGraphDefinition"
	CRDGroup = "apiextensions.k8s.io"
	CRDKind  = "CustomResourceDefinition"
)

// IsRGDKind reports whether a kind is that of ResourceGraphDefinitions.
func IsRGDKind(kind schema.GroupVersionKind) bool {
	return kind.Group == RGDGroup && kind.Kind == RGDKind
}

// IsCRDKind reports whether a kind is that of CustomResourceDefinitions.
func IsCRDKind(kind schema.GroupVersionKind) bool {
	return kind.Group == CRDGroup && kind.Kind == CRDKind
}

// IsTestKind reports whether a kind is that of RGD tests: they live beside
// definitions and are never applied.
func IsTestKind(kind schema.GroupVersionKind) bool {
	return kind.Group == "krowave.dev" && kind.Kind == "Test"
}
