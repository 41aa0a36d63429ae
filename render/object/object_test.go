package object

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

type m = map[string]any

func TestReadersBearAnyShape(t *testing.T) {
	for name, obj := range map[string]m{
		"nil": nil, "empty": {}, "texts": {"apiVersion": 1, "kind": true, "metadata": "none"},
		"lists": {"apiVersion": []any{}, "metadata": []any{"name"}}, "deep": {"metadata": m{"name": 3, "labels": "x", "annotations": []any{}}},
	} {
		if got := KeyOf(obj); got != (Key{}) {
			t.Errorf("%s: key %v", name, got)
		}
		if len(Labels(obj)) > 0 || Annotations(obj) != nil || Annotation(obj, "a") != "" || Map(obj, "metadata", "labels") != nil || List(obj, "kind") != nil {
			t.Errorf("%s: something was read", name)
		}
		if IsSecret(obj) || HoldsSecretValues(obj) {
			t.Errorf("%s: is a Secret", name)
		}
	}
}

func TestKey(t *testing.T) {
	obj := m{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": m{"name": "web", "namespace": "shop"}}
	key := KeyOf(obj)
	if key.String() != "apps/Deployment/shop/web" || key.Title() != "Deployment shop/web" {
		t.Errorf("got %s and %s", key, key.Title())
	}
	obj["apiVersion"] = "apps/v1beta1"
	if KeyOf(obj) != key {
		t.Error("another version is another object")
	}
	for want, k := range map[string]Key{"Namespace shop": {Kind: "Namespace", Name: "shop"}, "Job": {Kind: "Job"}, "web": {Name: "web"}, "a/b": {Namespace: "a", Name: "b"}} {
		if k.Title() != want {
			t.Errorf("got %s, want %s", k.Title(), want)
		}
	}
}

func TestWithCopies(t *testing.T) {
	obj := m{"kind": "Job", "metadata": m{"name": "a", "annotations": m{"old": "1", "both": "1"}}}
	before := Copy(obj)
	got := WithAnnotations(WithNamespace(obj, "ns"), m{"both": "2", "new": "2"})
	want := m{"kind": "Job", "metadata": m{"name": "a", "namespace": "ns", "annotations": m{"old": "1", "both": "2", "new": "2"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, any(obj)); diff != "" {
		t.Errorf("the object was changed:\n%s", diff)
	}
	if got := WithAnnotations(nil, m{"a": "b"}); Annotation(got, "a") != "b" {
		t.Errorf("got %v", got)
	}
}

func TestIsSecret(t *testing.T) {
	for _, c := range []struct {
		apiVersion any
		kind       string
		want       bool
	}{
		{"v1", "Secret", true},
		{"v2", "Secret", true},
		{nil, "Secret", true},
		{1, "Secret", true},
		{"v1", "secret", false},
		{"v1", "ConfigMap", false},
		{"v1", "SecretList", false},
		{"bitnami.com/v1alpha1", "SealedSecret", false},
		{"example.com/v1", "Secret", false},
	} {
		obj := m{"kind": c.kind, "apiVersion": c.apiVersion}
		if got := IsSecret(obj); got != c.want {
			t.Errorf("%v %s: %v", c.apiVersion, c.kind, got)
		}
	}
}

func TestHoldsSecretValues(t *testing.T) {
	for name, c := range map[string]struct {
		obj  m
		want bool
	}{
		"data":          {m{"kind": "Secret", "data": m{"a": "eA=="}}, true},
		"stringData":    {m{"kind": "Secret", "stringData": m{"a": "x"}}, true},
		"not a map":     {m{"kind": "Secret", "data": "eA=="}, true},
		"a list":        {m{"kind": "Secret", "data": []any{}}, true},
		"empty":         {m{"kind": "Secret", "data": m{}, "stringData": nil}, false},
		"none":          {m{"kind": "Secret"}, false},
		"other kind":    {m{"kind": "ConfigMap", "data": m{"a": "x"}}, false},
		"other group":   {m{"kind": "Secret", "apiVersion": "a.b/v1", "data": m{"a": "x"}}, false},
		"only metadata": {m{"kind": "Secret", "metadata": m{"name": "x"}}, false},
	} {
		if got := HoldsSecretValues(c.obj); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestNamesSecret(t *testing.T) {
	for _, path := range [][]any{{"apiVersion"}, {"kind"}, {"type"}, {"metadata", "name"}, {"metadata", "labels", "app"}} {
		if !NamesSecret(path...) {
			t.Errorf("%v holds values", path)
		}
	}
	for _, path := range [][]any{nil, {"data"}, {"stringData", "a"}, {"metadata"}, {"metadata", "annotations", "a"}, {"metadata", "managedFields"}, {"type", "x"}, {"immutable"}} {
		if NamesSecret(path...) {
			t.Errorf("%v holds no values", path)
		}
	}
}

func TestWithoutSecretValues(t *testing.T) {
	obj := m{
		"kind": "Secret", "type": "Opaque", "data": m{"a": "eA=="}, "stringData": m{"b": "x"},
		"metadata": m{"name": "s", "annotations": m{LastApplied: `{"data":{"a":"eA=="}}`, "team": "shop"}},
	}
	before := Copy(obj)
	want := m{"kind": "Secret", "type": "Opaque", "metadata": m{"name": "s", "annotations": m{"team": "shop"}}}
	if diff := cmp.Diff(want, WithoutSecretValues(obj)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, any(obj)); diff != "" {
		t.Errorf("the object was changed:\n%s", diff)
	}
}

func TestKeyMatches(t *testing.T) {
	k := Key{Group: "kro.run", Kind: "App", Namespace: "shop", Name: "web"}
	for _, text := range []string{"web", "shop/web", "App/web", "App/shop/web"} {
		if !k.Matches(text) {
			t.Errorf("%s does not match", text)
		}
	}
	for _, text := range []string{"", "shop", "App", "app/web", "kro.run/App/shop/web", "other/web"} {
		if k.Matches(text) {
			t.Errorf("%s matches", text)
		}
	}
}
