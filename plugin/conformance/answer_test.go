package conformance_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/plugin/internal/clitest"
)

// kroAnswer is what kro makes of a case: the content of expected.json, which testdata/oracle writes.
type kroAnswer struct {
	Rejected *struct{ Stage, Message string } `json:"rejected"`
	kroExpansion
	CRD       map[string]any            `json:"crd"`
	OtherCRDs map[string]map[string]any `json:"otherCRDs"`
}

type kroExpansion struct {
	TopologicalOrder []string            `json:"topologicalOrder"`
	Dependencies     map[string][]string `json:"dependencies"`
	Skipped          []string            `json:"skipped"`
	Pending          []string            `json:"pending"`
	Objects          []nodeObject        `json:"objects"`
	Nested           []struct {
		Node  string `json:"node"`
		Index *int   `json:"index"`
		kroExpansion
	} `json:"nested"`
}

// nodeObject is an object and the node, or member of a collection, that renders it.
type nodeObject struct {
	Node   string         `json:"node"`
	Index  *int           `json:"index"`
	Object map[string]any `json:"object"`
}

func (o nodeObject) key() string { return memberKey(o.Node, o.Index) }

func memberKey(node string, index *int) string {
	if index == nil {
		return node
	}
	return fmt.Sprintf("%s[%d]", node, *index)
}

// rendered is `krowave render -o expansion`.
type rendered struct {
	Instances   []renderedInstance   `json:"instances"`
	Diagnostics []renderedDiagnostic `json:"diagnostics"`
}

type renderedInstance struct {
	RGD      string         `json:"rgd"`
	Instance objectIdentity `json:"instance"`
	Parent   *struct {
		Instance any    `json:"instance"`
		Node     string `json:"node"`
	} `json:"parent"`
	TopologicalOrder []string                `json:"topologicalOrder"`
	Dependencies     map[string][]string     `json:"dependencies"`
	Objects          []nodeObject            `json:"objects"`
	Skipped          []string                `json:"skipped"`
	Pending          []struct{ Node string } `json:"pending"`
}

type objectIdentity struct{ APIVersion, Kind, Namespace, Name string }

type renderedDiagnostic struct {
	Severity, Rule, File, Message string
	Line, Column                  int
}

// caseFlags returns the flags that a case folder's optional parts ask for.
func caseFlags(t *testing.T, dir string) (schemas, observed []string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, "crds")); err == nil {
		schemas = append(schemas, "--crds", "crds")
	}
	if raw, err := os.ReadFile(filepath.Join(dir, "feature-gates")); err == nil {
		schemas = append(schemas, "--feature-gates", strings.TrimSpace(string(raw)))
	}
	for _, live := range []string{"cluster", "observed"} {
		if _, err := os.Stat(filepath.Join(dir, live)); err == nil {
			observed = append(observed, "--observed", live)
		}
	}
	return schemas, observed
}

func renderCase(t *testing.T, dir string, flags ...string) clitest.Output {
	t.Helper()
	schemas, observed := caseFlags(t, dir)
	args := append([]string{"render", "rgd.yaml", "instance.yaml"}, append(schemas, observed...)...)
	args = append(args, flags...)
	return clitest.Run(t, dir, append(args, "--annotate=none", "--server-defaults=none", "--runtime=withhold", "-o", "expansion")...)
}

// differences says, one line or block each, where krowave does not agree with kro on a case.
func differences(t *testing.T, dir string, want kroAnswer, flags ...string) []string {
	t.Helper()
	var out []string
	if _, err := os.Stat(filepath.Join(dir, "instance.yaml")); err == nil {
		out = renderDifferences(renderCase(t, dir, flags...), want)
	}
	if want.CRD == nil {
		return out
	}
	schemas, _ := caseFlags(t, dir)
	schemas = append(schemas, flags...)
	return append(out, crdDifferences(clitest.Run(t, dir, append([]string{"crd", "rgd.yaml", "-o", "json"}, schemas...)...), want)...)
}

