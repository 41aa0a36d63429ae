package main

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/kubernetes-sigs/kro/pkg/graph"
)

// answer is what kro makes of a case: the content of expected.json.
type answer struct {
	Rejected *rejection `json:"rejected,omitempty"`
	*expansion
	CRD       any            `json:"crd,omitempty"`
	OtherCRDs map[string]any `json:"otherCRDs,omitempty"` // of the case's other RGDs, by name
}

// rejection says which step refused a case, and how kro or the API server put it.
type rejection struct {
	Stage   string `json:"stage"` // graph, crd, instance, evaluation or apply
	Message string `json:"message"`
}

// expansion is what one instance turns into.
type expansion struct {
	TopologicalOrder []string            `json:"topologicalOrder"`
	Dependencies     map[string][]string `json:"dependencies"`
	Skipped          []string            `json:"skipped"`
	Pending          []string            `json:"pending"`
	Objects          []renderedObject    `json:"objects"`
	Nested           []nestedExpansion   `json:"nested,omitempty"`
}

// located names the node, and the member of a collection, that something comes from.
type located struct {
	Node  string `json:"node"`
	Index *int   `json:"index,omitempty"`
}

type renderedObject struct {
	located
	Object map[string]any `json:"object"`
}

type nestedExpansion struct {
	located
	*expansion
}

func newExpansion(d *definition) *expansion {
	x := &expansion{
		TopologicalOrder: []string{}, Dependencies: map[string][]string{},
		Skipped: []string{}, Pending: []string{}, Objects: []renderedObject{},
	}
	if d.graph != nil {
		x.TopologicalOrder = d.graph.TopologicalOrder
		for id, node := range d.graph.Nodes {
			x.Dependencies[id] = sortedDependencies(node)
		}
	}
	return x
}

func sortedDependencies(node *graph.Node) []string {
	return append([]string{}, slices.Sorted(slices.Values(node.Meta.Dependencies))...)
}

// encode writes stable JSON: sorted keys, no escapes for HTML.
func encode(v any, indent string) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(raw)) // through a map, for the order of keys
	decoder.UseNumber()
	var generic any
	if err := decoder.Decode(&generic); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	err = encoder.Encode(generic)
	return out.Bytes(), err
}
