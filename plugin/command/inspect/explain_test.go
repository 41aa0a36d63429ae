package inspect_test

import (
	"testing"

	"github.com/krowave/krowave/plugin/internal/clitest"
)

// TestExplainDocs runs the sessions of docs/explain.md in examples/shop.
// -update rewrites them.
func TestExplainDocs(t *testing.T) {
	clitest.Sessions(t, "../../../docs/explain.md", "../../../examples/shop", 4)
}
