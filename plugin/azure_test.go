package plugin_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/krowave/krowave/plugin/internal/clitest"
)

// TestAzureExample renders examples/azure. The operator's CRDs are not in the
// repository; these have its kinds and the field that its webhook sets.
// testdata/admission renders the same with CRDs made from the operator's code.
func TestAzureExample(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../examples/azure")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "crds"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{
		"resources.azure.com v1api20200601 ResourceGroup",
		"documentdb.azure.com v1api20210515 DatabaseAccount",
		"documentdb.azure.com v1api20210515 SqlDatabase",
		"documentdb.azure.com v1api20210515 SqlDatabaseContainer",
		"storage.azure.com v1api20230101 StorageAccount",
		"storage.azure.com v1api20230101 StorageAccountsBlobService",
		"storage.azure.com v1api20230101 StorageAccountsBlobServicesContainer",
	} {
		part := strings.Fields(kind)
		plural := strings.ToLower(part[2]) + "s"
		text := fmt.Sprintf(`apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: %[4]s.%[1]s}
spec:
  group: %[1]s
  names: {kind: %[3]s, plural: %[4]s}
  scope: Namespaced
  versions:
  - name: %[2]s
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            x-kubernetes-preserve-unknown-fields: true
            properties: {azureName: {type: string}}
`, part[0], part[1], part[2], plural)
		if err := os.WriteFile(filepath.Join(dir, "crds", plural+".yaml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got := clitest.Run(t, dir, "render", "todo", "storage")
	if got.Code != 0 {
		t.Fatalf("exit code %d\n%s", got.Code, got.Stderr)
	}
	for _, want := range []string{
		"name: CosmosDB__DatabaseName\n          value: todo-db\n",
		"name: CosmosDB__ContainerName\n          value: todo-tasks\n",
		"kind: StorageAccountsBlobServicesContainer\n",
	} {
		if !strings.Contains(got.Stdout, want) {
			t.Errorf("%q is missing in\n%s", want, got.Stdout)
		}
	}
	if strings.Contains(got.Stdout, "CustomResourceDefinition") {
		t.Error("CRDs that are only looked up are printed")
	}
	if none := clitest.Run(t, dir, "render", "todo", "--admission-defaults=none"); none.Code != 1 || !strings.Contains(none.Stderr, "database.spec.azureName") {
		t.Errorf("without admission defaults: exit code %d\n%s", none.Code, none.Stderr)
	}
}
