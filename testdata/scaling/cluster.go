package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"

	controlplane "github.com/krowave/krowave/testdata/kubernetes"
)

// perRepository is how many RenderedSources a repository has.
const perRepository = 100

// namespace is where the RenderedSources are.
const namespace = "fleet"

// cluster is a Kubernetes API with Flux's kinds, and what source-controller would do: GitRepositories with an artifact
// that this process serves.
type cluster struct {
	*controlplane.Cluster
	client  dynamic.Interface
	files   *httptest.Server
	dir     string
	krowave string

	mu       sync.Mutex
	archives map[string][]byte

	sources   int   // made so far
	revisions []int // of the repositories
}

func resource(group, version, plural string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: group, Version: version, Resource: plural}
}

var (
	crds            = resource("apiextensions.k8s.io", "v1", "customresourcedefinitions")
	namespaces      = resource("", "v1", "namespaces")
	repositories    = resource("source.toolkit.fluxcd.io", "v1", "gitrepositories")
	externals       = resource("source.toolkit.fluxcd.io", "v1", "externalartifacts")
	renderedSources = resource("krowave.dev", "v1alpha1", "renderedsources")
)

func startCluster(root, dir, krowave string) (*cluster, error) {
	plane, err := controlplane.Start(filepath.Join(dir, "kubernetes"))
	if err != nil {
		return nil, err
	}
	c := &cluster{Cluster: plane, dir: dir, krowave: krowave, archives: map[string][]byte{}}
	c.files = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		data := c.archives[r.URL.Path]
		c.mu.Unlock()
		if data == nil {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(data) // the client may be gone
	}))
	if c.client, err = dynamic.NewForConfig(plane.Config); err == nil {
		err = c.install(root)
	}
	if err != nil {
		c.stop()
		return nil, err
	}
	return c, nil
}

func (c *cluster) stop() {
	c.files.Close()
	c.Stop()
}

