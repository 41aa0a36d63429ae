package policycheck_test

import (
	"strings"
	"testing"
	"time"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/policycheck"
)

const vap = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: p}
spec:
`

var day = time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)

func obj(kind, namespace, name string, more map[string]any) map[string]any {
	metadata := map[string]any{"name": name}
	if namespace != "" {
		metadata["namespace"] = namespace
	}
	out := map[string]any{"apiVersion": "v1", "kind": kind, "metadata": metadata}
	for k, v := range more {
		out[k] = v
	}
	return out
}

// TestMatch says of which changes a ValidatingAdmissionPolicy is about, whose only
// expression is false.
func TestMatch(t *testing.T) {
	config := obj("ConfigMap", "shop", "a", map[string]any{"data": map[string]any{"x": "1"}})
	created := policycheck.Change{After: config, Namespace: "shop"}
	updated := policycheck.Change{Before: config, After: config, Namespace: "shop"}
	deleted := policycheck.Change{Before: config, Namespace: "shop"}
	namespace := policycheck.Change{After: obj("Namespace", "", "shop", nil)}
	const rules, end = "  matchConstraints:\n    resourceRules:\n    - ", "\n  validations: [{expression: \"false\", message: broken}]\n"
	const all = `{apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*"]`
	for name, c := range map[string]struct {
		spec   string
		change policycheck.Change
		want   string // no, yes, or unknown
	}{
		"all":                       {rules + all + "}" + end, created, "yes"},
		"resource":                  {rules + `{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}` + end, created, "yes"},
		"operation":                 {rules + `{apiGroups: [""], apiVersions: [v1], operations: [UPDATE], resources: [configmaps]}` + end, created, "no"},
		"update":                    {rules + `{apiGroups: [""], apiVersions: [v1], operations: [UPDATE], resources: [configmaps]}` + end, updated, "yes"},
		"delete":                    {rules + `{apiGroups: [""], apiVersions: [v1], operations: [DELETE], resources: [configmaps]}` + end, deleted, "yes"},
		"other group":               {rules + `{apiGroups: [apps], apiVersions: ["*"], operations: ["*"], resources: ["*"]}` + end, created, "no"},
		"another version":           {rules + `{apiGroups: [""], apiVersions: [v2], operations: ["*"], resources: ["*"]}` + end, created, "yes"},
		"exact version":             {"  matchConstraints:\n    matchPolicy: Exact\n    resourceRules:\n    - " + `{apiGroups: [""], apiVersions: [v2], operations: ["*"], resources: ["*"]}` + end, created, "no"},
		"subresource":               {rules + `{apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["configmaps/status"]}` + end, created, "no"},
		"resource name":             {rules + all + ", resourceNames: [a]}" + end, created, "yes"},
		"other resource name":       {rules + all + ", resourceNames: [b]}" + end, created, "no"},
		"scope":                     {rules + all + ", scope: Cluster}" + end, created, "no"},
		"scope of cluster":          {rules + all + ", scope: Cluster}" + end, namespace, "yes"},
		"excluded":                  {rules + all + "}\n    excludeResourceRules:\n    - " + all + ", resourceNames: [a]}" + end, created, "no"},
		"object labels":             {rules + all + "}\n    objectSelector: {matchLabels: {a: b}}" + end, created, "no"},
		"namespace name":            {rules + all + "}\n    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}" + end, created, "yes"},
		"other namespace":           {rules + all + "}\n    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: x}}" + end, created, "no"},
		"namespace labels":          {rules + all + "}\n    namespaceSelector: {matchLabels: {team: a}}" + end, created, "unknown"},
		"of a Namespace":            {rules + all + "}\n    namespaceSelector: {matchLabels: {team: a}}" + end, namespace, "no"},
		"condition":                 {rules + all + "}\n  matchConditions: [{name: a, expression: 'object.metadata.name == \"b\"'}]" + end, created, "no"},
		"condition that fails":      {rules + all + "}\n  matchConditions: [{name: a, expression: object.none == 1}]" + end, created, "yes"},
		"failure is ignored":        {rules + all + "}\n  failurePolicy: Ignore\n  validations: [{expression: object.none == 1}]\n", created, "no"},
		"variables in order":        {rules + all + "}\n  variables: [{name: a, expression: object.data.x}, {name: b, expression: variables.a + '2'}]\n  validations: [{expression: variables.b != '12'}]\n", created, "yes"},
		"a variable nobody reads":   {rules + all + "}\n  variables: [{name: a, expression: object.none}]\n  validations: [{expression: 'true'}]\n", created, "no"},
		"a variable of itself":      {rules + all + "}\n  variables: [{name: a, expression: variables.a}]\n  validations: [{expression: variables.a == 1}]\n", created, "yes"},
		"a Namespace that is read":  {rules + all + "}\n  validations: [{expression: namespaceObject.metadata.name == 'x'}]\n", created, "unknown"},
		"quantities of Kubernetes":  {rules + all + "}\n  validations: [{expression: \"quantity('1Gi').isGreaterThan(quantity('1Mi'))\"}]\n", created, "no"},
		"cost of a long expression": {rules + all + "}\n  validations: [{expression: \"[0,1,2,3,4,5,6,7,8,9].all(a, [0,1,2,3,4,5,6,7,8,9].all(b, [0,1,2,3,4,5,6,7,8,9].all(c, [0,1,2,3,4,5,6,7,8,9].all(d, [0,1,2,3,4,5,6,7,8,9].all(e, [0,1,2,3,4,5,6,7,8,9].all(f, f >= 0))))))\"}]\n", created, "yes"},
	} {
		t.Run(name, func(t *testing.T) {
			docs, found := manifest.Read("p.yaml", []byte(vap+c.spec), manifest.Limits{})
			set, diags := policycheck.Compile(nil, docs, policycheck.Options{Today: day})
			if len(found)+len(diags) > 0 {
				t.Fatal(found, diags)
			}
			got := "no"
			for _, v := range set.Check(t.Context(), c.change) {
				if got = "yes"; v.Unknown {
					got = "unknown"
				}
			}
			if got != c.want {
				t.Errorf("the policy is about the change: %s, want %s", got, c.want)
			}
		})
	}
}

