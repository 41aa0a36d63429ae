package picture

import "testing"

// TestLabel cuts the kind, and not how many objects there are or the state.
func TestLabel(t *testing.T) {
	two, one := 2, 1
	for want, n := range map[string]Node{
		"Deployment ×2 · static":       {Kind: "Deployment", State: Static, Collection: true, Size: &two},
		"Deployment ×n · static":       {Kind: "Deployment", State: Static, Collection: true},
		"Deployment · static":          {Kind: "Deployment", State: Static, Size: &one},
		"HorizontalPod… ×2 · external": {Kind: "HorizontalPodAutoscaler", State: External, Collection: true, Size: &two},
		"Databa… ×2 · static, chained": {Kind: "DatabaseCluster", State: Static, Chained: true, Size: &two},
	} {
		if got := n.label(28); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
