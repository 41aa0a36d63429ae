package adopt_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// corpusSize is how many cases are adopted unless KROWAVE_ADOPT_CASES says so.
const corpusSize = 4

// TestCorpus moves the cases of testdata/kro, and of the folder KROWAVE_ADOPT_CORPUS,
// from kro to Argo CD, to kro, to Flux and to kro again: every object keeps its uid
// and what it says, nothing is deleted, and diff --live has no difference while the
// tool has them. Argo CD and Flux are the real ones where they are built.
func TestCorpus(t *testing.T) {
	c := startCluster(t)
	want := corpusSize
	if text := os.Getenv("KROWAVE_ADOPT_CASES"); text != "" {
		var err error
		if want, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	cases := c.runningCases(t, want)
	if len(cases) < want {
		t.Errorf("kro made the objects of %d cases, not of %d", len(cases), want)
	}
	var instances, rendered []*unstructured.Unstructured
	for _, x := range cases {
		for name, text := range x.files {
			c.write(t, filepath.Join("repo", x.name, name), text)
		}
		for _, obj := range x.crds {
			c.write(t, filepath.Join("crds", obj.GetName()+".yaml"), string(yamlOf(t, obj)))
		}
		instances, rendered = append(instances, x.instance), append(rendered, x.rendered...)
	}
	before := c.all(t, rendered)
	t.Logf("%d cases, %d objects", len(cases), len(before))
	args := []string{"repo"}
	if _, err := os.Stat(filepath.Join(c.dir, "crds")); err == nil {
		args = append(args, "--crds", "crds")
	}
	adopt := func(code int, verb string, more ...string) {
		t.Helper()
		if got := c.krowave(t, append(append([]string{"adopt", verb}, args...), more...)...); got.code != code {
			t.Fatalf("%s %v: exit code %d, not %d\n%s%s", verb, more, got.code, code, got.stdout, got.stderr)
		}
	}
	for _, to := range []string{"argocd", "flux"} {
		x := c.startGitOps(t, to)
		wait := "15s" // a look of the tool at all cases may take some seconds
		if x.real() {
			wait = fmt.Sprintf("%ds", 15+len(cases))
		}
		x.commit(t, instances)
		adopt(1, "apply", "--to", to, "--timeout", wait)
		x.commit(t, rendered)
		adopt(0, "apply", "--to", to)
		adopt(0, "verify")
		if diff := gocmp.Diff(uids(before), uids(c.all(t, rendered))); diff != "" {
			t.Fatalf("to %s, uids (-before +after):\n%s", to, diff)
		}
		if got := c.krowave(t, append([]string{"diff", "--live", "--kubeconfig", c.kubeconfig}, args...)...); got.code != 0 {
			t.Errorf("to %s, diff --live: exit code %d\n%s%s", to, got.code, got.stdout, got.stderr)
		}
		adopt(1, "apply", "--to", "kro", "--timeout", wait) // the tool would prune what is not held
		x.commit(t, instances)
		adopt(0, "apply", "--to", "kro")
		if diff := gocmp.Diff(uids(before), uids(c.all(t, rendered))); diff != "" {
			t.Fatalf("from %s back to kro, uids (-before +after):\n%s", to, diff)
		}
		x.leave(t)
	}
	if diff := gocmp.Diff(values(before), values(c.all(t, rendered))); diff != "" {
		t.Errorf("values (-before +after):\n%s", diff)
	}
	if deleted := c.deletions(t, append(c.instanceResources(t, cases), "applications", "kustomizations")...); len(deleted) > 0 {
		t.Errorf("the audit log has deletions: %v", deleted)
	}
}

// instanceResources are the resources of the kinds that the cases define.
func (c *cluster) instanceResources(t *testing.T, cases []*corpusCase) []string {
	t.Helper()
	var out []string
	for _, x := range cases {
		for _, rgd := range x.rgds {
			group, _, _ := unstructured.NestedString(rgd.Object, "spec", "schema", "group")
			kind, _, _ := unstructured.NestedString(rgd.Object, "spec", "schema", "kind")
			mapping, err := c.mapper.RESTMapping(schema.GroupKind{Group: cmp.Or(group, "kro.run"), Kind: kind})
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, mapping.Resource.Resource)
		}
	}
	return out
}
