package conformance_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/plugin/internal/clitest"
	"github.com/krowave/krowave/render/compat"
)

// TestVersions holds rendering for kro 0.10 against rendering for 0.9: both are
// the same, byte for byte, but for the cases that docs/kro-versions.md lists with
// the number of the difference. Those have an expected-0.10.json, which is what is
// documented of kro 0.10. KROWAVE_CORPUS names a folder of more cases.
func TestVersions(t *testing.T) {
	dirs := allCases(t)
	listed := listedDifferences(t)
	for name, numbers := range listed {
		for _, n := range numbers {
			if !slices.ContainsFunc(compat.Table(), func(d compat.Difference) bool { return d.Number == n && d.Shown() }) {
				t.Errorf("%s is listed with %s, which the table of package compat does not have", name, n)
			}
		}
		if !slices.ContainsFunc(dirs, func(dir string) bool { return filepath.Base(dir) == name }) {
			t.Errorf("docs/kro-versions.md lists %s, which is no case", name)
		}
	}
	t.Cleanup(func() {
		t.Logf("%d cases are the same for kro 0.9 and 0.10 but for:", len(dirs))
		for _, name := range slices.Sorted(maps.Keys(listed)) {
			t.Logf("  %s (%s)", name, strings.Join(listed[name], ", "))
		}
	})
	for _, dir := range dirs {
		name := filepath.Base(dir)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := withOneInstance(t, dir)
			differ := cmp.Diff(bothCommands(t, folder), bothCommands(t, folder, "--kro-version=0.10"))
			expected := filepath.Join(dir, "expected-0.10.json")
			_, err := os.Stat(expected)
			switch {
			case listed[name] == nil && differ != "":
				t.Errorf("docs/kro-versions.md does not list this case (-0.9 +0.10):\n%s", differ)
			case listed[name] != nil && differ == "":
				t.Error("docs/kro-versions.md lists this case, but it does not differ")
			case listed[name] != nil && err != nil:
				t.Errorf("a listed case says what kro 0.10 makes of it: %v", err)
			case listed[name] == nil && err == nil:
				t.Error("expected-0.10.json is for listed cases only")
			case err == nil:
				if found := differences(t, folder, readAnswer(t, expected), "--kro-version=0.10"); len(found) > 0 {
					t.Error(strings.Join(found, "\n"))
				}
			}
		})
	}
}

// TestRelease holds rendering for a version against a release of it: KROWAVE_KRO names the
// release, and KROWAVE_KRO_ANSWERS the folder of what its engine makes of each case.
// make conformance KRO=v0.10.0 runs it.
func TestRelease(t *testing.T) {
	release, answers := os.Getenv("KROWAVE_KRO"), os.Getenv("KROWAVE_KRO_ANSWERS")
	if release == "" || answers == "" {
		t.Skip("needs a release of kro: make conformance KRO=v0.10.0")
	}
	version, err := compat.Parse(release)
	if err != nil {
		t.Fatal(err)
	}
	dirs := allCases(t)
	wanted := wantedDifferences(t)
	for _, dir := range dirs {
		name := filepath.Base(dir)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := differences(t, withOneInstance(t, dir), readAnswer(t, filepath.Join(answers, name+".json")), "--kro-version="+string(version))
			if len(found) > 0 != wanted[name] {
				t.Errorf("docs/differences.md lists it: %v\n%s", wanted[name], strings.Join(found, "\n"))
			}
		})
	}
}

// bothCommands renders a case and prints its CRDs.
func bothCommands(t *testing.T, dir string, flags ...string) map[string]clitest.Output {
	t.Helper()
	out := map[string]clitest.Output{"render": renderCase(t, dir, flags...)}
	schemas, _ := caseFlags(t, dir)
	out["crd"] = clitest.Run(t, dir, append(append([]string{"crd", "rgd.yaml", "-o", "json"}, schemas...), flags...)...)
	return out
}

var listedCase = regexp.MustCompile("(?m)^\\| `([a-z0-9-]+)` \\| (U[0-9, U]+) \\|")

// listedDifferences reads the table of cases in docs/kro-versions.md.
func listedDifferences(t *testing.T) map[string][]string {
	t.Helper()
	page, err := os.ReadFile("../../docs/kro-versions.md")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for _, m := range listedCase.FindAllStringSubmatch(string(page), -1) {
		out[m[1]] = strings.Split(m[2], ", ")
	}
	if len(out) == 0 {
		t.Fatal("docs/kro-versions.md lists no case")
	}
	return out
}
