package cmpserver

import (
	"bytes"
	"io"
	"testing"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/krowave/krowave/argocd/cmpserver/pluginpb"
)

// Whatever the buffers that a message arrives in, and whatever its encoding, it
// is read as the generated code reads it.
func TestCodecReadsAsGenerated(t *testing.T) {
	encode := func(m proto.Message) []byte {
		data, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	field := func(n protowire.Number, data []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, n, protowire.BytesType), data)
	}
	file := func(chunk []byte) []byte {
		return encode(&pluginpb.AppStreamRequest{Request: &pluginpb.AppStreamRequest_File{File: &pluginpb.File{Chunk: chunk}}})
	}
	for name, data := range map[string][]byte{
		"a piece":                  file([]byte("some text")),
		"a long piece":             file(bytes.Repeat([]byte("0123456789"), 20_000)),
		"an empty piece":           file(nil),
		"a piece of no bytes":      field(2, field(1, nil)),
		"metadata":                 encode(&pluginpb.AppStreamRequest{Request: &pluginpb.AppStreamRequest_Metadata{Metadata: &pluginpb.ManifestRequestMetadata{AppName: "a"}}}),
		"nothing":                  nil,
		"two pieces, one counts":   append(file([]byte("first")), file([]byte("second"))...),
		"a chunk twice":            field(2, append(field(1, []byte("first")), field(1, []byte("second"))...)),
		"a field of a later time":  field(2, append(field(1, []byte("text")), field(9, []byte("more"))...)),
		"another field first":      append(field(7, []byte("more")), file([]byte("text"))...),
		"a field that ends early":  file([]byte("some text"))[:5],
		"a tag that ends early":    {0x92},
		"a length that ends early": {0x12, 0x80},
	} {
		t.Run(name, func(t *testing.T) {
			var want pluginpb.AppStreamRequest
			wrong := proto.Unmarshal(data, &want)
			for _, size := range []int{1, 3, 100, 1 << 20} {
				var buffers mem.BufferSlice
				for rest := data; len(rest) > 0; rest = rest[min(size, len(rest)):] {
					buffers = append(buffers, mem.SliceBuffer(rest[:min(size, len(rest))]))
				}
				var got received
				if err := newCodec().Unmarshal(buffers, &got); (err != nil) != (wrong != nil) {
					t.Fatalf("buffers of %d: %v, want %v", size, err, wrong)
				}
				if wrong != nil {
					continue
				}
				if (got.chunk != nil) != (want.GetFile() != nil) || !proto.Equal(got.other.GetMetadata(), want.GetMetadata()) {
					t.Fatalf("buffers of %d: a piece: %v, %v; want %v", size, got.chunk != nil, &got.other, &want)
				}
				if got.chunk == nil {
					continue
				}
				text, err := io.ReadAll(got.chunk)
				if err != nil || !bytes.Equal(text, want.GetFile().GetChunk()) {
					t.Errorf("buffers of %d: %q, %v; want %q", size, text, err, want.GetFile().GetChunk())
				}
			}
		})
	}
}
