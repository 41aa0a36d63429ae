package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

type platformImage struct {
	image    v1.Image
	platform v1.Platform
}

// imageOf makes the image of one platform.
func imageOf(binary []byte, platform, revision, version string) (platformImage, error) {
	system, processor, _ := strings.Cut(platform, "/")
	out := platformImage{platform: v1.Platform{OS: system, Architecture: processor}}
	data, err := archive(contents(binary))
	if err != nil {
		return out, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	layer, err := tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return out, err
	}
	base := mutate.MediaType(mutate.ConfigMediaType(empty.Image, types.OCIConfigJSON), types.OCIManifestSchema1)
	image, err := mutate.Append(base, mutate.Addendum{Layer: layer, History: v1.History{
		Created: v1.Time{Time: time.Unix(0, 0).UTC()}, CreatedBy: "make image",
	}})
	if err != nil {
		return out, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return out, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = system, processor
	config.Created = v1.Time{Time: time.Unix(0, 0).UTC()}
	config.Config = v1.Config{
		User:       "999:999",
		WorkingDir: "/data",
		Entrypoint: []string{"/usr/local/bin/krowave"},
		Env:        []string{"PATH=/usr/local/bin"},
		Labels:     labels(revision, version),
	}
	out.image, err = mutate.ConfigFile(image, config)
	return out, err
}

func labels(revision, version string) map[string]string {
	out := map[string]string{
		"org.opencontainers.image.title":    "krowave",
		"org.opencontainers.image.source":   "https://github.com/krowave/krowave",
		"org.opencontainers.image.licenses": "Apache-2.0",
	}
	if revision != "" {
		out["org.opencontainers.image.revision"] = revision
		out["org.opencontainers.image.version"] = version
	}
	return out
}

// indexOf is what a tag names: the images of all platforms.
func indexOf(images []platformImage) v1.ImageIndex {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for n := range images {
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: images[n].image, Descriptor: v1.Descriptor{Platform: &images[n].platform},
		})
	}
	return index
}

// writeLayout replaces the OCI layout in a directory. Its index.json names one
// image, the index of all platforms.
func writeLayout(directory string, index v1.ImageIndex) error {
	if err := os.RemoveAll(directory); err != nil {
		return err
	}
	path, err := layout.Write(directory, empty.Index)
	if err != nil {
		return err
	}
	return path.AppendIndex(index, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": "krowave"}))
}

func pushIndex(ctx context.Context, reference string, index v1.ImageIndex) error {
	ref, err := name.ParseReference(reference)
	if err != nil {
		return err
	}
	return remote.WriteIndex(ref, index, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain))
}
