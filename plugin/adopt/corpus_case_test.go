package adopt_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/krowave/krowave/render/manifest"
)

// corpusCase is a case of testdata/kro, or of another folder of the kind.
type corpusCase struct {
	name     string
	files    map[string]string // of the repository
	rgds     []*unstructured.Unstructured
	instance *unstructured.Unstructured
	crds     []*unstructured.Unstructured
	rendered []*unstructured.Unstructured
}

// atOnce is how many cases kro gets at a time.
const atOnce = 8

// runningCases gives cases to kro, several at a time, until it has made the objects of
// as many as are wanted.
func (c *cluster) runningCases(t *testing.T, want int) []*corpusCase {
	t.Helper()
	roots := []string{"../../testdata/kro"}
	if more := os.Getenv("KROWAVE_ADOPT_CORPUS"); more != "" {
		roots = append([]string{more}, roots...)
	}
	var out []*corpusCase
	used := map[string]string{} // names of objects, kinds and CRDs
	folders := caseFolders(t, roots)
	for len(out) < want && len(folders) > 0 {
		var next []*corpusCase
		for len(next) < min(atOnce, want-len(out)) && len(folders) > 0 {
			dir := folders[0]
			folders = folders[1:]
			x, err := c.readCase(t, dir)
			if err == nil {
				err = x.claim(t, used)
			}
			if err != nil {
				t.Logf("skipped %s: %v", filepath.Base(dir), err)
				continue
			}
			next = append(next, x)
		}
		failed := make([]error, len(next))
		var group sync.WaitGroup
		for i, x := range next {
			group.Go(func() { failed[i] = c.bringUp(t, x) })
		}
		group.Wait()
		for i, x := range next {
			if failed[i] != nil {
				t.Logf("skipped %s: %v", x.name, failed[i])
				continue
			}
			out = append(out, x)
		}
	}
	return out
}

// caseFolders are case folders in an order that has nothing to do with their names.
func caseFolders(t *testing.T, roots []string) []string {
	t.Helper()
	var out []string
	for _, root := range roots {
		found, err := filepath.Glob(filepath.Join(root, "*", "rgd.yaml"))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s has no cases: %v", root, err)
		}
		digest := func(file string) string {
			return fmt.Sprintf("%x", sha256.Sum256([]byte(filepath.Base(filepath.Dir(file)))))
		}
		slices.SortFunc(found, func(a, b string) int { return strings.Compare(digest(a), digest(b)) })
		for _, file := range found {
			out = append(out, filepath.Dir(file))
		}
	}
	return out
}

