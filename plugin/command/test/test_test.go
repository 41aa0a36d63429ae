package test_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"k8s.io/kube-openapi/pkg/validation/strfmt"
	"k8s.io/kube-openapi/pkg/validation/validate"

	"github.com/krowave/krowave/plugin/internal/clitest"
)

// TestTestingDocs writes the files of docs/testing.md and runs its sessions.
// -update rewrites them.
func TestTestingDocs(t *testing.T) {
	const page = "../../../docs/testing.md"
	dir := t.TempDir()
	blocks := regexp.MustCompile("(?s)`([a-z/-]+\\.yaml)` [^`]*```yaml\n(.*?)```").FindAllStringSubmatch(clitest.ReadFile(t, page), -1)
	if len(blocks) != 2 {
		t.Fatalf("%d files in %s", len(blocks), page)
	}
	for _, b := range blocks {
		name := filepath.Join(dir, b[1])
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(b[2]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	clitest.Sessions(t, page, dir, 2)
}

// TestExampleTests runs the tests of examples/shop.
func TestExampleTests(t *testing.T) {
	got := clitest.Run(t, "../../../examples/shop", "test")
	if got.Code != 0 || !strings.Contains(got.Stdout, "6 passed, 0 failed, 0 skipped") {
		t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
}

// TestTestSchema holds docs/schemas/test.schema.json to krowave test: tests that
// run are valid, and those that are refused for their shape are not.
func TestTestSchema(t *testing.T) {
	var schema spec.Schema
	if err := json.Unmarshal([]byte(clitest.ReadFile(t, "../../../docs/schemas/test.schema.json")), &schema); err != nil {
		t.Fatal(err)
	}
	v := validate.NewSchemaValidator(&schema, nil, "", strfmt.Default)
	valid := func(data []byte) bool {
		var doc any
		if err := yaml.Unmarshal(data, &doc); err != nil {
			t.Fatal(err)
		}
		return v.Validate(doc).IsValid()
	}
	good := map[string][]byte{}
	for _, pattern := range []string{"../../../examples/shop/definitions/tests/*.yaml", "../../../testdata/help/tests/*.yaml"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			good[name] = []byte(clitest.ReadFile(t, name))
		}
	}
	bad := map[string][]byte{}
	for _, name := range []string{"test_failures", "test_observed", "test_usage"} {
		script, err := txtar.ParseFile("../../../testdata/script/" + name + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range script.Files {
			switch text := string(f.Data); {
			case !strings.Contains(text, "kind: Test") || !strings.Contains(text, "krowave.dev/") || strings.HasSuffix(f.Name, "d.yaml"):
			case strings.HasPrefix(f.Name, "bad/"):
				bad[name+"/"+f.Name] = f.Data
			case strings.HasSuffix(f.Name, ".yaml"):
				good[name+"/"+f.Name] = f.Data
			}
		}
	}
	if len(good) < 7 || len(bad) < 3 {
		t.Fatalf("only %d valid tests and %d others", len(good), len(bad))
	}
	for name, data := range good {
		if !valid(data) {
			t.Errorf("%s is not valid", name)
		}
	}
	for name, data := range bad {
		if valid(data) {
			t.Errorf("%s is valid", name)
		}
	}
}
