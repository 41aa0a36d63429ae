package compat_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/krowave/krowave/plugin/compare/compat"
	"github.com/krowave/krowave/render"
	versions "github.com/krowave/krowave/render/compat"
	"github.com/krowave/krowave/render/repo"
)

// TestKroAgrees compares the CRDs of each case and expects what kro's own check
// reported of them, path by path.
func TestKroAgrees(t *testing.T) {
	a, err := txtar.ParseFile("testdata/kro.txtar")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	var names []string
	for _, f := range a.Files {
		files[f.Name] = string(f.Data)
		if name, side, _ := strings.Cut(f.Name, "/"); side == "kro" {
			names = append(names, name)
		}
	}
	if len(names) < 45 {
		t.Fatalf("only %d cases", len(names))
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			want := []string{}
			for l := range strings.Lines(files[name+"/kro"]) {
				want = append(want, ours(t, strings.TrimSuffix(l, "\n")))
			}
			changes := compat.Compare(crd(t, files[name+"/old"], ""), crd(t, files[name+"/new"], " | maximum=9"), versions.Behaviors{})
			got := []string{}
			for _, c := range changes {
				got = append(got, show(c))
			}
			slices.Sort(want)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-kro +ours):\n%s", diff)
			}
			if breaks := strings.Contains(files[name+"/kro"], "!"); breaks != compat.Breaks(changes) {
				t.Errorf("Breaks is %t, and kro says %t", !breaks, breaks)
			}
		})
	}
}

func show(c compat.Change) string {
	mark := " "
	if c.Breaking {
		mark = "!"
	}
	return fmt.Sprintf("%s %s %s %q %q", mark, c.Path, c.Verdict, c.Before, c.After)
}

// ours turns a line of kro's, whose path is that of a keyword in the schema, into
// one with the path of the field.
func ours(t *testing.T, line string) string {
	t.Helper()
	var path, change, before, after string
	if _, err := fmt.Sscanf(line[2:], "%s %s %q %q", &path, &change, &before, &after); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	if !strings.HasPrefix(change, "PROPERTY_") {
		path = path[:strings.LastIndexByte(path, '.')]
	}
	if strings.HasPrefix(change, "REQUIRED_") {
		path += ".properties." + before + after
	}
	text := ""
	for step := range strings.SplitSeq(strings.TrimPrefix(path, ".properties."), ".properties.") {
		if strings.Contains(strings.TrimSuffix(step, ".items"), ".") {
			step = `["` + step + `"]`
		} else if text != "" {
			step = "." + step
		}
		text += strings.ReplaceAll(step, ".items", "[]")
	}
	return fmt.Sprintf("%s %s %s %q %q", line[:1], text, change, before, after)
}

// crd is what the engine generates for a spec, which is what kro does.
func crd(t *testing.T, spec, size string) *apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	text := "apiVersion: kro.run/v1alpha1\nkind: ResourceGraphDefinition\nmetadata: {name: app}\nspec:\n  schema:\n    apiVersion: v1alpha1\n" +
		"    kind: App\n    types:\n      Thing: {name: string, size: integer" + size + "}\n    spec:\n"
	for l := range strings.Lines(spec) {
		text += "      " + l
	}
	text += "  resources:\n    - id: config\n      template:\n        apiVersion: v1\n        kind: ConfigMap\n        metadata: {name: a}\n"
	res, err := render.Render(t.Context(), render.Input{Definitions: []repo.File{{Name: "rgd.yaml", Data: []byte(text)}}}, render.Options{})
	if err != nil || len(res.Graphs) != 1 {
		t.Fatalf("%v %v", err, res.Diagnostics)
	}
	return res.Graphs[0].CRD
}

// TestVersions covers what no spec can say.
func TestVersions(t *testing.T) {
	base := func() *apiextensionsv1.CustomResourceDefinition { return crd(t, "a: string\n", "").DeepCopy() }
	for _, c := range []struct {
		name string
		edit func(v *apiextensionsv1.CustomResourceDefinitionVersion)
		want []string
	}{
		{"same", func(*apiextensionsv1.CustomResourceDefinitionVersion) {}, nil},
		{"renamed", func(v *apiextensionsv1.CustomResourceDefinitionVersion) { v.Name = "v2" }, []string{`! version TYPE_CHANGED "v1alpha1" "v2"`}},
		{"not served", func(v *apiextensionsv1.CustomResourceDefinitionVersion) { v.Served = false }, []string{`! version.served TYPE_CHANGED "true" "false"`}},
		{"no status", func(v *apiextensionsv1.CustomResourceDefinitionVersion) { v.Subresources = nil }, []string{`! version.subresources.status PROPERTY_REMOVED "" ""`}},
		{"columns", func(v *apiextensionsv1.CustomResourceDefinitionVersion) { v.AdditionalPrinterColumns = nil }, []string{`  version.additionalPrinterColumns ADDITIONAL_PRINTER_COLUMNS_CHANGED "" ""`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			after := base()
			c.edit(&after.Spec.Versions[0])
			var got []string
			for _, change := range compat.Compare(base(), after, versions.Behaviors{}) {
				got = append(got, show(change))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestNewerKro covers what kro 0.10 compares beside (U17), and 0.9 does not.
func TestNewerKro(t *testing.T) {
	edit := func(by func(*apiextensionsv1.JSONSchemaProps)) *apiextensionsv1.CustomResourceDefinition {
		out := crd(t, "a: string\n", "").DeepCopy()
		spec := out.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
		a := spec.Properties["a"]
		by(&a)
		spec.Properties["a"] = a
		return out
	}
	plain := edit(func(*apiextensionsv1.JSONSchemaProps) {})
	yes := true
	enum := edit(func(a *apiextensionsv1.JSONSchemaProps) { a.Enum = []apiextensionsv1.JSON{{Raw: []byte(`"x"`)}} })
	nullable := edit(func(a *apiextensionsv1.JSONSchemaProps) { a.Nullable = true })
	open := edit(func(a *apiextensionsv1.JSONSchemaProps) { a.XPreserveUnknownFields = &yes })
	for _, c := range []struct {
		name          string
		before, after *apiextensionsv1.CustomResourceDefinition
		want          []string
	}{
		{"enum added", plain, enum, []string{`! spec.a ENUM_ADDED "" "\"x\""`}},
		{"enum removed", enum, plain, nil},
		{"nullable removed", nullable, plain, []string{`! spec.a NULLABLE_REMOVED "true" ""`}},
		{"nullable added", plain, nullable, nil},
		{"unknown fields not kept", open, plain, []string{`! spec.a PRESERVE_UNKNOWN_FIELDS_REMOVED "true" ""`}},
		{"unknown fields kept", plain, open, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if old := compat.Compare(c.before, c.after, versions.Of(versions.V0_9)); len(old) > 0 {
				t.Errorf("kro 0.9 has %v", old)
			}
			var got []string
			for _, change := range compat.Compare(c.before, c.after, versions.Of(versions.V0_10)) {
				got = append(got, show(change))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
