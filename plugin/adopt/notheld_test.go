package adopt_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestNotHeld is about sync options that Git sets on an object: the GitOps tool writes
// them over those that hold it, and would prune the object once Git has the instance.
func TestNotHeld(t *testing.T) { onClusters(t, notHeld) }

func notHeld(t *testing.T, c *cluster) {
	t.Helper()
	c.shop(t)
	x := c.startTool(t, false)
	c.apply(t, instanceOf("web")) // no tool has the instance
	c.complete(t)
	before := c.children(t)
	x.commit(c.rendered(t))
	if got := c.adopt(t, "apply", "--to", "argocd"); got.code != 0 {
		t.Fatalf("apply: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}

	sync := func(options string) {
		t.Helper()
		git := c.rendered(t)
		for _, obj := range git {
			if obj.GetKind() == "Database" {
				obj.SetAnnotations(map[string]string{"argocd.argoproj.io/sync-options": options})
			}
		}
		x.commit(git)
		eventually(t, "the tool", func() error {
			if have := c.children(t)["Database/web-db"].GetAnnotations()["argocd.argoproj.io/sync-options"]; have != options {
				return fmt.Errorf("the options are %q", have)
			}
			return nil
		})
	}
	sync("SkipDryRunOnMissingResource=true")
	got := c.adopt(t, "apply", "--to", "kro", "--timeout", "1s")
	if got.code != 2 || !strings.Contains(got.stdout, "Database default/web-db") || !strings.Contains(got.stdout, "add Prune=false") {
		t.Fatalf("apply to kro: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	sync("SkipDryRunOnMissingResource=true,Prune=false")
	if got := c.adopt(t, "apply", "--to", "kro", "--timeout", "1s"); got.code != 1 {
		t.Fatalf("apply to kro, held by Git: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	x.commit(documents(t, instanceOf("web")))
	if got := c.adopt(t, "apply", "--to", "kro"); got.code != 0 {
		t.Fatalf("apply to kro, after the commit: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	if diff := cmp.Diff(uids(before), uids(c.children(t))); diff != "" {
		t.Errorf("uids (-before +after):\n%s", diff)
	}
	c.nothingDeleted(t)
}
