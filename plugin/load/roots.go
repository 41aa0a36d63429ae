package load

import "slices"

// Roots lists the directories that reading the arguments may lead to: absolute,
// each once. They are those to watch for changes.
func (l Loader) Roots(args []string) ([]string, error) {
	r, err := newReader(l)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, arg := range args {
		if root := r.rootOf(arg, r.dir); !slices.Contains(out, root) {
			out = append(out, root)
		}
	}
	return out, nil
}
