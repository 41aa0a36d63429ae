package report_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render/diag"
)

// TestFolded prints equal findings once, and causes before what follows from
// them.
func TestFolded(t *testing.T) {
	missing := func(file, object, kind string) diag.Diagnostic {
		return diag.Diagnostic{
			Severity: diag.Error, Rule: "unknown-instance", Pos: at(file, 2, 7), Object: object, Missing: kind + ".kro.run",
			Message: "nothing defines kro.run/v1alpha1 " + kind, Hint: "name the RGD with -d",
		}
	}
	required := func(n int) diag.Diagnostic {
		return diag.Diagnostic{
			Severity: diag.Error, Rule: "object-schema", Pos: at(fmt.Sprintf("apps/%d.yaml", n), 5, 3), Object: fmt.Sprintf("Shop shop-%d", n),
			Message: "a value is required", Path: "spec.owner",
		}
	}
	syntax := diag.Diagnostic{Severity: diag.Error, Rule: "yaml-syntax", Pos: at("rgds/shop.yaml", 9, 4), Message: "did not find expected key"}
	cel := diag.Diagnostic{Severity: diag.Error, Rule: "cel-type", Pos: at("rgds/shop.yaml", 30, 9), Object: "ResourceGraphDefinition shop", Message: "undefined field 'imge'"}
	uses := func(name, of string) diag.Diagnostic {
		return diag.Diagnostic{
			Severity: diag.Error, Rule: "unknown-kind", Pos: at("rgds/"+name+".yaml", 20, 15), Object: "ResourceGraphDefinition " + name, Missing: "Shop.kro.run",
			Because: "ResourceGraphDefinition " + of,
			Message: "no schema for kro.run/v1alpha1 Shop: ResourceGraphDefinition " + of + ", which defines it, has errors",
		}
	}
	field := diag.Diagnostic{Severity: diag.Error, Rule: "unknown-field", Pos: at("rgds/mall.yaml", 4, 3), Object: "ResourceGraphDefinition mall", Message: "no field"}
	refused := diag.Diagnostic{
		Severity: diag.Warning, Rule: "definition-refused", Pos: at("apps/1.yaml", 2, 7), Object: "Shop one", Because: "ResourceGraphDefinition shop", Instances: 4,
		Message: "not rendered (instances: 4): ResourceGraphDefinition shop, which defines Shop, has errors",
	}
	for _, c := range []struct {
		name string
		list diag.List
		want string
	}{
		{"nothing", nil, ""},
		{"one", diag.List{required(1)}, "apps/1.yaml:5:3: a value is required [object-schema]\n    object: Shop shop-1\n    path: spec.owner\n"},
		{
			"two are shown", diag.List{required(1), required(2)},
			"apps/1.yaml:5:3: a value is required [object-schema]\n    object: Shop shop-1\n    path: spec.owner\n" +
				"apps/2.yaml:5:3: a value is required [object-schema]\n    object: Shop shop-2\n    path: spec.owner\n",
		},
		{
			"of many the first", diag.List{required(1), required(2), required(3), required(4), required(5), required(6), required(7)},
			"apps/1.yaml:5:3: a value is required [object-schema]\n    object: Shop shop-1\n    path: spec.owner\n" +
				"    apps/2.yaml:5:3: the same for Shop shop-2\n    apps/3.yaml:5:3: the same for Shop shop-3\n    apps/4.yaml:5:3: the same for Shop shop-4\n" +
				"    apps/5.yaml:5:3: and 3 more like it (-v shows all)\n",
		},
		{
			"a file that cannot be read is the cause",
			diag.List{missing("apps/1.yaml", "Shop one", "Shop"), missing("apps/2.yaml", "Shop two", "Shop"), missing("apps/3.yaml", "Tenant one", "Tenant"), syntax},
			"rgds/shop.yaml:9:4: did not find expected key [yaml-syntax]\n    apps/1.yaml:2:7: 2 instances could not be checked because of this (-v shows the findings)\n" +
				"apps/3.yaml:2:7: nothing defines kro.run/v1alpha1 Tenant [unknown-instance]\n    object: Tenant one\n    hint: name the RGD with -d\n",
		},
		{
			"an RGD with errors is the cause, over others",
			diag.List{refused, uses("mall", "shop"), uses("town", "mall"), cel},
			"rgds/shop.yaml:30:9: undefined field 'imge' [cel-type]\n    object: ResourceGraphDefinition shop\n" +
				"    apps/1.yaml:2:7: 4 instances and 2 RGDs could not be checked because of this (-v shows the findings)\n",
		},
		{
			"an RGD that the API server refuses is the cause", diag.List{field, missing("apps/1.yaml", "Mall one", "Mall")},
			"rgds/mall.yaml:4:3: no field [unknown-field]\n    object: ResourceGraphDefinition mall\n    apps/1.yaml:2:7: 1 instance could not be checked because of this (-v shows the findings)\n",
		},
		{
			"RGDs that need each other are one finding", diag.List{uses("mall", "town"), uses("town", "mall")},
			"rgds/mall.yaml:20:15: no schema for kro.run/v1alpha1 Shop: ResourceGraphDefinition town, which defines it, has errors [unknown-kind]\n    object: ResourceGraphDefinition mall\n" +
				"    rgds/town.yaml:20:15: 1 RGD could not be checked because of this (-v shows the findings)\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			source := func(file string) []byte {
				if file == "rgds/mall.yaml" {
					return []byte("apiVersion: kro.run/v1alpha1\nkind: ResourceGraphDefinition\nmetadata: {name: mall}\nspec: {schema: {apiVersion: v1, kind: Mall}}\n")
				}
				if file == "rgds/shop.yaml" {
					return []byte("\n  schema:\n    kind: Shop\n")
				}
				return nil
			}
			var out bytes.Buffer
			if err := diag.Print(&out, report.Folded(c.list, source), diag.PrintOptions{}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, out.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
