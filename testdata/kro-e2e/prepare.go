package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// keepIdioms leaves in what Argo CD's users write for a graph and kro takes as it is.
const keepIdioms = "--argocd-idioms=keep"

// prepareStatic renders a case; nil when krowave does not render it in full.
func (r *runner) prepareStatic(dir string) (*prepared, error) {
	c, err := readCase(dir)
	if err != nil || len(c.observed) > 0 {
		return nil, err
	}
	made, err := r.krowave.render(c, "--annotate=none", keepIdioms)
	if err != nil || made.refused != "" {
		return nil, err
	}
	return &prepared{testCase: c, objects: made.objects}, nil
}

// prepareDelegated renders a case that needs runtime values; nil when it needs none, or when kro
// refuses it.
func (r *runner) prepareDelegated(dir string) (*prepared, error) {
	c, err := readCase(dir)
	if err != nil {
		return nil, err
	}
	answer, err := r.readAnswer(dir)
	if err != nil || answer.Rejected != nil {
		return nil, err
	}
	whole, err := r.krowave.render(c, "--annotate=none", keepIdioms)
	if err != nil || whole.refused == "" {
		return nil, err
	}
	made, err := r.krowave.render(c, "--annotate=waves", keepIdioms, "--runtime=delegate")
	if err != nil {
		return nil, err
	}
	if strings.Contains(made.refused, "[never-set]") {
		r.report("delegate", c.name, outcome{skipped, "it waits for what nothing sets, here and with kro"})
		return nil, nil
	}
	if why := c.restless(); why != "" {
		r.report("delegate", c.name, outcome{skipped, why})
		return nil, nil
	}
	later, err := r.krowave.render(c, "--annotate=none", keepIdioms, "--runtime=placeholder")
	if err != nil {
		return nil, err
	}
	if made.refused != "" {
		r.report("delegate", c.name, outcome{failed, made.refused})
		return nil, nil
	}
	own, kinds := answer.identities(), generatedKinds(c.rgds)
	for _, o := range c.observed { // what the graph does not make itself is there already
		if !own[identityOf(o)] && !kinds[o.GroupVersionKind().GroupKind()] {
			c.cluster = append(c.cluster, o)
		}
	}
	return &prepared{testCase: c, objects: made.objects, later: later.objects}, nil
}

// restless says why a graph makes something else each time, even with kro alone.
func (c *testCase) restless() string {
	for _, rgd := range c.rgds {
		raw, _ := rgd.MarshalJSON() // it was read from JSON
		switch text := string(raw); {
		case strings.Contains(text, "schema.metadata.uid") && strings.Contains(text, "random.seeded"):
			return "it seeds random values with the instance's uid"
		case strings.Contains(text, "schema.metadata.resourceVersion"):
			return "it reads the instance's resourceVersion, which kro itself changes"
		}
	}
	return ""
}

// kroAnswer is what kro's engine makes of a case.
type kroAnswer struct {
	Rejected any
	expansion
}

type expansion struct {
	Objects []struct{ Object map[string]any }
	Nested  []expansion
}

// identities are the identities of the objects that a graph makes, with their namespaces left out and not.
func (x expansion) identities() map[identity]bool {
	out := map[identity]bool{}
	for _, entry := range x.Objects {
		id := identityOf(&unstructured.Unstructured{Object: entry.Object})
		out[id] = true
		id.namespace = ""
		out[id] = true
	}
	for _, nested := range x.Nested {
		maps.Copy(out, nested.identities())
	}
	return out
}

// readAnswer reads what the oracle says of a case.
func (r *runner) readAnswer(dir string) (kroAnswer, error) {
	var answer kroAnswer
	raw, err := os.ReadFile(filepath.Join(r.answers, filepath.Base(dir)+".json"))
	if err == nil {
		err = json.Unmarshal(raw, &answer)
	}
	return answer, err
}
