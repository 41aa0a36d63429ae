package adopt_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
)

// fakeAPI is a stand-in for kube-apiserver, beside the real one: objects with uids and
// resource versions, merge patches, server-side apply with owners of fields, finalizers
// and preconditions. Tests run against it where no real one is built.
type fakeAPI struct {
	mu      sync.Mutex
	objects map[string]map[string]any // by resource, namespace and name
	last    int
	deleted []string
}

// fakeKinds are the kinds that it serves, by group and version.
var fakeKinds = map[string]map[string]string{
	"v1":                             {"configmaps": "ConfigMap", "secrets": "Secret"},
	"example.com/v1":                 {"databases": "Database"},
	"example.com/v1alpha1":           {"shops": "Shop", "cellars": "Cellar"},
	"kro.run/v1alpha1":               {"resourcegraphdefinitions": "ResourceGraphDefinition"},
	"argoproj.io/v1alpha1":           {"applications": "Application"},
	"kustomize.toolkit.fluxcd.io/v1": {"kustomizations": "Kustomization"},
	"apiextensions.k8s.io/v1":        {"customresourcedefinitions": "CustomResourceDefinition"},
}

func fakeNamespaced(resource string) bool {
	return resource != "resourcegraphdefinitions" && resource != "customresourcedefinitions"
}

func startFake(t *testing.T) (*fakeAPI, string) {
	t.Helper()
	f := &fakeAPI{objects: map[string]map[string]any{}}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return f, server.URL
}

// fakeRequest is where a request goes.
type fakeRequest struct{ version, resource, namespace, name string }

func (r fakeRequest) key(name string) string { return r.resource + "/" + r.namespace + "/" + name }

func parseFake(u *url.URL) fakeRequest {
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	var r fakeRequest
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

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
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

func (f *fakeAPI) discovery(path string) (int, any) {
	switch path {
	case "/api":
		return 200, map[string]any{"kind": "APIVersions", "versions": []any{"v1"}}
	case "/apis":
		groups := []any{}
		byGroup := map[string][]any{}
		for _, version := range slices.Sorted(maps.Keys(fakeKinds)) {
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
	kinds, ok := fakeKinds[version]
	if !ok {
		return 0, nil
	}
	resources := []any{}
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		resources = append(resources, map[string]any{"name": name, "kind": kinds[name], "namespaced": fakeNamespaced(name), "verbs": []any{"get", "list", "create", "update", "patch", "delete"}})
	}
	return 200, map[string]any{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources}
}

func fakeStatus(code int, reason string) (int, any) {
	return code, map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code, "message": reason}
}

func fakeMeta(obj map[string]any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: obj}
}

func (f *fakeAPI) serve(r *http.Request, body []byte) (int, any) {
	at := parseFake(r.URL)
	kind, ok := fakeKinds[at.version][at.resource]
	if !ok {
		return fakeStatus(404, "NotFound")
	}
	dry := r.URL.Query().Get("dryRun") != ""
	have := f.objects[at.key(at.name)]
	switch {
	case r.Method == http.MethodGet && at.name == "":
		return f.list(at, kind, r.URL.Query().Get("labelSelector"))
	case r.Method == http.MethodPost:
		var obj map[string]any
		if json.Unmarshal(body, &obj) != nil {
			return fakeStatus(400, "BadRequest")
		}
		at.name = fakeMeta(obj).GetName()
		if f.objects[at.key(at.name)] != nil {
			return fakeStatus(409, "AlreadyExists")
		}
		return 201, f.store(at, obj, nil, dry)
	case have == nil && !(r.Method == http.MethodPatch && strings.Contains(r.Header.Get("Content-Type"), "apply")):
		return fakeStatus(404, "NotFound")
	case r.Method == http.MethodGet:
		return 200, have
	case r.Method == http.MethodDelete:
		return f.remove(at, have, body, dry)
	}
	var change map[string]any
	if json.Unmarshal(body, &change) != nil {
		return fakeStatus(400, "BadRequest")
	}
	if version := fakeMeta(change).GetResourceVersion(); version != "" && (have == nil || version != fakeMeta(have).GetResourceVersion()) {
		return fakeStatus(409, "Conflict")
	}
	switch {
	case r.Method == http.MethodPut:
		return 200, f.store(at, change, have, dry)
	case strings.Contains(r.Header.Get("Content-Type"), "apply"):
		return 200, f.store(at, fakeApplied(have, change, r.URL.Query().Get("fieldManager")), have, dry)
	}
	return 200, f.store(at, fakeMerged(have, change), have, dry)
}

func (f *fakeAPI) list(at fakeRequest, kind, selector string) (int, any) {
	match, err := labels.Parse(selector)
	if err != nil {
		return fakeStatus(400, "BadRequest")
	}
	items := []any{}
	for _, key := range slices.Sorted(maps.Keys(f.objects)) {
		obj := fakeMeta(f.objects[key])
		if obj.GetKind() == kind && (at.namespace == "" || obj.GetNamespace() == at.namespace) && match.Matches(labels.Set(obj.GetLabels())) {
			items = append(items, f.objects[key])
		}
	}
	return 200, map[string]any{"kind": kind + "List", "apiVersion": at.version, "metadata": map[string]any{"resourceVersion": strconv.Itoa(f.last)}, "items": items}
}

