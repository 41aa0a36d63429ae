package graph_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/internal/archives"
)

// TestFindings compiles the RGD of each archive of testdata/render: what is found
// is what a whole render says, at the same place.
func TestFindings(t *testing.T) {
	found := 0
	for _, a := range archives.Read(t) {
		if len(a.RGDs) != 1 || strings.Contains(a.Diagnostics, "more findings") {
			continue
		}
		if strings.Contains(a.Diagnostics, "[yaml-syntax]") {
			continue // a render leaves out what only follows from a file that it cannot read
		}
		t.Run(a.Name, func(t *testing.T) {
			_, diags := a.Compile()
			var out bytes.Buffer
			if err := diag.Print(&out, diags, diag.PrintOptions{}); err != nil {
				t.Fatal(err)
			}
			for _, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
				if line == "" || strings.HasPrefix(line, " ") {
					continue
				}
				found++
				if !strings.Contains(a.Diagnostics, line+"\n") {
					t.Errorf("a render does not say:\n%s", line)
				}
			}
		})
	}
	if found < 50 {
		t.Errorf("%d findings in all archives: they do not show what compilation finds", found)
	}
}
