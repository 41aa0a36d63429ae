package adopt_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestKilledAnywhere kills apply after each line that it says, and runs it again until
// it ends. Another run while one is at it is refused.
func TestKilledAnywhere(t *testing.T) { onClusters(t, killedAnywhere) }

func killedAnywhere(t *testing.T, c *cluster) {
	t.Helper()
	c.shop(t)
	x := c.startTool(t, false)
	x.commit(documents(t, instanceOf("web")))
	c.complete(t)
	before := c.children(t)
	args := []string{"adopt", "apply", "repo", "--to", "argocd", "--timeout", "30s"}

	committed := false
	for lines := 1; ; lines++ {
		if lines > 40 {
			t.Fatal("apply does not end")
		}
		ended := c.killed(t, lines, args...)
		if lines == 2 && !ended {
			if got := c.krowave(t, args...); got.code != 3 || !strings.Contains(got.stderr, "another run is at it") {
				t.Errorf("a second run: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
			}
		}
		if have := uids(c.children(t)); !cmp.Equal(uids(before), have) {
			t.Fatalf("killed after %d lines (-before +after):\n%s", lines, cmp.Diff(uids(before), have))
		}
		c.forget(t)
		if ended {
			break
		}
		if lines == 6 && !committed { // everything before the commit was said
			committed = true
			x.commit(c.rendered(t))
		}
	}
	if !committed {
		t.Error("apply ended before Git changed")
	}
	if got := c.krowave(t, "adopt", "verify", "repo"); got.code != 0 {
		t.Errorf("verify: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	c.nothingDeleted(t)
}

// TestRollback takes back what was done until Git has to change, and once it has.
func TestRollback(t *testing.T) { onClusters(t, rollback) }

func rollback(t *testing.T, c *cluster) {
	t.Helper()
	c.shop(t)
	x := c.startTool(t, false)
	x.commit(documents(t, instanceOf("web")))
	c.complete(t)
	before := c.children(t)
	adopt := func(verb string, args ...string) answer { return c.adopt(t, verb, args...) }
	for _, late := range []bool{false, true} {
		if got := adopt("apply", "--to", "argocd", "--timeout", "1s"); got.code != 1 {
			t.Fatalf("apply: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		if late { // Git changes, and changes again
			x.commit(c.rendered(t))
			eventually(t, "the tool", func() error {
				if door := c.children(t)["ConfigMap/web-door"]; door == nil || door.GetAnnotations()["argocd.argoproj.io/tracking-id"] == "" {
					return fmt.Errorf("it does not have the door")
				}
				return nil
			})
			if got := adopt("rollback", "--timeout", "1s"); got.code != 1 || !strings.Contains(got.stdout, "still has") {
				t.Fatalf("rollback before Git: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
			}
			x.commit(documents(t, instanceOf("web")))
		}
		if got := adopt("rollback"); got.code != 0 {
			t.Fatalf("rollback: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		c.complete(t)
		after := c.children(t)
		if diff := cmp.Diff(uids(before), uids(after)); diff != "" {
			t.Errorf("uids (-before +after):\n%s", diff)
		}
		for name, obj := range after {
			if obj.GetLabels()["applyset.kubernetes.io/part-of"] != before[name].GetLabels()["applyset.kubernetes.io/part-of"] {
				t.Errorf("kro does not have %s", name)
			}
			for annotation := range obj.GetAnnotations() {
				if strings.HasPrefix(annotation, "krowave.dev/") || strings.HasPrefix(annotation, "argocd.") {
					t.Errorf("%s has the annotation %s", name, annotation)
				}
			}
		}
	}
	live := c.get(t, "example.com/v1alpha1", "Shop", "web")
	for annotation, value := range live.GetAnnotations() {
		if strings.HasPrefix(annotation, "krowave.dev/") || annotation == "kro.run/reconcile" {
			t.Errorf("the instance has the annotation %s: %s", annotation, value)
		}
	}
	c.nothingDeleted(t)

	// Who suspended it before is not taken for the answer of kro.
	c.apply(t, strings.Replace(instanceOf("web"), "namespace: default", "namespace: default, annotations: {kro.run/reconcile: suspended}", 1))
	if got := adopt("apply", "--to", "argocd"); got.code != 2 || !strings.Contains(got.stdout+got.stderr, "suspended") {
		t.Errorf("suspended by somebody else: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
}

// TestToolIsDown is about an Argo CD that does not look at the cluster: nothing is done
// that counts on the hold, and Git must not change.
func TestToolIsDown(t *testing.T) {
	t.Parallel()
	c := startFakeCluster(t)
	c.shop(t)
	x := c.startTool(t, false)
	x.commit(documents(t, instanceOf("web")))
	c.complete(t)
	eventually(t, "Argo CD", func() error {
		if c.get(t, "example.com/v1alpha1", "Shop", "web").GetAnnotations()["argocd.argoproj.io/tracking-id"] == "" {
			return errors.New("the instance is not tracked")
		}
		return nil
	})
	x.stop()
	got := c.adopt(t, "apply", "--to", "argocd", "--timeout", "200ms")
	if got.code != 1 || !strings.Contains(got.stdout, "has not refreshed yet") || !strings.Contains(got.stdout, "do not change Git yet") {
		t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	if state := c.get(t, "example.com/v1alpha1", "Shop", "web").GetAnnotations()["kro.run/reconcile"]; state != "" {
		t.Errorf("the instance is %s before Argo CD has seen the hold", state)
	}
	c.nothingDeleted(t)
}

// TestKroIsBroken is about a kro that does not answer, and one that is stopped.
func TestKroIsBroken(t *testing.T) { onClusters(t, kroIsBroken) }

func kroIsBroken(t *testing.T, c *cluster) {
	t.Helper()
	c.shop(t)
	x := c.startTool(t, true)
	c.apply(t, instanceOf("web"))
	c.complete(t)
	before := c.children(t)
	adopt := func(verb string, args ...string) answer { return c.adopt(t, verb, append(args, "--to", "flux")...) }
	c.stopKro(t)
	if got := adopt("apply", "--timeout", "200ms"); got.code != 1 || !strings.Contains(got.stdout+got.stderr, "kro has not answered") {
		t.Errorf("kro is stopped: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	if after := c.children(t)["ConfigMap/web-a"]; after.GetLabels()["applyset.kubernetes.io/part-of"] == "" {
		t.Error("the label was taken although kro has not answered")
	}
	x.commit(c.rendered(t))
	if got := adopt("apply", "--kro-stopped"); got.code != 0 {
		t.Fatalf("--kro-stopped: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	c.startKro(t)
	if got := adopt("verify"); got.code != 0 {
		t.Errorf("verify: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	if diff := cmp.Diff(uids(before), uids(c.children(t))); diff != "" {
		t.Errorf("uids (-before +after):\n%s", diff)
	}
	if c.get(t, "example.com/v1alpha1", "Shop", "web") != nil {
		t.Error("the instance is still there")
	}
	c.nothingDeleted(t)

	// An RGD that is not Active refuses.
	c.apply(t, strings.ReplaceAll(shop, "${schema.spec.size}", "${schema.spec.none}"))
	c.apply(t, instanceOf("web"))
	eventually(t, "the RGD", func() error {
		live := c.get(t, "kro.run/v1alpha1", "ResourceGraphDefinition", "shop")
		if state, _, _ := unstructured.NestedString(live.Object, "status", "state"); state == "Active" {
			return fmt.Errorf("it is still Active")
		}
		return nil
	})
	if got := adopt("plan"); got.code != 2 || !strings.Contains(got.stdout, "rgd-inactive") {
		t.Errorf("an inactive RGD: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
}
