package danger_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/plugin/compare/danger"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/schema"
)

var update = flag.Bool("update", false, "rewrite what is found in testdata")

// TestOf goes through the changes of testdata.
func TestOf(t *testing.T) {
	const path = "testdata/changes.txtar"
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	catalog, err := schema.NewCatalog("")
	if err != nil {
		t.Fatal(err)
	}
	var change danger.Change
	for i, f := range a.Files {
		name, what, _ := strings.Cut(f.Name, "/")
		switch what {
		case "before":
			change.Before = object(t, f)
			continue
		case "after":
			change.After = object(t, f)
			continue
		}
		t.Run(name, func(t *testing.T) {
			for _, obj := range []map[string]any{change.Before, change.After} {
				if obj != nil {
					change.Kind, _ = catalog.Lookup(k8sschema.FromAPIVersionAndKind(obj["apiVersion"].(string), obj["kind"].(string)))
				}
			}
			var got bytes.Buffer
			for _, d := range danger.Of(change) {
				fmt.Fprintf(&got, "%s %s %s: %s\n", d.Severity, d.Rule, d.Path, d.Message)
			}
			if *update {
				a.Files[i].Data = got.Bytes()
			} else if diff := cmp.Diff(string(f.Data), got.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if change.Before != nil && len(danger.Of(danger.Change{Before: change.Before, After: change.Before, Kind: change.Kind})) > 0 {
				t.Error("an object that stays as it is is dangerous")
			}
		})
		change = danger.Change{}
	}
	if *update {
		if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func object(t *testing.T, f txtar.File) map[string]any {
	t.Helper()
	documents, findings := manifest.Read(f.Name, f.Data, manifest.Limits{})
	if len(documents) != 1 || len(findings) > 0 {
		t.Fatalf("%s: %v", f.Name, findings)
	}
	return documents[0].Object
}
