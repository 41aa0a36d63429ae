package randomcase

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNewIsAFunctionOfItsSeed(t *testing.T) {
	for seed := range uint64(200) {
		if diff := cmp.Diff(New(seed), New(seed)); diff != "" {
			t.Fatalf("seed %d (-first +second):\n%s", seed, diff)
		}
	}
}

// TestNewUsesTheWholeLanguage guards against a generator that silently stops making something.
func TestNewUsesTheWholeLanguage(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(500) {
		c := New(seed)
		for name := range c.Files {
			seen[name]++
		}
		if c.Broken != "" {
			seen["broken"]++
		}
	}
	for _, name := range []string{"rgd.yaml", "instance.yaml", "crds/widgets.yaml", "cluster/objects.yaml", "feature-gates", "broken"} {
		if seen[name] == 0 {
			t.Errorf("no case of 500 has %s", name)
		}
	}
}
