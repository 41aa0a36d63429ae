package controller

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/flux/api/v1alpha1"
	"github.com/krowave/krowave/render/project"
	table "github.com/krowave/krowave/render/settings"
)

// TestGuards shows that only the operator and the spec allow that nothing is
// rendered, and that strict is only ever switched on.
func TestGuards(t *testing.T) {
	tests := []struct {
		name, operator, file string
		spec                 v1alpha1.RenderedSourceSpec
		want                 string // strict, empty output allowed, findings
	}{
		{"default", "", "", v1alpha1.RenderedSourceSpec{}, "false false []"},
		{"the spec allows nothing at all", "", "", v1alpha1.RenderedSourceSpec{AllowEmpty: true}, "false true []"},
		{"the operator does", "allow-empty", "", v1alpha1.RenderedSourceSpec{}, "false true []"},
		{"the repository cannot", "", "allowEmpty: true", v1alpha1.RenderedSourceSpec{},
			"false false [krowave.yaml:1:13: error: allowEmpty: cannot be set in krowave.yaml; set it with --allow-empty of krowave flux controller or spec.allowEmpty of the RenderedSource [config]]"},
		{"the spec is strict", "", "", v1alpha1.RenderedSourceSpec{Strict: true}, "true false []"},
		{"the repository is strict", "", "strict: true", v1alpha1.RenderedSourceSpec{}, "true false []"},
		{"the operator is strict", "strict", "strict: false", v1alpha1.RenderedSourceSpec{},
			"true false [krowave.yaml:1:9: error: strict: false would loosen strict=true; change it with --strict of krowave flux controller [config]]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			operator := table.Default(table.FluxController)
			if tt.operator != "" {
				l := table.Layer{Surface: table.FluxController, Values: []table.Value{{Setting: tt.operator, Texts: []string{"true"}}}}
				operator, _ = table.Resolve(operator, l)
			}
			file, _ := project.ReadSettings("krowave.yaml", []byte(tt.file))
			s := newSettings(operator, file, &tt.spec)
			found := []string{}
			for _, d := range s.diags {
				found = append(found, fmt.Sprintf("%s: %s: %s [%s]", d.Pos, d.Severity, d.Message, d.Rule))
			}
			if diff := cmp.Diff(tt.want, fmt.Sprint(s.limits.Strict, s.limits.Options.AllowEmpty, found)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
