package validate_test

import (
	"encoding/json"
	"encoding/xml"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/plugin/internal/clitest"
)

// brokenRepository writes an RGD with a typo, in a file whose name needs
// escaping in every format, and an instance with an XML-unfriendly value.
func brokenRepository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"shop 100%,a:b.yaml": "apiVersion: kro.run/v1alpha1\nkind: ResourceGraphDefinition\nmetadata:\n  name: shop\nspec:\n  schema:\n    apiVersion: v1alpha1\n" +
			"    kind: Shop\n    spec:\n      size: integer\n      tier: string | enum=\"a,b\"\n  resources: []\n---\n" +
			"apiVersion: kro.run/v1alpha1\nkind: ResourceGraphDefinition\nmetadata:\n  name: stand\nspec:\n  schema:\n    apiVersion: v1alpha1\n" +
			"    kind: Stand\n    spec:\n      size: integr\n",
		"bad.yaml":   "apiVersion: kro.run/v1alpha1\nkind: Shop\nmetadata:\n  name: bad\nspec:\n  tier: \"]]>\\u0001<é\\r\"\n",
		"other.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: other\ndatas: {}\n",
		"text.yaml":  "apiVersion: v1\nkind: [\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestValidateSARIF holds -o sarif to what SARIF 2.1.0 demands, and to what
// GitHub's code scanning demands beyond that.
func TestValidateSARIF(t *testing.T) {
	got := clitest.Run(t, brokenRepository(t), "validate", "-o", "sarif")
	var log struct {
		Schema  string `json:"$schema"`
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name, InformationURI string
					Rules                []struct {
						ID                                      string
						ShortDescription, FullDescription, Help struct{ Text string }
						HelpURI                                 string
					}
				}
			}
			ColumnKind string
			Results    []struct {
				RuleID    string
				RuleIndex int
				Level     string
				Message   struct{ Text string }
				Locations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI, URIBaseID string }
						Region           struct{ StartLine, StartColumn int }
					}
				}
				PartialFingerprints map[string]string
			}
		}
	}
	if err := json.Unmarshal([]byte(got.Stdout), &log); err != nil {
		t.Fatalf("exit code %d: %v\n%s", got.Code, err, got.Stderr)
	}
	if got.Code != 1 || log.Version != "2.1.0" || !strings.HasSuffix(log.Schema, "sarif-2.1.0.json") || len(log.Runs) != 1 {
		t.Fatalf("exit code %d, version %q, schema %q, %d runs", got.Code, log.Version, log.Schema, len(log.Runs))
	}
	run := log.Runs[0]
	if run.ColumnKind != "unicodeCodePoints" || run.Tool.Driver.Name != "krowave" {
		t.Errorf("columnKind %q, driver %q", run.ColumnKind, run.Tool.Driver.Name)
	}
	for _, r := range run.Tool.Driver.Rules {
		if r.ID == "" || r.ShortDescription.Text == "" || r.FullDescription.Text == "" || r.Help.Text == "" || !strings.HasSuffix(r.HelpURI, "#"+r.ID) {
			t.Errorf("rule %+v lacks something", r)
		}
	}
	files, prints := map[string]int{}, map[string]bool{}
	for _, r := range run.Results {
		if run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID || r.Message.Text == "" || len(r.Locations) != 1 {
			t.Errorf("result %+v lacks something", r)
		}
		if r.Level != "error" && r.Level != "warning" && r.Level != "note" {
			t.Errorf("level %q", r.Level)
		}
		at := r.Locations[0].PhysicalLocation
		name, err := url.PathUnescape(strings.TrimPrefix(at.ArtifactLocation.URI, "./"))
		if u, bad := url.Parse(at.ArtifactLocation.URI); err != nil || bad != nil || u.IsAbs() || at.ArtifactLocation.URIBaseID != "%SRCROOT%" {
			t.Errorf("location %+v is no relative reference: %v %v", at, err, bad)
		}
		if at.Region.StartLine < 1 || at.Region.StartColumn < 1 || prints[r.PartialFingerprints["krowave/v1"]] {
			t.Errorf("region %+v, fingerprints %v", at.Region, r.PartialFingerprints)
		}
		prints[r.PartialFingerprints["krowave/v1"]] = true
		files[name]++
	}
	want := map[string]int{"bad.yaml": 1, "other.yaml": 1, "text.yaml": 1, "shop 100%,a:b.yaml": 1}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Errorf("findings by file (-want +got):\n%s\n%s", diff, got.Stdout)
	}
}

// TestValidateSARIFOfNothing: a log without findings has an empty list, which
// clears what code scanning showed before.
func TestValidateSARIFOfNothing(t *testing.T) {
	got := clitest.Run(t, "../../../testdata/help", "validate", "-o", "sarif", "shop.yaml")
	if got.Code != 0 || !strings.Contains(got.Stdout, `"results": []`) || !strings.Contains(got.Stdout, `"rules": []`) {
		t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
}

// TestValidateGitHub: every finding is one line that ends where GitHub reads it.
func TestValidateGitHub(t *testing.T) {
	got := clitest.Run(t, brokenRepository(t), "validate", "-o", "github")
	lines := strings.Split(strings.TrimSuffix(got.Stdout, "\n"), "\n")
	if len(lines) != 4 || strings.ContainsAny(got.Stdout, "\r") {
		t.Errorf("%d lines:\n%s", len(lines), got.Stdout)
	}
	if want := "::error file=shop 100%25%2Ca%3Ab.yaml,line="; !strings.Contains(got.Stdout, want) {
		t.Errorf("no %s in\n%s", want, got.Stdout)
	}
}

// TestValidateJUnit: the report is XML whose counts agree with its cases.
func TestValidateJUnit(t *testing.T) {
	got := clitest.Run(t, brokenRepository(t), "validate", "-o", "junit")
	var report struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Suites   []struct {
			Name     string `xml:"name,attr"`
			Tests    int    `xml:"tests,attr"`
			Failures int    `xml:"failures,attr"`
			Cases    []struct {
				Name     string `xml:"name,attr"`
				File     string `xml:"file,attr"`
				Failures []struct {
					Type string `xml:"type,attr"`
				} `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(got.Stdout), &report); err != nil {
		t.Fatalf("%v\n%s", err, got.Stdout)
	}
	var cases []string
	tests, failures := 0, 0
	for _, s := range report.Suites {
		failed := 0
		for _, c := range s.Cases {
			line := s.Name + ": " + c.Name
			for _, f := range c.Failures {
				line += " " + f.Type
			}
			if cases = append(cases, line); len(c.Failures) > 0 {
				failed++
			}
		}
		if s.Tests != len(s.Cases) || s.Failures != failed {
			t.Errorf("suite %s says %d tests and %d failures", s.Name, s.Tests, s.Failures)
		}
		tests, failures = tests+s.Tests, failures+s.Failures
	}
	if report.Tests != tests || report.Failures != failures {
		t.Errorf("%d tests and %d failures, but the suites have %d and %d", report.Tests, report.Failures, tests, failures)
	}
	want := []string{
		"definitions: ResourceGraphDefinition shop", "definitions: ResourceGraphDefinition stand simpleschema-type", "instances: Shop bad object-schema",
		"objects: ConfigMap other unknown-field", "files: text.yaml yaml-syntax",
	}
	if diff := cmp.Diff(want, cases); diff != "" {
		t.Errorf("cases (-want +got):\n%s", diff)
	}
}
