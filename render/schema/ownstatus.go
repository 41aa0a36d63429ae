package schema

import "k8s.io/apimachinery/pkg/runtime/schema"

// ownStatus reports whether the API server drops the status of a kind of
// Kubernetes when an object is created or applied: all that have one, except
// Node, which a kubelet creates with it.
func ownStatus(gvk schema.GroupVersionKind, s *Schema) bool {
	return s.Properties["status"] != nil && gvk.Kind != "Node"
}
