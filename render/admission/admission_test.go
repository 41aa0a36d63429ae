package admission

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

var member = schema.GroupKind{Group: "iam.cnrm.cloud.google.com", Kind: "IAMPolicyMember"}

var account = schema.GroupKind{Group: "documentdb.azure.com", Kind: "DatabaseAccount"}

func bundledRules(t *testing.T) *Rules {
	t.Helper()
	list, err := Bundled()
	if err != nil {
		t.Fatal(err)
	}
	rules, diags := Compile(list)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	for _, list := range rules.byGroup {
		for _, rule := range list {
			if _, err := rule.program(); err != nil {
				t.Fatal(rule.Group, err)
			}
		}
	}
	return rules
}

func TestApply(t *testing.T) {
	bundled := bundledRules(t)
	own, diags := Compile([]Rule{
		{Group: "example.com", Field: []string{"spec", "dns", "name"}, Value: `object.metadata.name + "." + object.metadata.namespace`},
		{Group: "example.com", Kinds: []string{"Queue"}, Field: []string{"spec", "fifo"}, Value: `object.metadata.name.endsWith(".fifo")`},
	})
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	for name, c := range map[string]struct {
		rules     *Rules
		kind      schema.GroupKind
		obj, want string
	}{
		"absent":              {bundled, account, "{metadata: {name: db}, spec: {location: west}}", "{metadata: {name: db}, spec: {location: west, azureName: db}}"},
		"no spec":             {bundled, account, "{metadata: {name: db}}", "{metadata: {name: db}, spec: {azureName: db}}"},
		"empty":               {bundled, account, `{metadata: {name: db}, spec: {azureName: ""}}`, "{metadata: {name: db}, spec: {azureName: db}}"},
		"null":                {bundled, account, "{metadata: {name: db}, spec: {azureName: null}}", "{metadata: {name: db}, spec: {azureName: db}}"},
		"authored":            {bundled, account, "{metadata: {name: db}, spec: {azureName: mine}}", "{metadata: {name: db}, spec: {azureName: mine}}"},
		"spec is a list":      {bundled, account, "{metadata: {name: db}, spec: []}", "{metadata: {name: db}, spec: []}"},
		"no name":             {bundled, account, "{metadata: {}, spec: {}}", "{metadata: {}, spec: {}}"},
		"makes a UUID":        {bundled, schema.GroupKind{Group: "authorization.azure.com", Kind: "RoleAssignment"}, "{metadata: {name: r}}", "{metadata: {name: r}}"},
		"resourceID":          {bundled, schema.GroupKind{Group: "pubsub.cnrm.cloud.google.com", Kind: "PubSubSchema"}, "{metadata: {name: t}}", "{metadata: {name: t}, spec: {resourceID: t}}"},
		"Google makes the ID": {bundled, schema.GroupKind{Group: "resourcemanager.cnrm.cloud.google.com", Kind: "Folder"}, "{metadata: {name: t}}", "{metadata: {name: t}}"},
		"IAM of a bucket": {bundled, member, "{metadata: {name: m}, spec: {resourceRef: {kind: StorageBucket, name: b}}}",
			"{metadata: {name: m}, spec: {resourceRef: {kind: StorageBucket, name: b, apiVersion: storage.cnrm.cloud.google.com/v1beta1}}}"},
		"IAM of an unknown kind":  {bundled, member, "{metadata: {name: m}, spec: {resourceRef: {kind: Other, name: b}}}", "{metadata: {name: m}, spec: {resourceRef: {kind: Other, name: b}}}"},
		"IAM without a reference": {bundled, member, "{metadata: {name: m}, spec: {}}", "{metadata: {name: m}, spec: {}}"},
		"another group":           {bundled, schema.GroupKind{Group: "example.com", Kind: "DatabaseAccount"}, "{metadata: {name: r}}", "{metadata: {name: r}}"},
		"no rules":                {nil, account, "{metadata: {name: r}}", "{metadata: {name: r}}"},
		"every kind of a group":   {own, schema.GroupKind{Group: "example.com", Kind: "Topic"}, "{metadata: {name: a, namespace: b}}", "{metadata: {name: a, namespace: b}, spec: {dns: {name: a.b}}}"},
		"two rules":               {own, schema.GroupKind{Group: "example.com", Kind: "Queue"}, "{metadata: {name: a.fifo, namespace: b}}", "{metadata: {name: a.fifo, namespace: b}, spec: {dns: {name: a.fifo.b}, fifo: true}}"},
	} {
		t.Run(name, func(t *testing.T) {
			obj, before, want := parse(t, c.obj), parse(t, c.obj), parse(t, c.want)
			if d := cmp.Diff(want, c.rules.Apply(t.Context(), c.kind, obj)); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			if d := cmp.Diff(before, obj); d != "" {
				t.Errorf("the object was changed:\n%s", d)
			}
		})
	}
}

func TestSets(t *testing.T) {
	rules := bundledRules(t)
	rule, ok := rules.Sets(account, []string{"spec", "azureName"})
	if !ok || !strings.HasPrefix(rule.Source, "github.com/Azure/azure-service-operator/v2@") {
		t.Errorf("spec.azureName of %v: %v, %+v", account, ok, rule)
	}
	if _, ok := rules.Sets(account, []string{"spec", "location"}); ok {
		t.Error("spec.location is set by a rule")
	}
}

func TestCompileFindings(t *testing.T) {
	rules, diags := Compile([]Rule{
		{Group: "example.com", Field: []string{"spec", "a"}, Value: "object.metadata.name +"},
		{Group: "example.com", Field: []string{"spec", "b"}, Value: "self.metadata.name"},
		{Group: "example.com", Field: []string{"spec", "c"}, Value: "1"},
	})
	var fields []string
	for _, d := range diags {
		fields = append(fields, d.Message[:strings.Index(d.Message, " is not")])
	}
	want := []string{`value "object.metadata.name +" of field spec.a`, `value "self.metadata.name" of field spec.b`}
	if d := cmp.Diff(want, fields); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if _, ok := rules.Sets(schema.GroupKind{Group: "example.com", Kind: "X"}, []string{"spec", "c"}); !ok {
		t.Error("the rule without a mistake is missing")
	}
}

func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	out := map[string]any{}
	if err := yaml.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}
