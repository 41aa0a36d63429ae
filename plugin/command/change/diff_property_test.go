package change_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/plugin/internal/clitest"
	"github.com/krowave/krowave/plugin/internal/fleet"
)

// edits change the files of a small fleet in ways that a person, a merge or a
// generator would. Each reports what it did, "" for nothing.
var edits = map[string]func(*rand.Rand, map[string]string) string{
	"instance field": func(r *rand.Rand, f map[string]string) string {
		return replaceIn(r, f, "apps/", "LOG_LEVEL: info", "LOG_LEVEL: debug")
	},
	"instance label": func(r *rand.Rand, f map[string]string) string {
		return replaceIn(r, f, "apps/", "tier: frontend", "tier: backend")
	},
	"invalid instance": func(r *rand.Rand, f map[string]string) string {
		return replaceIn(r, f, "apps/", "replicas: ", "replicas: -")
	},
	"instance comment": func(r *rand.Rand, f map[string]string) string {
		return replaceIn(r, f, "apps/", "spec:", "spec: # of it")
	},
	"instance by quote": func(r *rand.Rand, f map[string]string) string {
		return replaceIn(r, f, "apps/", "kind: App", `kind: "\x41pp`)
	},
	"instance as list": func(r *rand.Rand, f map[string]string) string {
		name := pick(r, f, "apps/")
		indented := "- " + strings.ReplaceAll(strings.TrimSuffix(f[name], "\n"), "\n", "\n  ")
		f[name] = "apiVersion: v1\nkind: List\nitems:\n" + indented + "\n"
		return name
	},
	"instance of other case": func(r *rand.Rand, f map[string]string) string {
		return replaceIn(r, f, "apps/", "kind: App", "kind: APP")
	},
	"line ends": func(r *rand.Rand, f map[string]string) string {
		name := pick(r, f, "")
		f[name] = strings.ReplaceAll(f[name], "\n", "\r\n")
		return name
	},
	"delete": func(r *rand.Rand, f map[string]string) string {
		name := pick(r, f, "apps/")
		delete(f, name)
		return name
	},
	"rename": func(r *rand.Rand, f map[string]string) string {
		name := pick(r, f, "")
		if !strings.Contains(name, "/") || strings.HasPrefix(name, "kustomized") {
			return ""
		}
		to := strings.TrimSuffix(name, ".yaml") + "-moved.yaml"
		f[to] = f[name]
		delete(f, name)
		return name
	},
	"merge two files": func(r *rand.Rand, f map[string]string) string {
		a, b := pick(r, f, "apps/"), pick(r, f, "apps/")
		if a == b {
			return ""
		}
		f[a] += "---\n" + f[b]
		delete(f, b)
		return a + " " + b
	},
	"new instance": func(r *rand.Rand, f map[string]string) string {
		name := pick(r, f, "apps/team-000/app")
		f["apps/new.yaml"] = strings.Replace(f[name], "name: app-", "name: new-", 1)
		return name
	},
	"pass-through": func(r *rand.Rand, f map[string]string) string { return replaceIn(r, f, "apps/plain", "a: b", "a: c") },
	"RGD literal": func(r *rand.Rand, f map[string]string) string {
		return replaceIn(r, f, "definitions/", "minAvailable: 1", "minAvailable: 2")
	},
	"RGD default": func(r *rand.Rand, f map[string]string) string {
		return replaceIn(r, f, "definitions/", "default=80", "default=90")
	},
	"RGD comment": func(r *rand.Rand, f map[string]string) string {
		return replaceIn(r, f, "definitions/", "resources:\n", "resources: # all\n")
	},
	"RGD broken": func(r *rand.Rand, f map[string]string) string {
		return replaceIn(r, f, "definitions/", "${schema.spec.image}", "${schema.spec.imge}")
	},
	"RGD of other kind": func(r *rand.Rand, f map[string]string) string {
		return replaceIn(r, f, "definitions/", "    kind: App", "    kind: Bpp")
	},
	"RGD of other group": func(r *rand.Rand, f map[string]string) string {
		return replaceIn(r, f, "definitions/", "schema:\n", "schema:\n    group: example.org\n")
	},
	"RGD gone": func(r *rand.Rand, f map[string]string) string {
		name := pick(r, f, "definitions/")
		delete(f, name)
		return name
	},
	"RGD twice": func(r *rand.Rand, f map[string]string) string {
		name := pick(r, f, "definitions/")
		f["definitions/twice.yaml"] = f[name]
		return name
	},
	"RGDs in one file": func(r *rand.Rand, f map[string]string) string {
		a, b := pick(r, f, "definitions/"), pick(r, f, "definitions/")
		if a == b {
			return ""
		}
		f[a] += "---\n" + f[b]
		delete(f, b)
		return a + " " + b
	},
	"RGD among instances": func(r *rand.Rand, f map[string]string) string {
		name := pick(r, f, "definitions/rgd")
		f["apps/"+filepath.Base(name)] = f[name]
		delete(f, name)
		return name
	},
	"CRD": func(r *rand.Rand, f map[string]string) string {
		return replaceIn(r, f, "definitions/widget-crd", "type: integer", "type: string")
	},
	"settings": func(r *rand.Rand, f map[string]string) string {
		return replaceIn(r, f, "krowave.yaml", "maxCollectionSize: 100", "maxCollectionSize: 1")
	},
	"settings text": func(r *rand.Rand, f map[string]string) string {
		return replaceIn(r, f, "krowave.yaml", "limits:", "# of all\nlimits:")
	},
	"observed": func(r *rand.Rand, f map[string]string) string {
		return replaceIn(r, f, "observed/", "color: red", "color: blue")
	},
	"base of kustomization": func(r *rand.Rand, f map[string]string) string {
		return replaceIn(r, f, "kustomized/base/", "LOG_LEVEL: info", "LOG_LEVEL: trace")
	},
	"overlay": func(r *rand.Rand, f map[string]string) string {
		return replaceIn(r, f, "apps/kustomized/", "value: 4", "value: 5")
	},
}