// store writes an object; without a difference its resource version stays.
func (f *fakeAPI) store(at fakeRequest, obj, before map[string]any, dry bool) map[string]any {
	out := fakeMeta(fakeMeta(obj).DeepCopy().Object)
	if text, ok := out.Object["stringData"].(map[string]any); ok {
		data := map[string]any{}
		for name, v := range text {
			data[name] = base64.StdEncoding.EncodeToString([]byte(fmt.Sprint(v)))
		}
		out.Object["data"] = data
		delete(out.Object, "stringData")
	}
	out.SetAPIVersion(at.version)
	out.SetKind(fakeKinds[at.version][at.resource])
	out.SetName(at.name)
	out.SetNamespace(at.namespace)
	if before == nil {
		out.SetUID("")
		out.SetResourceVersion("")
		f.last++
		_ = unstructured.SetNestedField(out.Object, fmt.Sprintf("uid-%d", f.last), "metadata", "uid")
	} else {
		b := fakeMeta(before)
		out.SetUID(b.GetUID())
		out.SetResourceVersion(b.GetResourceVersion())
		if at := b.GetDeletionTimestamp(); at != nil {
			out.SetDeletionTimestamp(at)
		}
		if fakeText(out.Object) == fakeText(before) {
			return before
		}
	}
	f.last++
	out.SetResourceVersion(strconv.Itoa(f.last))
	if dry {
		return out.Object
	}
	f.objects[at.key(at.name)] = out.Object
	if out.GetDeletionTimestamp() != nil && len(out.GetFinalizers()) == 0 {
		delete(f.objects, at.key(at.name))
	}
	return out.Object
}

func fakeText(obj map[string]any) string {
	text, err := json.Marshal(obj)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (f *fakeAPI) remove(at fakeRequest, have map[string]any, body []byte, dry bool) (int, any) {
	var opts metav1.DeleteOptions
	if len(body) > 0 && json.Unmarshal(body, &opts) != nil {
		return fakeStatus(400, "BadRequest")
	}
	obj := fakeMeta(fakeMeta(have).DeepCopy().Object)
	if p := opts.Preconditions; p != nil {
		if p.UID != nil && *p.UID != obj.GetUID() || p.ResourceVersion != nil && *p.ResourceVersion != obj.GetResourceVersion() {
			return fakeStatus(409, "Conflict")
		}
	}
	if dry || len(opts.DryRun) > 0 {
		return 200, have
	}
	f.deleted = append(f.deleted, at.resource+"/"+at.name)
	if len(obj.GetFinalizers()) == 0 {
		delete(f.objects, at.key(at.name))
		return 200, obj.Object
	}
	if obj.GetDeletionTimestamp() == nil {
		now := metav1.Now()
		obj.SetDeletionTimestamp(&now)
		f.last++
		obj.SetResourceVersion(strconv.Itoa(f.last))
		f.objects[at.key(at.name)] = obj.Object
	}
	return 200, obj.Object
}

// fakeMerged is an object after a merge patch.
func fakeMerged(obj, patch map[string]any) map[string]any {
	out := maps.Clone(obj)
	if out == nil {
		out = map[string]any{}
	}
	for name, v := range patch {
		inner, isMap := v.(map[string]any)
		have, _ := out[name].(map[string]any)
		switch {
		case v == nil:
			delete(out, name)
		case isMap:
			out[name] = fakeMerged(have, inner)
		default:
			out[name] = v
		}
	}
	return out
}

// fakeApplied is an object after a server-side apply: what the manager applied before
// and does not apply now goes, unless somebody else has it too.
func fakeApplied(obj, applied map[string]any, manager string) map[string]any {
	out := fakeMerged(obj, applied)
	entries := fakeMeta(out).GetManagedFields()
	set := fakeFields(applied)
	at := slices.IndexFunc(entries, func(m metav1.ManagedFieldsEntry) bool { return m.Manager == manager && m.Operation == "Apply" })
	entry := metav1.ManagedFieldsEntry{Manager: manager, Operation: "Apply", APIVersion: fakeMeta(applied).GetAPIVersion(), FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(fakeText(set))}
	if at < 0 {
		entries = append(entries, entry)
	} else {
		var before map[string]any
		_ = json.Unmarshal(entries[at].FieldsV1.GetRawBytes(), &before) // it was written here
		var others []map[string]any
		for i, e := range entries {
			var s map[string]any
			if i != at && json.Unmarshal(e.FieldsV1.GetRawBytes(), &s) == nil {
				others = append(others, s)
			}
		}
		out = fakeWithout(out, before, set, others)
		entries[at] = entry
	}
	fakeMeta(out).SetManagedFields(entries)
	return out
}

func fakeFields(obj map[string]any) map[string]any {
	out := map[string]any{}
	for name, v := range obj {
		if name == "apiVersion" || name == "kind" || name == "name" || name == "namespace" {
			continue
		}
		inner, _ := v.(map[string]any)
		out["f:"+name] = fakeFields(inner)
	}
	return out
}

// fakeWithout removes the fields that are in before and not in now or in others.
func fakeWithout(obj, before, now map[string]any, others []map[string]any) map[string]any {
	out := maps.Clone(obj)
	for key, v := range before {
		name := strings.TrimPrefix(key, "f:")
		inner, _ := v.(map[string]any)
		var rest []map[string]any
		for _, o := range others {
			if s, ok := o[key].(map[string]any); ok {
				rest = append(rest, s)
			}
		}
		still, _ := now[key].(map[string]any)
		child, isMap := out[name].(map[string]any)
		switch {
		case isMap && len(inner) > 0:
			if out[name] = fakeWithout(child, inner, still, rest); len(out[name].(map[string]any)) == 0 {
				delete(out, name)
			}
		case still == nil && len(rest) == 0:
			delete(out, name)
		}
	}
	return out
}
