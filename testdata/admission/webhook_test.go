// Package admission holds krowave's table of admission defaults to the code of
// the operators that it speaks of.
package admission

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	cosmos "github.com/Azure/azure-service-operator/v2/api/documentdb/v1api20240815"
	cosmoswebhook "github.com/Azure/azure-service-operator/v2/api/documentdb/v1api20240815/webhook"
	identity "github.com/Azure/azure-service-operator/v2/api/managedidentity/v1api20230131"
	identitywebhook "github.com/Azure/azure-service-operator/v2/api/managedidentity/v1api20230131/webhook"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/yaml"
)

type table struct {
	Source, Field, Value string
	Kinds                map[string][]string
}

func readTable(t *testing.T) table {
	t.Helper()
	data, err := os.ReadFile("../../render/admission/azure-service-operator.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var out table
	if err := yaml.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestDefaults runs webhooks of the operator: an empty azureName becomes the
// object's name, and an authored one stays.
func TestDefaults(t *testing.T) {
	table := readTable(t)
	for _, c := range []struct {
		group   string
		webhook webhook.CustomDefaulter
		object  client.Object
	}{
		{"documentdb.azure.com", &cosmoswebhook.DatabaseAccount{}, &cosmos.DatabaseAccount{}},
		{"documentdb.azure.com", &cosmoswebhook.SqlDatabase{}, &cosmos.SqlDatabase{}},
		{"documentdb.azure.com", &cosmoswebhook.SqlDatabaseContainer{}, &cosmos.SqlDatabaseContainer{}},
		{"managedidentity.azure.com", &identitywebhook.UserAssignedIdentity{}, &identity.UserAssignedIdentity{}},
		{"managedidentity.azure.com", &identitywebhook.FederatedIdentityCredential{}, &identity.FederatedIdentityCredential{}},
	} {
		kind := reflect.TypeOf(c.object).Elem().Name()
		t.Run(kind, func(t *testing.T) {
			if !slices.Contains(table.Kinds[c.group], kind) {
				t.Fatalf("the table has no %s of %s", kind, c.group)
			}
			for authored, want := range map[string]string{"": "from-git", "mine": "mine"} {
				obj := c.object.DeepCopyObject().(client.Object)
				fill(t, obj, fmt.Sprintf(`{"metadata":{"name":"from-git"},"spec":{"azureName":%q}}`, authored))
				if err := c.webhook.Default(t.Context(), obj.(runtime.Object)); err != nil {
					t.Fatal(err)
				}
				if got := azureName(t, obj); got != want {
					t.Errorf("azureName %q becomes %q, not %q", authored, got, want)
				}
			}
		})
	}
}

func fill(t *testing.T, obj any, text string) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), obj); err != nil {
		t.Fatal(err)
	}
}

func azureName(t *testing.T, obj any) string {
	t.Helper()
	data, err := json.Marshal(obj)
	if err != nil {
		t.Fatal(err)
	}
	var out struct{ Spec struct{ AzureName string } }
	fill(t, &out, string(data))
	return out.Spec.AzureName
}

// TestTable reads the source of every webhook of the operator: the table has
// exactly the kinds whose webhooks set azureName to the object's name.
func TestTable(t *testing.T) {
	table := readTable(t)
	dir := moduleDir(t, table.Source)
	groups, simple, other := map[string]string{}, map[string]bool{}, map[string]bool{}
	err := filepath.WalkDir(filepath.Join(dir, "api"), func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(filepath.Join(dir, "api"), name)
		folder, _, _ := strings.Cut(rel, string(filepath.Separator))
		if m := groupVersion.FindSubmatch(data); m != nil {
			groups[folder] = string(m[1])
		}
		if strings.Contains(string(data), ") defaultAzureName(") {
			return scan(name, data, folder, simple, other)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for key := range simple {
		folder, kind, _ := strings.Cut(key, " ")
		if !other[key] {
			want = append(want, groups[folder]+" "+kind)
		}
	}
	for group, kinds := range table.Kinds {
		for _, kind := range kinds {
			got = append(got, group+" "+kind)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if len(want) < 150 {
		t.Fatalf("only %d kinds found in %s", len(want), dir)
	}
	for _, kind := range want {
		if _, found := slices.BinarySearch(got, kind); !found {
			t.Errorf("missing from the table: %s", kind)
		}
	}
	for _, kind := range got {
		if _, found := slices.BinarySearch(want, kind); !found {
			t.Errorf("in the table, but no webhook sets it: %s", kind)
		}
	}
}

var groupVersion = regexp.MustCompile(`GroupVersion\s*=\s*schema\.GroupVersion\{Group: "([^"]+)"`)

// scan sorts the kinds of a file by what their defaultAzureName does.
func scan(name string, data []byte, folder string, simple, other map[string]bool) error {
	file, err := parser.ParseFile(token.NewFileSet(), name, data, 0)
	if err != nil {
		return err
	}
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Recv == nil || f.Name.Name != "defaultAzureName" || len(f.Type.Params.List) != 2 {
			continue
		}
		param := f.Type.Params.List[1]
		star, _ := param.Type.(*ast.StarExpr)
		selector, _ := star.X.(*ast.SelectorExpr)
		key := folder + " " + selector.Sel.Name
		if setsName(string(data[f.Body.Pos()-1:f.Body.End()-1]), param.Names[0].Name) {
			simple[key] = true
		} else {
			other[key] = true
		}
	}
	return nil
}

// setsName reports whether a function's body sets an empty azureName to the
// name of the object, and does nothing else.
func setsName(body, obj string) bool {
	body = strings.Join(strings.Fields(body), " ")
	return body == fmt.Sprintf(`{ if %[1]s.Spec.AzureName == "" { %[1]s.Spec.AzureName = %[1]s.Name } return nil }`, obj)
}

func moduleDir(t *testing.T, module string) string {
	t.Helper()
	out, err := exec.Command("go", "mod", "download", "-json", module).Output()
	if err != nil {
		t.Fatalf("go mod download %s: %v", module, err)
	}
	var m struct{ Dir string }
	fill(t, &m, string(out))
	return m.Dir
}
