package conformance_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/krowave/krowave/plugin/internal/clitest"
)

// TestUpgradeCheck asks krowave upgrade-check about every case. Of those that
// docs/kro-versions.md lists, it names the number of the difference; of all others
// it says at most what could differ with other instances.
func TestUpgradeCheck(t *testing.T) {
	dirs := allCases(t)
	listed := listedDifferences(t)
	for _, dir := range dirs {
		name := filepath.Base(dir)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := withOneInstance(t, dir)
			found := upgradeCheck(t, folder)
			for _, number := range listed[name] {
				if !slices.ContainsFunc(found, func(f upgradeFinding) bool { return f.Difference == number }) {
					t.Errorf("nothing is found of %s in %+v", number, found)
				}
			}
			for _, f := range found {
				isText := strings.HasPrefix(f.Object, "ResourceGraphDefinition ") && f.Difference != ""
				switch {
				case f.File == "" || f.Line == 0 || f.Column == 0 || f.Rule != "kro-next":
					t.Errorf("not a finding with a place: %+v", f)
				case listed[name] == nil && !isText:
					t.Errorf("%s:%d:%d: both versions render the same, and this is found: %s", f.File, f.Line, f.Column, f.Message)
				case listed[name] != nil && !slices.Contains(listed[name], f.Difference):
					t.Errorf("%s:%d:%d: %s has the number %q, not one of %v", f.File, f.Line, f.Column, f.Message, f.Difference, listed[name])
				}
			}
		})
	}
}

type upgradeFinding struct {
	File         string
	Line, Column int
	Rule         string
	Object       string
	Message      string
	Difference   string
}

// upgradeCheck runs the command in the folder of a case. Exit code 2 is that of cases that
// both versions refuse.
func upgradeCheck(t *testing.T, dir string) []upgradeFinding {
	t.Helper()
	schemas, observed := caseFlags(t, dir)
	args := slices.Concat([]string{"upgrade-check", "rgd.yaml", "-o", "json", "--server-defaults=none"}, schemas, observed)
	if _, err := os.Stat(filepath.Join(dir, "instance.yaml")); err == nil {
		args = append(args, "instance.yaml")
	}
	out := clitest.Run(t, dir, args...)
	var doc struct{ Findings []upgradeFinding }
	if err := json.Unmarshal([]byte(out.Stdout), &doc); err != nil {
		t.Fatalf("exit code %d: %v\n%s\n%s", out.Code, err, out.Stdout, out.Stderr)
	}
	if want := min(len(doc.Findings), 1); out.Code != want && out.Code != 2 {
		t.Errorf("exit code %d with %d findings\n%s", out.Code, len(doc.Findings), out.Stderr)
	}
	return doc.Findings
}
