package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	openapibuilder "k8s.io/apiextensions-apiserver/pkg/controller/openapi/builder"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/cel/openapi/resolver"
	"k8s.io/client-go/rest"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/kubernetes-sigs/kro/pkg/graph"
	kroresolver "github.com/kubernetes-sigs/kro/pkg/graph/schema/resolver"
)

// cluster plays the two parts of an API server that kro's graph builder asks for, discovery and
// OpenAPI v3, in process: it is the http.RoundTripper under kro's own clients. A cluster never
// changes; withCRD makes another.
type cluster struct {
	builtin   *builtin
	crds      map[schema.GroupKind]*apiextensionsv1.CustomResourceDefinition
	custom    map[string][]byte // "apis/group/version" -> OpenAPI v3 of custom kinds
	resources map[string][]metav1.APIResource

	schemas resolver.SchemaResolver
	mapper  meta.RESTMapper
	builder *graph.Builder
}

// newCluster serves the built-in kinds and kro's own.
func newCluster() (*cluster, error) {
	b, err := loadBuiltin()
	if err != nil {
		return nil, err
	}
	own, err := decodeCRDs(string(b.kroCRDs))
	if err != nil {
		return nil, err
	}
	return (&cluster{builtin: b, resources: b.resources}).withCRDs(own)
}

// withCRDs returns a cluster that serves the kinds of the given CRDs too. Schemas of the kinds that
// it had before stay resolved.
func (c *cluster) withCRDs(crds []*apiextensionsv1.CustomResourceDefinition) (*cluster, error) {
	out := &cluster{builtin: c.builtin, crds: maps.Clone(c.crds), custom: maps.Clone(c.custom), resources: maps.Clone(c.resources)}
	if out.crds == nil {
		out.crds, out.custom = map[schema.GroupKind]*apiextensionsv1.CustomResourceDefinition{}, map[string][]byte{}
	}
	added := map[schema.GroupKind]bool{}
	for _, in := range crds {
		crd := served(in)
		added[schema.GroupKind{Group: crd.Spec.Group, Kind: crd.Spec.Names.Kind}] = true
		if err := out.serve(crd); err != nil {
			return nil, fmt.Errorf("crd %s: %w", crd.Name, err)
		}
	}
	config, client := &rest.Config{Host: "http://cluster.invalid", QPS: -1}, &http.Client{Transport: out}
	fresh, err := kroresolver.NewCombinedResolver(config, client)
	if err != nil {
		return nil, err
	}
	out.schemas = layered{added: added, fresh: fresh, before: c.schemas}
	if out.mapper, err = apiutil.NewDynamicRESTMapper(config, client); err != nil {
		return nil, err
	}
	out.builder, err = graph.NewBuilder(config, client, graph.WithSchemaResolver(out.schemas), graph.WithRESTMapper(out.mapper))
	return out, err
}

// layered resolves the kinds a cluster added itself, and leaves the others to the cluster below, so
// that the large documents of the built-in kinds are parsed once in a process.
type layered struct {
	added         map[schema.GroupKind]bool
	fresh, before resolver.SchemaResolver
}

func (l layered) ResolveSchema(gvk schema.GroupVersionKind) (*spec.Schema, error) {
	if l.before == nil || l.added[gvk.GroupKind()] {
		return l.fresh.ResolveSchema(gvk)
	}
	return l.before.ResolveSchema(gvk)
}

// served fills in what the API server and its naming controller fill in.
func served(in *apiextensionsv1.CustomResourceDefinition) *apiextensionsv1.CustomResourceDefinition {
	crd := in.DeepCopy()
	apiextensionsv1.SetDefaults_CustomResourceDefinition(crd)
	apiextensionsv1.SetDefaults_CustomResourceDefinitionSpec(&crd.Spec)
	crd.Status.AcceptedNames = crd.Spec.Names
	return crd
}

func (c *cluster) serve(crd *apiextensionsv1.CustomResourceDefinition) error {
	c.crds[schema.GroupKind{Group: crd.Spec.Group, Kind: crd.Spec.Names.Kind}] = crd
	for path, resources := range c.resources { // an earlier definition of the kind goes
		if strings.HasPrefix(path, "apis/"+crd.Spec.Group+"/") {
			c.resources[path] = slices.DeleteFunc(slices.Clone(resources), func(r metav1.APIResource) bool {
				return r.Kind == crd.Spec.Names.Kind
			})
		}
	}
	for _, version := range crd.Spec.Versions {
		if !version.Served {
			continue
		}
		document, err := openapibuilder.BuildOpenAPIV3(crd, version.Name, openapibuilder.Options{V2: false})
		if err != nil {
			return err
		}
		raw, err := document.MarshalJSON()
		if err != nil {
			return err
		}
		path := "apis/" + crd.Spec.Group + "/" + version.Name
		if c.custom[path], err = mergeDocuments(c.custom[path], raw); err != nil {
			return err
		}
		c.resources[path] = append(slices.Clone(c.resources[path]), metav1.APIResource{
			Name: crd.Spec.Names.Plural, SingularName: strings.ToLower(crd.Spec.Names.Kind), Kind: crd.Spec.Names.Kind,
			Namespaced: crd.Spec.Scope == apiextensionsv1.NamespaceScoped, Verbs: allVerbs(),
		})
	}
	return nil
}

