package simpleschema

import (
	"math"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// FuzzBuild reads its input as a file with spec and types, and as one field:
// nothing panics, offsets lie inside their string, the result never changes.
func FuzzBuild(f *testing.F) {
	files, err := filepath.Glob("testdata/build/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatalf("no archives: %v", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(archive.Files[0].Data))
	}
	f.Add(`string | default="`)
	f.Add("[]map[string]T | listMapKey=é\xff required = true |")
	f.Fuzz(func(t *testing.T, text string) {
		checkBuild(t, schemaFile{Spec: map[string]any{"f": text}, Types: map[string]any{"T": text}})
		var in schemaFile
		if yaml.Unmarshal([]byte(text), &in) == nil {
			checkBuild(t, in)
		}
	})
}

func checkBuild(t *testing.T, in schemaFile) {
	schema, problems := Build(in.Spec, in.Types)
	again, problemsAgain := Build(in.Spec, in.Types)
	if !reflect.DeepEqual(problems, problemsAgain) || !reflect.DeepEqual(schema, again) {
		// NaN, which a minimum may be, differs from itself.
		if !hasNaN(schema) {
			t.Fatalf("two results: %+v, %+v", problems, problemsAgain)
		}
	}
	for _, p := range problems {
		text, _ := lookup(in, p).(string)
		if p.Offset < 0 || p.Offset > len(text) || p.Message == "" || p.Rule == "" {
			t.Errorf("bad problem %+v for %q", p, text)
		}
	}
	if len(problems) == 0 {
		Sample(CRD(Definition{Group: "kro.run", Version: "v1", Kind: "Example", Spec: *schema}), nil)
	}
}

func hasNaN(s *apiextensionsv1.JSONSchemaProps) bool {
	if s.Minimum != nil && math.IsNaN(*s.Minimum) || s.Maximum != nil && math.IsNaN(*s.Maximum) {
		return true
	}
	for _, p := range s.Properties {
		if hasNaN(&p) {
			return true
		}
	}
	return s.Items != nil && hasNaN(s.Items.Schema) ||
		s.AdditionalProperties != nil && hasNaN(s.AdditionalProperties.Schema)
}
