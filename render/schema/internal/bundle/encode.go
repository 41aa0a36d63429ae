package main

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"reflect"
	"sort"
	"strconv"
	"strings"
)

// encoder collects the tables of a bundle. Equal strings and equal schemas are
// stored once. The layout is described in schema/bundle.go, which reads it.
type encoder struct {
	strings   map[string]int
	stringTab []string
	nodes     map[string]int
	nodeTab   []string
	component map[string]int
}

func encode(docs []*document) ([]byte, error) {
	components := map[string]map[string]any{}
	var kinds []resource
	for _, d := range docs {
		kinds = append(kinds, d.resources()...)
		for name, s := range d.Components.Schemas {
			delete(s, "x-kubernetes-group-version-kind") // differs between documents
			if prev, ok := components[name]; ok && !reflect.DeepEqual(prev, s) {
				return nil, fmt.Errorf("component %s differs between documents", name)
			}
			components[name] = s
		}
	}
	sort.Slice(kinds, func(i, j int) bool {
		a, b := kinds[i], kinds[j]
		return a.group+"/"+a.version+"/"+a.kind < b.group+"/"+b.version+"/"+b.kind
	})
	names := reachable(components, kinds)
	e := &encoder{strings: map[string]int{}, nodes: map[string]int{}, component: map[string]int{}}
	for i, name := range names {
		e.component[name] = i
	}
	roots := make([]int, len(names))
	for i, name := range names {
		n, err := e.node(components[name])
		if err != nil {
			return nil, fmt.Errorf("component %s: %w", name, err)
		}
		roots[i] = n
	}
	return e.pack(roots, kinds)
}

