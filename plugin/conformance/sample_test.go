package conformance_test

import (
	"path/filepath"
	"testing"

	"github.com/krowave/krowave/plugin/internal/clitest"
)

// formless are cases whose expressions ask more of a value than the schema says.
var formless = map[string]bool{
	"compare-float-with-float":                true,
	"foreach-dyn-through-comprehension":       true,
	"json-unmarshal-number-converted":         true,
	"library-encoders-and-json":               true,
	"library-ip-and-cidr":                     true,
	"library-list-index-functions":            true,
	"library-lists":                           true,
	"library-semver":                          true,
	"library-time":                            true,
	"library-url-and-regex":                   true,
	"typing-include-dyn-compared":             true,
	"value-list-map-merged-by-key":            true,
	"value-preserved-whole-number-is-integer": true,
}

// TestSampleRenders makes a sample of the RGD of every case that renders
// without a cluster, and renders it. KROWAVE_CORPUS names a folder of more
// cases.
func TestSampleRenders(t *testing.T) {
	dirs := allCases(t)
	tried := 0
	for _, dir := range dirs {
		if formless[filepath.Base(dir)] {
			continue
		}
		flags, observed := caseFlags(t, dir)
		if len(observed) > 0 {
			continue // needs objects of a cluster, with names that no schema tells
		}
		flags = append(flags, "rgd.yaml")
		render := append([]string{"render"}, flags...)
		if clitest.Run(t, dir, append(render, "instance.yaml")...).Code != 0 {
			continue // does not compile, needs a cluster, or has no such instance
		}
		tried++
		t.Run(filepath.Base(dir), func(t *testing.T) {
			sample := clitest.Run(t, dir, append([]string{"sample"}, flags...)...)
			if sample.Code != 0 {
				t.Fatalf("sample: exit code %d\n%s", sample.Code, sample.Stderr)
			}
			got := clitest.RunWith(t, dir, sample.Stdout, append(render, "-")...)
			if got.Code != 0 {
				t.Errorf("render: exit code %d\n%s\nof the sample\n%s", got.Code, got.Stderr, sample.Stdout)
			}
		})
	}
	if tried < 100 {
		t.Errorf("only %d cases render, which tests little", tried)
	}
}
