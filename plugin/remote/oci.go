package remote

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	registry "github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/fluxcd/pkg/oci"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/project"
	"github.com/krowave/krowave/render/repo"
)

// maxManifest is the size of a manifest that registries have to take.
const maxManifest = 4 << 20

func (s *Store) ociFile(digest string) string {
	return filepath.Join(s.Dir, "oci", strings.ReplaceAll(digest, ":", "-"))
}

// loadOCI reads the cache. The digest covers the manifest, and this the layer.
func (s *Store) loadOCI(r project.Remote) (*repo.Memory, error) {
	raw, err := s.blob(r, r.Digest)
	if err != nil {
		return nil, err
	}
	layer, err := layerOf(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.Name(), err)
	}
	archive, err := s.blob(r, layer.String())
	if err != nil {
		return nil, err
	}
	files, err := repo.ReadTar(bytes.NewReader(archive), repo.TarLimits{Entries: maxEntries, Unpacked: 4 * maxBytes, Kept: maxBytes})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.Name(), err)
	}
	return files, nil
}

// blob reads what the cache has under a digest.
func (s *Store) blob(r project.Remote, digest string) ([]byte, error) {
	file := s.ociFile(digest)
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the cache: %w", err)
	}
	if sha(data) != digest {
		return nil, damaged(file, r)
	}
	return data, nil
}

func sha(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// layerOf returns the digest of the layer with the files: that of Flux's media
// type, or else the only one.
func layerOf(raw []byte) (v1.Hash, error) {
	manifest, err := v1.ParseManifest(bytes.NewReader(raw))
	if err != nil {
		return v1.Hash{}, fmt.Errorf("the manifest cannot be read: %w", err)
	}
	if manifest.MediaType.IsIndex() || len(manifest.Layers) == 0 {
		return v1.Hash{}, errors.New("it is not an artifact with a layer of files, such as krowave push and flux push artifact create")
	}
	layer := manifest.Layers[0]
	if i := slices.IndexFunc(manifest.Layers, func(d v1.Descriptor) bool { return d.MediaType == oci.CanonicalContentMediaType }); i >= 0 {
		layer = manifest.Layers[i]
	} else if len(manifest.Layers) > 1 {
		return v1.Hash{}, fmt.Errorf("it has %d layers, none of them of type %s", len(manifest.Layers), oci.CanonicalContentMediaType)
	}
	known := []types.MediaType{oci.CanonicalContentMediaType, types.OCILayer, types.DockerLayer}
	switch {
	case !slices.Contains(known, layer.MediaType):
		return v1.Hash{}, fmt.Errorf("its layer is of type %s; the files have to be a tar archive in gzip format", diag.Clean(string(layer.MediaType)))
	case layer.Size > maxBytes:
		return v1.Hash{}, fmt.Errorf("its layer has more than %d MiB", maxBytes>>20)
	case layer.Digest.Algorithm != "sha256":
		return v1.Hash{}, errors.New("the digest of its layer is not SHA-256")
	}
	return layer.Digest, nil
}

// fetchOCI puts an artifact into the cache: the layer first, so that a manifest
// that is there has its layer.
func (s *Store) fetchOCI(ctx context.Context, r project.Remote) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	repository, err := name.NewRepository(r.OCI)
	if err != nil {
		return err
	}
	found, err := registry.Get(repository.Digest(r.Digest), s.registryOptions(ctx)...)
	if err != nil {
		return ociError(r, err)
	}
	if len(found.Manifest) > maxManifest || sha(found.Manifest) != r.Digest {
		return fmt.Errorf("%s: the registry returned a different manifest", r.Name())
	}
	digest, err := layerOf(found.Manifest)
	if err != nil {
		return fmt.Errorf("%s: %w", r.Name(), err)
	}
	layer, err := registry.Layer(repository.Digest(digest.String()), s.registryOptions(ctx)...)
	if err != nil {
		return ociError(r, err)
	}
	archive, err := download(layer)
	if err != nil {
		return ociError(r, err)
	}
	if sha(archive) != digest.String() {
		return fmt.Errorf("%s: the registry returned a different layer", r.Name())
	}
	if err := put(s.ociFile(digest.String()), archive); err != nil {
		return err
	}
	return put(s.ociFile(r.Digest), found.Manifest)
}

func download(layer v1.Layer) ([]byte, error) {
	in, err := layer.Compressed()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(in, maxBytes+1))
	if err = errors.Join(err, in.Close()); err == nil && len(data) > maxBytes {
		err = fmt.Errorf("the layer has more than %d MiB", maxBytes>>20)
	}
	return data, err
}

// resolveOCI finds the digest of a tag; without one, that of latest.
func (s *Store) resolveOCI(ctx context.Context, r project.Remote) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	repository, err := name.NewRepository(r.OCI)
	if err != nil {
		return "", err
	}
	tag := r.Tag
	if tag == "" {
		tag = "latest"
	}
	found, err := registry.Get(repository.Tag(tag), s.registryOptions(ctx)...)
	if err != nil {
		return "", ociError(r, err)
	}
	return found.Digest.String(), nil
}

func (s *Store) registryOptions(ctx context.Context) []registry.Option {
	out := []registry.Option{registry.WithContext(ctx), registry.WithTransport(patient())}
	if s.Keychain != nil {
		out = append(out, registry.WithAuthFromKeychain(s.Keychain))
	}
	return out
}

func ociError(r project.Remote, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("fetching %s: %w", r.OCI, err)
	}
	return fmt.Errorf("fetching %s: %s", r.OCI, said(err))
}
