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

// IsKroKind reports whether a kind is one that kro itself serves: its objects
// are for kro in the cluster. Graph is from kro 0.10.
func IsKroKind(kind schema.GroupVersionKind) bool {
	return IsRGDKind(kind) || IsGraphKind(kind)
}

// IsGraphKind reports whether a kind is the Graph of kro 0.10.
func IsGraphKind(kind schema.GroupVersionKind) bool {
	return kind.Group == RGDGroup && kind.Kind == "Graph"
}

// IsReportKind reports whether a kind is that of a document which krowave writes
// for people and programs, such as Diff. No cluster serves it.
func IsReportKind(kind schema.GroupVersionKind) bool {
	return kind.Group == "krowave.dev" && kind.Kind != "Test" && kind.Kind != "RenderedSource"
}

// IsTestKind reports whether a kind is that of RGD tests: they live beside
// definitions and are never applied.
func IsTestKind(kind schema.GroupVersionKind) bool {
	return kind.Group == "krowave.dev" && kind.Kind == "Test"
}
