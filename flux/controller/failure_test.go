package controller_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/pkg/apis/meta"
	"github.com/fluxcd/pkg/runtime/conditions"
	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/krowave/krowave/flux/api/v1alpha1"
)

func TestFailedDownloadsAreRetried(t *testing.T) {
	needsCluster(t)
	ns := namespace(t)
	name := "/gitrepository/" + ns + "/shop/c1.tar.gz"
	world.files.setBroken(name, true)
	commit(t, ns, "shop", "c1", archive(t, "shop.txtar", "1"))
	obj := create(t, ns, "shop", nil)
	await(t, obj, func() error {
		return errors.Join(
			condition(obj, meta.ReadyCondition, "False", v1alpha1.SourceFetchFailedReason, "GitRepository "+ns+"/shop"),
			condition(obj, meta.ReconcilingCondition, "True", meta.ProgressingWithRetryReason, "giving up"))
	})
	world.files.setBroken(name, false)
	rendered(t, obj, "c1")
}

func TestDigestsAreVerified(t *testing.T) {
	needsCluster(t)
	ns := namespace(t)
	url := world.files.put("/gitrepository/"+ns+"/shop/forged.tar.gz", pack(t, archive(t, "shop.txtar", "1")))
	advertise(t, ns, "shop", meta.Artifact{URL: url, Path: "x", Revision: "main@sha1:c1", Digest: "sha256:" + strings.Repeat("0", 64), LastUpdateTime: metav1.Now()})
	obj := create(t, ns, "shop", nil)
	await(t, obj, func() error {
		return condition(obj, meta.ReadyCondition, "False", v1alpha1.SourceFetchFailedReason, "digest")
	})
	if obj.Status.Artifact != nil {
		t.Errorf("published %+v", obj.Status.Artifact)
	}
}

func TestNotAnArchive(t *testing.T) {
	needsCluster(t)
	ns := namespace(t)
	url := world.files.put("/gitrepository/"+ns+"/shop/c1.tar.gz", []byte("plain text"))
	advertise(t, ns, "shop", meta.Artifact{URL: url, Path: "x", Revision: "main@sha1:c1", LastUpdateTime: metav1.Now(),
		Digest: "sha256:b0f7ce5e7b2ee4dd7b2fc4b0c0bcb0dd7a4d1a1ee5e37a6dbf9b2ab3a6a6b3c4"})
	obj := create(t, ns, "shop", nil)
	await(t, obj, func() error {
		return condition(obj, meta.ReadyCondition, "False", v1alpha1.SourceFetchFailedReason, "")
	})
}

func TestPathThatIsNotThere(t *testing.T) {
	needsCluster(t)
	ns := namespace(t)
	commit(t, ns, "shop", "c1", archive(t, "shop.txtar", "1"))
	obj := create(t, ns, "shop", func(spec *v1alpha1.RenderedSourceSpec) { spec.Path = "aps" })
	await(t, obj, func() error {
		return condition(obj, meta.StalledCondition, "True", v1alpha1.RenderFailedReason, "no such file or directory")
	})
}

func TestLostArtifactsArePublishedAgain(t *testing.T) {
	needsCluster(t)
	ns := namespace(t)
	commit(t, ns, "shop", "c1", archive(t, "shop.txtar", "1"))
	obj := create(t, ns, "shop", nil)
	rendered(t, obj, "c1")
	before := external(t, obj).Status.Artifact

	// A second controller takes over, with an empty storage.
	storage := t.TempDir()
	startShard(t, options(storage), "shard in (two)")
	moved := create(t, ns, "moved", nil)
	rendered(t, moved, "c1")
	first := moved.Status.Artifact
	edit(t, moved, func() { moved.Labels = map[string]string{"shard": "two"} })
	await(t, moved, func() error {
		if moved.Status.Artifact.URL == first.URL {
			return fmt.Errorf("still at %s", first.URL)
		}
		return nil
	})
	again := external(t, moved).Status.Artifact
	if again.Revision != first.Revision {
		t.Errorf("the revision is %s, was %s", again.Revision, first.Revision)
	}
	if diff := cmp.Diff(download(t, before), download(t, again)); diff != "" {
		t.Errorf("what is served now (-before +now):\n%s", diff)
	}
	if now := external(t, obj).Status.Artifact; now.URL != before.URL {
		t.Errorf("an object of another shard was moved to %s", now.URL)
	}
	if _, err := os.Stat(filepath.Join(storage, "externalartifact", ns, "shop")); !os.IsNotExist(err) {
		t.Errorf("the storage has an object of another shard: %v", err)
	}
}

