// Package standin is a stand-in for kube-apiserver in tests: objects with uids and
// resource versions, merge patches, server-side apply with owners of fields, dry
// runs, finalizers and preconditions.
package standin

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
)

// API is one such server.
type API struct {
	Mu      sync.Mutex
	Objects map[string]map[string]any // by resource, namespace and name, with slashes
	Deleted []string
	Kinds   map[string]map[string]string // by group/version and resource
	// Denied names requests that RBAC does not allow, as VERB RESOURCE.
	Denied []string
	// DeniedTo are the same for users that access reviews are about.
	DeniedTo map[string][]string
	// Admit changes an object before it is stored, or refuses it; before is what is
	// there.
	Admit func(obj, before map[string]any) error

	last   int
	writes int
}

// Writes counts the requests that stored something.
func (f *API) Writes() int {
	f.Mu.Lock()
	defer f.Mu.Unlock()
	return f.writes
}

// kinds are those that it serves unless a test says more.
var kinds = map[string]map[string]string{
	"v1":                             {"configmaps": "ConfigMap", "secrets": "Secret", "serviceaccounts": "ServiceAccount"},
	"example.com/v1":                 {"databases": "Database"},
	"example.com/v1alpha1":           {"shops": "Shop", "cellars": "Cellar"},
	"kro.run/v1alpha1":               {"resourcegraphdefinitions": "ResourceGraphDefinition"},
	"argoproj.io/v1alpha1":           {"applications": "Application"},
	"kustomize.toolkit.fluxcd.io/v1": {"kustomizations": "Kustomization"},
	"apiextensions.k8s.io/v1":        {"customresourcedefinitions": "CustomResourceDefinition"},
}

func namespaced(resource string) bool {
	return resource != "resourcegraphdefinitions" && resource != "customresourcedefinitions"
}

// Start starts an API, which ends with the test, and returns its address.
func Start(t *testing.T) (*API, string) {
	t.Helper()
	f := &API{Objects: map[string]map[string]any{}, Kinds: maps.Clone(kinds)}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return f, server.URL
}

// request is where a request goes.
type request struct{ version, resource, namespace, name string }

func (r request) key(name string) string { return r.resource + "/" + r.namespace + "/" + name }

func parse(u *url.URL) request {
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	var r request
	if parts[0] == "api" {
		r.version, parts = parts[1], parts[2:]
	} else {
		r.version, parts = parts[1]+"/"+parts[2], parts[3:]
	}
	if len(parts) > 1 && parts[0] == "namespaces" {
		r.namespace, parts = parts[1], parts[2:]
	}
	if len(parts) > 0 {
		r.resource = parts[0]
	}
	if len(parts) > 1 {
		r.name = parts[1]
	}
	return r
}

func (f *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.Mu.Lock()
	defer f.Mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	code, answer := f.discovery(r.URL.Path)
	if answer == nil {
		code, answer = f.serve(r, body)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(answer) // whoever asked may be gone
}

func (f *API) discovery(path string) (int, any) {
	switch path {
	case "/version":
		return 200, map[string]any{"major": "1", "minor": "36", "gitVersion": "v1.36.0"}
	case "/api":
		return 200, map[string]any{"kind": "APIVersions", "versions": []any{"v1"}}
	case "/apis":
		groups := []any{}
		byGroup := map[string][]any{}
		for _, version := range slices.Sorted(maps.Keys(f.Kinds)) {
			if group, v, ok := strings.Cut(version, "/"); ok {
				byGroup[group] = append(byGroup[group], map[string]any{"groupVersion": version, "version": v})
			}
		}
		for _, group := range slices.Sorted(maps.Keys(byGroup)) {
			groups = append(groups, map[string]any{"name": group, "versions": byGroup[group], "preferredVersion": byGroup[group][0]})
		}
		return 200, map[string]any{"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
	}
	version := strings.TrimPrefix(strings.TrimPrefix(path, "/apis/"), "/api/")
	served, ok := f.Kinds[version]
	if !ok {
		return 0, nil
	}
	resources := []any{}
	for _, name := range slices.Sorted(maps.Keys(served)) {
		resources = append(resources, map[string]any{"name": name, "kind": served[name], "namespaced": namespaced(name), "verbs": []any{"get", "list", "create", "update", "patch", "delete"}})
	}
	return 200, map[string]any{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources}
}

func status(code int, reason string) (int, any) {
	return code, map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code, "message": reason}
}

func meta(obj map[string]any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: obj}
}

