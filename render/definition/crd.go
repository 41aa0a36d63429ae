package definition

import (
	"encoding/json"

	kjson "k8s.io/apimachinery/pkg/util/json"

	"github.com/krowave/krowave/render/graph"
)

// CRD returns the CustomResourceDefinition that kro would generate, as an
// object ready to print: with its apiVersion and kind, without status.
func CRD(g *graph.Graph) map[string]any {
	raw, err := json.Marshal(g.CRD)
	if err != nil {
		return nil // the CRD passed the API server's checks, so it encodes
	}
	var obj map[string]any
	if err := kjson.Unmarshal(raw, &obj); err != nil {
		return nil
	}
	delete(obj, "status")
	obj["apiVersion"], obj["kind"] = "apiextensions.k8s.io/v1", "CustomResourceDefinition"
	if meta, ok := obj["metadata"].(map[string]any); ok && meta["creationTimestamp"] == nil {
		delete(meta, "creationTimestamp")
	}
	return obj
}
