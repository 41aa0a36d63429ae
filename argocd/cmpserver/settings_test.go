package cmpserver

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/repo"
	table "github.com/krowave/krowave/render/settings"
	"github.com/krowave/krowave/render/wave"
)

// memory is the tree of an archive.
func (f tree) memory(t testing.TB) *repo.Memory {
	t.Helper()
	m, err := repo.ReadTar(strings.NewReader(string(f.pack(t, time.Time{}))), repo.TarLimits{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestKubernetesVersion(t *testing.T) {
	for text, want := range map[string]string{
		"": "1.37 true", "1.36": "1.36 true", "v1.36": "1.36 true", "v1.34.7": "1.34 true", "1.33.2-eks-1+x": "1.33 true", "1.32+": "1.32 true",
		"1.20": "1.32 false", "1.99.1": "1.37 false", "2.0": "1.37 false", "1": "1.37 false", "latest": "1.37 false",
	} {
		version, exact := Environment{kubeVersion: text}.kubernetesVersion()
		if got := fmt.Sprint(version, " ", exact); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestSettings(t *testing.T) {
	param := func(text string) Environment { return Environment{appParameters: text} }
	tests := []struct {
		name string
		file string
		env  Environment
		show func(s *settings) any
		want any
	}{
		{"defaults", "", Environment{appNamespace: "shop", kubeVersion: "v1.35.1"},
			func(s *settings) any {
				return []any{s.options.Runtime, s.options.Namespace, s.options.KubernetesVersion, s.options.Annotate}
			},
			[]any{render.Fail, "shop", "1.35", render.Annotate{Waves: true, Origin: true}}},
		{"file over destination", `kubernetesVersion: "1.33"`, Environment{kubeVersion: "1.35"},
			func(s *settings) any { return s.options.KubernetesVersion }, "1.33"},
		{"environment over file", "runtime: fail\ndefinitions: [a]", Environment{"ARGOCD_ENV_KROWAVE_RUNTIME": "withhold", "ARGOCD_ENV_KROWAVE_DEFINITIONS": "x, y\nz"},
			func(s *settings) any { return []any{s.options.Runtime, s.request.Definitions} }, []any{render.Withhold, []string{"x", "y", "z"}}},
		{"parameters over environment", "", Environment{"ARGOCD_ENV_KROWAVE_RUNTIME": "fail", appParameters: `[{"name":"runtime","string":"withhold"},{"name":"instances","array":["a","b"]}]`},
			func(s *settings) any { return []any{s.options.Runtime, s.options.Instances} }, []any{render.Withhold, []string{"a", "b"}}},
		{"empty values", "", Environment{"ARGOCD_ENV_KROWAVE_RUNTIME": "", appParameters: `[{"name":"runtime","string":""},{"name":"instances"}]`},
			func(s *settings) any { return []any{s.options.Runtime, s.options.Instances} }, []any{render.Fail, []string(nil)}},
		{"paths of a nested file", "definitions: [../rgds]\nobserved: [live]", nil,
			func(s *settings) any { return []any{s.request.Definitions, s.request.Observed, s.request.Paths} },
			[]any{[]string{"rgds"}, []string{"apps/live"}, []string{"apps/web"}}},
		{"waves", "", Environment{"ARGOCD_ENV_KROWAVE_WAVES": "gated", kubeAPIs: "v1,v1/Pod"},
			func(s *settings) any { return []any{s.options.WaveMode, s.options.APIVersions} }, []any{wave.Gated, []string{"v1", "v1/Pod"}}},
		{"lower limits", "limits: {maxCollectionSize: 5}", Environment{"ARGOCD_ENV_KROWAVE_MAX_FILES": "7"},
			func(s *settings) any { return []any{s.options.MaxCollectionSize, s.limits.Tree().Files} }, []any{5, 7}},
		{"words", "", Environment{"ARGOCD_ENV_KROWAVE_ANNOTATE": "none", "ARGOCD_ENV_KROWAVE_EMIT": "crds,instances", "ARGOCD_ENV_KROWAVE_SCHEMA": "lenient", "ARGOCD_ENV_KROWAVE_FEATURE_GATES": "CELOmitFunction=true", "ARGOCD_ENV_KROWAVE_STRICT": "true"},
			func(s *settings) any {
				return []any{s.options.Annotate, s.options.Emit, s.options.Lenient, s.options.CELOmitFunction, s.strict}
			},
			[]any{render.Annotate{}, render.Emit{Instances: true, CRDs: true}, true, true, true}},
		{"overrides", "", param(`[{"name":"WebApp/web","map":{"a":"1"}}]`),
			func(s *settings) any { return s.options.Overrides[0].Values }, map[string]string{"a": "1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := tree{"apps/web/web.yaml": "a: 1"}
			if tt.file != "" {
				files["apps/krowave.yaml"] = tt.file
			}
			s := NewRenderer(table.Default(table.CMPServer), 0).settings(NewTree(files.memory(t), ""), "apps/web", tt.env)
			if len(s.diags) > 0 {
				t.Fatal(s.diags)
			}
			if diff := cmp.Diff(tt.want, tt.show(s)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSettingsFindings(t *testing.T) {
	env := Environment{
		"ARGOCD_ENV_KROWAVE_RUNTIME": "wait", "ARGOCD_ENV_KROWAVE_KUBERNETES_VERSION": "1.2", "ARGOCD_ENV_KROWAVE_STRICT": "maybe",
		"ARGOCD_ENV_KROWAVE_ANNOTATE": "wave", "ARGOCD_ENV_KROWAVE_SCHEMA": "loose", "ARGOCD_ENV_KROWAVE_FEATURE_GATES": "CELOmit=true", "ARGOCD_ENV_KROWAVE_MAX_DEPTH": "-1",
		"ARGOCD_ENV_OTHER": "not ours",
		appParameters:      `[{"name":"max-yaml-nodes","string":"9999999"},{"name":"WebApp/web","string":"x"},{"name":"web","map":{}},{"name":"nope","array":["x"]}]`,
	}
	s := NewRenderer(table.Default(table.CMPServer), 0).settings(NewTree(tree{}.memory(t), ""), ".", env)
	var names []string
	for _, known := range table.Offered(table.Application) {
		names = append(names, known.ParameterName())
	}
	want := []string{
		`parameter WebApp/web: overrides of an instance are a map from fields of its spec to values [setting]`,
		`parameter web: a map sets fields of an instance, so its name is KIND/NAME or KIND/NAMESPACE/NAME [setting]`,
		(`parameter nope: ` + diag.Line(`there is no setting nope; there are `+strings.Join(names, ", ")))[:maxLine] + `… [setting]`,
		`ARGOCD_ENV_KROWAVE_KUBERNETES_VERSION: kubernetes-version: "1.2" is not one of 1.32, 1.33, 1.34, 1.35, 1.36, 1.37; did you mean 1.32? [setting]`,
		`ARGOCD_ENV_KROWAVE_RUNTIME: runtime: "wait" is not one of fail, withhold, delegate [setting]`,
		`ARGOCD_ENV_KROWAVE_SCHEMA: schema: "loose" is not one of strict, lenient [setting]`,
		`ARGOCD_ENV_KROWAVE_FEATURE_GATES: feature-gates: "CELOmit" is not one of CELOmitFunction, InstanceConditionEvents, InstanceConditionMetrics, ConservativeCRDComparison, GraphKind [setting]`,
		`ARGOCD_ENV_KROWAVE_STRICT: strict: "maybe" is not true or false [setting]`,
		`ARGOCD_ENV_KROWAVE_ANNOTATE: annotate: "wave" is not one of none, waves, origin; did you mean waves? [setting]`,
		`ARGOCD_ENV_KROWAVE_MAX_DEPTH: max-depth: must be an integer greater than 0, not "-1" [setting]`,
		`parameter max-yaml-nodes: max-yaml-nodes: 9999999 is above the limit of 1000000; raise it with --max-yaml-nodes of krowave argocd cmp-server [setting]`,
	}
	var got []string
	for _, d := range s.diags {
		got = append(got, line(d))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestGuards shows that neither the repository nor the application switches off
// what the operator or a default guards.
func TestGuards(t *testing.T) {
	const empty, warning = "spec: {enabled: false}", "spec: {enabled: true, nope: 1}"
	tests := []struct {
		name, spec, file string
		strict           bool
		env              Environment
		want             string // no finding is a render
	}{
		{"nothing is rendered", empty, "", false, nil,
			"app/box.yaml:1:1: nothing is rendered, and Argo CD would delete the objects of the application; to allow this, set ARGOCD_ENV_KROWAVE_ALLOW_EMPTY=true in the Application (krowave.yaml cannot allow it) [empty]"},
		{"allowed below limits", empty, "limits:\n  allowEmpty: \"true\"\n", false, nil,
			"app/krowave.yaml:2:15: allowEmpty: cannot be set in krowave.yaml; set it with --allow-empty of krowave argocd cmp-server or ARGOCD_ENV_KROWAVE_ALLOW_EMPTY of the Application [config]"},
		{"allowed at the top level", empty, "allowEmpty: true\n", false, nil,
			"app/krowave.yaml:1:13: allowEmpty: cannot be set in krowave.yaml; set it with --allow-empty of krowave argocd cmp-server or ARGOCD_ENV_KROWAVE_ALLOW_EMPTY of the Application [config]"},
		{"allowed by the application", empty, "", false, Environment{"ARGOCD_ENV_KROWAVE_ALLOW_EMPTY": "true"}, ""},
		{"a warning", warning, "", false, nil, ""},
		{"a warning where the operator is strict", warning, "", true, nil,
			"app/box.yaml:4:23: field spec.nope is not in the schema of Box and is dropped (Box one) [unknown-field]"},
		{"the application is less strict", warning, "", true, Environment{"ARGOCD_ENV_KROWAVE_STRICT": "false"},
			"ARGOCD_ENV_KROWAVE_STRICT: strict: false would loosen strict=true; change it with --strict of krowave argocd cmp-server [setting]"},
		{"the repository is less strict", warning, "limits:\n  strict: \"false\"\n", true, nil,
			"app/krowave.yaml:2:3: strict is not a limit; write it at the top level, not below limits: [config]"},
		{"the repository is less strict at the top level", warning, "strict: false\n", true, nil,
			"app/krowave.yaml:1:9: strict: false would loosen strict=true; change it with --strict of krowave argocd cmp-server [config]"},
		{"the repository is stricter", warning, "strict: true\n", false, nil,
			"app/box.yaml:4:23: field spec.nope is not in the schema of Box and is dropped (Box one) [unknown-field]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := tree{"app/rgd.yaml": boxRGD, "app/box.yaml": "apiVersion: kro.run/v1alpha1\nkind: Box\nmetadata: {name: one}\n" + tt.spec + "\n"}
			if tt.file != "" {
				files["app/krowave.yaml"] = tt.file
			}
			operator := table.Default(table.CMPServer)
			if tt.strict {
				l := table.Layer{Surface: table.CMPServer, Values: []table.Value{{Setting: "strict", Texts: []string{"true"}}}}
				operator, _ = table.Resolve(operator, l)
			}
			_, err := NewRenderer(operator, 0).Generate(t.Context(), NewTree(files.memory(t), ""), Request{Path: "app", Env: tt.env})
			got := ""
			if err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

const boxRGD = `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: box}
spec:
  schema:
    apiVersion: v1alpha1
    kind: Box
    spec: {enabled: boolean | default=false}
  resources:
  - id: map
    includeWhen: ["${schema.spec.enabled}"]
    template:
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: "${schema.metadata.name}"}
      data: {text: hi}
`

func TestFindings(t *testing.T) {
	var list diag.List
	list.Add(diag.Diagnostic{Severity: diag.Error, Rule: "r", Pos: diag.Position{File: "a.yaml", Line: 2, Column: 3}, Message: "broken\nbadly", Object: "WebApp web", Hint: "mend it"})
	list.Warnf(diag.Position{File: "a.yaml", Line: 1, Column: 1}, "w", "not an error")
	list.Errorf(source("apps/web"), "r", "%s", strings.Repeat("é", 400))
	got := strings.Split((&Findings{list}).Error(), "\n")
	want := []string{"a.yaml:2:3: broken badly (WebApp web); mend it [r]", "apps/web: " + strings.Repeat("é", 245) + "… [r]"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDestination(t *testing.T) {
	files := shop().with(tree{"apps/web/other.yaml": `apiVersion: example.org/v1
kind: Widget
metadata: {name: a}
---
apiVersion: example.org/v1
kind: Widget
metadata: {name: b}
---
apiVersion: example.org/v1
kind: Gadget
metadata: {name: c}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.example.org}
spec:
  group: example.org
  scope: Namespaced
  names: {kind: Gadget, plural: gadgets}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
`})
	tests := []struct {
		name string
		env  Environment
		want []string
	}{
		{"nothing known", nil, nil},
		{"no kinds told", Environment{kubeAPIs: "v1,example.org/v1,apiextensions.k8s.io/v1"}, nil},
		{"all served", Environment{kubeAPIs: "v1,v1/ConfigMap,v1/Secret,example.org/v1/Widget,apiextensions.k8s.io/v1/CustomResourceDefinition"}, nil},
		{"some are not", Environment{kubeAPIs: "v1,v1/ConfigMap,apiextensions.k8s.io/v1/CustomResourceDefinition", kubeVersion: "1.99"}, []string{
			`KUBE_VERSION: there are no schemas of Kubernetes "1.99"; those of 1.37 are used [kubernetes-version]`,
			"apps/web: the destination cluster does not serve example.org/v1 Widget, and the application does not bring its CRD; install the CRD first, or make it part of the application [not-served]",
			"rgds/web-app.yaml:24:9: the destination cluster serves v1, but no kind Secret in it (WebApp default/web); install the CRD first, or make it part of the application [not-served]",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := NewRenderer(table.Default(table.CMPServer), 1<<20)
			answer, err := r.Generate(t.Context(), NewTree(files.memory(t), ""), Request{Path: "apps/web", Env: tt.env})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, w := range answer.Warnings {
				if w.Rule == "not-served" || w.Rule == "kubernetes-version" {
					got = append(got, line(w))
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(tt.want) == 0 {
				return
			}
			r.Operator.Strict = true
			if _, err = r.Generate(t.Context(), NewTree(files.memory(t), ""), Request{Path: "apps/web", Env: tt.env}); err == nil {
				t.Error("warnings are no errors although strict")
			}
		})
	}
}

func TestVariables(t *testing.T) {
	got := strings.Join(Variables(), " ")
	for _, want := range []string{"ARGOCD_APP_PARAMETERS", "KUBE_VERSION", "ARGOCD_ENV_KROWAVE_MAX_COLLECTION_SIZE", "ARGOCD_ENV_KROWAVE_RUNTIME"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
}
