package controller_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/krowave/krowave/flux/api/v1alpha1"
)

// flux names the directory with kustomize-controller, which
// testdata/flux/e2e/build.sh makes.
const flux = "KROWAVE_FLUX"

// startKustomizeController runs the real thing, as long as the test does.
func startKustomizeController(t *testing.T) {
	t.Helper()
	needsCluster(t)
	bin := os.Getenv(flux)
	if bin == "" {
		t.Skipf("not run: needs a kustomize-controller; %s=$(testdata/flux/e2e/build.sh), or make flux", flux)
	}
	dir := t.TempDir()
	kubeconfig := filepath.Join(dir, "kubeconfig")
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
clusters:
- {name: local, cluster: {server: %q, insecure-skip-tls-verify: true}}
users:
- {name: admin, user: {token: %s}}
contexts:
- {name: local, context: {cluster: local, user: admin}}
current-context: local
`, world.config.Host, world.config.BearerToken)
	if err := os.WriteFile(kubeconfig, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(filepath.Join(bin, "kustomize-controller"), "--feature-gates=ExternalArtifact=true", "--metrics-addr=127.0.0.1:0",
		"--health-addr=127.0.0.1:0", "--log-level=error")
	c.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig, "RUNTIME_NAMESPACE=default", "TMPDIR="+dir)
	c.Stdout, c.Stderr = log, log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		_ = c.Wait()
		if text, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("kustomize-controller:\n%s", text)
		}
	})
}

// in moves the repository of a txtar archive to a namespace.
func in(files map[string]string, ns string) map[string]string {
	out := map[string]string{}
	for name, text := range files {
		out[name] = strings.ReplaceAll(text, "namespace: shop", "namespace: "+ns)
	}
	return out
}

// TestFluxChain has waves applied, moved and taken down by the real
// kustomize-controller. The test plays those who make workloads ready.
func TestFluxChain(t *testing.T) {
	startKustomizeController(t)
	ns := namespace(t)
	commit(t, ns, "shop", "c1", in(archive(t, "gates.txtar", "1"), ns))
	obj := create(t, ns, "stack", func(spec *v1alpha1.RenderedSourceSpec) {
		spec.Path, spec.Kustomizations = "", &v1alpha1.KustomizationTemplate{Timeout: &metav1.Duration{Duration: 2 * time.Minute}}
	})
	database := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "one-db"}}
	migration := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "one-db-migration"}}
	config := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "one-db-migration-config"}}
	await(t, database, func() error { return nil })
	if err := gone(migration); err != nil {
		t.Errorf("wave 1 did not wait: %v", err)
	}
	start := time.Now()
	await(t, database, func() error {
		database.Status.ObservedGeneration, database.Status.Replicas, database.Status.ReadyReplicas = database.Generation, 1, 1
		return world.client.Status().Update(context.Background(), database)
	})
	await(t, migration, func() error { return nil })
	if err := gone(config); err != nil {
		t.Errorf("wave 2 did not wait: %v", err)
	}
	await(t, migration, func() error {
		migration.Status.ObservedGeneration, migration.Status.Replicas, migration.Status.ReadyReplicas = migration.Generation, 1, 1
		return world.client.Status().Update(context.Background(), migration)
	})
	await(t, config, func() error { return nil })
	t.Logf("two gates took %s", time.Since(start).Round(100*time.Millisecond))
	await(t, obj, func() error {
		for _, w := range obj.Status.Waves {
			if w.AppliedRevision != obj.Status.Artifact.Revision || w.Ready != "True" {
				return fmt.Errorf("waves %+v", obj.Status.Waves)
			}
		}
		return nil
	})

	// Deleted, the last wave goes first.
	if err := world.client.Delete(t.Context(), obj); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(time.Minute)
	for {
		configGone, databaseGone := gone(config) == nil, gone(database) == nil
		if databaseGone && !configGone {
			t.Fatal("the first wave is gone before the last")
		}
		if err := world.client.Get(t.Context(), client.ObjectKeyFromObject(obj), obj); apierrors.IsNotFound(err) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("not gone: %+v", obj.Status.Conditions)
		}
		time.Sleep(20 * time.Millisecond)
	}
	for _, o := range []client.Object{config, migration, database} {
		if err := gone(o); err != nil {
			t.Error(err)
		}
	}
}

// TestFluxMoves shows that an object that changes its wave keeps its UID, both
// ways.
func TestFluxMoves(t *testing.T) {
	startKustomizeController(t)
	ns := namespace(t)
	commit(t, ns, "shop", "c2", in(archive(t, "gates.txtar", "2"), ns))
	obj := create(t, ns, "stack", func(spec *v1alpha1.RenderedSourceSpec) {
		spec.Path, spec.Kustomizations = "", &v1alpha1.KustomizationTemplate{}
	})
	config := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "one-config"}}
	await(t, config, func() error { return nil })
	uid := config.UID

	// A gate appears before it, and goes again.
	commit(t, ns, "shop", "c3", in(archive(t, "gates.txtar", "3"), ns))
	rendered(t, obj, "c3")
	database := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "one"}}
	await(t, database, func() error {
		database.Status.ObservedGeneration, database.Status.Replicas, database.Status.ReadyReplicas = database.Generation, 1, 1
		return world.client.Status().Update(context.Background(), database)
	})
	await(t, config, func() error {
		if config.UID != uid {
			t.Fatalf("the object was made anew: UID %s, was %s", config.UID, uid)
		}
		if by := config.Labels["kustomize.toolkit.fluxcd.io/name"]; by != "stack-wave-1" {
			return fmt.Errorf("applied by %s", by)
		}
		return nil
	})
	settled := func(waves int) {
		await(t, obj, func() error {
			current := &corev1.ConfigMap{}
			if err := world.client.Get(context.Background(), client.ObjectKeyFromObject(config), current); err != nil || current.UID != uid {
				t.Fatalf("the object was made anew: UID %s, was %s (%v)", current.UID, uid, err)
			}
			if len(obj.Status.Waves) != waves {
				return fmt.Errorf("waves %+v", obj.Status.Waves)
			}
			for _, w := range obj.Status.Waves {
				if w.AppliedRevision != obj.Status.Artifact.Revision {
					return fmt.Errorf("waves %+v", obj.Status.Waves)
				}
			}
			for name := range download(t, obj.Status.Artifact) {
				if strings.Contains(name, "handover") {
					return fmt.Errorf("still handing over %s", name)
				}
			}
			return nil
		})
	}
	settled(2)
	commit(t, ns, "shop", "c2", in(archive(t, "gates.txtar", "2"), ns))
	rendered(t, obj, "c2")
	settled(1)
	if err := eventually(limit, func() error { return gone(database) }); err != nil {
		t.Error(err)
	}
}

// TestFluxLiveValues is a graph with status references that converges as under
// kro, applied by Flux.
func TestFluxLiveValues(t *testing.T) {
	startKustomizeController(t)
	ns := namespace(t)
	commit(t, ns, "shop", "c1", site(t, "1", ns))
	obj := create(t, ns, "site", func(spec *v1alpha1.RenderedSourceSpec) {
		withheld(spec)
		spec.Kustomizations = &v1alpha1.KustomizationTemplate{}
	})
	deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "one"}}
	await(t, deployment, func() error { return nil })
	await(t, deployment, func() error {
		deployment.Status.Replicas, deployment.Status.ReadyReplicas = 2, 2
		return world.client.Status().Update(context.Background(), deployment)
	})
	start := time.Now()
	size := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "one-size"}}
	note := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "one-note"}}
	await(t, note, func() error { return nil })
	await(t, size, func() error { return nil })
	if size.Data["replicas"] != "2" || note.Data["from"] != string(size.UID) {
		t.Errorf("size %v, note %v, want the UID %s", size.Data, note.Data, size.UID)
	}
	t.Logf("two values behind each other took %s", time.Since(start).Round(100*time.Millisecond))
	await(t, obj, func() error {
		if obj.Status.Counts.Pending != 0 {
			return fmt.Errorf("pending %+v", obj.Status.Pending)
		}
		return nil
	})
}