func (f *API) serve(r *http.Request, body []byte) (int, any) {
	at := parse(r.URL)
	if at.version == "authorization.k8s.io/v1" {
		return f.review(body)
	}
	kind, ok := f.Kinds[at.version][at.resource]
	if !ok {
		return status(404, "NotFound")
	}
	dry := r.URL.Query().Get("dryRun") != ""
	have := f.Objects[at.key(at.name)]
	if verb := f.denied(r.Method, at, have); verb != "" {
		code, answer := status(403, "Forbidden")
		answer.(map[string]any)["message"] = fmt.Sprintf("%s %q is forbidden: User \"someone\" cannot %s resource %q in API group %q", at.resource, at.name, verb, at.resource, "")
		return code, answer
	}
	switch {
	case r.Method == http.MethodGet && at.name == "":
		return f.list(at, kind, r.URL.Query().Get("labelSelector"))
	case r.Method == http.MethodPost:
		var obj map[string]any
		if json.Unmarshal(body, &obj) != nil {
			return status(400, "BadRequest")
		}
		at.name = meta(obj).GetName()
		if f.Objects[at.key(at.name)] != nil {
			return status(409, "AlreadyExists")
		}
		return f.stored(201, at, obj, nil, dry)
	case have == nil && !(r.Method == http.MethodPatch && strings.Contains(r.Header.Get("Content-Type"), "apply")):
		return status(404, "NotFound")
	case r.Method == http.MethodGet:
		return 200, have
	case r.Method == http.MethodDelete:
		return f.remove(at, have, body, dry)
	}
	var change map[string]any
	if json.Unmarshal(body, &change) != nil {
		return status(400, "BadRequest")
	}
	if version := meta(change).GetResourceVersion(); version != "" && (have == nil || version != meta(have).GetResourceVersion()) {
		return status(409, "Conflict")
	}
	switch {
	case r.Method == http.MethodPut:
		return f.stored(200, at, change, have, dry)
	case strings.Contains(r.Header.Get("Content-Type"), "apply"):
		return f.stored(200, at, applied(have, change, r.URL.Query().Get("fieldManager")), have, dry)
	}
	return f.stored(200, at, merged(have, change), have, dry)
}

func (f *API) list(at request, kind, selector string) (int, any) {
	match, err := labels.Parse(selector)
	if err != nil {
		return status(400, "BadRequest")
	}
	items := []any{}
	for _, key := range slices.Sorted(maps.Keys(f.Objects)) {
		obj := meta(f.Objects[key])
		if obj.GetKind() == kind && (at.namespace == "" || obj.GetNamespace() == at.namespace) && match.Matches(labels.Set(obj.GetLabels())) {
			items = append(items, f.Objects[key])
		}
	}
	return 200, map[string]any{"kind": kind + "List", "apiVersion": at.version, "metadata": map[string]any{"resourceVersion": strconv.Itoa(f.last)}, "items": items}
}

// review answers whether somebody may do something.
func (f *API) review(body []byte) (int, any) {
	var asked struct {
		Spec struct {
			User               string
			ResourceAttributes struct{ Verb, Resource string }
		}
	}
	if json.Unmarshal(body, &asked) != nil {
		return status(400, "BadRequest")
	}
	denied := f.Denied
	if asked.Spec.User != "" {
		denied = f.DeniedTo[asked.Spec.User]
	}
	a := asked.Spec.ResourceAttributes
	return 201, map[string]any{"kind": "SubjectAccessReview", "apiVersion": "authorization.k8s.io/v1", "status": map[string]any{"allowed": !slices.Contains(denied, a.Verb+" "+a.Resource)}}
}

