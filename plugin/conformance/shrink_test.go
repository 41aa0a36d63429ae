package conformance_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// shrink removes parts of a case one by one, large ones first, as long as krowave and kro still differ
// in the same way. It stops after a while: a counterexample has to be readable, not minimal.
func shrink(t *testing.T, kro *oracleProcess, dir string, files map[string]string, differ []string) (map[string]string, []string) {
	t.Helper()
	best, bestDiffer := files, differ
	attempts := 300
	for progress := true; progress && attempts > 0; {
		progress = false
		for _, candidate := range smaller(best) {
			if attempts--; attempts < 0 {
				break
			}
			answer, _, err := kro.ask(candidate)
			if err != nil {
				continue
			}
			writeCase(t, dir, candidate)
			if found := differences(t, dir, answer); len(found) > 0 && manner(found) == manner(differ) {
				best, bestDiffer, progress = candidate, found, true
				break
			}
		}
	}
	return best, bestDiffer
}

// manner names the way in which two engines differ, without the names of the case.
func manner(found []string) string {
	first, _, _ := strings.Cut(found[0], "\n")
	if before, after, ok := strings.Cut(first, ": "); ok && strings.Contains(after, "-kro +krowave") {
		return strings.Fields(after)[0]
	} else if ok {
		return before
	}
	return first
}

// smaller returns the case without each of its parts: files, fields and list elements.
func smaller(files map[string]string) []map[string]string {
	var out []map[string]string
	with := func(name, text string) {
		changed := maps.Clone(files)
		changed[name] = text
		out = append(out, changed)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if name != "rgd.yaml" && name != "instance.yaml" {
			fewer := maps.Clone(files)
			delete(fewer, name)
			out = append(out, fewer)
		}
	}
	for _, name := range []string{"rgd.yaml", "instance.yaml"} {
		parts := strings.Split(files[name], "---\n")
		for i, part := range parts {
			rebuilt := func(text string) string {
				changed := slices.Clone(parts)
				changed[i] = text
				return strings.Join(changed, "---\n")
			}
			var document any
			if strings.TrimSpace(part) == "" || yaml.Unmarshal([]byte(part), &document) != nil {
				continue
			}
			for n := 0; ; n++ {
				left := n
				reduced, removed := without(document, &left)
				if !removed {
					break
				}
				text, err := yaml.Marshal(reduced)
				if err != nil {
					break
				}
				with(name, rebuilt(string(text)))
			}
		}
	}
	slices.SortStableFunc(out, func(a, b map[string]string) int { return caseSize(a) - caseSize(b) })
	return out
}

func caseSize(files map[string]string) int {
	size := 0
	for _, text := range files {
		size += len(text)
	}
	return size
}

// without copies a value and leaves out its nth part, counted through *n, in sorted order.
func without(value any, n *int) (any, bool) {
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if *n--; *n < 0 {
				changed := maps.Clone(v)
				delete(changed, key)
				return changed, true
			}
			if part, removed := without(v[key], n); removed {
				changed := maps.Clone(v)
				changed[key] = part
				return changed, true
			}
		}
	case []any:
		for i := range v {
			if *n--; *n < 0 {
				return slices.Delete(slices.Clone(v), i, i+1), true
			}
			if part, removed := without(v[i], n); removed {
				changed := slices.Clone(v)
				changed[i] = part
				return changed, true
			}
		}
	case string: // a long text may do as a short one
		if len(v) > 12 && strings.Contains(v, "${") {
			if *n--; *n < 0 {
				return "lit", true
			}
		}
	}
	return value, false
}