func renderDifferences(run clitest.Output, want kroAnswer) []string {
	var got rendered
	decodeErr := decodeJSON(run.Stdout, &got)
	switch {
	case want.Rejected != nil && run.Code != 1:
		return []string{fmt.Sprintf("exit code %d, but kro rejects the case (%s): %s", run.Code, want.Rejected.Stage, want.Rejected.Message)}
	case want.Rejected != nil && !located(got.Diagnostics, run.Stderr):
		return []string{fmt.Sprintf("rejected as by kro, but no error names a file, line and column\n%s%s", run.Stdout, run.Stderr)}
	case want.Rejected != nil:
		return nil
	case run.Code != 0:
		return []string{fmt.Sprintf("exit code %d, but kro accepts the case\n%s%s", run.Code, errorsOf(got.Diagnostics), run.Stderr)}
	case decodeErr != nil:
		return []string{fmt.Sprintf("render -o expansion: %v", decodeErr)}
	}
	roots := slices.DeleteFunc(slices.Clone(got.Instances), func(i renderedInstance) bool { return i.Parent != nil })
	if len(roots) != 1 {
		return []string{fmt.Sprintf("%d instances without a parent, want 1", len(roots))}
	}
	return expansionDifferences(roots[0], want.kroExpansion, got.Instances)
}

var positioned = regexp.MustCompile(`(?m)^[^\s:]+:[1-9][0-9]*:[1-9][0-9]*: `)

func located(diagnostics []renderedDiagnostic, stderr string) bool {
	return positioned.MatchString(stderr) || slices.ContainsFunc(diagnostics, func(d renderedDiagnostic) bool {
		return d.Severity == "error" && d.File != "" && d.Line >= 1 && d.Column >= 1
	})
}

func errorsOf(diagnostics []renderedDiagnostic) string {
	var out strings.Builder
	for _, d := range diagnostics {
		if d.Severity == "error" {
			fmt.Fprintf(&out, "%s:%d:%d: %s [%s]\n", d.File, d.Line, d.Column, d.Message, d.Rule)
		}
	}
	return out.String()
}

func expansionDifferences(got renderedInstance, want kroExpansion, all []renderedInstance) []string {
	var out []string
	at := got.Instance.Kind + " " + got.Instance.Name
	check := func(what string, want, got any) {
		if diff := cmp.Diff(want, got); diff != "" {
			out = append(out, fmt.Sprintf("%s: %s (-kro +krowave):\n%s", at, what, diff))
		}
	}
	pending := map[string]bool{}
	for _, p := range got.Pending {
		pending[p.Node] = true
	}
	check("topologicalOrder", append([]string{}, want.TopologicalOrder...), append([]string{}, got.TopologicalOrder...))
	check("dependencies", sortedValues(want.Dependencies), sortedValues(got.Dependencies))
	check("skipped", sorted(want.Skipped), sorted(got.Skipped))
	check("pending", sorted(want.Pending), slices.Sorted(maps.Keys(pending)))
	check("order of objects", keys(want.Objects), keys(got.Objects))
	gotObjects := map[string]map[string]any{}
	for _, o := range got.Objects {
		gotObjects[o.key()] = canonical(o.Object)
	}
	wantObjects := map[string]map[string]any{}
	for _, o := range want.Objects {
		wantObjects[o.key()] = canonical(o.Object)
		if other, ok := gotObjects[o.key()]; ok {
			check("object "+o.key(), wantObjects[o.key()], other)
		}
	}
	for _, n := range want.Nested {
		key := memberKey(n.Node, n.Index)
		found := slices.IndexFunc(all, func(i renderedInstance) bool {
			return i.Parent != nil && (i.Parent.Node == n.Node || i.Parent.Node == key) && identifies(i.Instance, wantObjects[key])
		})
		if found < 0 {
			out = append(out, fmt.Sprintf("%s: nested instance %s is not expanded", at, key))
			continue
		}
		out = append(out, expansionDifferences(all[found], n.kroExpansion, all)...)
	}
	children := func(i renderedInstance) bool { return i.Parent != nil && sameInstance(i.Parent.Instance, got.Instance) }
	if n := len(slices.DeleteFunc(slices.Clone(all), func(i renderedInstance) bool { return !children(i) })); n > len(want.Nested) {
		out = append(out, fmt.Sprintf("%s: %d nested instances, want %d", at, n, len(want.Nested)))
	}
	return out
}

