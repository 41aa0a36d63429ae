package observe_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/schema"
)

// TestVerdicts asks a real API server, by a server-side apply that stores
// nothing, what krowave validate says of the same objects without one.
func TestVerdicts(t *testing.T) {
	archive, err := txtar.ParseFile("../../testdata/observe/verdicts.txtar")
	if err != nil {
		t.Fatal(err)
	}
	c := startCluster(t)
	paths := []string{"../../testdata/observe/crd.yaml"}
	if _, err := envtest.InstallCRDs(c.config, envtest.CRDInstallOptions{Paths: paths}); err != nil {
		t.Fatal(err)
	}
	catalog, err := schema.NewCatalog("")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	docs, _ := manifest.Read("crd.yaml", text, manifest.Limits{})
	crd, err := schema.DecodeCRD(docs[0].Object)
	if err != nil {
		t.Fatal(err)
	}
	validator := schema.NewValidator(catalog.With(crd), []*apiextensionsv1.CustomResourceDefinition{crd})
	for _, file := range archive.Files {
		t.Run(file.Name, func(t *testing.T) {
			docs, diags := manifest.Read(filepath.Base(file.Name), file.Data, manifest.Limits{})
			if len(docs) != 1 || diags.HasErrors() {
				t.Fatalf("%d documents: %v", len(docs), diags)
			}
			problems, known := validator.Validate(docs[0].Object, "default")
			if !known {
				t.Fatal("the kind has no schema")
			}
			refusal := c.dryRun(t, docs[0].Object)
			class, _, _ := strings.Cut(file.Name, "/")
			if (refusal != nil) != (class != "taken") || (len(problems) > 0) != (class == "refused") {
				t.Errorf("krowave: %v\nAPI server: %v", problems, refusal)
			}
		})
	}
}

// dryRun returns why an API server would refuse an object.
func (c *cluster) dryRun(t *testing.T, object map[string]any) error {
	t.Helper()
	obj := &unstructured.Unstructured{Object: object}
	data, err := obj.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	namespace, force := "default", true
	gvr, ok := resources[obj.GetKind()]
	if !ok {
		t.Fatalf("no resource of %s", obj.GetKind())
	}
	if obj.GetKind() == "ClusterRole" {
		namespace = ""
	}
	_, err = c.objects.Resource(gvr).Namespace(namespace).Patch(t.Context(), obj.GetName(), types.ApplyPatchType, data, metav1.PatchOptions{
		DryRun: []string{metav1.DryRunAll}, FieldManager: "test", Force: &force, FieldValidation: metav1.FieldValidationStrict,
	})
	var status apierrors.APIStatus
	if err != nil && !errors.As(err, &status) || apierrors.IsNotFound(err) {
		t.Fatalf("the API server did not decide: %v", err)
	}
	t.Log(err)
	return err
}
