package cmpserver

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"

	"github.com/krowave/krowave/argocd/cmpserver/pluginpb"
	"github.com/krowave/krowave/render/cache"
	"github.com/krowave/krowave/render/repo"
)

// uploadStream is the part of a client stream that an upload is read from.
type uploadStream interface {
	RecvMsg(m any) error
}

// upload is an archive that arrives in pieces. It is an io.Reader, and keeps
// the digest of what it read.
type upload struct {
	stream uploadStream
	hash   hash.Hash
	bytes  int64
	chunk  *mem.Reader // what is not read yet of a piece
	err    error
	stray  error // a message that is not a piece of the archive
}

// receiveMetadata reads the first message of a stream.
func receiveMetadata(stream uploadStream) (*pluginpb.ManifestRequestMetadata, *upload, error) {
	var first received
	if err := stream.RecvMsg(&first); err != nil {
		return nil, nil, streamError(err)
	}
	u := &upload{stream: stream, hash: sha256.New()}
	meta := first.other.GetMetadata()
	if meta == nil {
		return nil, u, status.Error(codes.InvalidArgument, "the first message of the stream is not its metadata")
	}
	return meta, u, nil
}

func streamError(err error) error {
	if errors.Is(err, io.EOF) {
		return status.Error(codes.InvalidArgument, "the stream ended before its metadata")
	}
	return err
}

func (u *upload) Read(p []byte) (int, error) {
	for u.chunk == nil || u.chunk.Remaining() == 0 {
		if u.err != nil {
			return 0, u.err
		}
		if u.err = u.next(); u.err == nil {
			u.err = u.stray
		}
	}
	return u.take(p), nil
}

// next receives a message.
func (u *upload) next() error {
	var m received
	if err := u.stream.RecvMsg(&m); err != nil {
		return err
	}
	switch u.chunk = m.chunk; {
	case m.chunk != nil:
	case m.other.GetMetadata() != nil:
		u.stray = errors.New("the metadata was sent twice")
	default:
		u.stray = errors.New("the stream has a message that is neither metadata nor a piece of a file")
	}
	return nil
}

// take reads from the piece at hand, of which there is some left.
func (u *upload) take(p []byte) int {
	n, _ := u.chunk.Read(p) // the end is no error here
	u.bytes += int64(n)
	u.hash.Write(p[:n])
	return n
}

// drain reads to the end. A client that is still sending when an answer arrives
// reports a broken stream in place of the answer.
func (u *upload) drain() error {
	rest := make([]byte, 32<<10)
	for {
		for u.chunk != nil && u.chunk.Remaining() > 0 {
			u.take(rest)
		}
		switch err := u.next(); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// receive reads the upload to its end and returns its tree. A tree that is
// known already is not unpacked again. Errors are about the archive, or those
// of the stream.
func (u *upload) receive(meta *pluginpb.ManifestRequestMetadata, trees *cache.LRU[*Tree], limits repo.TarLimits) (tree *Tree, known bool, err error) {
	tree, known = trees.Get(meta.GetChecksum())
	var memory *repo.Memory
	var broken error
	if !known {
		memory, broken = repo.ReadTar(u, limits)
		if s, ok := status.FromError(u.err); ok && u.err != nil && !errors.Is(u.err, io.EOF) && s.Code() != codes.Unknown {
			return nil, false, u.err // the client went away, or the deadline passed
		}
	}
	if !errors.Is(u.err, io.EOF) {
		if err := u.drain(); err != nil {
			return nil, false, err
		}
	}
	sum := hex.EncodeToString(u.hash.Sum(nil))
	switch said := meta.GetSize(); {
	case u.stray != nil:
		return nil, false, usage("archive", "archive", "the call is malformed: %v", u.stray)
	case said != 0 && said != u.bytes: // 0 says nothing
		return nil, false, usage("archive", "archive", "the received archive differs from the one that was sent: it has %d bytes, and its metadata says %d", u.bytes, said)
	case broken == nil && sum != meta.GetChecksum():
		return nil, false, usage("archive", "archive", "the received archive differs from the one that was sent: its checksum differs")
	case broken != nil && sum != meta.GetChecksum():
		return nil, false, usage("archive", "archive", "the received archive differs from the one that was sent: its checksum differs, and %v", broken)
	case broken != nil:
		return nil, false, usage("archive", "archive", "%v", broken)
	case known:
		return tree, true, nil
	}
	tree = NewTree(memory, sum)
	trees.Put(sum, tree, memory.Bytes())
	return tree, false, nil
}

// size is for people.
func size(n int64) string {
	switch {
	case n >= 10<<20:
		return fmt.Sprintf("%d MB", n>>20)
	case n >= 10<<10:
		return fmt.Sprintf("%d kB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}