// pick returns the name of a file that begins so.
func pick(r *rand.Rand, files map[string]string, prefix string) string {
	var names []string
	for name := range files {
		if strings.HasPrefix(name, prefix) && name != "apps/kustomized/kustomization.yaml" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names[r.IntN(len(names))]
}

// replaceIn replaces a text in one of the files that have it.
func replaceIn(r *rand.Rand, files map[string]string, prefix, from, to string) string {
	var names []string
	for name, text := range files {
		if strings.HasPrefix(name, prefix) && strings.Contains(text, from) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	name := names[r.IntN(len(names))]
	files[name] = strings.Replace(files[name], from, to, 1)
	return name
}

// smallFleet is a fleet with all that a render may read.
func smallFleet() map[string]string {
	files := map[string]string{}
	for _, f := range fleet.Files(10, 24) {
		files[f.Name] = string(f.Data)
	}
	files["krowave.yaml"] += "observed: [observed]\nlimits:\n  maxCollectionSize: 100\n"
	files["apps/plain.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\ndata: {a: b}\n"
	files["apps/shown.yaml"] = "apiVersion: kro.run/v1alpha1\nkind: Shown\nmetadata: {name: shown}\nspec: {names: [a, b]}\n"
	files["definitions/shown.yaml"] = shownRGD
	files["definitions/widget-crd.yaml"] = widgetCRD
	files["observed/paint.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: paint, namespace: default}\ndata: {color: red}\n"
	files["kustomized/base/app.yaml"] = strings.Replace(files[fleet.InstanceName(1)], "app-000001", "kustomized", 1)
	files["kustomized/base/kustomization.yaml"] = "resources: [app.yaml]\n"
	files["apps/kustomized/kustomization.yaml"] = "resources: [../../kustomized/base]\npatches:\n- patch: |-\n    - {op: replace, path: /spec/replicas, value: 4}\n  target: {kind: " + fleet.Kind(2) + "}\n"
	return files
}

const shownRGD = `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: shown}
spec:
  schema:
    apiVersion: v1alpha1
    kind: Shown
    spec:
      names: "[]string"
  resources:
  - id: paint
    externalRef: {apiVersion: v1, kind: ConfigMap, metadata: {name: paint}}
  - id: widgets
    forEach:
    - name: ${schema.spec.names}
    template:
      apiVersion: example.org/v1
      kind: Widget
      metadata: {name: "${name}"}
      spec: {size: 3, color: "${paint.data.color}"}
`

const widgetCRD = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.org}
spec:
  group: example.org
  scope: Namespaced
  names: {kind: Widget, plural: widgets}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              size: {type: integer}
              color: {type: string}
`

// TestSkippingHidesNothing edits a small fleet at random and compares what diff
// says with what it says when it renders everything. KROWAVE_PROPERTY_CASES
// raises the number of edits.
func TestSkippingHidesNothing(t *testing.T) {
	cases := 64
	if n, err := strconv.Atoi(os.Getenv("KROWAVE_PROPERTY_CASES")); err == nil {
		cases = n
	}
	kinds := []string{}
	for kind := range edits {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	for _, withSettings := range []bool{true, false} {
		base := smallFleet()
		if !withSettings {
			delete(base, "krowave.yaml")
			base["apps/shown.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: none}\n"
		}
		dir := clitest.Repository(t, base)
		differed := 0
		for seed := range cases / 2 {
			r := rand.New(rand.NewPCG(uint64(seed), 6))
			files := smallFleet()
			for name := range files {
				if _, ok := base[name]; !ok {
					delete(files, name)
				} else {
					files[name] = base[name]
				}
			}
			var did []string
			for range 1 + r.IntN(3) {
				kind := kinds[r.IntN(len(kinds))]
				if seed < len(kinds) && len(did) == 0 {
					kind = kinds[seed]
				}
				if what := edits[kind](r, files); what != "" {
					did = append(did, kind+" of "+what)
				}
			}
			clitest.WriteTree(t, dir, files)
			if compareWithAll(t, dir, fmt.Sprintf("seed %d, settings %v: %s", seed, withSettings, strings.Join(did, "; "))) {
				differed++
			}
		}
		if differed < cases/8 {
			t.Errorf("only %d of %d edits made a difference", differed, cases/2)
		}
	}
}

// compareWithAll holds diff to diff --all, and reports whether there was a
// difference.
func compareWithAll(t *testing.T, dir, what string) bool {
	t.Helper()
	skipping := clitest.Run(t, dir, "diff", "--base", "HEAD", "-o", "json", "apps")
	all := clitest.Run(t, dir, "diff", "--base", "HEAD", "-o", "json", "--all", "apps")
	if skipping.Code != all.Code {
		t.Errorf("%s: exit code %d, with --all %d\n%s\nwith --all:\n%s", what, skipping.Code, all.Code, skipping.Stderr, all.Stderr)
		return true
	}
	if diff := cmp.Diff(comparable(t, all.Stdout), comparable(t, skipping.Stdout)); diff != "" {
		t.Errorf("%s (-all +skipping):\n%s", what, diff)
	}
	return skipping.Code != 0
}

// comparable is a report without what depends on how much was rendered: the
// number of equal objects, and more than the name of equal instances.
func comparable(t *testing.T, text string) map[string]any {
	t.Helper()
	if text == "" {
		return nil
	}
	var report map[string]any
	if err := json.Unmarshal([]byte(text), &report); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	delete(report["summary"].(map[string]any), "unchanged")
	instances, _ := report["instances"].([]any)
	for _, i := range instances {
		instance := i.(map[string]any)
		findings, _ := instance["diagnostics"].([]any)
		for _, d := range findings {
			// What is near a name that nothing defines depends on what is read.
			if finding := d.(map[string]any); finding["rule"] == "unknown-instance" {
				delete(finding, "hint")
			}
		}
		if instance["status"] == "unchanged" {
			delete(instance, "position")
			delete(instance, "definitions")
		}
	}
	return report
}
