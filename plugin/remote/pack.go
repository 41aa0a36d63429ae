package remote

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

// maxPack bounds what a server sends: a commit, or a history when it gives no commit
// alone.
const maxPack = 1 << 30

// guarded is a storage that takes no pack before it has looked at all of it: go-git
// reads a pack without end to the end of the disk, and makes an object of 100 GiB
// from a delta of some bytes.
type guarded struct {
	*filesystem.Storage
	dir string // for a pack until then
}

// PackfileWriter is where go-git puts the pack that a server sends.
func (g guarded) PackfileWriter() (io.WriteCloser, error) {
	file, err := os.CreateTemp(g.dir, "pack-")
	if err != nil {
		return nil, err
	}
	return &heldPack{file: file, to: g.Storage, left: maxPack}, nil
}

// errTooMuch is no reason to ask for a history instead of a commit.
var errTooMuch = errors.New("the server sends too much")

type heldPack struct {
	file *os.File
	to   storer.PackfileWriter
	left int64
	err  error
}

func (p *heldPack) Write(data []byte) (int, error) {
	if p.left -= int64(len(data)); p.left < 0 && p.err == nil {
		p.err = fmt.Errorf("%w: more than %d MiB; narrow it with ref to a branch or tag that has less history", errTooMuch, maxPack>>20)
	}
	if p.err != nil {
		return 0, p.err
	}
	n, err := p.file.Write(data)
	p.err = err
	return n, err
}

// Close hands the pack over, if it is one that may be read.
func (p *heldPack) Close() error {
	defer os.Remove(p.file.Name())
	defer p.file.Close()
	if p.err != nil || p.left == maxPack {
		return nil // Write said it, or there is nothing
	}
	if _, err := p.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := checkPack(p.file); err != nil {
		return err
	}
	if _, err := p.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	w, err := p.to.PackfileWriter()
	if err != nil {
		return err
	}
	_, err = io.Copy(w, p.file)
	return errors.Join(err, w.Close())
}

// checkPack fails if a pack has an object that would be larger than may be read.
func checkPack(in io.ReadSeeker) error {
	s := packfile.NewScanner(in)
	_, objects, err := s.Header()
	if err != nil {
		return fmt.Errorf("the server sent a pack that cannot be read: %w", err)
	}
	for range objects {
		h, err := s.NextObjectHeader()
		if err != nil {
			return fmt.Errorf("the server sent a pack that cannot be read: %w", err)
		}
		size, delta := h.Length, beginning{}
		if size <= maxBytes {
			if _, _, err := s.NextObject(&delta); err != nil {
				return fmt.Errorf("the server sent a pack that cannot be read: %w", err)
			}
			if h.Type.IsDelta() {
				size = max(size, delta.result())
			}
		}
		if size < 0 || size > maxBytes {
			return fmt.Errorf("%w: an object of %d MiB, where the most is %d", errTooMuch, uint64(size)>>20, maxBytes>>20)
		}
	}
	return nil
}

// beginning keeps the first bytes that are written to it.
type beginning struct {
	data [2 * binary.MaxVarintLen64]byte
	n    int
}

func (b *beginning) Write(p []byte) (int, error) {
	b.n += copy(b.data[b.n:], p)
	return len(p), nil
}

// result is the size of what a delta makes, which stands after that of what it is
// made from.
func (b *beginning) result() int64 {
	in := bytes.NewReader(b.data[:b.n])
	_, err := binary.ReadUvarint(in)
	size, err2 := binary.ReadUvarint(in)
	if err != nil || err2 != nil {
		return -1
	}
	return int64(min(size, 1<<62))
}
