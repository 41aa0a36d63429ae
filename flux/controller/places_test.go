package controller_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/fluxcd/pkg/apis/meta"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/krowave/krowave/flux/api/v1alpha1"
)

// advertiseAs makes a source of any kind advertise files.
func advertiseAs(t *testing.T, obj client.Object, set func(meta.Artifact), revision string, files map[string]string) {
	t.Helper()
	if obj.GetResourceVersion() == "" {
		if err := world.client.Create(t.Context(), obj); err != nil {
			t.Fatal(err)
		}
	}
	data := pack(t, files)
	sum := sha256.Sum256(data)
	url := world.files.put("/"+obj.GetNamespace()+"/"+obj.GetName()+"/"+hex.EncodeToString(sum[:])+".tar.gz", data)
	await(t, obj, func() error {
		set(meta.Artifact{URL: url, Path: "x", Revision: revision, Digest: "sha256:" + hex.EncodeToString(sum[:]), LastUpdateTime: metav1.Now(),
			Metadata: map[string]string{"org.opencontainers.image.revision": "main@sha1:origin"}})
		return world.client.Status().Update(context.Background(), obj)
	})
}

func TestSourcesOfAllKinds(t *testing.T) {
	needsCluster(t)
	ns, platform := namespace(t), namespace(t)
	commit(t, ns, "shop", "c1", archive(t, "places.txtar", "git"))
	oci := &sourcev1.OCIRepository{ObjectMeta: metav1.ObjectMeta{Namespace: platform, Name: "platform"}}
	oci.Spec.URL, oci.Spec.Interval.Duration = "oci://example.org/platform", 3600e9
	advertiseAs(t, oci, func(a meta.Artifact) { oci.Status.Artifact = &a }, "v1@sha256:1", archive(t, "places.txtar", "oci"))
	bucket := &sourcev1.Bucket{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "observed"}}
	bucket.Spec.Endpoint, bucket.Spec.BucketName, bucket.Spec.Interval.Duration = "example.org", "observed", 3600e9
	advertiseAs(t, bucket, func(a meta.Artifact) { bucket.Status.Artifact = &a }, "sha256:2", archive(t, "places.txtar", "bucket"))

	obj := create(t, ns, "web", func(spec *v1alpha1.RenderedSourceSpec) {
		spec.Definitions = []v1alpha1.SourcePath{{SourceRef: &v1alpha1.SourceReference{Kind: "OCIRepository", Name: "platform", Namespace: platform}, Path: "rgds"}}
		spec.Observed = &v1alpha1.SourcePath{SourceRef: &v1alpha1.SourceReference{Kind: "Bucket", Name: "observed"}, Path: "observed"}
	})
	rendered(t, obj, "c1")
	if text := objects(t, obj)["web.yaml"]; !strings.Contains(text, "region: north") {
		t.Errorf("published:\n%s", text)
	}
	var got []v1alpha1.ObservedSource
	for _, s := range obj.Status.Sources {
		s.Digest = ""
		got = append(got, s)
	}
	want := []v1alpha1.ObservedSource{
		{Kind: "GitRepository", Name: "shop", Namespace: ns, Revision: "main@sha1:c1"},
		{Kind: "OCIRepository", Name: "platform", Namespace: platform, Revision: "v1@sha256:1", OriginRevision: "main@sha1:origin"},
		{Kind: "Bucket", Name: "observed", Namespace: ns, Revision: "sha256:2", OriginRevision: "main@sha1:origin"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sources (-want +got):\n%s", diff)
	}

	// A finding says in which source it is, and another revision of that source
	// is looked at.
	advertiseAs(t, oci, func(a meta.Artifact) { oci.Status.Artifact = &a }, "v2@sha256:3", archive(t, "places.txtar", "broken"))
	await(t, obj, func() error {
		return condition(obj, meta.StalledCondition, "True", v1alpha1.RenderFailedReason, "platform//rgds/webapp.yaml:10:")
	})
	advertiseAs(t, oci, func(a meta.Artifact) { oci.Status.Artifact = &a }, "v3@sha256:1", archive(t, "places.txtar", "oci"))
	rendered(t, obj, "c1")

	// What is published can be a source itself.
	again := create(t, ns, "again", func(spec *v1alpha1.RenderedSourceSpec) {
		spec.SourceRef, spec.Path = v1alpha1.SourceReference{Kind: "ExternalArtifact", Name: "web"}, "wave-0"
	})
	holds(t, again, "web.yaml")
	if origin := external(t, again).Status.Artifact.Metadata["org.opencontainers.image.revision"]; origin != "main@sha1:c1" {
		t.Errorf("the origin is %s", origin)
	}
}
