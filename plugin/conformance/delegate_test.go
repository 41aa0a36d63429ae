package conformance_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/plugin/internal/liveobjects"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/repo"
)

// TestDelegate holds --runtime=delegate against kro. For every case that needs runtime values, live
// objects are made up; then what Git renders, with what kro makes of the residual RGD, must be what kro
// makes of the original. KROWAVE_ORACLE and KROWAVE_CORPUS are those of TestRandomCases and
// TestConformance; without kro, the residual RGDs are only rendered and compiled.
func TestDelegate(t *testing.T) {
	dirs := allCases(t)
	var kro *oracleProcess
	if oracle := os.Getenv("KROWAVE_ORACLE"); oracle != "" {
		kro = startOracle(t, oracle)
	}
	count := map[string]int{}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			c := readDelegated(t, dir)
			outcome := c.run(t, kro)
			count[outcome]++
			if c.served {
				count["with every value"]++
			}
		})
	}
	t.Logf("%d cases: %v", len(dirs), count)
	if count["split"] < 15 || count["whole"] < 15 {
		t.Errorf("only few cases are delegated: %v", count)
	}
}

var trackingID = regexp.MustCompile(`(?m)^ +argocd.argoproj.io/tracking-id:.*\n`)

// delegated is a case of the conformance suite in memory.
type delegated struct {
	files map[string]string
	in    render.Input
	opts  render.Options

	served bool // kro has every value that it needs
}

func readDelegated(t *testing.T, dir string) *delegated {
	t.Helper()
	dir = withOneInstance(t, dir)
	c := &delegated{files: map[string]string{}}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		raw, err := os.ReadFile(name)
		relative, _ := filepath.Rel(dir, name)
		c.files[filepath.ToSlash(relative)] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	// A residual instance does not carry on what Argo CD tracks the original by.
	c.files["instance.yaml"] = trackingID.ReplaceAllString(c.files["instance.yaml"], "")
	for _, name := range slices.Sorted(maps.Keys(c.files)) {
		file := repo.File{Name: name, Data: []byte(c.files[name])}
		switch folder, base := path.Split(name); {
		case name == "rgd.yaml" || name == "instance.yaml":
			c.in.Files = append(c.in.Files, file)
		case folder == "crds/":
			c.in.CRDs = append(c.in.CRDs, file)
		case (folder == "cluster/" || folder == "observed/") && strings.HasSuffix(base, ".yaml"):
			c.in.Observed = append(c.in.Observed, file)
		}
	}
	c.opts = render.Options{
		Cache: render.NewCache(64 << 20), ServerDefaults: render.DefaultsNone, KeepIdioms: true, AllowEmpty: true,
		CELOmitFunction: strings.Contains(c.files["feature-gates"], "CELOmitFunction=true"),
	}
	return c
}

// run says what becomes of a case: refused by kro or by krowave, static, all in Git
// although something is not known, split between Git and kro, or given to kro as a whole.
func (c *delegated) run(t *testing.T, kro *oracleProcess) string {
	plain, err := render.Render(t.Context(), render.Input{Files: c.in.Files, CRDs: c.in.CRDs}, c.with(render.Withhold))
	if err != nil {
		t.Fatal(err)
	}
	if plain.Diagnostics.HasErrors() || len(plain.Instances) == 0 {
		return "rejected"
	}
	never := func(p expand.Pending) bool { return !p.Unsatisfiable }
	if !slices.ContainsFunc(plain.Instances, func(i *render.Instance) bool {
		return slices.ContainsFunc(slices.Concat(i.Pending, i.FallbackUsed), never)
	}) {
		return "static"
	}
	res, err := render.Render(t.Context(), render.Input{Files: c.in.Files, CRDs: c.in.CRDs}, c.with(render.Delegate))
	if err != nil {
		t.Fatal(err)
	}
	if res.Diagnostics.HasErrors() {
		for _, d := range res.Diagnostics {
			if d.Severity == diag.Error {
				t.Logf("%s: %s [%s]", d.Pos, d.Message, d.Rule)
				if d.Rule == "delegate-invalid" {
					t.Error(d.Message)
				}
			}
		}
		return "refused"
	}
	outcome := "all in Git"
	for _, i := range res.Instances {
		switch {
		case i.Residual != nil && i.Residual.Whole && outcome != "split":
			outcome = "whole"
		case i.Residual != nil && !i.Residual.Whole:
			outcome = "split"
		}
	}
	if kro != nil {
		c.compare(t, kro, res)
	}
	return outcome
}

func (c *delegated) with(policy render.Runtime) render.Options {
	out := c.opts
	out.Runtime = policy
	return out
}

