package main

import (
	"archive/tar"
	"crypto/x509"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// TestImage builds the image twice for this machine's processor, reads it back
// from its layout, and runs it as a runtime would: as uid 999, on a root file
// system that is read-only.
func TestImage(t *testing.T) {
	platform := "linux/" + runtime.GOARCH
	one, two := filepath.Join(t.TempDir(), "one"), filepath.Join(t.TempDir(), "two")
	for _, directory := range []string{one, two} {
		s := settings{source: "../..", layout: directory, platforms: []string{platform}}
		if err := s.run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := digests(t, one), digests(t, two); !slices.Equal(a, b) {
		t.Errorf("two builds have the digests %v and %v", a, b)
	}
	image := read(t, one, platform)
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if c := config.Config; c.User != "999:999" || !slices.Equal(c.Entrypoint, []string{"/usr/local/bin/krowave"}) || c.WorkingDir != "/data" {
		t.Errorf("user %q, entrypoint %q, working directory %q", c.User, c.Entrypoint, c.WorkingDir)
	}
	root := unpack(t, image)
	t.Run("certificates", func(t *testing.T) {
		pem, err := os.ReadFile(filepath.Join(root, "etc/ssl/certs/ca-certificates.crt"))
		if err != nil {
			t.Fatal(err)
		}
		if !x509.NewCertPool().AppendCertsFromPEM(pem) || strings.Count(string(pem), "BEGIN CERTIFICATE") < 50 {
			t.Errorf("%d bytes hold too few certificates", len(pem))
		}
	})
	t.Run("run", func(t *testing.T) { runReadOnly(t, root) })
}

// TestPlatforms puts two platforms into one layout.
func TestPlatforms(t *testing.T) {
	var images []platformImage
	for _, platform := range []string{"linux/amd64", "linux/arm64"} {
		image, err := imageOf([]byte("program of "+platform), platform, "0123", "v1.0.0")
		if err != nil {
			t.Fatal(err)
		}
		images = append(images, image)
	}
	directory := t.TempDir()
	if err := writeLayout(directory, indexOf(images)); err != nil {
		t.Fatal(err)
	}
	for _, platform := range []string{"linux/amd64", "linux/arm64"} {
		image := read(t, directory, platform)
		config, err := image.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		if got := config.OS + "/" + config.Architecture; got != platform {
			t.Errorf("the image of %s is for %s", platform, got)
		}
		if got := config.Config.Labels["org.opencontainers.image.version"]; got != "v1.0.0" {
			t.Errorf("version %q", got)
		}
		data, err := os.ReadFile(filepath.Join(unpack(t, image), "usr/local/bin/krowave"))
		if err != nil || string(data) != "program of "+platform {
			t.Errorf("%s holds %q, %v", platform, data, err)
		}
	}
}

// TestTree holds the directory that the Dockerfile copies to the layer.
func TestTree(t *testing.T) {
	files := contents([]byte("program"))
	directory := t.TempDir()
	if err := writeTree(directory, files); err != nil {
		t.Fatal(err)
	}
	want, got := map[string]fs.FileMode{}, map[string]fs.FileMode{}
	for _, f := range files {
		mode := fs.FileMode(f.mode & 0o777)
		if f.isDir() {
			mode |= fs.ModeDir
		}
		if f.mode&0o1000 != 0 {
			mode |= fs.ModeSticky
		}
		want[f.name] = mode
	}
	err := filepath.WalkDir(directory, func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == directory {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(directory, name)
		got[filepath.ToSlash(relative)] = info.Mode()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(want, got) {
		t.Errorf("the tree is\n%v, want\n%v", got, want)
	}
}

// runReadOnly needs root, to change the root directory.
func runReadOnly(t *testing.T, root string) {
	if os.Geteuid() != 0 {
		t.Skip("not run: needs root")
	}
	for _, program := range []string{"unshare", "mount", "chroot"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip("not run:", err)
		}
	}
	if out, err := exec.Command("unshare", "-m", "true").CombinedOutput(); err != nil {
		t.Skipf("not run: no mount namespace: %v %s", err, out)
	}
	if err := os.CopyFS(filepath.Join(root, "data"), os.DirFS("../../examples/shop")); err != nil {
		t.Fatal(err)
	}
	const script = `set -e
mount --bind "$1" "$1"
mount -o remount,ro,bind "$1"
root=$1
shift
if touch "$root/tmp/x" 2>/dev/null; then echo "the root is writable"; exit 9; fi
exec chroot --userspec=999:999 "$root" /usr/local/bin/krowave "$@"`
	run := func(args ...string) (string, error) {
		cmd := exec.Command("unshare", append([]string{"-m", "sh", "-c", script, "sh", root}, args...)...)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			err = errors.New(err.Error() + ": " + stderr.String())
		}
		return string(out), err
	}
	if out, err := run("version"); err != nil || !strings.HasPrefix(out, "krowave ") {
		t.Errorf("version: %v\n%s", err, out)
	}
	if out, err := run("render", "/data/overlays/dev", "/data/overlays/prod"); err != nil || strings.Count(out, "\nkind: Deployment\n") == 0 {
		t.Errorf("render: %v\n%s", err, out)
	}
	if out, err := run("render", "/data/no-such-directory"); err == nil {
		t.Errorf("a directory that is not there is rendered, so the test proves nothing\n%s", out)
	}
}

func digests(t *testing.T, directory string) []string {
	t.Helper()
	var out []string
	blobs, err := os.ReadDir(filepath.Join(directory, "blobs/sha256"))
	if err != nil {
		t.Fatal(err)
	}
	for _, blob := range blobs {
		out = append(out, blob.Name())
	}
	index, err := os.ReadFile(filepath.Join(directory, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	return append(out, string(index))
}

// read follows a layout's index.json to the image of a platform.
func read(t *testing.T, directory, platform string) v1.Image {
	t.Helper()
	top, err := layout.ImageIndexFromPath(directory)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := top.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(manifest.Manifests) != 1 {
		t.Fatalf("index.json names %d images", len(manifest.Manifests))
	}
	index, err := top.ImageIndex(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	if manifest, err = index.IndexManifest(); err != nil {
		t.Fatal(err)
	}
	for _, m := range manifest.Manifests {
		if m.Platform.String() != platform {
			continue
		}
		image, err := index.Image(m.Digest)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate.Image(image); err != nil {
			t.Fatal(err)
		}
		return image
	}
	t.Fatalf("%s has no image for %s", directory, platform)
	return nil
}

// unpack writes the files of an image to a directory, as a runtime does.
func unpack(t *testing.T, image v1.Image) string {
	t.Helper()
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	if len(layers) != 1 {
		t.Fatalf("%d layers", len(layers))
	}
	layer, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer layer.Close()
	root := t.TempDir()
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(layer); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return root
		} else if err != nil {
			t.Fatal(err)
		}
		if header.Uid != 0 || header.Gid != 0 || header.ModTime.Unix() != 0 {
			t.Errorf("%s belongs to %d:%d and is of %s", header.Name, header.Uid, header.Gid, header.ModTime)
		}
		name := filepath.Join(root, filepath.FromSlash(header.Name))
		if header.Typeflag == tar.TypeDir {
			err = os.Mkdir(name, fs.FileMode(header.Mode))
		} else {
			var data []byte
			if data, err = io.ReadAll(r); err == nil {
				err = os.WriteFile(name, data, fs.FileMode(header.Mode))
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(name, header.FileInfo().Mode()); err != nil {
			t.Fatal(err)
		}
	}
}
