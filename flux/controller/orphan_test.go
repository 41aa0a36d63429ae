package controller

import (
	"testing"

	"github.com/krowave/krowave/flux/api/v1alpha1"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/repo"
)

const orphan = `apiVersion: example.com/v1alpha1
kind: Box
metadata: {name: a}
---
apiVersion: example.com/v1
kind: Other
metadata: {name: b}
`

const orphanRGD = `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: box}
spec:
  schema: {apiVersion: v1alpha1, kind: Box, group: example.com, spec: {}}
  resources:
  - id: cm
    template: {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}
`

// An instance whose RGD is gone is refused when the last render expanded its
// kind, and passes otherwise: it may be of an operator.
func TestOrphans(t *testing.T) {
	box := v1alpha1.InstanceStatus{APIVersion: "example.com/v1alpha1", Kind: "Box", Namespace: "default", Name: "a", Definition: "box"}
	for name, c := range map[string]struct {
		text   string
		before []v1alpha1.InstanceStatus
		want   string
	}{
		"removed":        {orphan, []v1alpha1.InstanceStatus{box}, "nothing defines example.com/v1alpha1 Box any longer: ResourceGraphDefinition box is removed"},
		"never rendered": {orphan, nil, ""},
		"still there":    {orphanRGD + "---\n" + orphan[:len("apiVersion: example.com/v1alpha1\nkind: Box\nmetadata: {name: a}\n")], []v1alpha1.InstanceStatus{box}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			res, err := render.Render(t.Context(), render.Input{Files: []repo.File{{Name: "a.yaml", Data: []byte(c.text)}}}, render.Options{})
			if err != nil {
				t.Fatal(err)
			}
			s := &reconcileScope{obj: &v1alpha1.RenderedSource{Status: v1alpha1.RenderedSourceStatus{Instances: c.before}}}
			got := ""
			for _, d := range s.orphans(res) {
				got += d.Message
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
