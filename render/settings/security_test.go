package settings_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render/settings"
)

// TestSecurityDocument holds the tables of SECURITY.md to the limits: each one, in
// this order, with its default.
func TestSecurityDocument(t *testing.T) {
	text, err := os.ReadFile("../../SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	base := settings.Default(settings.CMPServer)
	for _, s := range settings.Offered(settings.CMPServer) {
		if s.Limit {
			want = append(want, s.Name+" "+s.Text(&base))
		}
	}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| ([0-9]+) \\| [^|]{10,} \\|$").FindAllStringSubmatch(string(text), -1) {
		got = append(got, row[1]+" "+row[2])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("SECURITY.md has other limits (-table +SECURITY.md):\n%s", diff)
	}
}
