package cmpserver

import (
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/krowave/krowave/argocd/cmpserver/pluginpb"
)

// received is a message of an upload. A piece of the archive stays in the buffers
// that it arrived in: repositories are large, and memory that is touched for the
// first time costs more than to unpack what is copied into it.
type received struct {
	chunk *mem.Reader // nil for any other message
	other pluginpb.AppStreamRequest
}

// codec reads messages of uploads without a copy of their pieces.
type codec struct{ encoding.CodecV2 }

func newCodec() codec { return codec{encoding.GetCodecV2(proto.Name)} }

// Unmarshal implements encoding.CodecV2.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	m, ok := v.(*received)
	if !ok {
		return c.CodecV2.Unmarshal(data, v)
	}
	header := headerOf(data)
	if header == 0 {
		err := c.CodecV2.Unmarshal(data, &m.other)
		if file := m.other.GetFile(); file != nil {
			m.chunk = mem.BufferSlice{mem.SliceBuffer(file.GetChunk())}.Reader()
		}
		return err
	}
	m.chunk = data.Reader() // holds on to the buffers
	_, err := m.chunk.Discard(header)
	return err
}

// headerOf returns the length of what is before the bytes of a piece, 0 if the
// message is none or has more in it.
func headerOf(data mem.BufferSlice) int {
	var start [24]byte // of which two tags and lengths take at most 22
	head := start[:data.CopyTo(start[:])]
	all, done := data.Len(), 0
	for _, field := range []protowire.Number{2, 1} { // file, chunk
		number, kind, n := protowire.ConsumeTag(head[done:])
		if n < 0 || number != field || kind != protowire.BytesType {
			return 0
		}
		done += n
		length, n := protowire.ConsumeVarint(head[done:])
		if done += n; n < 0 || length != uint64(all-done) {
			return 0
		}
	}
	return done
}