// install makes the kinds and the namespaces.
func (c *cluster) install(root string) error {
	names, err := filepath.Glob(filepath.Join(root, "flux/controller/testdata/crds/*.yaml"))
	if err != nil {
		return err
	}
	for _, name := range append(names, filepath.Join(root, "flux/install/manifests/krowave.dev_renderedsources.yaml")) {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := c.create(crds, "", string(text)); err != nil {
			return err
		}
	}
	for _, name := range []string{namespace, "flux-system"} {
		if err := c.create(namespaces, "", "apiVersion: v1\nkind: Namespace\nmetadata: {name: "+name+"}\n"); err != nil {
			return err
		}
	}
	return within(time.Minute, func() error {
		for _, kind := range []schema.GroupVersionResource{repositories, externals, renderedSources} {
			if _, err := c.client.Resource(kind).List(context.Background(), metav1.ListOptions{}); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *cluster) create(kind schema.GroupVersionResource, namespace, text string) error {
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(text), &object.Object); err != nil {
		return err
	}
	_, err := c.client.Resource(kind).Namespace(namespace).Create(context.Background(), object, metav1.CreateOptions{})
	return err
}

func fleetShape() shape { return shape{apps: perRepository, instances: 1, objects: 4} }

// commit makes repository n have a revision, as source-controller would after a push.
func (c *cluster) commit(n, revision int) error {
	packed, err := pack(fleetShape().files(revision))
	if err != nil {
		return err
	}
	path := fmt.Sprintf("/%d/%d.tar.gz", n, revision)
	c.mu.Lock()
	c.archives[path] = packed.data
	delete(c.archives, fmt.Sprintf("/%d/%d.tar.gz", n, revision-2))
	c.mu.Unlock()
	patch, err := json.Marshal(map[string]any{"status": map[string]any{"artifact": map[string]any{
		"url": c.files.URL + path, "path": path, "revision": revisionName(revision), "digest": "sha256:" + packed.checksum,
		"lastUpdateTime": time.Now().UTC().Format(time.RFC3339),
	}}})
	if err != nil {
		return err
	}
	_, err = c.client.Resource(repositories).Namespace(namespace).Patch(context.Background(), fmt.Sprintf("repo-%02d", n),
		types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}

func revisionName(n int) string { return fmt.Sprintf("main@sha1:%040x", n) }

// grow adds RenderedSources until there are as many, with repositories at a revision. spec is added to each.
func (c *cluster) grow(to, revision int, spec string) error {
	for n := c.sources / perRepository; n < to/perRepository; n++ {
		text := fmt.Sprintf("apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: repo-%02d}\nspec: {interval: 1h, url: https://git.example.com/repo.git}\n", n)
		if err := c.create(repositories, namespace, text); err != nil {
			return err
		}
		c.revisions = append(c.revisions, revision)
		if err := c.commit(n, revision); err != nil {
			return err
		}
	}
	err := each(c.sources, to, func(i int) error {
		return c.create(renderedSources, namespace, fmt.Sprintf(`apiVersion: krowave.dev/v1alpha1
kind: RenderedSource
metadata: {name: s-%04d}
spec:
  sourceRef: {kind: GitRepository, name: repo-%02d}
  path: %s
  definitions: [{path: definitions}]
  interval: 1h
%s`, i, i/perRepository, app(i%perRepository), spec))
	})
	c.sources = to
	return err
}

// commitTo makes the first repositories have a revision.
func (c *cluster) commitTo(repositories, revision int) error {
	return each(0, repositories, func(n int) error {
		c.revisions[n] = revision
		return c.commit(n, revision)
	})
}

// published waits until every RenderedSource has published the revision of its repository, and returns when each did,
// by name.
func (c *cluster) published(limit time.Duration) (map[string]time.Time, error) {
	var at map[string]time.Time
	return at, within(limit, func() error {
		at = map[string]time.Time{}
		list, err := c.client.Resource(externals).Namespace(namespace).List(context.Background(), metav1.ListOptions{})
		if err != nil {
			return err
		}
		for i := range list.Items {
			metadata, _, _ := unstructured.NestedStringMap(list.Items[i].Object, "status", "artifact", "metadata")
			var n int
			if _, err := fmt.Sscanf(list.Items[i].GetName(), "s-%d", &n); err != nil {
				return err
			}
			if metadata["org.opencontainers.image.revision"] != revisionName(c.revisions[n/perRepository]) {
				continue
			}
			text, _, _ := unstructured.NestedString(list.Items[i].Object, "status", "artifact", "lastUpdateTime")
			when, err := time.Parse(time.RFC3339, text)
			if err != nil {
				return err
			}
			at[list.Items[i].GetName()] = when
		}
		if len(at) != c.sources {
			return fmt.Errorf("%d of %d have published", len(at), c.sources)
		}
		return nil
	})
}

// controller starts a controller with a storage of its own.
func (c *cluster) controller(name string, args ...string) (*process, string, error) {
	metrics, err := controlplane.FreeAddress()
	if err != nil {
		return nil, "", err
	}
	storage := filepath.Join(c.dir, name)
	if err := os.MkdirAll(storage, 0o750); err != nil {
		return nil, "", err
	}
	args = append([]string{
		c.krowave, "flux", "controller", "--kubeconfig", c.Kubeconfig, "--storage-path", storage, "--metrics-addr", metrics, "--health-addr", "0",
		"--log-level", "error",
	}, args...)
	p, err := start(filepath.Join(c.dir, name+".log"), nil, args...)
	if err != nil {
		return nil, "", err
	}
	return p, metrics, p.ready(func() bool { return controlplane.Answers("http://"+metrics+"/metrics", "")() })
}

// each does something for a range of numbers, 32 at a time.
func each(from, to int, do func(i int) error) error {
	errs := make([]error, max(to-from, 0))
	next := make(chan int)
	var group sync.WaitGroup
	for range 32 {
		group.Go(func() {
			for i := range next {
				errs[i-from] = do(i)
			}
		})
	}
	for i := from; i < to; i++ {
		next <- i
	}
	close(next)
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// within asks until there is no error.
func within(limit time.Duration, ask func() error) error {
	for end := time.Now().Add(limit); ; time.Sleep(time.Second) {
		err := ask()
		if err == nil || time.Now().After(end) {
			return err
		}
	}
}

// metric is the sum of a metric over its labels.
func metric(address, name string) (float64, error) {
	response, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err
	}
	sum := 0.0
	for line := range strings.Lines(string(text)) {
		rest, ok := strings.CutPrefix(line, name)
		if !ok || rest[0] != ' ' && rest[0] != '{' {
			continue
		}
		var v float64
		if _, err := fmt.Sscan(rest[strings.LastIndex(rest, " "):], &v); err != nil {
			return 0, err
		}
		sum += v
	}
	return sum, nil
}