// reachable names the components that some kind's schema can lead to, sorted.
func reachable(components map[string]map[string]any, kinds []resource) []string {
	seen := map[string]bool{}
	var visit func(v any)
	visit = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, c := range v {
				if s, ok := c.(string); ok && k == "$ref" {
					name := strings.TrimPrefix(s, refPrefix)
					if !seen[name] {
						seen[name] = true
						visit(components[name])
					}
					continue
				}
				visit(c)
			}
		case []any:
			for _, c := range v {
				visit(c)
			}
		}
	}
	for _, k := range kinds {
		visit(map[string]any{"$ref": refPrefix + k.component})
	}
	for _, name := range []string{metaPrefix + "ObjectMeta", metaPrefix + "LabelSelector"} {
		visit(map[string]any{"$ref": refPrefix + name})
	}
	names := make([]string, 0, len(seen))
	for name := range seen {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

const (
	refPrefix  = "#/components/schemas/"
	metaPrefix = "io.k8s.apimachinery.pkg.apis.meta.v1."
)

// refOf finds the reference of a schema, plain or wrapped in allOf.
func refOf(s map[string]any) string {
	if ref, ok := s["$ref"].(string); ok {
		return strings.TrimPrefix(ref, refPrefix)
	}
	all, _ := s["allOf"].([]any)
	for _, a := range all {
		if m, ok := a.(map[string]any); ok {
			if ref := refOf(m); ref != "" {
				return ref
			}
		}
	}
	return ""
}

func (e *encoder) pack(roots []int, kinds []resource) ([]byte, error) {
	var tail []byte
	tail = binary.AppendUvarint(tail, uint64(len(roots)))
	for _, n := range roots {
		tail = binary.AppendUvarint(tail, uint64(n))
	}
	for _, name := range []string{"ObjectMeta", "LabelSelector"} {
		tail = binary.AppendUvarint(tail, uint64(e.component[metaPrefix+name]))
	}
	tail = binary.AppendUvarint(tail, uint64(len(kinds)))
	for _, k := range kinds {
		for _, s := range []string{k.group, k.version, k.kind, k.plural} {
			tail = e.str(tail, s)
		}
		tail = binary.AppendUvarint(tail, uint64(e.component[k.component]))
		namespaced := uint64(0)
		if k.namespaced {
			namespaced = 1
		}
		tail = binary.AppendUvarint(tail, namespaced)
	}
	var raw []byte
	for _, table := range [][]string{e.stringTab, e.nodeTab} {
		raw = binary.AppendUvarint(raw, uint64(len(table)))
		for _, s := range table {
			raw = binary.AppendUvarint(raw, uint64(len(s)))
		}
		raw = append(raw, strings.Join(table, "")...)
	}
	raw = append(raw, tail...)

	out := bytes.NewBuffer(binary.AppendUvarint(nil, uint64(len(raw))))
	w, err := flate.NewWriter(out, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(raw); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (e *encoder) str(b []byte, s string) []byte {
	i, ok := e.strings[s]
	if !ok {
		i = len(e.stringTab)
		e.strings[s], e.stringTab = i, append(e.stringTab, s)
	}
	return binary.AppendUvarint(b, uint64(i))
}

func (e *encoder) strs(b []byte, list []any) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, s := range list {
		b = e.str(b, s.(string))
	}
	return b
}

// node stores a schema and returns its number; children come first.
func (e *encoder) node(s map[string]any) (int, error) {
	var flags uint64
	var body []byte
	if ref := refOf(s); ref != "" {
		flags, body = 1, binary.AppendUvarint(nil, uint64(e.component[ref]))
	} else {
		for bit, f := range fields() {
			v, ok := s[f.keyword]
			if !ok {
				continue
			}
			b, has, err := f.encode(e, v)
			if err != nil {
				return 0, fmt.Errorf("%s: %w", f.keyword, err)
			}
			if has {
				flags |= 2 << bit
				body = append(body, b...)
			}
		}
	}
	text := string(append(binary.AppendUvarint(nil, flags), body...))
	i, ok := e.nodes[text]
	if !ok {
		i = len(e.nodeTab)
		e.nodes[text], e.nodeTab = i, append(e.nodeTab, text)
	}
	return i, nil
}

// field encodes one keyword; has is false where the value says nothing.
type field struct {
	keyword string
	encode  func(e *encoder, v any) (b []byte, has bool, err error)
}

// fields lists the keywords in the order of the flag bits, from bit 1 on; the two forms of
// additionalProperties have a bit each, and so on. Keep in step with the reader.
func fields() []field {
	return []field{
		{"type", text}, {"format", text}, {"properties", properties}, {"required", texts},
		{"items", child}, {"additionalProperties", schemaForm}, {"additionalProperties", boolForm},
		{"nullable", flagOnly}, {"x-kubernetes-preserve-unknown-fields", flagOnly},
		{"x-kubernetes-int-or-string", flagOnly}, {"x-kubernetes-embedded-resource", flagOnly},
		{"x-kubernetes-list-type", text}, {"x-kubernetes-list-map-keys", texts},
		{"oneOf", branches}, {"anyOf", branches}, {"default", jsonText}, {"enum", jsonText},
		{"pattern", text}, {"minimum", number}, {"maximum", number}, {"minLength", number},
		{"maxLength", number}, {"minItems", number}, {"maxItems", number},
	}
}

func text(e *encoder, v any) ([]byte, bool, error) { return e.str(nil, v.(string)), true, nil }

func texts(e *encoder, v any) ([]byte, bool, error) { return e.strs(nil, v.([]any)), true, nil }

func flagOnly(_ *encoder, v any) ([]byte, bool, error) { return nil, v == true, nil }

func child(e *encoder, v any) ([]byte, bool, error) {
	n, err := e.node(v.(map[string]any))
	return binary.AppendUvarint(nil, uint64(n)), true, err
}

func schemaForm(e *encoder, v any) ([]byte, bool, error) {
	if _, ok := v.(map[string]any); !ok {
		return nil, false, nil
	}
	return child(e, v)
}

func boolForm(_ *encoder, v any) ([]byte, bool, error) {
	switch v {
	case true:
		return []byte{1}, true, nil
	case false:
		return []byte{0}, true, nil
	}
	return nil, false, nil
}

func properties(e *encoder, v any) ([]byte, bool, error) {
	m := v.(map[string]any)
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	b := binary.AppendUvarint(nil, uint64(len(names)))
	for _, name := range names {
		n, err := e.node(m[name].(map[string]any))
		if err != nil {
			return nil, false, fmt.Errorf("%s: %w", name, err)
		}
		b = binary.AppendUvarint(e.str(b, name), uint64(n))
	}
	return b, true, nil
}

// branches stores of each alternative its type and whether it has required or not.
func branches(e *encoder, v any) ([]byte, bool, error) {
	list := v.([]any)
	b := binary.AppendUvarint(nil, uint64(len(list)))
	for _, alternative := range list {
		m := alternative.(map[string]any)
		t, _ := m["type"].(string)
		b = e.str(b, t)
		var bits uint64
		if _, ok := m["required"]; ok {
			bits |= 1
		}
		if _, ok := m["not"]; ok {
			bits |= 2
		}
		b = binary.AppendUvarint(b, bits)
	}
	return b, true, nil
}

func jsonText(e *encoder, v any) ([]byte, bool, error) {
	raw, err := json.Marshal(v)
	return e.str(nil, string(raw)), true, err
}

func number(e *encoder, v any) ([]byte, bool, error) {
	return e.str(nil, strconv.FormatFloat(v.(float64), 'g', -1, 64)), true, nil
}
