// Package artifact stores and serves published artifacts. It takes files, and
// returns a meta.Artifact for the status of an ExternalArtifact; a server lets
// consumers download it. The storage and its layout are those of Flux's own
// controllers.
//
//	store, err := artifact.NewStore(&options)
//	a, err := store.Publish(owner, files, artifact.Revision(files))
//
// An archive is written whole or not at all, and the same files always make the
// same revision.
package artifact

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fluxcd/pkg/apis/meta"
	"github.com/fluxcd/pkg/artifact/config"
	"github.com/fluxcd/pkg/artifact/digest"
	"github.com/fluxcd/pkg/artifact/storage"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	"k8s.io/apimachinery/pkg/types"
)

// File is one file of an artifact.
type File struct {
	Path string // relative, with slashes
	Data []byte
}

// Revision is the revision of files: a hash of their paths and bytes in order.
// The archive's own digest would not do, since it depends on the compressor, and
// consumers apply everything again when a revision changes.
func Revision(files []File) string {
	files = sorted(files)
	h := sha256.New()
	var n [8]byte
	write := func(data []byte) {
		binary.BigEndian.PutUint64(n[:], uint64(len(data)))
		h.Write(n[:])
		h.Write(data)
	}
	for _, f := range files {
		write([]byte(f.Path))
		write(f.Data)
	}
	return "latest@sha256:" + hex.EncodeToString(h.Sum(nil))
}

func sorted(files []File) []File {
	return slices.SortedFunc(slices.Values(files), func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
}

// Store is a storage of artifacts on disk.
type Store struct{ storage *storage.Storage }

// NewStore opens the storage, and makes its directory if it is not there.
func NewStore(o *config.Options) (*Store, error) {
	algorithm, err := digest.AlgorithmForName(o.ArtifactDigestAlgo)
	if err != nil {
		return nil, fmt.Errorf("--artifact-digest-algo: %w", err)
	}
	if err := os.MkdirAll(o.StoragePath, 0o700); err != nil {
		return nil, fmt.Errorf("making the storage: %w", err)
	}
	s, err := storage.New(o)
	if err != nil {
		return nil, fmt.Errorf("opening the storage: %w", err)
	}
	digest.Canonical = algorithm // the variable that Flux's storage reads
	return &Store{s}, nil
}

// Publish stores files and returns the artifact to advertise for an object.
func (s *Store) Publish(owner types.NamespacedName, files []File, revision string) (*meta.Artifact, error) {
	a := s.expected(owner, revision)
	if err := s.storage.MkdirAll(a); err != nil {
		return nil, fmt.Errorf("storing the artifact: %w", err)
	}
	archive, err := pack(sorted(files))
	if err != nil {
		return nil, fmt.Errorf("packing the artifact: %w", err)
	}
	if err := s.storage.AtomicWriteFile(&a, bytes.NewReader(archive), 0o600); err != nil {
		return nil, fmt.Errorf("storing the artifact: %w", err)
	}
	return &a, nil
}

// expected is the artifact of a revision, without what only its file tells.
func (s *Store) expected(owner types.NamespacedName, revision string) meta.Artifact {
	_, hash, _ := strings.Cut(revision, "@sha256:")
	a := meta.Artifact{Path: storage.ArtifactPath(sourcev1.ExternalArtifactKind, owner.Namespace, owner.Name, hash+".tar.gz"), Revision: revision}
	s.storage.SetArtifactURL(&a)
	return a
}

// pack makes an archive that depends on nothing but the files.
func pack(files []File) ([]byte, error) {
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	archive := tar.NewWriter(zip)
	made := map[string]bool{".": true}
	for _, f := range files {
		var above []string
		for dir := path.Dir(f.Path); !made[dir]; dir = path.Dir(dir) {
			made[dir] = true
			above = append(above, dir)
		}
		for _, dir := range slices.Backward(above) {
			if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: storage.DefaultDirMode}); err != nil {
				return nil, err
			}
		}
		if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: f.Path, Size: int64(len(f.Data)), Mode: storage.DefaultFileMode}); err != nil {
			return nil, err
		}
		if _, err := archive.Write(f.Data); err != nil {
			return nil, err
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	err := zip.Close()
	return out.Bytes(), err
}

// Verify reports why an advertised artifact cannot be downloaded as it is: its
// file is gone or damaged, or it is not where the store now says.
func (s *Store) Verify(owner types.NamespacedName, a *meta.Artifact) error {
	if want := s.expected(owner, a.Revision); a.URL != want.URL || a.Path != want.Path {
		return fmt.Errorf("the artifact is advertised at %s and belongs at %s", a.URL, want.URL)
	}
	return s.storage.VerifyArtifact(*a)
}

// Read returns the files of a stored artifact, verified.
func (s *Store) Read(a *meta.Artifact) ([]File, error) {
	if err := s.storage.VerifyArtifact(*a); err != nil {
		return nil, err
	}
	f, err := os.Open(s.storage.LocalPath(*a))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	zip, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	var out []File
	for archive := tar.NewReader(zip); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		data, err := io.ReadAll(archive)
		if err != nil {
			return nil, err
		}
		out = append(out, File{Path: header.Name, Data: data})
	}
}

// collectTimeout is how long files may be looked through.
const collectTimeout = 10 * time.Second

// Collect deletes files that were advertised before, as the retention options
// say; the one that is advertised stays.
func (s *Store) Collect(ctx context.Context, a *meta.Artifact) error {
	if _, err := s.storage.GarbageCollect(ctx, *a, collectTimeout); err != nil {
		return fmt.Errorf("deleting old artifacts: %w", err)
	}
	return nil
}

// Remove deletes all files of an object.
func (s *Store) Remove(owner types.NamespacedName) error {
	if _, err := s.storage.RemoveAll(s.expected(owner, "")); err != nil {
		return fmt.Errorf("deleting the artifacts: %w", err)
	}
	return nil
}

// Sweep deletes the files of objects that exist no longer.
func (s *Store) Sweep(exists func(types.NamespacedName) bool) error {
	root := filepath.Join(s.storage.BasePath, strings.ToLower(sourcev1.ExternalArtifactKind))
	dirs, err := filepath.Glob(filepath.Join(root, "*", "*"))
	if err != nil {
		return err
	}
	var errs []error
	for _, dir := range dirs {
		owner := types.NamespacedName{Namespace: filepath.Base(filepath.Dir(dir)), Name: filepath.Base(dir)}
		if !exists(owner) {
			errs = append(errs, s.Remove(owner))
			continue
		}
		errs = append(errs, unfinished(dir))
	}
	return errors.Join(errs...)
}

// unfinished deletes what a controller that was killed left half written. A file
// that was written just now may be in the hands of another one; one from the future
// was written by a clock that was wrong.
func unfinished(dir string) error {
	return filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(name, ".tar.gz") {
			return err
		}
		info, err := entry.Info()
		if err != nil || time.Since(info.ModTime()).Abs() < writingTimeout {
			return err
		}
		return os.Remove(name)
	})
}

// writingTimeout is longer than an archive takes to be written.
const writingTimeout = 10 * time.Minute
