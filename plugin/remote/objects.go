package remote

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/memory"
)

// objectsHeader opens a file of the cache with Git objects: after it, each object
// is a line with its type and size, and its bytes. Ids are not written down:
// who reads the file computes them.
const objectsHeader = "krowave git objects 1\n"

func encodeObjects(objects []plumbing.EncodedObject) ([]byte, error) {
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	if _, err := io.WriteString(zip, objectsHeader); err != nil {
		return nil, err
	}
	for _, o := range objects {
		data, err := content(o)
		if err != nil {
			return nil, err
		}
		if _, err := fmt.Fprintf(zip, "%s %d\n%s", o.Type(), len(data), data); err != nil {
			return nil, err
		}
	}
	err := zip.Close() // writes the rest
	return out.Bytes(), err
}

// decodeObjects reads objects; each is found by the id of what it holds.
func decodeObjects(data []byte) (storer.EncodedObjectStorer, error) {
	zip, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	in := bufio.NewReader(io.LimitReader(zip, 2*maxBytes))
	header := make([]byte, len(objectsHeader))
	if _, err := io.ReadFull(in, header); err != nil || string(header) != objectsHeader {
		return nil, errors.New("not a file of Git objects")
	}
	store := memory.NewStorage()
	for {
		var kind string
		var size int64
		line, err := in.ReadString('\n')
		if errors.Is(err, io.EOF) && line == "" {
			return store, nil
		}
		if _, err := fmt.Sscanf(line, "%s %d\n", &kind, &size); err != nil || size < 0 || size > maxBytes {
			return nil, errors.New("not a file of Git objects")
		}
		o := &plumbing.MemoryObject{}
		t, err := plumbing.ParseObjectType(kind)
		if err != nil {
			return nil, err
		}
		o.SetType(t)
		if _, err := io.CopyN(o, in, size); err != nil {
			return nil, err
		}
		if _, err := store.SetEncodedObject(o); err != nil {
			return nil, err
		}
	}
}