// readCase reads a case that renders in full, without readyWhen: no pod runs here, and
// no cloud answers.
func (c *cluster) readCase(t *testing.T, dir string) (*corpusCase, error) {
	t.Helper()
	x := &corpusCase{name: filepath.Base(dir)}
	for _, other := range []string{"cluster", "observed", "feature-gates"} {
		if _, err := os.Stat(filepath.Join(dir, other)); err == nil {
			return nil, fmt.Errorf("it needs %s", other)
		}
	}
	objects := func(name string) ([]*unstructured.Unstructured, error) {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		docs, diags := manifest.Read(name, text, manifest.Limits{})
		if diags.HasErrors() {
			return nil, errors.New(diags[0].Message)
		}
		var out []*unstructured.Unstructured
		for _, d := range docs {
			out = append(out, (&unstructured.Unstructured{Object: d.Object}).DeepCopy())
		}
		return out, nil
	}
	var err error
	if x.rgds, err = objects(filepath.Join(dir, "rgd.yaml")); err != nil {
		return nil, err
	}
	instances, err := objects(filepath.Join(dir, "instance.yaml"))
	if err != nil || len(instances) == 0 {
		return nil, fmt.Errorf("no instance: %w", err)
	}
	x.instance = instances[0]
	crds, err := filepath.Glob(filepath.Join(dir, "crds", "*.yaml"))
	if err != nil {
		return nil, err
	}
	for _, file := range crds {
		found, err := objects(file)
		if err != nil {
			return nil, err
		}
		x.crds = append(x.crds, found...)
	}
	var text strings.Builder
	for _, rgd := range x.rgds {
		definition, _, _ := unstructured.NestedMap(rgd.Object, "spec", "schema")
		maps.DeleteFunc(definition, func(_ string, v any) bool { return v == nil }) // the API server refuses it
		_ = unstructured.SetNestedMap(rgd.Object, definition, "spec", "schema")     // it was one
		resources, _, _ := unstructured.NestedSlice(rgd.Object, "spec", "resources")
		for _, r := range resources {
			if m, ok := r.(map[string]any); ok {
				delete(m, "readyWhen")
				keepPruned(m)
			}
		}
		_ = unstructured.SetNestedSlice(rgd.Object, resources, "spec", "resources") // it was one
		text.WriteString("---\n" + string(yamlOf(t, rgd)))
	}
	x.files = map[string]string{"rgd.yaml": text.String(), "instance.yaml": string(yamlOf(t, x.instance))}
	folder := filepath.Join("try", x.name)
	for name, text := range x.files {
		c.write(t, filepath.Join(folder, name), text)
	}
	for i, obj := range x.crds {
		c.write(t, filepath.Join(folder, fmt.Sprintf("crds/%d.yaml", i)), string(yamlOf(t, obj)))
	}
	args := []string{"render", filepath.Join(folder, "rgd.yaml"), filepath.Join(folder, "instance.yaml")}
	if len(x.crds) > 0 {
		args = append(args, "--crds", filepath.Join(folder, "crds"))
	}
	got := c.krowave(t, args...)
	if got.code != 0 {
		return nil, errors.New("it does not render in full")
	}
	if x.rendered = documents(t, got.stdout); len(x.rendered) == 0 {
		return nil, errors.New("it renders to nothing")
	}
	return x, nil
}

// keepPruned adds Prune=false to sync options of a template, which is what adopt asks
// for before an object goes back to kro.
func keepPruned(resource map[string]any) {
	options, ok, _ := unstructured.NestedString(resource, "template", "metadata", "annotations", "argocd.argoproj.io/sync-options")
	if ok && !strings.Contains(options, "Prune=false") {
		_ = unstructured.SetNestedField(resource, options+",Prune=false", "template", "metadata", "annotations", "argocd.argoproj.io/sync-options") // it was one
	}
}

func yamlOf(t *testing.T, obj *unstructured.Unstructured) []byte {
	t.Helper()
	var out strings.Builder
	if err := manifest.EncodeYAML(&out, []map[string]any{obj.Object}); err != nil {
		t.Fatal(err)
	}
	return []byte(out.String())
}

// claim refuses a case that shares something with another one.
func (x *corpusCase) claim(t *testing.T, used map[string]string) error {
	t.Helper()
	for _, obj := range x.crds {
		text := string(yamlOf(t, obj))
		if other, ok := used["crd "+obj.GetName()]; ok && other != text {
			return fmt.Errorf("another case has another CRD %s", obj.GetName())
		}
		used["crd "+obj.GetName()] = text
	}
	var names []string
	for _, rgd := range x.rgds {
		kind, _, _ := unstructured.NestedString(rgd.Object, "spec", "schema", "kind")
		names = append(names, "rgd "+rgd.GetName(), "kind "+kind)
	}
	for _, obj := range x.rendered {
		names = append(names, key(obj))
	}
	for _, name := range names {
		if used[name] != "" {
			return fmt.Errorf("another case has %s", name)
		}
	}
	for _, name := range names {
		used[name] = x.name
	}
	return nil
}

