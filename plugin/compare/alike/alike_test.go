package alike_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/plugin/compare/alike"
)

// hunk is a change of an owner that has a name.
func hunk(owner int, class, name string, values ...any) alike.Hunk {
	names := alike.NewNames(alike.Name{Text: name, Stands: "name"})
	var raw *alike.Names
	return alike.Hunk{
		Owner: owner, Class: class, Shape: raw.Script().Add(class).Sum(),
		Keys: []alike.Digest{raw.Script().Add(values...).Sum(), names.Script().Add(values...).Sum()},
	}
}

func TestOf(t *testing.T) {
	many := func(n int, value func(i int) any) []alike.Hunk {
		var out []alike.Hunk
		for i := range n {
			out = append(out, hunk(i, "web", fmt.Sprint("app", i), "spec.x", value(i)))
		}
		return out
	}
	type group struct {
		Owners []int
		Hunks  [][]int
		Differ bool
	}
	for _, c := range []struct {
		name   string
		hunks  []alike.Hunk
		want   []group
		single []int
	}{
		{name: "nothing"},
		{name: "one", hunks: []alike.Hunk{hunk(0, "web", "a", 1)}, single: []int{0}},
		{
			name:  "equal but for names",
			hunks: []alike.Hunk{hunk(0, "web", "a", "a-web"), hunk(1, "web", "b", "b-web"), hunk(2, "web", "c", "x-web")},
			want:  []group{{[]int{0, 1}, [][]int{{0, 1}}, false}}, single: []int{2},
		},
		{
			name:  "an owner that is named like a word of the template",
			hunks: []alike.Hunk{hunk(0, "web", "a", "metrics"), hunk(1, "web", "metrics", "metrics"), hunk(2, "web", "b", "metrics")},
			want:  []group{{[]int{0, 1, 2}, [][]int{{0, 1, 2}}, false}},
		},
		{
			name:   "classes apart",
			hunks:  []alike.Hunk{hunk(0, "web", "a", 1), hunk(1, "db", "b", 1)},
			single: []int{0, 1},
		},
		{
			name:  "what the same owners have in common is one group, the larger first",
			hunks: []alike.Hunk{hunk(0, "db", "a", 5), hunk(1, "db", "b", 5), hunk(0, "web", "a", 1), hunk(0, "svc", "a", 2), hunk(1, "web", "b", 1), hunk(1, "svc", "b", 2), hunk(2, "db", "c", 5)},
			want:  []group{{[]int{0, 1, 2}, [][]int{{0, 1, 6}}, false}, {[]int{0, 1}, [][]int{{2, 4}, {3, 5}}, false}},
		},
		{
			name:  "items of one owner",
			hunks: []alike.Hunk{hunk(0, "web", "a", 1), hunk(0, "web", "a", 1), hunk(0, "web", "a", 1), hunk(0, "web", "a", 1)},
			want:  []group{{[]int{0}, [][]int{{0, 1, 2, 3}}, false}},
		},
		{
			name:   "three items of one owner stay single",
			hunks:  []alike.Hunk{hunk(0, "web", "a", 1), hunk(0, "web", "a", 1), hunk(0, "web", "a", 1)},
			single: []int{0, 1, 2},
		},
		{name: "five with other values", hunks: many(5, func(i int) any { return i }), single: []int{0, 1, 2, 3, 4}},
		{
			name: "six with other values", hunks: many(6, func(i int) any { return i }),
			want: []group{{[]int{0, 1, 2, 3, 4, 5}, [][]int{{0, 1, 2, 3, 4, 5}}, true}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			groups, single := alike.Of(c.hunks)
			var got []group
			for _, g := range groups {
				got = append(got, group(g))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("groups (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.single, single); diff != "" && len(c.single)+len(single) > 0 {
				t.Errorf("single (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAbstract(t *testing.T) {
	names := alike.NewNames(
		alike.Name{Text: "corner", Stands: "name"}, alike.Name{Text: "corner-web", Stands: "web"},
		alike.Name{Text: "prod", Stands: "namespace"}, alike.Name{Text: "", Stands: "nothing"}, alike.Name{Text: "prod", Stands: "twice"},
	)
	for text, want := range map[string]string{
		"corner":                     "\x00name\x00",
		"corner-web.prod.svc":        "\x00web\x00.\x00namespace\x00.svc",
		"corners, cornered, 1corner": "corners, cornered, 1corner",
		"corner-db/corner":           "\x00name\x00-db/\x00name\x00",
		"productive":                 "productive",
		"écorner":                    "écorner",
		"":                           "",
	} {
		if got := names.Abstract(text); got != want {
			t.Errorf("Abstract(%q) = %q, want %q", text, got, want)
		}
	}
}

// TestScript holds values apart that print alike.
func TestScript(t *testing.T) {
	var none *alike.Names
	seen := map[alike.Digest]string{}
	for _, values := range [][]any{
		{}, {nil}, {""}, {"a"}, {"a", ""}, {"", "a"}, {int64(1)}, {float64(1)}, {"1"}, {true}, {false}, {[]any{}}, {[]any{"a"}}, {map[string]any{}}, {map[string]any{"a": nil}}, {map[string]any{"a": "b"}}, {"a", "b"}, {"ab"},
	} {
		sum, text := none.Script().Add(values...).Sum(), fmt.Sprintf("%#v", values)
		if other, ok := seen[sum]; ok {
			t.Errorf("%s and %s are the same", text, other)
		}
		seen[sum] = text
	}
}
