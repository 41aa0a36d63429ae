// Package manifest decodes and encodes YAML and JSON. It takes the bytes of a
// file, and returns its documents, with values exactly as the API server's
// decoder returns them, and findings with their lines. Position, KeyPosition and
// Within find any value, key or character of a document later. EncodeYAML,
// EncodeJSON and CanonicalJSON are the project's only encoders. The package opens
// no files and knows no kinds, except that a List is equivalent to its items.
//
//	documents, findings := manifest.Read("web.yaml", data, manifest.Limits{})
//	documents[0].Position(diag.Path{"spec", "replicas"}) // web.yaml:7:13
package manifest

import (
	"cmp"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/object"
)

// Document is one object of a file and the text that it was read from. It is
// immutable and safe for concurrent use.
type Document struct {
	// File is the name given to Read.
	File string
	// Index counts the documents of the file from 0, items of a List included.
	Index int
	// Object holds map[string]any, []any, string, bool, int64, float64 and nil.
	Object map[string]any

	src    *source
	origin Origin
	prefix diag.Path // where Object stands in the text: items of a List
}

// source is the text of one YAML document or JSON value. Its nodes are parsed
// when a position is first asked for, which most runs never do.
type source struct {
	file   string
	text   []byte
	line   int // of the first byte of text, from 1
	column int // of the first byte of text, from 1
	json   bool

	parse sync.Once
	root  *yaml.Node // nil when the text cannot be parsed for positions
	lines []int      // byte offset of each line as the YAML scanner counts them

	place  sync.Once
	breaks []int // after each line feed
	runes  []int // characters before each block of the text

	mu     sync.Mutex
	keys   map[*yaml.Node]map[string]int // of large mappings: where in Content the last of each key is
	scalar *yaml.Node                    // whose characters were last looked up
	from   []int                         // of scalar: where each byte comes from
}

// APIVersion returns the object's apiVersion, "" if it has none.
func (d *Document) APIVersion() string { return object.APIVersion(d.Object) }

// Kind returns the object's kind, "" if it has none.
func (d *Document) Kind() string { return object.Kind(d.Object) }

// Name returns the object's metadata.name, "" if it has none.
func (d *Document) Name() string { return object.Name(d.Object) }

// Namespace returns the object's metadata.namespace, "" if it has none.
func (d *Document) Namespace() string { return object.Namespace(d.Object) }

// Title returns "Kind namespace/name" or "Kind name", as diagnostics name an
// object.
func (d *Document) Title() string {
	key := object.KeyOf(d.Object)
	key.Name = cmp.Or(key.Name, object.Text(object.Metadata(d.Object), "generateName"))
	return key.Title()
}
