// Command bundle writes the Kubernetes schemas that package schema embeds: one
// file per minor version, made from the OpenAPI v3 documents in the module
// k8s.io/kubernetes (api/openapi-spec/v3), and the enums that its API server
// publishes beside them. It needs the module proxy or a warm
// module cache, and writes the same bytes each time. Run it through go generate.
//
//	bundle [-o DIR] v1.37.2 v1.36.3 ...
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
)

func main() {
	out := flag.String("o", "bundle", "folder to write to")
	flag.Parse()
	for _, v := range flag.Args() {
		if err := write(*out, v); err != nil {
			fmt.Fprintf(os.Stderr, "bundle %s: %v\n", v, err)
			os.Exit(1)
		}
	}
}

// write makes the file of one Kubernetes version, named after its minor version.
func write(dir, version string) error {
	src, err := moduleDir("k8s.io/kubernetes@" + version)
	if err != nil {
		return err
	}
	docs, err := readDocuments(filepath.Join(src, "api", "openapi-spec", "v3"))
	if err != nil {
		return err
	}
	words, err := readEnums(src)
	if err != nil {
		return err
	}
	words.add(docs)
	raw, err := encode(docs)
	if err != nil {
		return err
	}
	minor := strings.TrimPrefix(version[:strings.LastIndex(version, ".")], "v")
	return os.WriteFile(filepath.Join(dir, minor+".bin"), raw, 0o644)
}

func moduleDir(module string) (string, error) {
	out, err := exec.Command("go", "mod", "download", "-json", module).Output()
	if err != nil {
		return "", fmt.Errorf("go mod download %s: %w", module, err)
	}
	var m struct{ Dir string }
	if err := json.Unmarshal(out, &m); err != nil {
		return "", err
	}
	return m.Dir, nil
}

// document is the OpenAPI v3 document of one group and version.
type document struct {
	Paths      map[string]map[string]json.RawMessage `json:"paths"`
	Components struct {
		Schemas map[string]map[string]any `json:"schemas"`
	} `json:"components"`

	path           string // api/v1 or apis/apps/v1
	group, version string
}

// readDocuments reads every group/version document of dir, in name order.
func readDocuments(dir string) ([]*document, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*_openapi.json"))
	if err != nil {
		return nil, err
	}
	sort.Strings(files)
	var docs []*document
	for _, f := range files {
		path := strings.ReplaceAll(strings.TrimSuffix(filepath.Base(f), "_openapi.json"), "__", "/")
		parts := strings.Split(path, "/")
		d := &document{path: path}
		switch {
		case len(parts) == 2 && parts[0] == "api":
			d.version = parts[1]
		case len(parts) == 3 && parts[0] == "apis":
			d.group, d.version = parts[1], parts[2]
		default:
			continue // lists of groups, /version and the like
		}
		raw, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(raw, d); err != nil {
			return nil, fmt.Errorf("%s: %w", f, err)
		}
		docs = append(docs, d)
	}
	if len(docs) == 0 {
		return nil, errors.New("no OpenAPI v3 documents found")
	}
	return docs, nil
}

// resource is a kind with a REST mapping.
type resource struct {
	group, version, kind, plural string
	namespaced                   bool
	component                    string
}

type gvk struct{ Group, Version, Kind string }

// resources derives the REST resources of a document from its paths, keeping
// those whose kind also has a component: kro needs both.
func (d *document) resources() []resource {
	byPlural := map[string]*resource{}
	for path, operations := range d.Paths {
		plural, namespaced, ok := d.collection(path)
		if !ok {
			continue
		}
		for _, raw := range operations {
			var op struct {
				Action string `json:"x-kubernetes-action"`
				GVK    *gvk   `json:"x-kubernetes-group-version-kind"`
			}
			if json.Unmarshal(raw, &op) != nil || op.GVK == nil {
				continue
			}
			r := byPlural[plural]
			if r == nil {
				r = &resource{group: d.group, version: d.version, plural: plural}
				byPlural[plural] = r
			}
			r.namespaced = r.namespaced || namespaced
			switch op.Action {
			case "list", "post", "get", "put", "patch":
				r.kind = op.GVK.Kind
			}
		}
	}
	var out []resource
	for _, r := range byPlural {
		r.component = d.componentOf(gvk{d.group, d.version, r.kind})
		if r.kind != "" && r.component != "" {
			out = append(out, *r)
		}
	}
	return out
}

// collection takes RES and RES/{name}, also below a namespace; subresources and
// watches are not resources of their own.
func (d *document) collection(path string) (plural string, namespaced, ok bool) {
	rest, found := strings.CutPrefix(path, "/"+d.path+"/")
	if !found {
		return "", false, false
	}
	parts := strings.Split(strings.TrimSuffix(rest, "/"), "/")
	if len(parts) >= 3 && parts[0] == "namespaces" && parts[1] == "{namespace}" {
		parts, namespaced = parts[2:], true
	}
	if parts[0] == "" || parts[0] == "watch" || len(parts) > 2 || len(parts) == 2 && parts[1] != "{name}" {
		return "", false, false
	}
	return parts[0], namespaced, true
}

// componentOf names the component that says it is k.
func (d *document) componentOf(k gvk) string {
	names := make([]string, 0, len(d.Components.Schemas))
	for name := range d.Components.Schemas {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		list, _ := d.Components.Schemas[name]["x-kubernetes-group-version-kind"].([]any)
		for _, e := range list {
			m, _ := e.(map[string]any)
			if m["group"] == k.Group && m["version"] == k.Version && m["kind"] == k.Kind {
				return name
			}
		}
	}
	return ""
}
