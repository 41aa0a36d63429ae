package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// conformanceCase is a case folder in memory.
type conformanceCase struct {
	rgds         []*unstructured.Unstructured
	instance     *unstructured.Unstructured // nil: none given
	crds         []*apiextensionsv1.CustomResourceDefinition
	crdText      string // identifies the CRDs
	cluster      []*unstructured.Unstructured
	observed     []*unstructured.Unstructured // live objects of the case's own nodes and instances
	knowsCluster bool                         // without either folder nothing is known of external references
	gates        string
}

// readFolder returns the files of a case folder by slash-separated name.
func readFolder(dir string) (map[string]string, error) {
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		relative = filepath.ToSlash(relative)
		if entry.IsDir() {
			if relative == "cluster" || relative == "observed" {
				files[relative+"/"] = ""
			}
			return nil
		}
		raw, err := os.ReadFile(name)
		files[relative] = string(raw)
		return err
	})
	return files, err
}

func parseCase(files map[string]string) (*conformanceCase, error) {
	c := &conformanceCase{gates: strings.TrimSpace(files["feature-gates"])}
	for _, name := range sortedKeys(files) {
		folder, base := path.Split(name)
		isYAML := strings.HasSuffix(base, ".yaml") || strings.HasSuffix(base, ".yml")
		live := folder == "cluster/" || folder == "observed/"
		c.knowsCluster = c.knowsCluster || live
		if !isYAML {
			continue
		}
		objects, err := readObjects(files[name])
		if err != nil && (live || folder == "") {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		switch {
		case name == "rgd.yaml":
			for _, object := range objects {
				if object.GetKind() == "ResourceGraphDefinition" {
					c.rgds = append(c.rgds, object)
				}
			}
		case name == "instance.yaml" && len(objects) > 0:
			c.instance = objects[0]
		case folder == "crds/":
			crds, err := decodeCRDs(files[name])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			c.crds = append(c.crds, crds...)
			c.crdText += files[name] + "\n---\n"
		case folder == "cluster/":
			c.cluster = append(c.cluster, objects...)
		case folder == "observed/":
			c.observed = append(c.observed, objects...)
		}
	}
	if len(c.rgds) == 0 {
		return nil, errors.New("rgd.yaml: no ResourceGraphDefinition")
	}
	return c, c.eachObservedOnce()
}

// eachObservedOnce refuses a second live object for an observed one: which would be read?
func (c *conformanceCase) eachObservedOnce() error {
	key := func(object *unstructured.Unstructured) string {
		return fmt.Sprintf("%s %s/%s", object.GroupVersionKind(), object.GetNamespace(), object.GetName())
	}
	times := map[string]int{}
	for _, object := range slices.Concat(c.observed, c.cluster) {
		times[key(object)]++
	}
	for _, object := range c.observed {
		if times[key(object)] > 1 {
			return fmt.Errorf("observed/: two live objects for %s", key(object))
		}
	}
	return nil
}

// readObjects decodes a YAML stream the way kubectl does.
func readObjects(text string) ([]*unstructured.Unstructured, error) {
	documents := utilyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
	var out []*unstructured.Unstructured
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		raw, err := yaml.YAMLToJSON(document)
		if err != nil {
			return nil, err
		}
		if raw = bytes.TrimSpace(raw); len(raw) == 0 || string(raw) == "null" {
			continue
		}
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(raw); err != nil {
			return nil, err
		}
		out = append(out, object)
	}
}

func decodeCRDs(text string) ([]*apiextensionsv1.CustomResourceDefinition, error) {
	objects, err := readObjects(text)
	if err != nil {
		return nil, err
	}
	var out []*apiextensionsv1.CustomResourceDefinition
	for _, object := range objects {
		if object.GetKind() != "CustomResourceDefinition" {
			continue
		}
		if object.GetAPIVersion() != "apiextensions.k8s.io/v1" {
			return nil, fmt.Errorf("%s: unsupported apiVersion %q", object.GetName(), object.GetAPIVersion())
		}
		raw, err := json.Marshal(object.Object)
		if err != nil {
			return nil, err
		}
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := json.Unmarshal(raw, crd); err != nil {
			return nil, fmt.Errorf("%s: %w", object.GetName(), err)
		}
		out = append(out, crd)
	}
	return out, nil
}