func TestDamagedArtifactsArePublishedAgain(t *testing.T) {
	needsCluster(t)
	ns := namespace(t)
	commit(t, ns, "shop", "c1", archive(t, "shop.txtar", "1"))
	o := options(t.TempDir())
	o.Watch.LabelSelector = "shard=damaged"
	start := func() (stop func()) {
		ctx, cancel := context.WithCancel(context.Background())
		done, err := startController(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		return func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}
	stop := start()
	obj := &v1alpha1.RenderedSource{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "shop", Labels: map[string]string{"shard": "damaged"}}}
	obj.Spec.SourceRef, obj.Spec.Path = v1alpha1.SourceReference{Kind: "GitRepository", Name: "shop"}, "apps"
	if err := world.client.Create(t.Context(), obj); err != nil {
		t.Fatal(err)
	}
	await(t, obj, func() error {
		if obj.Status.Artifact == nil || !strings.Contains(obj.Status.Artifact.URL, o.Storage.StorageAddress) {
			return fmt.Errorf("published %+v", obj.Status.Artifact)
		}
		return condition(obj, meta.ReadyCondition, "True", v1alpha1.PublishedReason, "")
	})
	stop()
	file := filepath.Join(o.Storage.StoragePath, obj.Status.Artifact.Path)
	if err := os.WriteFile(file, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	orphan := filepath.Join(o.Storage.StoragePath, "externalartifact", ns, "gone")
	if err := os.MkdirAll(orphan, 0o700); err != nil {
		t.Fatal(err)
	}

	stop = start()
	defer stop()
	err := eventually(limit, func() error {
		r, err := http.Get(obj.Status.Artifact.URL)
		if err != nil {
			return err
		}
		defer r.Body.Close()
		if size := obj.Status.Artifact.Size; r.ContentLength != *size {
			return fmt.Errorf("%d bytes are served, want %d", r.ContentLength, *size)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files := download(t, obj.Status.Artifact); len(files) != 3 {
		t.Errorf("served: %v", files)
	}
	if _, err := os.Stat(orphan); !os.IsNotExist(err) {
		t.Errorf("files of an object that is gone are still there: %v", err)
	}
}

func TestSuspendAndRequest(t *testing.T) {
	needsCluster(t)
	ns := namespace(t)
	commit(t, ns, "shop", "c1", archive(t, "shop.txtar", "1"))
	obj := create(t, ns, "shop", nil)
	rendered(t, obj, "c1")
	edit(t, obj, func() { obj.Spec.Suspend = true })
	commit(t, ns, "shop", "c4", archive(t, "shop.txtar", "4"))
	other := create(t, ns, "other", nil) // is told of the commit no sooner than the first
	rendered(t, other, "c4")
	await(t, obj, func() error { return nil })
	if obj.Status.LastAttemptedRevision != "main@sha1:c1" {
		t.Errorf("a suspended object rendered %s", obj.Status.LastAttemptedRevision)
	}
	edit(t, obj, func() { obj.Spec.Suspend = false })
	rendered(t, obj, "c4")

	before := obj.DeepCopy()
	obj.Annotations = map[string]string{meta.ReconcileRequestAnnotation: "now"}
	if err := world.client.Patch(t.Context(), obj, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
	await(t, obj, func() error {
		if obj.Status.LastHandledReconcileAt != "now" || !conditions.IsReady(obj) {
			return fmt.Errorf("handled %q", obj.Status.LastHandledReconcileAt)
		}
		return nil
	})
}

// TestSchema shows what the API server itself refuses.
func TestSchema(t *testing.T) {
	needsCluster(t)
	ns := namespace(t)
	tests := map[string]struct {
		change func(*v1alpha1.RenderedSourceSpec)
		want   string
	}{
		"kind":    {func(s *v1alpha1.RenderedSourceSpec) { s.SourceRef.Kind = "HelmChart" }, `Unsupported value: "HelmChart"`},
		"path":    {func(s *v1alpha1.RenderedSourceSpec) { s.Path = "../other" }, "path must be relative and stay inside the source"},
		"root":    {func(s *v1alpha1.RenderedSourceSpec) { s.Path = "/etc" }, "path must be relative"},
		"runtime": {func(s *v1alpha1.RenderedSourceSpec) { s.Runtime = "placeholder" }, `Unsupported value: "placeholder"`},
		"kro":     {func(s *v1alpha1.RenderedSourceSpec) { s.KroVersion = "newest" }, "spec.kroVersion"},
		"version": {func(s *v1alpha1.RenderedSourceSpec) { s.KubernetesVersion = "newest" }, "spec.kubernetesVersion"},
		"delegated": {func(s *v1alpha1.RenderedSourceSpec) {
			s.Runtime, s.Observed = "delegate", &v1alpha1.SourcePath{Path: "observed"}
		}, "observed objects are for the policies fail and withhold"},
		"remote": {func(s *v1alpha1.RenderedSourceSpec) {
			s.Runtime = "withhold"
			s.Kustomizations = &v1alpha1.KustomizationTemplate{KubeConfig: &meta.KubeConfigReference{SecretRef: &meta.SecretKeyReference{Name: "x"}}}
		}, "reads live values from this cluster"},
	}
	for name, test := range tests {
		obj := &v1alpha1.RenderedSource{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name}}
		obj.Spec.SourceRef = v1alpha1.SourceReference{Kind: "GitRepository", Name: "shop"}
		obj.Spec.Interval.Duration, obj.Spec.Timeout.Duration = time.Hour, time.Minute
		test.change(&obj.Spec)
		if err := world.client.Create(t.Context(), obj); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}
