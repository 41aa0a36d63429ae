package compare

import "github.com/krowave/krowave/render/diag"

// name finds out which instances of a report need more than their identity to be
// told apart: all where there are several projects, and those of one name.
func (r *Report) name() {
	times := map[key]int{}
	projects := map[string]bool{}
	for n := range r.Instances {
		id := r.Instances[n].Identity
		times[keyOf(id)]++
		projects[id.Project] = true
	}
	r.projects = len(projects)
	for n := range r.Instances {
		if i := &r.Instances[n]; r.projects > 1 || times[keyOf(i.Identity)] > 1 {
			i.place = i.Identity.Path
		}
	}
}

// Title names an instance, with its place where the name does not do.
func (i *InstanceChange) Title() string {
	text := title(i.Identity)
	if i.place != "" {
		text += " (" + diag.Name(i.place) + ")"
	}
	return text
}

// places are the places of instances that need one.
func (r *Report) placesByInstance() map[string]bool {
	out := map[string]bool{}
	for n := range r.Instances {
		if i := &r.Instances[n]; i.place != "" {
			out[keyOf(i.Identity).String()+" "+i.place] = true
		}
	}
	return out
}