// denied is the verb of a request that RBAC does not allow; "" when it does.
func (f *API) denied(method string, at request, have map[string]any) string {
	verbs := map[string][]string{http.MethodGet: {"get"}, http.MethodPost: {"create"}, http.MethodPut: {"update"}, http.MethodPatch: {"patch"}, http.MethodDelete: {"delete"}}[method]
	switch {
	case method == http.MethodGet && at.name == "":
		verbs = []string{"list"}
	case method == http.MethodPatch && have == nil:
		verbs = []string{"patch", "create"}
	}
	for _, verb := range verbs {
		if slices.Contains(f.Denied, verb+" "+at.resource) {
			return verb
		}
	}
	return ""
}

// stored writes an object if it is admitted.
func (f *API) stored(code int, at request, obj, before map[string]any, dry bool) (int, any) {
	if f.Admit != nil {
		if err := f.Admit(obj, before); err != nil {
			code, answer := status(422, "Invalid")
			answer.(map[string]any)["message"] = err.Error()
			return code, answer
		}
	}
	return code, f.store(at, obj, before, dry)
}

// store writes an object; without a difference its resource version stays.
func (f *API) store(at request, obj, before map[string]any, dry bool) map[string]any {
	out := meta(meta(obj).DeepCopy().Object)
	if text, ok := out.Object["stringData"].(map[string]any); ok {
		data := map[string]any{}
		for name, v := range text {
			data[name] = base64.StdEncoding.EncodeToString([]byte(fmt.Sprint(v)))
		}
		out.Object["data"] = data
		delete(out.Object, "stringData")
	}
	out.SetAPIVersion(at.version)
	out.SetKind(f.Kinds[at.version][at.resource])
	out.SetName(at.name)
	out.SetNamespace(at.namespace)
	if before == nil {
		out.SetUID("")
		out.SetResourceVersion("")
		f.last++
		_ = unstructured.SetNestedField(out.Object, fmt.Sprintf("uid-%d", f.last), "metadata", "uid")
	} else {
		b := meta(before)
		out.SetUID(b.GetUID())
		out.SetResourceVersion(b.GetResourceVersion())
		if at := b.GetDeletionTimestamp(); at != nil {
			out.SetDeletionTimestamp(at)
		}
		if Text(out.Object) == Text(before) {
			return before
		}
	}
	if dry {
		return out.Object
	}
	f.last++
	f.writes++
	out.SetResourceVersion(strconv.Itoa(f.last))
	f.Objects[at.key(at.name)] = out.Object
	if out.GetDeletionTimestamp() != nil && len(out.GetFinalizers()) == 0 {
		delete(f.Objects, at.key(at.name))
	}
	return out.Object
}

// Text is an object as JSON.
func Text(obj map[string]any) string {
	text, err := json.Marshal(obj)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (f *API) remove(at request, have map[string]any, body []byte, dry bool) (int, any) {
	var opts metav1.DeleteOptions
	if len(body) > 0 && json.Unmarshal(body, &opts) != nil {
		return status(400, "BadRequest")
	}
	obj := meta(meta(have).DeepCopy().Object)
	if p := opts.Preconditions; p != nil {
		if p.UID != nil && *p.UID != obj.GetUID() || p.ResourceVersion != nil && *p.ResourceVersion != obj.GetResourceVersion() {
			return status(409, "Conflict")
		}
	}
	if dry || len(opts.DryRun) > 0 {
		return 200, have
	}
	f.Deleted = append(f.Deleted, at.resource+"/"+at.name)
	if len(obj.GetFinalizers()) == 0 {
		delete(f.Objects, at.key(at.name))
		return 200, obj.Object
	}
	if obj.GetDeletionTimestamp() == nil {
		now := metav1.Now()
		obj.SetDeletionTimestamp(&now)
		f.last++
		obj.SetResourceVersion(strconv.Itoa(f.last))
		f.Objects[at.key(at.name)] = obj.Object
	}
	return 200, obj.Object
}

// Kubeconfig writes a kubeconfig of one cluster at an address, with the context
// staging, and returns its path.
func Kubeconfig(t *testing.T, address string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubeconfig")
	text := "apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: '" + address + "'}}]\n" +
		"contexts: [{name: staging, context: {cluster: c}}]\ncurrent-context: staging\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
