// Package push pushes rendered manifests to a registry for Flux. It takes files
// and creates an OCI artifact with the media types and annotations of flux push
// artifact, which source-controller's OCIRepository reads.
//
//	image, err := push.Image(push.Artifact{Files: files, Revision: "main@sha1:4f2c"})
//	digest, err := push.Push(ctx, ref, image, push.Options{})
//
// Same files, same digest: times are fixed, and the layer is stored, not
// compressed, since releases of Go compress the same bytes differently and each
// new digest has Flux apply everything again.
package push

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/fluxcd/pkg/oci"

	"github.com/krowave/krowave/flux/layout"
)

// Artifact is what is pushed.
type Artifact struct {
	Files    []layout.File
	Source   string    // URL of the repository that the files come from
	Revision string    // of that repository, such as main@sha1:4f2c
	Created  time.Time // the zero value is 1970
}

// Image makes the artifact.
func Image(a Artifact) (v1.Image, error) {
	created := a.Created.UTC()
	if a.Created.IsZero() {
		created = time.Unix(0, 0).UTC()
	}
	archive, err := pack(a.Files)
	if err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(archive)), nil }
	layer, err := tarball.LayerFromOpener(open, tarball.WithMediaType(oci.CanonicalContentMediaType))
	if err != nil {
		return nil, fmt.Errorf("making the artifact's layer: %w", err)
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), oci.CanonicalConfigMediaType)
	if image, err = mutate.CreatedAt(image, v1.Time{Time: created}); err != nil {
		return nil, fmt.Errorf("making the artifact's config: %w", err)
	}
	annotations := map[string]string{oci.CreatedAnnotation: created.Format(time.RFC3339)}
	if a.Source != "" {
		annotations[oci.SourceAnnotation] = a.Source
	}
	if a.Revision != "" {
		annotations[oci.RevisionAnnotation] = a.Revision
	}
	annotated, ok := mutate.Annotations(image, annotations).(v1.Image)
	if !ok {
		return nil, fmt.Errorf("annotating the artifact: it is no longer an image")
	}
	if image, err = mutate.Append(annotated, mutate.Addendum{Layer: layer}); err != nil {
		return nil, fmt.Errorf("making the artifact: %w", err)
	}
	return image, nil
}

// pack writes the files in order of their paths, with nothing in it that depends
// on a machine.
func pack(files []layout.File) ([]byte, error) {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b layout.File) int { return cmp.Compare(a.Path, b.Path) })
	var out bytes.Buffer
	compressor, err := gzip.NewWriterLevel(&out, gzip.NoCompression)
	if err != nil {
		return nil, fmt.Errorf("packing the artifact: %w", err)
	}
	archive := tar.NewWriter(compressor)
	made := map[string]bool{".": true}
	for _, f := range files {
		if err := packFile(archive, f, made); err != nil {
			return nil, fmt.Errorf("packing %s: %w", f.Path, err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, fmt.Errorf("packing the artifact: %w", err)
	}
	if err := compressor.Close(); err != nil {
		return nil, fmt.Errorf("packing the artifact: %w", err)
	}
	return out.Bytes(), nil
}

func packFile(archive *tar.Writer, f layout.File, made map[string]bool) error {
	if path.Clean(f.Path) != f.Path || path.IsAbs(f.Path) || f.Path == ".." || strings.HasPrefix(f.Path, "../") {
		return fmt.Errorf("the path is outside the artifact")
	}
	var parents []string
	for dir := path.Dir(f.Path); !made[dir]; dir = path.Dir(dir) {
		made[dir] = true
		parents = append(parents, dir)
	}
	for _, dir := range slices.Backward(parents) {
		if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755}); err != nil {
			return err
		}
	}
	if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: f.Path, Size: int64(len(f.Data)), Mode: 0o644}); err != nil {
		return err
	}
	_, err := archive.Write(f.Data)
	return err
}

// Options say how to reach a registry. The zero value is the default.
type Options struct {
	Keychain  authn.Keychain // default none: anonymous
	UserAgent string
}

// Prefix starts the address of an artifact, as in Flux.
const Prefix = "oci://"

// Reference reads oci://HOST/REPOSITORY:TAG; without a tag it is latest. With
// insecure, plain HTTP is spoken to any host, not only to this machine.
func Reference(address string, insecure bool) (name.Tag, error) {
	rest, ok := strings.CutPrefix(address, Prefix)
	if !ok {
		return name.Tag{}, fmt.Errorf("%q does not begin with %s", address, Prefix)
	}
	if host, _, ok := strings.Cut(rest, "/"); !ok || !strings.ContainsAny(host, ".:") && host != "localhost" {
		return name.Tag{}, fmt.Errorf("%q names no registry; use %sHOST/REPOSITORY:TAG", address, Prefix)
	}
	var opts []name.Option
	if insecure {
		opts = append(opts, name.Insecure)
	}
	tag, err := name.NewTag(rest, opts...)
	if err != nil {
		return name.Tag{}, fmt.Errorf("%q is not %sHOST/REPOSITORY:TAG: %w", address, Prefix, err)
	}
	return tag, nil
}

// Push uploads the artifact and returns its digest.
func Push(ctx context.Context, ref name.Tag, image v1.Image, opts Options) (v1.Hash, error) {
	digest, err := image.Digest()
	if err != nil {
		return v1.Hash{}, fmt.Errorf("digest of the artifact: %w", err)
	}
	remoteOpts := []remote.Option{remote.WithContext(ctx)}
	if opts.Keychain != nil {
		remoteOpts = append(remoteOpts, remote.WithAuthFromKeychain(opts.Keychain))
	}
	if opts.UserAgent != "" {
		remoteOpts = append(remoteOpts, remote.WithUserAgent(opts.UserAgent))
	}
	if err := remote.Write(ref, image, remoteOpts...); err != nil {
		return v1.Hash{}, fmt.Errorf("pushing %s: %w", ref, err)
	}
	return digest, nil
}