// identifies reports whether an instance is the one that an object declares.
func identifies(id objectIdentity, object map[string]any) bool {
	metadata, _ := object["metadata"].(map[string]any)
	namespace, _ := metadata["namespace"].(string)
	return id.APIVersion == object["apiVersion"] && id.Kind == object["kind"] && id.Name == metadata["name"] &&
		(namespace == "" || id.Namespace == namespace)
}

// sameInstance compares the instance named by a parent, an object or its text, with an identity.
func sameInstance(parent any, id objectIdentity) bool {
	switch p := parent.(type) {
	case map[string]any:
		return p["kind"] == id.Kind && p["name"] == id.Name && (p["namespace"] == nil || p["namespace"] == id.Namespace)
	case string:
		return strings.Contains(p, id.Kind) && strings.HasSuffix(p, "/"+id.Name)
	}
	return false
}

func crdDifferences(run clitest.Output, want kroAnswer) []string {
	got := map[string]map[string]any{}
	decoder := json.NewDecoder(strings.NewReader(run.Stdout))
	decoder.UseNumber()
	for {
		var document map[string]any
		if err := decoder.Decode(&document); err == io.EOF {
			break
		} else if err != nil {
			return []string{fmt.Sprintf("krowave crd: %v\n%s", err, run.Stderr)}
		}
		document = plainNumbers(document).(map[string]any)
		documents := []any{document}
		if items, ok := document["items"].([]any); ok {
			documents = items
		}
		for _, item := range documents {
			if crd, ok := item.(map[string]any); ok {
				got[crdName(crd)] = crd
			}
		}
	}
	var out []string
	wanted := maps.Clone(want.OtherCRDs)
	if wanted == nil {
		wanted = map[string]map[string]any{}
	}
	wanted[crdName(want.CRD)] = want.CRD
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		switch crd, ok := got[name]; {
		case !ok:
			out = append(out, fmt.Sprintf("krowave crd does not print %s (exit code %d)\n%s", name, run.Code, run.Stderr))
		default:
			if diff := cmp.Diff(plainNumbers(withoutStatus(wanted[name])), withoutStatus(crd)); diff != "" {
				out = append(out, fmt.Sprintf("CRD %s (-kro +krowave):\n%s", name, diff))
			}
		}
	}
	return out
}

func crdName(crd map[string]any) string {
	metadata, _ := crd["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	return name
}

func withoutStatus(crd map[string]any) map[string]any {
	out := canonical(crd)
	delete(out, "status")
	return out
}

// canonical returns a value as its JSON text reads, so that 1 and 1.0 of different engines compare as
// what is applied.
func canonical(in map[string]any) map[string]any {
	var out map[string]any
	raw, err := json.Marshal(in)
	if err == nil {
		err = decodeJSON(string(raw), &out)
	}
	if err != nil {
		return map[string]any{"error": err.Error()}
	}
	return out
}

// decodeJSON keeps integers above 2^53, which do not fit a float64.
func decodeJSON(text string, into any) error {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(into)
}

// plainNumbers spells each number in one way: kro copies a default as the author wrote it, 7.0, and
// YAML has no other spelling for it than 7.
func plainNumbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, e := range v {
			v[key] = plainNumbers(e)
		}
	case []any:
		for i, e := range v {
			v[i] = plainNumbers(e)
		}
	case json.Number:
		if _, err := v.Int64(); err == nil {
			return v
		}
		if f, err := v.Float64(); err == nil {
			return json.Number(strconv.FormatFloat(f, 'f', -1, 64))
		}
	}
	return v
}

func sorted(in []string) []string { return slices.Sorted(slices.Values(in)) }

func sortedValues(in map[string][]string) map[string]string {
	out := map[string]string{}
	for key, values := range in {
		out[key] = strings.Join(slices.Compact(sorted(values)), " ")
	}
	return out
}

func keys(objects []nodeObject) []string {
	out := make([]string, len(objects))
	for i, o := range objects {
		out[i] = strconv.Itoa(i) + " " + o.key()
	}
	return out
}
