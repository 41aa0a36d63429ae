package schema

import (
	"bytes"
	"compress/flate"
	"embed"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"sort"
	"strconv"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

//go:generate go run ./internal/bundle -o bundle v1.32.13 v1.33.13 v1.34.4 v1.35.4 v1.36.3 v1.37.2

//go:embed bundle/*.bin
var bundleFiles embed.FS

// bundle is the schemas of one Kubernetes minor version. The file is the length
// of its content, then the content with flate: a table of strings, a table of
// nodes (both: count, lengths, bytes), the root node of each component, the
// component numbers of ObjectMeta and LabelSelector, and the kinds. Numbers are
// uvarints; a node is flag bits and, per bit, a value (see node). Equal nodes
// are stored once, and a schema is built when its kind is looked up.
type bundle struct {
	strings  []string
	nodes    [][]byte
	roots    []int // component -> node
	meta     int   // component of ObjectMeta
	selector int   // component of LabelSelector
	kinds    map[schema.GroupVersionKind]bundledKind

	mu    sync.Mutex
	built map[int]*Schema // component -> schema, where building met no cycle
}

type bundledKind struct {
	plural     string
	component  int
	namespaced bool
}

// bundleVersions lists the embedded minor versions, oldest first.
func bundleVersions() []string {
	entries, err := bundleFiles.ReadDir("bundle")
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		out = append(out, strings.TrimSuffix(path.Base(e.Name()), ".bin"))
	}
	sort.Slice(out, func(i, j int) bool { return minor(out[i]) < minor(out[j]) })
	return out
}

func minor(version string) int {
	_, m, _ := strings.Cut(version, ".")
	n, _ := strconv.Atoi(m)
	return n
}

// loadBundle decompresses the bundle of a minor version and reads its tables.
func loadBundle(version string) (*bundle, error) {
	file, err := bundleFiles.ReadFile("bundle/" + version + ".bin")
	if err != nil {
		return nil, err
	}
	size, n := binary.Uvarint(file)
	raw := make([]byte, size)
	if _, err := io.ReadFull(flate.NewReader(bytes.NewReader(file[n:])), raw); err != nil {
		return nil, fmt.Errorf("bundled schemas of Kubernetes %s: %w", version, err)
	}
	r := &reader{data: raw}
	b := &bundle{built: map[int]*Schema{}}
	texts := r.table()
	// one string for all, so that the table is slices of it
	b.strings = make([]string, len(texts))
	all := string(raw)
	for i, t := range texts {
		b.strings[i] = all[t.from:t.to]
	}
	r.strings = b.strings
	spans := r.table()
	b.nodes = make([][]byte, len(spans))
	for i, s := range spans {
		b.nodes[i] = raw[s.from:s.to]
	}
	b.roots = make([]int, r.int())
	for i := range b.roots {
		b.roots[i] = r.int()
	}
	b.meta, b.selector = r.int(), r.int()
	count := r.int()
	b.kinds = make(map[schema.GroupVersionKind]bundledKind, count)
	for range count {
		gvk := schema.GroupVersionKind{Group: r.str(), Version: r.str(), Kind: r.str()}
		b.kinds[gvk] = bundledKind{plural: r.str(), component: r.int(), namespaced: r.int() == 1}
	}
	return b, nil
}

// component returns the schema of a component with references replaced, as kro
// sees it (S5.1). Components that do not lead to themselves are shared.
func (b *bundle) component(c int) *Schema {
	b.mu.Lock()
	defer b.mu.Unlock()
	// The root is not on the path: Kubernetes looks it up by name and nested
	// references by URL, so a kind that holds itself is expanded once more.
	s, _ := b.node(b.roots[c], map[int]bool{})
	return s
}

// ref builds a component that is referred to below the components in open.
// Clean says that no cycle was met, so that the result fits anywhere.
func (b *bundle) ref(c int, open map[int]bool) (s *Schema, clean bool) {
	if open[c] {
		return &Schema{Type: "object"}, false
	}
	if s, ok := b.built[c]; ok {
		return s, true
	}
	open[c] = true
	s, clean = b.node(b.roots[c], open)
	delete(open, c)
	if clean {
		b.built[c] = s
	}
	return s, clean
}

// The flag bits of a node. Values follow in the order of the bits.
const (
	bitRef = 1 << iota
	bitType
	bitFormat
	bitProperties
	bitRequired
	bitItems
	bitAdditionalSchema
	bitAdditionalBool
	bitNullable
	bitPreserve
	bitIntOrString
	bitEmbedded
	bitListType
	bitListMapKeys
	bitOneOf
	bitAnyOf
	bitDefault
	bitEnum
	bitPattern
	bitMinimum
	bitMaximum
	bitMinLength
	bitMaxLength
	bitMinItems
	bitMaxItems
)