// compare lets kro render the original and the residual, with the same live objects.
func (c *delegated) compare(t *testing.T, kro *oracleProcess, res *render.Result) {
	t.Helper()
	made, err := liveobjects.Make(t.Context(), c.in, c.opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range slices.Concat(made.Errors, made.Open) {
		t.Logf("not served: %s", text)
	}
	c.served = len(made.Errors)+len(made.Open) == 0
	want := c.original(t, kro, made)
	got := c.residual(t, kro, made, res)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-original +delegated):\n%s", diff)
	}
}

// outcome is what there is in a cluster: objects by identity, and nodes that wait.
type outcome struct {
	Rejected string
	Objects  map[string]map[string]any
	Pending  []string
}

func (c *delegated) original(t *testing.T, kro *oracleProcess, made *liveobjects.Objects) outcome {
	files := maps.Clone(c.files)
	maps.DeleteFunc(files, func(name, _ string) bool {
		return strings.HasPrefix(name, "cluster/") || strings.HasPrefix(name, "observed/")
	})
	files["observed/live.yaml"], files["cluster/external.yaml"] = yamlOf(t, made.Live), yamlOf(t, made.External)
	out := outcome{Objects: map[string]map[string]any{}}
	out.add(c.ask(t, kro, files))
	return out.sorted()
}

// residual unites the plain objects with what kro makes of each instance that it is given.
func (c *delegated) residual(t *testing.T, kro *oracleProcess, made *liveobjects.Objects, res *render.Result) outcome {
	t.Helper()
	out := outcome{Objects: map[string]map[string]any{}}
	live := map[string]map[string]any{}
	for _, o := range made.Live {
		live[identify(o)] = o
	}
	var rgds, instances []map[string]any
	for _, o := range res.Objects {
		switch {
		case o.For == nil:
			out.Objects[identify(o.Object)] = canonical(o.Object)
			if live[identify(o.Object)] == nil {
				live[identify(o.Object)] = o.Object
			}
		case o.Object["kind"] == "ResourceGraphDefinition":
			rgds = append(rgds, o.Object)
		default:
			instances = append(instances, o.Object)
		}
	}
	for _, i := range res.Instances { // kro gives the residual instance what it would have given the original
		if i.Residual == nil || i.Residual.Whole {
			continue
		}
		if original := live[identify(i.Instance)]; original != nil {
			own := maps.Clone(original)
			own["kind"] = i.Residual.Object["kind"]
			live[identify(own)] = own
		}
	}
	for _, instance := range instances {
		files := map[string]string{
			"rgd.yaml": yamlOf(t, rgds), "instance.yaml": yamlOf(t, []map[string]any{instance}), "feature-gates": c.files["feature-gates"],
			"observed/live.yaml": yamlOf(t, sortedObjects(live)), "cluster/external.yaml": yamlOf(t, made.External),
		}
		for name, text := range c.files {
			if strings.HasPrefix(name, "crds/") {
				files[name] = text
			}
		}
		out.add(c.ask(t, kro, files))
	}
	return out.sorted()
}

func (c *delegated) ask(t *testing.T, kro *oracleProcess, files map[string]string) kroAnswer {
	t.Helper()
	answer, _, err := kro.ask(files)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func (o *outcome) add(a kroAnswer) {
	if a.Rejected != nil {
		o.Rejected += a.Rejected.Stage + ": " + a.Rejected.Message
		return
	}
	o.expansion(a.kroExpansion)
}

// expansion adds objects that are not instances, for krowave expands instances in place, and the
// resources that wait.
func (o *outcome) expansion(x kroExpansion) {
	nested := map[string]bool{}
	for _, n := range x.Nested {
		nested[memberKey(n.Node, n.Index)] = true
		o.expansion(n.kroExpansion)
	}
	for _, object := range x.Objects {
		if !nested[object.key()] {
			o.Objects[identify(object.Object)] = canonical(object.Object)
		}
	}
	o.Pending = append(o.Pending, x.Pending...)
}

func (o outcome) sorted() outcome {
	o.Pending = slices.Compact(sorted(o.Pending))
	return o
}

func identify(object map[string]any) string {
	meta, _ := object["metadata"].(map[string]any)
	namespace, _ := meta["namespace"].(string)
	return fmt.Sprintf("%v %v %s/%v", object["apiVersion"], object["kind"], strings.TrimPrefix(namespace, "default"), meta["name"])
}

func sortedObjects(in map[string]map[string]any) []map[string]any {
	var out []map[string]any
	for _, key := range slices.Sorted(maps.Keys(in)) {
		out = append(out, in[key])
	}
	return out
}

func yamlOf(t *testing.T, objects []map[string]any) string {
	t.Helper()
	var b bytes.Buffer
	if err := manifest.EncodeYAML(&b, objects); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
