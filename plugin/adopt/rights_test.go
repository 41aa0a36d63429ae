package adopt_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/krowave/krowave/plugin/adopt"
)

// TestRights is about rights that the steps or the GitOps tool need and that nobody
// gave.
func TestRights(t *testing.T) {
	t.Parallel()
	c := startFakeCluster(t)
	c.shop(t)
	x := c.startTool(t, false)
	x.commit(documents(t, instanceOf("web")))
	c.complete(t)
	risks := func() []string {
		t.Helper()
		got := c.adopt(t, "plan", "--to", "argocd", "-o", "json")
		var plan adopt.Plan
		if err := json.Unmarshal([]byte(got.stdout), &plan); err != nil {
			t.Fatalf("exit code %d: %v\n%s", got.code, err, got.stderr)
		}
		var out []string
		for _, r := range plan.Instances[0].Risks {
			if r.Name == "rights" || r.Name == "deployer-rights" {
				out = append(out, r.Name+": "+r.Message)
			}
		}
		return out
	}
	if got := risks(); len(got) > 0 {
		t.Errorf("risks of somebody who may do everything: %q", got)
	}

	c.fake.Mu.Lock()
	c.fake.DeniedTo = map[string][]string{"system:serviceaccount:default:argocd-application-controller": {"patch databases", "create databases"}}
	c.fake.Mu.Unlock()
	if got := risks(); len(got) > 0 {
		t.Errorf("risks of a service account that is not there: %q", got)
	}
	c.apply(t, "{apiVersion: v1, kind: ServiceAccount, metadata: {name: argocd-application-controller, namespace: default}}")
	want := []string{"deployer-rights: the service account default/argocd-application-controller is not allowed to create, patch databases.example.com in namespace default: unless it applies as somebody else, the objects never come into its hands"}
	if got := risks(); !slices.Equal(got, want) {
		t.Errorf("risks: %q, want %q", got, want)
	}

	c.fake.Mu.Lock()
	c.fake.DeniedTo, c.fake.Denied = nil, []string{"delete shops", "patch secrets"}
	c.fake.Mu.Unlock()
	want = []string{"rights: you are not allowed to patch secrets in namespace default; delete shops.example.com in namespace default, which the steps need"}
	if got := risks(); !slices.Equal(got, want) {
		t.Errorf("risks: %q, want %q", got, want)
	}
	if got := c.adopt(t, "apply", "--to", "argocd"); got.code != 2 {
		t.Errorf("apply without the rights: exit code %d\n%s", got.code, got.stdout)
	}
}
