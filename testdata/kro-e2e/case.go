package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// testCase is a case folder (see testdata/oracle/README.md) in memory.
type testCase struct {
	name, dir string
	rgds      []*unstructured.Unstructured // without readyWhen
	instance  *unstructured.Unstructured
	crds      []*unstructured.Unstructured
	cluster   []*unstructured.Unstructured
	observed  []*unstructured.Unstructured
	gates     string
}

// findCases returns the case folders below the given ones, in an order that has nothing to do with
// their names: the first N are a sample of all.
func findCases(roots []string) ([]string, error) {
	var dirs []string
	for _, root := range roots {
		found, err := filepath.Glob(filepath.Join(root, "*", "rgd.yaml"))
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("%s: no case folders", root)
		}
		for _, file := range found {
			dirs = append(dirs, filepath.Dir(file))
		}
	}
	digest := func(dir string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(filepath.Base(dir)))) }
	slices.SortFunc(dirs, func(a, b string) int { return strings.Compare(digest(a), digest(b)) })
	return dirs, nil
}

var errNotACase = errors.New("no instance, or a file that holds no objects")

func readCase(dir string) (*testCase, error) {
	c := &testCase{name: filepath.Base(dir), dir: dir}
	rgds, err := readFile(filepath.Join(dir, "rgd.yaml"))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNotACase, err)
	}
	for _, rgd := range rgds {
		if isRGD(rgd) {
			c.rgds = append(c.rgds, withoutReadyWhen(rgd))
		}
	}
	instances, err := readFile(filepath.Join(dir, "instance.yaml"))
	if err != nil || len(instances) == 0 {
		return nil, fmt.Errorf("%w: %w", errNotACase, err)
	}
	c.instance = instances[0]
	for folder, into := range map[string]*[]*unstructured.Unstructured{"crds": &c.crds, "cluster": &c.cluster, "observed": &c.observed} {
		files, err := filepath.Glob(filepath.Join(dir, folder, "*.y*ml"))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			objects, err := readFile(file)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", errNotACase, err)
			}
			*into = append(*into, objects...)
		}
	}
	gates, err := os.ReadFile(filepath.Join(dir, "feature-gates"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	c.gates = strings.TrimSpace(string(gates))
	return c, nil
}

func readFile(name string) ([]*unstructured.Unstructured, error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(raw)))
	var out []*unstructured.Unstructured
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		text, err := yaml.YAMLToJSON(document)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if string(bytes.TrimSpace(text)) == "null" {
			continue
		}
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(text); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, object)
	}
}

// withoutReadyWhen takes away what nothing here would satisfy: no pod runs, no cloud answers.
func withoutReadyWhen(in *unstructured.Unstructured) *unstructured.Unstructured {
	out := in.DeepCopy()
	resources, _, _ := unstructured.NestedSlice(out.Object, "spec", "resources")
	for _, resource := range resources {
		if resource, ok := resource.(map[string]any); ok {
			delete(resource, "readyWhen")
		}
	}
	if resources != nil {
		_ = unstructured.SetNestedSlice(out.Object, resources, "spec", "resources")
	}
	return out
}

func isRGD(o *unstructured.Unstructured) bool {
	return o.GroupVersionKind().Group == "kro.run" && o.GetKind() == "ResourceGraphDefinition"
}

// generatedKind is the kind that an RGD defines.
func generatedKind(rgd *unstructured.Unstructured) schema.GroupKind {
	group, found, _ := unstructured.NestedString(rgd.Object, "spec", "schema", "group")
	if !found || group == "" {
		group = "kro.run"
	}
	kind, _, _ := unstructured.NestedString(rgd.Object, "spec", "schema", "kind")
	return schema.GroupKind{Group: group, Kind: kind}
}

func generatedKinds(rgds []*unstructured.Unstructured) map[schema.GroupKind]bool {
	out := map[schema.GroupKind]bool{}
	for _, rgd := range rgds {
		out[generatedKind(rgd)] = true
	}
	return out
}

// identity is what an object is, whatever version it is written in.
type identity struct {
	schema.GroupKind
	namespace, name string
}

func identityOf(o *unstructured.Unstructured) identity {
	return identity{o.GroupVersionKind().GroupKind(), o.GetNamespace(), o.GetName()}
}

func (i identity) String() string {
	name := i.name
	if i.namespace != "" {
		name = i.namespace + "/" + name
	}
	return i.Kind + " " + name
}

// templates are the templates of an RGD's resources.
func templates(rgd *unstructured.Unstructured) []*unstructured.Unstructured {
	resources, _, _ := unstructured.NestedSlice(rgd.Object, "spec", "resources")
	var out []*unstructured.Unstructured
	for _, entry := range resources {
		resource, _ := entry.(map[string]any)
		if template, ok := resource["template"].(map[string]any); ok {
			out = append(out, &unstructured.Unstructured{Object: template})
		}
	}
	return out
}

// templateKinds are the kinds that graphs render.
func templateKinds(rgds []*unstructured.Unstructured) []schema.GroupVersionKind {
	seen := map[schema.GroupVersionKind]bool{}
	for _, rgd := range rgds {
		for _, template := range templates(rgd) {
			seen[template.GroupVersionKind()] = true
		}
	}
	return slices.SortedFunc(maps.Keys(seen), func(a, b schema.GroupVersionKind) int { return strings.Compare(a.String(), b.String()) })
}

// literalNamespaces returns the templates that are in a namespace which does not follow from the
// instance, unless the graph makes it.
func (c *testCase) literalNamespaces() []*unstructured.Unstructured {
	var out []*unstructured.Unstructured
	for _, rgd := range c.rgds {
		for _, template := range templates(rgd) {
			if isNamespace(template) || template.GetNamespace() != "" && !strings.Contains(template.GetNamespace(), "${") {
				out = append(out, template)
			}
		}
	}
	return out
}
