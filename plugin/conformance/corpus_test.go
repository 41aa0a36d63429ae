package conformance_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// corpusFile is a corpus' expected/NAME.json: a refusal is one of several fields, an object has an id
// instead of a node and keeps the label kro puts on members of a collection.
type corpusFile struct {
	GraphError       string              `json:"graphError"`
	CRDError         string              `json:"crdError"`
	TopologicalOrder []string            `json:"topologicalOrder"`
	Dependencies     map[string][]string `json:"dependencies"`
	corpusExpansion
	CRD         map[string]any `json:"crd"`
	OtherGraphs []struct {
		Kind             string              `json:"kind"` // Kind.version.group
		TopologicalOrder []string            `json:"topologicalOrder"`
		Dependencies     map[string][]string `json:"dependencies"`
		CRDError         string              `json:"crdError"`
		CRD              map[string]any      `json:"crd"`
	} `json:"otherGraphs"`
}

type corpusExpansion struct {
	InstanceError string                    `json:"instanceError"`
	ApplyError    string                    `json:"applyError"`
	Errors        []struct{ Reason string } `json:"errors"`
	Skipped       []string                  `json:"skipped"`
	Pending       []struct{ ID string }     `json:"pending"`
	Resources     []struct {
		ID     string         `json:"id"`
		Index  *int           `json:"index"`
		Object map[string]any `json:"object"`
	} `json:"resources"`
	Nested []struct {
		ID        string          `json:"id"`
		Index     *int            `json:"index"`
		Expansion corpusExpansion `json:"expansion"`
	} `json:"nested"`
}

// corpusAnswer returns what kro makes of a case of a corpus: the fresh answer where there is one, after
// a comparison with the recorded one.
func corpusAnswer(t *testing.T, corpus, name string) kroAnswer {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(corpus, "expected", name+".json"))
	answers := os.Getenv("KROWAVE_CORPUS_ANSWERS")
	if err != nil && answers != "" {
		return readAnswer(t, filepath.Join(answers, name+".json"))
	}
	var recorded corpusFile
	if err == nil {
		err = decodeJSON(string(raw), &recorded)
	}
	if err != nil {
		t.Fatal(err)
	}
	if answers == "" {
		return recorded.answer()
	}
	fresh := readAnswer(t, filepath.Join(answers, name+".json"))
	if diff := cmp.Diff(comparableAnswer(recorded.answer()), comparableAnswer(fresh), cmp.AllowUnexported(kroAnswer{}), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("kro's answer is not the recorded one (-recorded +fresh):\n%s", diff)
	}
	return fresh
}

// comparableAnswer leaves out what a recorded and a fresh answer may differ in: the text of a refusal, which
// depends on the order of Go's maps, and the shape of nested instances, which the record has no graph for.
func comparableAnswer(a kroAnswer) kroAnswer {
	out := kroAnswer{kroExpansion: a.kroExpansion}
	out.Nested = nil
	if a.Rejected != nil {
		out.Rejected = &struct{ Stage, Message string }{Stage: a.Rejected.Stage}
		out.TopologicalOrder, out.Dependencies = nil, nil
		out.Objects, out.Skipped, out.Pending = nil, nil, nil
		return out
	}
	out.Skipped, out.Pending = sorted(a.Skipped), sorted(a.Pending)
	out.CRD = withoutStatus(a.CRD)
	return out
}

func (f corpusFile) answer() kroAnswer {
	out := kroAnswer{kroExpansion: f.expansion(), CRD: f.CRD, OtherCRDs: map[string]map[string]any{}}
	out.TopologicalOrder, out.Dependencies = f.TopologicalOrder, f.Dependencies
	refuse := func(stage, message string) {
		if message != "" && out.Rejected == nil {
			out.Rejected = &struct{ Stage, Message string }{stage, message}
		}
	}
	refuse("graph", f.GraphError)
	refuse("crd", f.CRDError)
	refuse("instance", f.InstanceError)
	for _, err := range f.Errors {
		refuse("evaluation", err.Reason)
	}
	refuse("apply", f.ApplyError)
	if f.CRDError != "" {
		out.CRD = nil
	}
	for _, other := range f.OtherGraphs {
		if other.CRD != nil && other.CRDError == "" {
			out.OtherCRDs[crdName(other.CRD)] = other.CRD
		}
	}
	f.graphs(&out.kroExpansion)
	return out
}

func (x corpusExpansion) expansion() kroExpansion {
	out := kroExpansion{Skipped: x.Skipped}
	for _, p := range x.Pending {
		out.Pending = append(out.Pending, p.ID)
	}
	for _, r := range x.Resources {
		out.Objects = append(out.Objects, nodeObject{Node: r.ID, Index: r.Index, Object: withoutIndexLabel(r.Object)})
	}
	for _, n := range x.Nested {
		out.Nested = append(out.Nested, struct {
			Node  string `json:"node"`
			Index *int   `json:"index"`
			kroExpansion
		}{n.ID, n.Index, n.Expansion.expansion()})
	}
	return out
}

// graphs gives nested expansions the order and dependencies of the RGD that defines their kind.
func (f corpusFile) graphs(x *kroExpansion) {
	for i := range x.Nested {
		n := &x.Nested[i]
		for _, o := range x.Objects {
			for _, other := range f.OtherGraphs {
				if o.key() == memberKey(n.Node, n.Index) && other.Kind == dotted(o.Object) {
					n.TopologicalOrder, n.Dependencies = other.TopologicalOrder, other.Dependencies
				}
			}
		}
		f.graphs(&n.kroExpansion)
	}
}

// dotted returns Kind.version.group of an object.
func dotted(object map[string]any) string {
	kind, _ := object["kind"].(string)
	apiVersion, _ := object["apiVersion"].(string)
	group, version := filepath.Split(apiVersion)
	return kind + "." + version + "." + filepath.Clean(group)
}

func withoutIndexLabel(object map[string]any) map[string]any {
	out := canonical(object)
	metadata, _ := out["metadata"].(map[string]any)
	labels, ok := metadata["labels"].(map[string]any)
	if _, labelled := labels["kro.run/collection-index"]; !ok || !labelled {
		return out
	}
	delete(labels, "kro.run/collection-index")
	if len(labels) == 0 {
		delete(metadata, "labels")
	}
	return out
}