// node builds one schema and what hangs below it.
func (b *bundle) node(n int, open map[int]bool) (*Schema, bool) {
	r := &reader{data: b.nodes[n], strings: b.strings}
	bits := r.int()
	if bits&bitRef != 0 {
		return b.ref(r.int(), open)
	}
	s, clean := &Schema{}, true
	child := func() *Schema {
		c, ok := b.node(r.int(), open)
		clean = clean && ok
		return c
	}
	r.text(bits&bitType, &s.Type)
	r.text(bits&bitFormat, &s.Format)
	if bits&bitProperties != 0 {
		count := r.int()
		s.Properties = make(map[string]*Schema, count)
		for range count {
			name := r.str()
			s.Properties[name] = child()
		}
	}
	r.texts(bits&bitRequired, &s.Required)
	if bits&bitItems != 0 {
		s.Items = child()
	}
	if bits&bitAdditionalSchema != 0 {
		s.AdditionalProperties, s.AdditionalAllowed, s.HasAdditional = child(), true, true
	}
	if bits&bitAdditionalBool != 0 {
		s.AdditionalAllowed, s.HasAdditional = r.int() == 1, true
	}
	s.Nullable = bits&bitNullable != 0
	s.PreserveUnknown = bits&bitPreserve != 0
	s.IntOrString = bits&bitIntOrString != 0
	s.EmbeddedResource = bits&bitEmbedded != 0
	r.text(bits&bitListType, &s.ListType)
	r.texts(bits&bitListMapKeys, &s.ListMapKeys)
	r.branches(bits&bitOneOf, &s.OneOf)
	r.branches(bits&bitAnyOf, &s.AnyOf)
	if bits&bitDefault != 0 {
		s.Default, s.HasDefault = r.json(), true
	}
	if bits&bitEnum != 0 {
		s.Enum, _ = r.json().([]any)
	}
	r.text(bits&bitPattern, &s.Pattern)
	r.float(bits&bitMinimum, &s.Minimum)
	r.float(bits&bitMaximum, &s.Maximum)
	r.count(bits&bitMinLength, &s.MinLength)
	r.count(bits&bitMaxLength, &s.MaxLength)
	r.count(bits&bitMinItems, &s.MinItems)
	r.count(bits&bitMaxItems, &s.MaxItems)
	return s, clean
}

// reader reads the values of a bundle one after the other.
type reader struct {
	data    []byte
	at      int
	strings []string
}

type span struct{ from, to int }

func (r *reader) int() int {
	v, n := binary.Uvarint(r.data[r.at:])
	r.at += n
	return int(v)
}

func (r *reader) str() string { return r.strings[r.int()] }

// table reads count, lengths and bytes, and says where each entry lies.
func (r *reader) table() []span {
	out := make([]span, r.int())
	for i := range out {
		out[i].to = r.int()
	}
	for i := range out {
		out[i].from, out[i].to = r.at, r.at+out[i].to
		r.at = out[i].to
	}
	return out
}

func (r *reader) text(bit int, to *string) {
	if bit != 0 {
		*to = r.str()
	}
}

func (r *reader) texts(bit int, to *[]string) {
	if bit == 0 {
		return
	}
	*to = make([]string, r.int())
	for i := range *to {
		(*to)[i] = r.str()
	}
}

func (r *reader) branches(bit int, to *[]Branch) {
	if bit == 0 {
		return
	}
	*to = make([]Branch, r.int())
	for i := range *to {
		b := &(*to)[i]
		if t := r.str(); t != "" {
			b.Types = []string{t}
		}
		bits := r.int()
		b.HasRequired, b.HasNot = bits&1 != 0, bits&2 != 0
	}
}

// json reads a value that is stored as JSON text.
func (r *reader) json() any { return decodeJSON([]byte(r.str())) }

// plainNumbers turns json.Number into int64 where it is whole, else float64.
func plainNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i
		}
		f, _ := v.Float64()
		return f
	case map[string]any:
		for k, c := range v {
			v[k] = plainNumbers(c)
		}
	case []any:
		for i, c := range v {
			v[i] = plainNumbers(c)
		}
	}
	return v
}

func (r *reader) float(bit int, to **float64) {
	if bit != 0 {
		f, _ := strconv.ParseFloat(r.str(), 64)
		*to = &f
	}
}

func (r *reader) count(bit int, to **int64) {
	if bit != 0 {
		f, _ := strconv.ParseFloat(r.str(), 64)
		n := int64(f)
		*to = &n
	}
}
