package field_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/gonvenience/ytbx"
	"github.com/google/go-cmp/cmp"
	"github.com/homeport/dyff/pkg/dyff"
	"github.com/rogpeppe/go-internal/txtar"
	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/plugin/compare/field"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/schema"
)

var update = flag.Bool("update", false, "rewrite the differences in testdata")

// TestDiff goes through the pairs of testdata, and asks dyff whether there is a
// difference at all.
func TestDiff(t *testing.T) {
	const path = "testdata/pairs.txtar"
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	catalog, err := schema.NewCatalog("")
	if err != nil {
		t.Fatal(err)
	}
	sides := map[string]map[string]any{}
	for i, f := range a.Files {
		name, what, _ := strings.Cut(f.Name, "/")
		if what != "want" {
			documents, findings := manifest.Read(f.Name, f.Data, manifest.Limits{})
			if len(documents) != 1 || len(findings) > 0 {
				t.Fatalf("%s: %v", f.Name, findings)
			}
			sides[what] = documents[0].Object
			continue
		}
		t.Run(name, func(t *testing.T) {
			before, after := sides["before"], sides["after"]
			apiVersion, _ := after["apiVersion"].(string)
			kind, _ := after["kind"].(string)
			var s *schema.Schema
			if k, ok := catalog.Lookup(k8sschema.FromAPIVersionAndKind(apiVersion, kind)); ok {
				s = k.Schema
			}
			changes := field.Diff(before, after, s)
			if *update {
				a.Files[i].Data = []byte(show(changes))
			} else if diff := cmp.Diff(string(f.Data), show(changes)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if differs := dyffDiffers(t, before, after); differs != (len(changes) > 0) {
				t.Errorf("dyff sees differences: %t, and we %d", differs, len(changes))
			}
			checkSteps(t, before, after, changes)
			back := field.Diff(after, before, s)
			if len(back) != len(changes) {
				t.Errorf("%d changes there and %d back:\n%s", len(changes), len(back), show(back))
			}
		})
	}
	if *update {
		if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func show(changes []field.Change) string {
	var out strings.Builder
	for _, c := range changes {
		before, _ := json.Marshal(c.Before)
		after, _ := json.Marshal(c.After)
		fmt.Fprintf(&out, "%s %s", c.Op, c.Path)
		if c.Op != field.Add {
			fmt.Fprintf(&out, " %s", before)
		}
		if c.Op == field.Replace || c.Op == field.Reorder {
			out.WriteString(" ->")
		}
		if c.Op != field.Remove {
			fmt.Fprintf(&out, " %s", after)
		}
		out.WriteString("\n")
	}
	return out.String()
}

// checkSteps follows the steps of each change to the value that it names.
func checkSteps(t *testing.T, before, after any, changes []field.Change) {
	t.Helper()
	for _, c := range changes {
		from, want := after, c.After
		switch c.Op {
		case field.Remove:
			continue // its parents may stand elsewhere on the new side
		case field.Reorder:
			if list, ok := follow(from, c.Steps).([]any); !ok || len(list) == 0 {
				t.Errorf("%s: steps %v lead to no list", c.Path, c.Steps)
			}
			continue
		}
		if diff := cmp.Diff(want, follow(from, c.Steps)); diff != "" {
			t.Errorf("%s: steps %v lead elsewhere (-want +got):\n%s", c.Path, c.Steps, diff)
		}
	}
}

func follow(v any, steps diag.Path) any {
	for _, s := range steps {
		switch s := s.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[s]
		case int:
			l, _ := v.([]any)
			if s >= len(l) {
				return nil
			}
			v = l[s]
		}
	}
	return v
}

// dyffDiffers is the second opinion.
func dyffDiffers(t *testing.T, before, after map[string]any) bool {
	t.Helper()
	file := func(obj map[string]any) ytbx.InputFile {
		var text bytes.Buffer
		if err := manifest.EncodeYAML(&text, []map[string]any{obj}); err != nil {
			t.Fatal(err)
		}
		documents, err := ytbx.LoadYAMLDocuments(text.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		return ytbx.InputFile{Documents: documents}
	}
	report, err := dyff.CompareInputFiles(file(before), file(after), dyff.KubernetesEntityDetection(false))
	if err != nil {
		t.Fatal(err)
	}
	return len(report.Diffs) > 0
}

// TestAgreesWithDyff changes objects at random, and asks both.
func TestAgreesWithDyff(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	differ := 0
	for range 300 {
		before, _ := value(random, 4).(map[string]any)
		after, _ := edited(random, before).(map[string]any)
		changes := field.Diff(before, after, nil)
		if field.Equal(before, after) != (len(changes) == 0) {
			t.Fatalf("Equal is not Diff without changes:\n%v\n%v\n%s", before, after, show(changes))
		}
		if dyffDiffers(t, before, after) != (len(changes) > 0) {
			t.Fatalf("dyff disagrees:\n%v\n%v\n%s", before, after, show(changes))
		}
		checkSteps(t, before, after, changes)
		if len(changes) > 0 {
			differ++
		}
	}
	if differ < 100 {
		t.Errorf("only %d of the objects differ", differ)
	}
}

func value(random *rand.Rand, depth int) any {
	if depth == 4 || depth > 0 && random.IntN(3) == 0 {
		m := map[string]any{"name": word(random)}
		for range 2 + random.IntN(3) {
			m[word(random)] = value(random, depth-1)
		}
		return m
	}
	if depth > 0 && random.IntN(3) == 0 {
		l := []any{}
		for range random.IntN(4) {
			l = append(l, value(random, depth-1))
		}
		return l
	}
	switch random.IntN(3) {
	case 0:
		return int64(random.IntN(3))
	case 1:
		return random.IntN(2) == 0
	}
	return word(random)
}

func word(random *rand.Rand) string {
	return []string{"a", "b", "c", "name", "type", "x.y"}[random.IntN(6)]
}

// edited returns a value that is often another.
func edited(random *rand.Rand, v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for _, k := range []string{"a", "b", "c", "name", "type", "x.y"} {
			if item, ok := v[k]; ok && (k == "name" || random.IntN(20) > 0) {
				out[k] = edited(random, item)
			}
		}
		return out
	case []any:
		out := []any{}
		for _, item := range v {
			if random.IntN(10) > 0 {
				out = append(out, edited(random, item))
			}
		}
		if random.IntN(4) == 0 {
			random.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
		}
		return out
	}
	if random.IntN(10) == 0 {
		return value(random, 0)
	}
	return v
}

// TestHidden looks for hidden values in whatever prints them.
func TestHidden(t *testing.T) {
	const secret = "correct-horse"
	before := map[string]any{"a": field.Hide("old"), "b": map[string]any{"c": field.Hide(secret)}, "same": field.Hide(secret)}
	after := map[string]any{"a": field.Hide(secret), "same": field.Hide(secret), "list": []any{field.Hide(secret)}}
	changes := field.Diff(before, after, nil)
	raw, err := json.Marshal([]any{changes, before, after})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(raw), fmt.Sprint(changes, before), fmt.Sprintf("%#v %+v", after["a"], before)} {
		if strings.Contains(text, secret) {
			t.Errorf("shows the value: %s", text)
		}
	}
	if want, got := `replace a null -> null
remove b {"c":"\u003csecret value\u003e"}
add list ["\u003csecret value\u003e"]
`, show(changes); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestEqual(t *testing.T) {
	shared := map[string]any{"a": []any{int64(1)}}
	for _, c := range []struct {
		name string
		a, b any
		want bool
	}{
		{"numbers", int64(1), 1.0, true},
		{"other numbers", int64(1), 1.5, false},
		{"large integers", int64(1<<53 + 1), int64(1 << 53), false},
		{"number and text", int64(1), "1", false},
		{"nothing and empty", nil, "", false},
		{"nothing twice", nil, nil, true},
		{"empty lists", []any{}, []any{}, true},
		{"list and map", []any{}, map[string]any{}, false},
		{"null and absent", map[string]any{"a": nil}, map[string]any{}, false},
		{"null and another", map[string]any{"a": nil}, map[string]any{"b": nil}, false},
		{"shared", shared, shared, true},
		{"hidden", field.Hide("x"), field.Hide("x"), true},
		{"hidden others", field.Hide("x"), field.Hide("y"), false},
		{"hidden and not", field.Hide("x"), "x", false},
	} {
		if got := field.Equal(c.a, c.b); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
		if got := field.Equal(c.b, c.a); got != c.want {
			t.Errorf("%s, the other way round: %t", c.name, got)
		}
	}
}