// bringUp gives a case to kro and waits until it has made all objects.
func (c *cluster) bringUp(t *testing.T, x *corpusCase) error {
	t.Helper()
	for _, obj := range x.crds {
		if err := c.put(t, obj); err != nil {
			return err
		}
	}
	for _, obj := range append([]*unstructured.Unstructured{x.instance}, x.rendered...) {
		namespace := obj.GetNamespace()
		if namespace == "" || namespace == "default" || madeHere(x, namespace) && obj != x.instance {
			continue
		}
		if err := c.put(t, &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": namespace}}}); err != nil {
			return err
		}
	}
	for _, obj := range x.rendered {
		if madeHere(x, obj.GetNamespace()) {
			continue
		}
		if err := c.would(t, obj); err != nil {
			return fmt.Errorf("the API server refuses %s %s: %w", obj.GetKind(), obj.GetName(), err)
		}
	}
	for _, rgd := range x.rgds {
		if err := c.put(t, rgd); err != nil {
			return err
		}
	}
	for _, rgd := range x.rgds {
		if err := within(30*time.Second, func() error { return c.accepted(t, rgd) }); err != nil {
			return err
		}
	}
	if err := within(30*time.Second, func() error { return c.put(t, x.instance) }); err != nil {
		return err
	}
	return within(60*time.Second, func() error {
		live := c.read(t, x.instance)
		state, _, _ := unstructured.NestedString(live.Object, "status", "state")
		if have := c.all(t, x.rendered); len(have) < len(x.rendered) {
			return fmt.Errorf("kro has made %d of %d objects, and the state of the instance is %q", len(have), len(x.rendered), state)
		}
		if state != "ACTIVE" {
			return fmt.Errorf("the state of the instance is %q", state)
		}
		return nil
	})
}

// madeHere reports whether a case makes a namespace.
func madeHere(x *corpusCase, namespace string) bool {
	return slices.ContainsFunc(x.rendered, func(o *unstructured.Unstructured) bool { return o.GetKind() == "Namespace" && o.GetName() == namespace })
}

// accepted is nil once kro serves the kind of an RGD.
func (c *cluster) accepted(t *testing.T, rgd *unstructured.Unstructured) error {
	t.Helper()
	live := c.read(t, rgd)
	if state, _, _ := unstructured.NestedString(live.Object, "status", "state"); state == "Active" {
		return nil
	}
	conditions, _, _ := unstructured.NestedSlice(live.Object, "status", "conditions")
	for _, item := range conditions {
		if m, _ := item.(map[string]any); m["type"] == "GraphAccepted" && m["status"] == "False" {
			return fmt.Errorf("kro refuses the RGD: %v", m["message"])
		}
	}
	return errors.New("kro has not accepted the RGD")
}

func within(limit time.Duration, f func() error) error {
	var err error
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if err = f(); err == nil || apierrors.IsInvalid(err) {
			break
		}
	}
	return err
}

// put applies an object.
func (c *cluster) put(t *testing.T, obj *unstructured.Unstructured) error {
	t.Helper()
	return within(10*time.Second, func() error {
		client, err := c.client(obj)
		if err != nil {
			return err
		}
		_, err = client.Apply(t.Context(), obj.GetName(), obj, metav1.ApplyOptions{FieldManager: "test", Force: true})
		return err
	})
}

// would reports whether the API server would take an object.
func (c *cluster) would(t *testing.T, obj *unstructured.Unstructured) error {
	t.Helper()
	return within(30*time.Second, func() error { // a CRD that is new takes a while
		client, err := c.client(obj)
		if err != nil {
			return err
		}
		_, err = client.Apply(t.Context(), obj.GetName(), obj, metav1.ApplyOptions{FieldManager: "test", Force: true, DryRun: []string{metav1.DryRunAll}})
		return err
	})
}

// read reads an object; an empty one when there is none.
func (c *cluster) read(t *testing.T, obj *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	client, err := c.client(obj)
	if err == nil {
		if live, err := client.Get(context.Background(), obj.GetName(), metav1.GetOptions{}); err == nil {
			return live
		}
	}
	return &unstructured.Unstructured{Object: map[string]any{}}
}

// all are the live objects of some that are rendered.
func (c *cluster) all(t *testing.T, rendered []*unstructured.Unstructured) map[string]*unstructured.Unstructured {
	t.Helper()
	out := map[string]*unstructured.Unstructured{}
	var mu sync.Mutex
	var group sync.WaitGroup
	for _, obj := range rendered {
		group.Go(func() {
			if live := c.read(t, obj); live.GetUID() != "" {
				mu.Lock()
				defer mu.Unlock()
				out[key(obj)] = live
			}
		})
	}
	group.Wait()
	return out
}