// mergeDocuments adds the paths and schemas of one OpenAPI document to another's.
func mergeDocuments(old, added []byte) ([]byte, error) {
	if old == nil {
		return added, nil
	}
	type document struct {
		OpenAPI    string                     `json:"openapi"`
		Info       json.RawMessage            `json:"info"`
		Paths      map[string]json.RawMessage `json:"paths"`
		Components struct {
			Schemas map[string]json.RawMessage `json:"schemas"`
		} `json:"components"`
	}
	var a, b document
	if err := json.Unmarshal(old, &a); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(added, &b); err != nil {
		return nil, err
	}
	maps.Copy(a.Paths, b.Paths)
	maps.Copy(a.Components.Schemas, b.Components.Schemas)
	return json.Marshal(a)
}

// RoundTrip answers one request of kro's clients.
func (c *cluster) RoundTrip(request *http.Request) (*http.Response, error) {
	status := http.StatusOK
	body, err := c.answer(strings.Trim(request.URL.Path, "/"))
	if err == nil && body == nil {
		status = http.StatusNotFound
		body, err = json.Marshal(metav1.Status{
			TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusFailure, Code: http.StatusNotFound,
			Reason: metav1.StatusReasonNotFound, Message: "the server could not find the requested resource",
		})
	}
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status: http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": []string{"application/json"}},
		Body:   io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: request,
	}, nil
}

func (c *cluster) answer(path string) ([]byte, error) {
	document, isDocument := strings.CutPrefix(path, "openapi/v3/")
	switch {
	case path == "api":
		return json.Marshal(metav1.APIVersions{TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}, Versions: []string{"v1"}})
	case path == "apis":
		list := metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}}
		for _, resourcePath := range sortedKeys(c.resources) {
			group, known := groupOf(resourcePath), len(list.Groups) > 0
			if group != "" && !(known && list.Groups[len(list.Groups)-1].Name == group) && len(c.versions(group)) > 0 {
				list.Groups = append(list.Groups, c.group(group))
			}
		}
		return json.Marshal(list)
	case path == "openapi/v3":
		index := map[string]any{}
		for _, known := range append(sortedKeys(c.builtin.openAPI), sortedKeys(c.custom)...) {
			index[known] = map[string]string{"serverRelativeURL": "/openapi/v3/" + known}
		}
		return json.Marshal(map[string]any{"paths": index})
	case isDocument && c.custom[document] != nil:
		return c.custom[document], nil
	case isDocument && c.builtin.openAPI[document] != "":
		return os.ReadFile(c.builtin.openAPI[document])
	case strings.Count(path, "/") == 1 && len(c.versions(groupOf(path+"/"))) > 0:
		return json.Marshal(c.group(groupOf(path + "/")))
	case len(c.resources[path]) > 0:
		_, groupVersion, _ := strings.Cut(path, "/")
		return json.Marshal(metav1.APIResourceList{
			TypeMeta:     metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"},
			GroupVersion: groupVersion, APIResources: c.resources[path],
		})
	}
	return nil, nil
}

// groupOf returns the group in "apis/group/version", and "" for the core group.
func groupOf(path string) string {
	if parts := strings.Split(path, "/"); len(parts) == 3 && parts[0] == "apis" {
		return parts[1]
	}
	return ""
}

func (c *cluster) versions(group string) []string {
	var out []string
	for _, path := range sortedKeys(c.resources) {
		if groupOf(path) == group && group != "" && len(c.resources[path]) > 0 {
			out = append(out, path[strings.LastIndex(path, "/")+1:])
		}
	}
	return out
}

func (c *cluster) group(name string) metav1.APIGroup {
	out := metav1.APIGroup{TypeMeta: metav1.TypeMeta{Kind: "APIGroup", APIVersion: "v1"}, Name: name}
	for _, version := range c.versions(name) {
		out.Versions = append(out.Versions, metav1.GroupVersionForDiscovery{GroupVersion: name + "/" + version, Version: version})
	}
	out.PreferredVersion = out.Versions[0]
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
