package repo

import (
	"archive/tar"
	"bufio"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// TarLimits bounds what ReadTar accepts. A zero field means its default.
type TarLimits struct {
	Entries   int   // files, directories and links; default 200,000
	Unpacked  int64 // bytes of the whole archive, skipped files included; default 4 GiB
	Kept      int64 // bytes of the files that are kept; default 512 MiB
	FileBytes int64 // of one manifest; larger ones are left out; default 32 MiB
	OtherFile int64 // of one file that is not a manifest; larger ones are left out; default 1 MiB
	Ratio     int64 // unpacked bytes per packed byte, from 16 MiB on; default 250
}

func (l TarLimits) withDefaults() TarLimits {
	set := func(to *int64, value int64) {
		if *to <= 0 {
			*to = value
		}
	}
	if l.Entries <= 0 {
		l.Entries = 200_000
	}
	set(&l.Unpacked, 4<<30)
	set(&l.Kept, 512<<20)
	set(&l.FileBytes, 32<<20)
	set(&l.OtherFile, 1<<20)
	set(&l.Ratio, 250)
	return l
}

// otherBytes is how much is kept of files that only a kustomization could use,
// until it is known whether there is one.
const otherBytes = 64 << 20

// maxName is the longest name of an entry, as in Linux.
const maxName = 4096

// ratioFrom is the size from which the ratio is looked at: small files of
// repeated text pack well.
const ratioFrom = 16 << 20

// packedBuffer is how much of the packed archive is read at once. The ratio is off
// by it at most.
const packedBuffer = 16 << 10

// ReadTar reads a tar archive in gzip format into memory while it arrives. It
// keeps the manifests and what kustomize may read, skips .git, and writes
// nothing. A file that was left out and a symlink that leads out of the archive
// are errors only for who opens them.
func ReadTar(r io.Reader, limits TarLimits) (*Memory, error) {
	t := &tarReader{limits: limits.withDefaults(), out: newMemory(), packed: counter{r: r}}
	zip, err := gzip.NewReader(bufio.NewReaderSize(&t.packed, packedBuffer))
	if err != nil {
		return nil, fmt.Errorf("the archive is not in gzip format: %w", err)
	}
	t.unpacked = counter{r: zip, check: t.check}
	if err := t.read(tar.NewReader(&t.unpacked)); err != nil {
		return nil, err
	}
	t.out.finish()
	return t.out, nil
}

// tarReader is one ReadTar at work.
type tarReader struct {
	limits           TarLimits
	out              *Memory
	packed, unpacked counter
	entries          int
	kept, other      int64
	free             []byte // memory for the content of small manifests
}

func (t *tarReader) read(archive *tar.Reader) error {
	for {
		header, err := archive.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return limitOr(err, "the archive is damaged")
		}
		if t.entries++; t.entries > t.limits.Entries {
			return limitError{fmt.Sprintf("the archive has more than %d files and directories (--max-entries)", t.limits.Entries)}
		}
		name := path.Clean(strings.TrimSuffix(header.Name, "/"))
		switch {
		case path.IsAbs(name) || name == ".." || strings.HasPrefix(name, "../"):
			return fmt.Errorf("the archive has an entry %q, which is outside the archive", clip(header.Name))
		case len(name) > maxName:
			return limitError{fmt.Sprintf("the archive has an entry whose name is longer than %d bytes", maxName)}
		}
		if name == "." || skipped(name) {
			continue
		}
		if err := t.entry(name, header, archive); err != nil {
			return err
		}
	}
}

// skipped reports whether a name lies in a Git directory.
func skipped(name string) bool {
	return name == ".git" || strings.HasPrefix(name, ".git/") || strings.Contains(name, "/.git/") || strings.HasSuffix(name, "/.git")
}

func (t *tarReader) entry(name string, header *tar.Header, archive *tar.Reader) error {
	switch header.Typeflag {
	case tar.TypeDir:
		return t.out.add(name, &node{kind: directory})
	case tar.TypeSymlink:
		return t.out.add(name, &node{kind: symlink, target: header.Linkname})
	case tar.TypeReg:
	default:
		return t.out.add(name, &node{omitted: "it is neither a file, a directory nor a symlink"})
	}
	n := &node{size: header.Size, omitted: t.omit(name, header.Size)}
	if n.omitted == "" {
		if t.kept += header.Size; t.kept > t.limits.Kept {
			return limitError{fmt.Sprintf("the manifests of the archive have more than %d bytes together (--max-total-bytes)", t.limits.Kept)}
		}
		n.data = t.allocate(header.Size, isManifest(name))
		if _, err := io.ReadFull(archive, n.data); err != nil {
			return limitOr(err, "the archive is damaged in "+clip(name))
		}
	}
	return t.out.add(name, n)
}

// Small manifests share blocks of memory, which together leave less of it unused.
const (
	maxBlock   = 256 << 10
	maxInBlock = 32 << 10
)

// allocate returns memory for the content of a file. A manifest stays as long as
// the archive does; of what else there is, some is let go of.
func (t *tarReader) allocate(size int64, manifest bool) []byte {
	if !manifest || size > maxInBlock {
		return make([]byte, size)
	}
	if int64(len(t.free)) < size {
		t.free = make([]byte, min(max(t.kept, maxInBlock), maxBlock)) // an archive of few files needs no large block
	}
	data := t.free[:size:size]
	t.free = t.free[size:]
	return data
}

// omit says why the content of a file is not kept.
func (t *tarReader) omit(name string, size int64) string {
	base := path.Base(name)
	switch {
	case isManifest(name) || isKustomization(base):
		if size > t.limits.FileBytes {
			return fmt.Sprintf("it has more than %d bytes (--max-file-bytes)", t.limits.FileBytes)
		}
		return ""
	case size > t.limits.OtherFile:
		return fmt.Sprintf("it is not a manifest and has more than %d bytes (--max-other-file-bytes)", t.limits.OtherFile)
	case t.other+size > otherBytes:
		return fmt.Sprintf("files that are not manifests have more than %d bytes together", otherBytes)
	}
	t.other += size
	return ""
}

func (t *tarReader) check(unpacked int64) error {
	switch {
	case unpacked > t.limits.Unpacked:
		return limitError{fmt.Sprintf("the archive has more than %d bytes when it is unpacked (--max-unpacked-bytes)", t.limits.Unpacked)}
	case unpacked > ratioFrom && unpacked/t.limits.Ratio > t.packed.n:
		return limitError{fmt.Sprintf("the archive unpacks to more than %d times its size (--max-ratio)", t.limits.Ratio)}
	}
	return nil
}

// limitError passes through the decompressor unchanged.
type limitError struct{ text string }

func (e limitError) Error() string { return e.text }

// limitOr returns the limit that ended reading, if one did, and else the error
// behind what.
func limitOr(err error, what string) error {
	var limit limitError
	if errors.As(err, &limit) {
		return limit
	}
	return fmt.Errorf("%s: %w", what, err)
}

// counter counts what is read and may end it.
type counter struct {
	r     io.Reader
	n     int64
	check func(n int64) error
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if c.check != nil {
		if limit := c.check(c.n); limit != nil {
			return n, limit
		}
	}
	return n, err
}
