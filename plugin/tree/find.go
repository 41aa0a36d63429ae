package tree

import (
	"slices"
	"strings"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/render"
)

// Named finds an instance of the input.
func Named(res *render.Result, name string) (*render.Instance, error) {
	var found []*render.Instance
	var names []string
	for _, i := range slices.Concat(res.Instances, res.Foreseen) {
		if i.Parent != nil || len(found) == 1 && found[0].Identity() == i.Identity() { // what a division leaves of it
			continue
		}
		key := i.Identity().Key()
		plain := key
		plain.Kind = strings.ToLower(key.Kind) // as kubectl and explain take it
		if names = append(names, i.Title()); key.Matches(name) || plain.Matches(name) {
			found = append(found, i)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return nil, cli.Usagef("%d instances are called %s: use KIND/NAMESPACE/NAME, or the path of one of them", len(found), name)
	case len(names) == 0:
		return nil, cli.Usagef("the paths have no instance")
	}
	const most = 10
	more := ""
	if len(names) > most {
		names, more = names[:most], ", ..."
	}
	return nil, cli.Usagef("no instance is called %s; there is %s", name, strings.Join(names, ", ")+more)
}
