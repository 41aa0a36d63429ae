//go:build ignore

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"
)

// The names of objects run against their waves, so that an order by name would
// show.
const (
	siteRGD = `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata:
  name: site
spec:
  schema:
    group: sites.example.com
    apiVersion: v1alpha1
    kind: Site
    spec:
      title: string | default="first"
  resources:
    - id: settings
      template:
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: d-settings
        data:
          title: ${schema.spec.title}
    - id: queue
      readyWhen:
        - ${queue.status.ready == true}
      template:
        apiVersion: queues.example.com/v1
        kind: Queue
        metadata:
          name: c-queue
        spec:
          settings: ${settings.metadata.name}
    - id: pages
      template:
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: b-pages
        data:
          queue: ${queue.metadata.name}
`
	siteEdge = `    - id: edge
      template:
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: a-edge
        data:
          pages: ${pages.metadata.name}
`
	siteInstance = "apiVersion: sites.example.com/v1alpha1\nkind: Site\nmetadata:\n  name: corner\nspec: {}\n"

	queueCRD = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: queues.queues.example.com
spec:
  group: queues.example.com
  scope: Namespaced
  names:
    kind: Queue
    plural: queues
  versions:
    - name: v1
      served: true
      storage: true
      subresources:
        status: {}
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                settings:
                  type: string
            status:
              type: object
              properties:
                ready:
                  type: boolean
                observedGeneration:
                  type: integer
`
	application = `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: site
  namespace: argocd
  finalizers: [resources-finalizer.argocd.argoproj.io]
spec:
  project: default
  destination: {server: https://kubernetes.default.svc, namespace: site}
  source: {repoURL: %q, path: app, targetRevision: HEAD, plugin: {name: krowave}}
  syncPolicy:
    automated: {prune: true}
    syncOptions: [CreateNamespace=true]
`
	project = `apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: default, namespace: argocd}
spec:
  sourceRepos: ['*']
  destinations: [{server: '*', namespace: '*'}]
  clusterResourceWhitelist: [{group: '*', kind: '*'}]
`
	secret = `apiVersion: v1
kind: Secret
metadata: {name: argocd-secret, namespace: argocd, labels: {app.kubernetes.io/part-of: argocd}}
stringData: {server.secretkey: only-on-loopback}
`
)

// syncTest is what the checks of checkSync share.
type syncTest struct {
	*cluster
	repo    *repository
	sidecar *sidecar
}

// checkSync lets a real application controller sync what the sidecar renders to
// a real Kubernetes API.
func checkSync(ctx context.Context, w *world) error {
	t := &syncTest{}
	var err error
	if t.repo, err = w.repository("repository", map[string]string{
		"definitions/site.yaml": siteRGD + siteEdge, "app/site.yaml": siteInstance, "app/crd.yaml": queueCRD,
	}); err != nil {
		return err
	}
	if t.cluster, err = w.startCluster(); err != nil {
		return err
	}
	server, err := w.startRepoServer()
	if err != nil {
		return err
	}
	if t.sidecar, err = w.startSidecar("krowave"); err != nil {
		return err
	}
	if err := t.install(ctx, "--crds", "app/crd.yaml", "definitions"); err != nil {
		return err
	}
	if err := t.startController(server.addr); err != nil {
		return err
	}
	if err := t.create(ctx, fmt.Sprintf(application, t.repo.url())); err != nil {
		return err
	}
	for _, check := range []func(context.Context){t.gated, t.ordered, t.edited, t.outage, t.deleted} {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		check(ctx)
	}
	return nil
}

// install applies what Argo CD's own installation has, and our health checks: args are
// those of krowave argocd health.
func (t *syncTest) install(ctx context.Context, args ...string) error {
	health, err := output(ctx, t.repo.dir, t.krowave, append([]string{"argocd", "health", "-o", "configmap", "--version", t.version}, args...)...)
	if err != nil {
		return err
	}
	var config map[string]any
	if err := yaml.Unmarshal([]byte(health), &config); err != nil {
		return err
	}
	o := unstructured.Unstructured{Object: config}
	o.SetNamespace("argocd")
	if err := unstructured.SetNestedField(config, "annotation", "data", "application.resourceTrackingMethod"); err != nil {
		return err
	}
	configMap, err := yaml.Marshal(config)
	if err != nil {
		return err
	}
	objects, err := t.installation(string(configMap))
	if err != nil {
		return err
	}
	for _, o := range objects {
		if err := t.create(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

func (t *syncTest) startController(repoServer string) error {
	metrics, err := address()
	if err != nil {
		return err
	}
	env := append(t.environment("argocd-application-controller"), "KUBECONFIG="+t.kubeconfig, "ARGOCD_FAKE_IN_CLUSTER=true",
		"ARGOCD_SYNC_WAVE_DELAY=2", "ARGOCD_CONTROLLER_REPLICAS=1", "ARGOCD_CONTROLLER_SHARD=0")
	p, err := t.start("application-controller", env, t.argocd, "--kubeconfig", t.kubeconfig, "--namespace", "argocd",
		"--repo-server", repoServer, "--repo-server-plaintext", "--redis", t.redis, "--metrics-port", port(metrics), "--app-resync", "60", "--logformat", "text")
	if err != nil {
		return err
	}
	return p.ready(dials("tcp", metrics))
}

func (t *syncTest) exists(ctx context.Context, kind, name string) bool {
	return t.get(ctx, kind, "site", name) != nil
}

// status is a field of the Application's status.
func (t *syncTest) status(ctx context.Context, path ...string) string {
	o := t.get(ctx, "Application", "argocd", "site")
	if o == nil {
		return "there is no Application"
	}
	value, _, _ := unstructured.NestedString(o.Object, append([]string{"status"}, path...)...)
	return value
}

// explain is what the Application says of itself.
func (t *syncTest) explain(ctx context.Context) string {
	o := t.get(ctx, "Application", "argocd", "site")
	if o == nil {
		return "there is no Application"
	}
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	return fmt.Sprintf("sync %q, operation %q %q, conditions %v", t.status(ctx, "sync", "status"), t.status(ctx, "operationState", "phase"),
		t.status(ctx, "operationState", "message"), conditions)
}

// until waits for a condition; otherwise it says what the Application says.
func (t *syncTest) until(ctx context.Context, limit time.Duration, condition func() bool) string {
	if eventually(limit, condition) {
		return ""
	}
	return t.explain(ctx)
}

// gated: the wave of the custom resource stays shut until our Lua finds it
// ready.
func (t *syncTest) gated(ctx context.Context) {
	t.check("the first waves are applied", t.until(ctx, 90*time.Second, func() bool {
		return t.exists(ctx, "ConfigMap", "d-settings") && t.exists(ctx, "Queue", "c-queue")
	}))
	waiting := func() bool { return strings.Contains(t.status(ctx, "operationState", "message"), "Queue/c-queue") }
	t.check("the operation waits for the custom resource", t.until(ctx, 30*time.Second, waiting))
	t.check("the next wave waits for its readyWhen", t.shut(ctx, 6*time.Second))
	t.check("a status that is not ready does not open it", first(t.report(ctx, `{"status": {"ready": false, "observedGeneration": 1}}`), func() string { return t.shut(ctx, 5*time.Second) }))
	t.check("a stale status does not open it", first(t.report(ctx, `{"status": {"ready": true, "observedGeneration": 0}}`), func() string { return t.shut(ctx, 5*time.Second) }))
	t.check("the sync goes on when it is ready", first(t.report(ctx, `{"status": {"ready": true, "observedGeneration": 1}}`), func() string {
		return t.until(ctx, 60*time.Second, func() bool { return t.exists(ctx, "ConfigMap", "a-edge") })
	}))
	t.check("the Application is synced", t.until(ctx, 60*time.Second, func() bool {
		return t.status(ctx, "sync", "status") == "Synced" && t.status(ctx, "operationState", "phase") == "Succeeded"
	}))
}

// shut watches for a while that the wave after the custom resource does not
// begin.
func (t *syncTest) shut(ctx context.Context, while time.Duration) string {
	if eventually(while, func() bool { return t.exists(ctx, "ConfigMap", "b-pages") }) {
		return "the next wave began"
	}
	return unequal(t.status(ctx, "operationState", "phase"), "Running")
}

// report writes the custom resource's status, as its controller would.
func (t *syncTest) report(ctx context.Context, status string) string {
	_, err := t.of("Queue", "site").Patch(ctx, "c-queue", types.MergePatchType, []byte(status), metav1.PatchOptions{}, "status")
	return text(err)
}

// ordered compares creation times, which two seconds between waves keep apart.
func (t *syncTest) ordered(ctx context.Context) {
	problem := ""
	last := time.Time{}
	for _, name := range []string{"ConfigMap d-settings", "Queue c-queue", "ConfigMap b-pages", "ConfigMap a-edge"} {
		kind, name, _ := strings.Cut(name, " ")
		o := t.get(ctx, kind, "site", name)
		if o == nil {
			problem = name + " is missing"
			break
		}
		at := o.GetCreationTimestamp().Time
		if !at.After(last) {
			problem = fmt.Sprintf("%s was made at %s, not after %s", name, at, last)
			break
		}
		last = at
	}
	t.check("objects were made in the order of their waves", problem)
	o := t.get(ctx, "Application", "argocd", "site")
	if o == nil {
		t.check("the result lists them in this order", "there is no Application")
		return
	}
	results, _, _ := unstructured.NestedSlice(o.Object, "status", "operationState", "syncResult", "resources")
	var names []string
	for _, r := range results {
		if m, ok := r.(map[string]any); ok && m["namespace"] == "site" && m["kind"] != "CustomResourceDefinition" {
			names = append(names, fmt.Sprint(m["name"]))
		}
	}
	t.check("the result lists them in this order", unequal(strings.Join(names, " "), "d-settings c-queue b-pages a-edge"))
}

// edited changes the RGD in Git.
func (t *syncTest) edited(ctx context.Context) {
	pages := t.get(ctx, "ConfigMap", "site", "b-pages")
	if err := t.repo.commit(map[string]string{"definitions/site.yaml": strings.Replace(siteRGD, "first", "second", 1)}); err != nil {
		t.check("an edit of the RGD", err.Error())
		return
	}
	head, err := t.repo.head()
	if err != nil {
		t.check("an edit of the RGD", err.Error())
		return
	}
	t.check("an edit of the RGD is synced", first(t.refresh(ctx, "normal"), func() string {
		return t.until(ctx, 90*time.Second, func() bool {
			return t.status(ctx, "sync", "revision") == head && t.status(ctx, "sync", "status") == "Synced"
		})
	}))
	title := ""
	if o := t.get(ctx, "ConfigMap", "site", "d-settings"); o != nil {
		title, _, _ = unstructured.NestedString(o.Object, "data", "title")
	}
	t.check("it changes what the RGD changed", unequal(title, "second"))
	t.check("it prunes what is gone", t.until(ctx, 30*time.Second, func() bool { return !t.exists(ctx, "ConfigMap", "a-edge") }))
	after := t.get(ctx, "ConfigMap", "site", "b-pages")
	t.check("it leaves the rest alone", first(unequal(pages != nil && after != nil, true), func() string { return unequal(after.GetUID(), pages.GetUID()) }))
}

// refresh asks the controller to look again, and waits until it has begun.
func (t *syncTest) refresh(ctx context.Context, kind string) string {
	const annotation = "argocd.argoproj.io/refresh"
	_, err := t.of("Application", "argocd").Patch(ctx, "site", types.MergePatchType,
		[]byte(`{"metadata": {"annotations": {"`+annotation+`": "`+kind+`"}}}`), metav1.PatchOptions{})
	return first(text(err), func() string {
		return t.until(ctx, 60*time.Second, func() bool {
			o := t.get(ctx, "Application", "argocd", "site")
			return o != nil && o.GetAnnotations()[annotation] == ""
		})
	})
}

// deleted deletes the Application. A finalizer keeps the custom resource, so that
// what comes after it in reverse order shows.
func (t *syncTest) deleted(ctx context.Context) {
	hold := func(finalizers string) string {
		_, err := t.of("Queue", "site").Patch(ctx, "c-queue", types.MergePatchType, []byte(`{"metadata": {"finalizers": `+finalizers+`}}`), metav1.PatchOptions{})
		return text(err)
	}
	problem := hold(`["example.com/hold"]`)
	if problem == "" {
		problem = text(t.of("Application", "argocd").Delete(ctx, "site", metav1.DeleteOptions{}))
	}
	t.check("deletion takes the last wave first", first(problem, func() string {
		return t.until(ctx, 60*time.Second, func() bool { return !t.exists(ctx, "ConfigMap", "b-pages") })
	}))
	t.check("deletion reaches the custom resource", t.until(ctx, 60*time.Second, func() bool {
		o := t.get(ctx, "Queue", "site", "c-queue")
		return o != nil && o.GetDeletionTimestamp() != nil
	}))
	began := eventually(5*time.Second, func() bool {
		o := t.get(ctx, "ConfigMap", "site", "d-settings")
		return o == nil || o.GetDeletionTimestamp() != nil
	})
	t.check("the first wave stays while the custom resource is there", unequal(began, false))
	t.check("in the end nothing is left", first(hold("null"), func() string {
		return t.until(ctx, 60*time.Second, func() bool {
			return t.get(ctx, "Application", "argocd", "site") == nil && !t.exists(ctx, "ConfigMap", "d-settings")
		})
	}))
}
