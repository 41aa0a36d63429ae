//go:build ignore

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

const (
	shopRGD = `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata:
  name: shop
spec:
  schema:
    group: shops.example.com
    apiVersion: v1alpha1
    kind: Shop
    spec:
      size: integer | default=1
  resources:
    - id: svc
      template:
        apiVersion: v1
        kind: Service
        metadata:
          name: ${schema.metadata.name}
        spec:
          ports: [{port: 80}]
    - id: config
      template:
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: ${schema.metadata.name}-config
        data:
          size: "${string(schema.spec.size)}"
    - id: db
      template:
        apiVersion: things.example.com/v1
        kind: Database
        metadata:
          name: ${schema.metadata.name}
        spec:
          settings: ${config.metadata.name}
    - id: conn
      template:
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: ${schema.metadata.name}-conn
        data:
          ip: ${svc.spec.clusterIP}
`
	databaseCRD = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: databases.things.example.com
spec:
  group: things.example.com
  scope: Namespaced
  names: {kind: Database, plural: databases}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: {type: object, properties: {settings: {type: string}}}
`
	shopProject = "definitions: [definitions, crds]\nruntime: delegate\nresiduals: instances\n"

	shopApplication = `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: %[1]s
  namespace: argocd
  finalizers: [resources-finalizer.argocd.argoproj.io]
spec:
  project: default
  destination: {server: https://kubernetes.default.svc, namespace: %[2]s}
  source: {repoURL: %[3]q, path: %[4]s, targetRevision: HEAD, plugin: {name: krowave, env: [%[5]s]}}
  syncPolicy:
    automated: {prune: true, selfHeal: true}
    syncOptions: [CreateNamespace=true]
    retry: {limit: 50, backoff: {duration: 2s, factor: 1, maxDuration: 2s}}
`
	ownsDefinitions = "{name: KROWAVE_RESIDUALS, value: definitions}"
	definitionsApp  = "definitions"
	sharedWarning   = "SharedResourceWarning"
	partOf          = "applyset.kubernetes.io/part-of"
)

// delegateTest is about Applications that delegate one RGD to a real kro.
type delegateTest struct {
	*syncTest
	apps []string
}

// checkDelegate lets Applications in several namespaces share a residual RGD, lets
// objects change hands, and takes Applications away.
func checkDelegate(ctx context.Context, w *world) error {
	t := &delegateTest{syncTest: &syncTest{}}
	files := map[string]string{"krowave.yaml": shopProject, "crds/db.yaml": databaseCRD, "definitions/shop.yaml": shopRGD}
	for i := range w.shared {
		name := fmt.Sprintf("a%02d", i)
		t.apps = append(t.apps, name)
		files["apps/"+name+"/shop.yaml"] = shopInstance(name, "")
	}
	var err error
	if t.repo, err = w.repository("repository", files); err != nil {
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
	if err := t.install(ctx, "--runtime=delegate", "--crds", "crds", "definitions"); err != nil {
		return err
	}
	if err := t.startKro(ctx); err != nil {
		return err
	}
	if err := t.startController(server.addr); err != nil {
		return err
	}
	for _, check := range []func(context.Context) error{t.begins, t.instancesEdited, t.restored, t.toKro, t.toGit, t.goes} {
		if err := check(ctx); err != nil {
			return err
		}
		if t.failed > 0 {
			break // what follows builds on it
		}
	}
	return nil
}

func shopInstance(name, annotations string) string {
	return "apiVersion: shops.example.com/v1alpha1\nkind: Shop\nmetadata:\n  name: " + name + "\n" + annotations + "spec: {size: 2}\n"
}

// team is the namespace of an Application's objects: five of them.
func team(app string) string { return "team-" + string(rune('a'+app[len(app)-1]%5)) }

func (t *delegateTest) startKro(ctx context.Context) error {
	crds, err := filepath.Glob(filepath.Join(t.kroCRDs, "*.yaml"))
	if err != nil || len(crds) == 0 {
		return fmt.Errorf("-kro-crds %s has no CRDs: %w", t.kroCRDs, err)
	}
	texts := []string{databaseCRD}
	for _, file := range crds {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		texts = append(texts, string(text))
	}
	for _, text := range texts {
		if err := t.create(ctx, text); err != nil {
			return err
		}
	}
	health, err := address()
	if err != nil {
		return err
	}
	p, err := t.start("kro", []string{"KUBECONFIG=" + t.kubeconfig, "HOME=" + t.path("home")}, t.kro, "--metrics-bind-address", "0",
		"--health-probe-bind-address", health, "--rgd-progress-requeue-delay", "1s", "--client-qps", "500", "--client-burst", "500")
	if err != nil {
		return err
	}
	return p.ready(answers("http://"+health+"/healthz", ""))
}

// begins creates all Applications at once: those that come before the definitions
// are tried again.
func (t *delegateTest) begins(ctx context.Context) error {
	for _, app := range t.apps {
		if err := t.create(ctx, fmt.Sprintf(shopApplication, app, team(app), t.repo.url(), "apps/"+app, "")); err != nil {
			return err
		}
	}
	if err := t.own(ctx); err != nil {
		return err
	}
	t.check(fmt.Sprintf("%d Applications that share an RGD are synced and healthy", len(t.apps)), t.settled(ctx))
	t.check("no Application has a SharedResourceWarning", t.unshared(ctx))
	t.check("kro has made what is left to it", t.made(ctx, "ConfigMap", "-conn"))
	return nil
}

// own creates the Application of the definitions.
func (t *delegateTest) own(ctx context.Context) error {
	return t.create(ctx, fmt.Sprintf(shopApplication, definitionsApp, "default", t.repo.url(), "definitions", ownsDefinitions))
}

// changed commits, and waits until every Application has it.
func (t *delegateTest) changed(ctx context.Context, files map[string]string) string {
	if err := t.repo.commit(files); err != nil {
		return err.Error()
	}
	for _, app := range append([]string{definitionsApp}, t.apps...) {
		_, err := t.of("Application", "argocd").Patch(ctx, app, types.MergePatchType,
			[]byte(`{"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}}`), metav1.PatchOptions{})
		if err != nil {
			return err.Error()
		}
	}
	return t.settled(ctx)
}

// settled waits until every Application is synced to the last commit.
func (t *delegateTest) settled(ctx context.Context) string {
	head, err := t.repo.head()
	if err != nil {
		return err.Error()
	}
	problem := ""
	eventually(6*time.Minute, func() bool {
		problem = ""
		for _, app := range append([]string{definitionsApp}, t.apps...) {
			if problem = t.unsettled(ctx, app, head); problem != "" {
				return ctx.Err() != nil
			}
		}
		return true
	})
	return problem
}

func (t *delegateTest) unsettled(ctx context.Context, app, head string) string {
	o := t.get(ctx, "Application", "argocd", app)
	if o == nil {
		return "there is no Application " + app
	}
	field := func(path ...string) string {
		value, _, _ := unstructured.NestedString(o.Object, append([]string{"status"}, path...)...)
		return value
	}
	phase := field("operationState", "phase") // none where all was there before
	if field("sync", "revision") == head && field("sync", "status") == "Synced" && field("health", "status") == "Healthy" && (phase == "" || phase == "Succeeded") {
		return ""
	}
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	resources, _, _ := unstructured.NestedSlice(o.Object, "status", "resources")
	return fmt.Sprintf("%s: sync %q of %s, health %q, operation %q %q, conditions %v, resources %v", app, field("sync", "status"), field("sync", "revision"),
		field("health", "status"), phase, field("operationState", "message"), conditions, resources)
}

// unshared looks for warnings about objects that two Applications have.
func (t *delegateTest) unshared(ctx context.Context) string {
	for _, app := range append([]string{definitionsApp}, t.apps...) {
		if o := t.get(ctx, "Application", "argocd", app); o != nil {
			conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
			if text := fmt.Sprint(conditions); strings.Contains(text, sharedWarning) {
				return app + ": " + text
			}
		}
	}
	return ""
}

// made waits until every Application has an object of a kind.
func (t *delegateTest) made(ctx context.Context, kind, suffix string) string {
	missing := ""
	eventually(2*time.Minute, func() bool {
		missing = ""
		for _, app := range t.apps {
			if t.get(ctx, kind, team(app), app+suffix) == nil {
				missing = "there is no " + kind + " " + app + suffix
				return false
			}
		}
		return true
	})
	return missing
}

// uids are those of the objects that must survive everything.
func (t *delegateTest) uids(ctx context.Context) map[string]string {
	out := map[string]string{}
	if o := t.get(ctx, "ResourceGraphDefinition", "", "shop-residual"); o != nil {
		out["ResourceGraphDefinition"] = string(o.GetUID())
	}
	for _, app := range t.apps {
		for _, name := range []string{"Database " + app, "ConfigMap " + app + "-config", "ConfigMap " + app + "-conn", "Service " + app} {
			kind, object, _ := strings.Cut(name, " ")
			if o := t.get(ctx, kind, team(app), object); o != nil {
				out[name] = string(o.GetUID())
			}
		}
	}
	return out
}

// same compares the objects with what they were before.
func same(before, after map[string]string) string {
	for name, uid := range before {
		if after[name] != uid {
			return fmt.Sprintf("%s is %q, and was %q", name, after[name], uid)
		}
	}
	return ""
}
