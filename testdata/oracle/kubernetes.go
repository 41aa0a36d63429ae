package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const kubernetesModule = "k8s.io/kubernetes@v1.37.2"

// kroVersion is that of the kro that is linked; build.sh sets it.
var kroVersion = "v0.9.4"

// builtin is what an API server of the pinned Kubernetes version serves before anything is installed.
type builtin struct {
	openAPI   map[string]string // "apis/apps/v1" -> file of its OpenAPI v3 document
	resources map[string][]metav1.APIResource
	kroCRDs   []byte
}

// loadBuiltin reads Kubernetes' published OpenAPI documents and kro's CRDs from the module cache,
// which the go command fills on demand.
var loadBuiltin = sync.OnceValues(func() (*builtin, error) {
	kubernetes, err := moduleDir(kubernetesModule)
	if err != nil {
		return nil, err
	}
	kro, err := moduleDir("github.com/kubernetes-sigs/kro@" + kroVersion)
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(kubernetes, "api/openapi-spec/v3/*_openapi.json"))
	if err != nil {
		return nil, err
	}
	b := &builtin{openAPI: map[string]string{}, resources: map[string][]metav1.APIResource{}}
	for _, file := range files {
		groupVersion := strings.ReplaceAll(strings.TrimSuffix(filepath.Base(file), "_openapi.json"), "__", "/")
		if parts := strings.Split(groupVersion, "/"); !(len(parts) == 2 && parts[0] == "api") && len(parts) != 3 {
			continue // lists of groups and versions, /version and the like hold no kinds
		}
		b.openAPI[groupVersion] = file
		if b.resources[groupVersion], err = publishedResources(groupVersion, file); err != nil {
			return nil, err
		}
	}
	crds, err := filepath.Glob(filepath.Join(kro, "helm/crds/*.yaml"))
	if err != nil {
		return nil, err
	}
	for _, file := range crds {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		b.kroCRDs = append(append(b.kroCRDs, "\n---\n"...), raw...)
	}
	if len(b.openAPI) == 0 || len(crds) == 0 {
		return nil, fmt.Errorf("no OpenAPI documents in %s or no CRDs in %s", kubernetes, kro)
	}
	return b, nil
})

func moduleDir(module string) (string, error) {
	out, err := exec.Command("go", "mod", "download", "-json", module).Output()
	if err != nil {
		return "", fmt.Errorf("go mod download %s: %w: %s", module, err, out)
	}
	var downloaded struct{ Dir string }
	err = json.Unmarshal(out, &downloaded)
	return downloaded.Dir, err
}

// publishedResources derives the REST resources of a group and version from the paths of its document.
func publishedResources(groupVersion, file string) ([]metav1.APIResource, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	type operation struct {
		GVK *metav1.GroupVersionKind `json:"x-kubernetes-group-version-kind"`
	}
	var document struct {
		Paths map[string]struct{ Get, Post *operation }
	}
	if err := json.Unmarshal(raw, &document); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	byName := map[string]metav1.APIResource{}
	for _, path := range sortedKeys(document.Paths) {
		rest, ok := strings.CutPrefix(path, "/"+groupVersion+"/")
		name, namespaced := strings.CutPrefix(rest, "namespaces/{namespace}/")
		name = strings.TrimSuffix(name, "/{name}")
		op := document.Paths[path].Get
		if op == nil {
			op = document.Paths[path].Post
		}
		if !ok || name == "" || strings.Contains(name, "/") || op == nil || op.GVK == nil {
			continue
		}
		byName[name] = metav1.APIResource{
			Name: name, SingularName: strings.ToLower(op.GVK.Kind), Kind: op.GVK.Kind,
			Namespaced: namespaced || byName[name].Namespaced, Verbs: allVerbs(),
		}
	}
	var out []metav1.APIResource
	for _, name := range sortedKeys(byName) {
		out = append(out, byName[name])
	}
	return out, nil
}

func allVerbs() metav1.Verbs {
	return metav1.Verbs{"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}
}
