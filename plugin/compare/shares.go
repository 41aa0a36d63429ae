package compare

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/krowave/krowave/render"
)

// shares says how many of some instances are where: by project, or by the
// directories or the namespaces that divide them into the fewest parts. It is nil
// when nothing divides them.
func shares(list []render.Identity) []Share {
	dirs := make([][]string, len(list))
	for n, id := range list {
		if dir := path.Dir(id.Path); dir != "." && dir != "/" {
			dirs[n] = strings.Split(dir, "/")
		}
	}
	var best []Share
	try := func(name func(n int) string) {
		counts := map[string]int{}
		for n := range list {
			if name(n) == "" {
				return
			}
			counts[name(n)]++
		}
		if len(counts) > 1 && (best == nil || len(counts) < len(best)) {
			best = best[:0]
			for name, count := range counts {
				best = append(best, Share{name, count})
			}
		}
	}
	try(func(n int) string { return list[n].Project })
	const depth = 8 // of directories that are looked at, from either end
	for at := range depth {
		try(func(n int) string { return step(dirs[n], at) })
		try(func(n int) string { return step(dirs[n], len(dirs[n])-1-at) })
	}
	try(func(n int) string { return list[n].Namespace })
	if len(best) == len(list) { // each is a part of its own
		return nil
	}
	slices.SortFunc(best, func(a, b Share) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name)) })
	return best
}

func step(dir []string, at int) string {
	if at < 0 || at >= len(dir) {
		return ""
	}
	return dir[at]
}
