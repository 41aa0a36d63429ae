package load

import (
	"github.com/krowave/krowave/render/project"
	"github.com/krowave/krowave/render/settings"
)

// settle returns the values of the flags and the krowave.yaml of a project.
func (r *reader) settle(t *tree, p *project.Project) settings.Values {
	values, diags := r.flags.Resolve(p.Settings)
	r.found(t, diags)
	return values
}