// TestSecrets checks that no message has a value of an object that holds Secrets.
func TestSecrets(t *testing.T) {
	rules := []policycheck.Rule{
		{Name: "message", Expression: "false", MessageExpression: "object.data.password"},
		{Name: "error", Expression: "object.data[object.data.password] == 1"},
	}
	for _, secret := range []bool{true, false} {
		set, diags := policycheck.Compile(rules, nil, policycheck.Options{})
		if len(diags) > 0 {
			t.Fatal(diags)
		}
		after := obj("Secret", "shop", "a", map[string]any{"data": map[string]any{"password": "hunter2"}})
		shown := 0
		for _, v := range set.Check(t.Context(), policycheck.Change{After: after, Namespace: "shop", Secret: secret}) {
			if strings.Contains(v.Message, "hunter2") {
				shown++
			}
		}
		if want := map[bool]int{true: 0, false: 2}[secret]; shown != want {
			t.Errorf("secret %v: %d messages have the value, want %d", secret, shown, want)
		}
	}
}

// TestExceptions walks the days around the end of an exception.
func TestExceptions(t *testing.T) {
	rule := policycheck.Rule{Name: "r", Expression: "false", Severity: diag.Error, Exceptions: []policycheck.Exception{
		{Object: "Shop/shop/web", Reason: "later", Until: day},
	}}
	change := policycheck.Change{After: obj("ConfigMap", "shop", "a", nil), Namespace: "shop", Instance: obj("Shop", "shop", "web", nil)}
	for today, want := range map[time.Time]string{day: "", day.AddDate(0, 0, 1): "the exception for it (later) ended on 2026-11-29", {}: ""} {
		set, _ := policycheck.Compile([]policycheck.Rule{rule}, nil, policycheck.Options{Today: today})
		got := set.Check(t.Context(), change)
		if want == "" && len(got) > 0 || want != "" && (len(got) != 1 || got[0].Hint != want) {
			t.Errorf("on %s: %+v, want the hint %q", today, got, want)
		}
	}
}
