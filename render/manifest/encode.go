package manifest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"sync"
)

// EncodeYAML writes each object after a line "---": keys sorted, two spaces,
// strings quoted where YAML 1.1 would read something else. The bytes are those
// of sigs.k8s.io/yaml, hence kubectl's.
func EncodeYAML(w io.Writer, objects []map[string]any) error {
	e := yamlEncoder{buf: make([]byte, 0, min(len(objects), 64)*chunk/64)}
	for _, object := range objects {
		err := e.document(object)
		if err != nil {
			err = fmt.Errorf("encoding %s: %w", (&Document{Object: object}).Title(), err)
		}
		if len(e.buf) < chunk-chunk/8 && err == nil {
			continue
		}
		if _, written := w.Write(e.buf); err != nil || written != nil {
			return cmp.Or(written, err)
		}
		e.buf = e.buf[:0]
	}
	if len(e.buf) == 0 {
		return nil
	}
	_, err := w.Write(e.buf)
	return err
}

// YAML returns an object as EncodeYAML writes it, in memory of its own.
func YAML(object map[string]any) ([]byte, error) {
	e := encoders.Get().(*yamlEncoder)
	defer encoders.Put(e)
	e.buf = e.buf[:0]
	if err := e.document(object); err != nil {
		return nil, fmt.Errorf("encoding %s: %w", (&Document{Object: object}).Title(), err)
	}
	return bytes.Clone(e.buf), nil
}

var encoders = sync.Pool{New: func() any { return new(yamlEncoder) }}

// chunk is about how many bytes are written at once.
const chunk = 64 << 10

// yamlValue returns v as the YAML library must see it: what it would write
// other than through JSON is replaced, in copies.
func yamlValue(v any) (any, error) {
	if err := checkValue(v); err != nil || !differs(v) {
		return v, err
	}
	return replaced(v), nil
}

// checkValue refuses what cannot be written, so that a bad value is an error
// and never other text.
func checkValue(v any) error {
	switch v := v.(type) {
	case nil, string, bool, int64, int, int32, uint64:
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("infinity and NaN have no JSON form")
		}
	case map[string]any:
		if _, ok := v["<<"]; ok {
			return fmt.Errorf("the key %q would be read as a merge", "<<")
		}
		for _, item := range v {
			if err := checkValue(item); err != nil {
				return err
			}
		}
	case []any:
		for _, item := range v {
			if err := checkValue(item); err != nil {
				return err
			}
		}
	default:
		return fmt.Errorf("a %T is not a JSON value", v)
	}
	return nil
}

func differs(v any) bool {
	switch v := v.(type) {
	case float64:
		return v == math.Trunc(v) && math.Abs(v) < 1e21
	case string:
		return validUTF8(v) != v
	case map[string]any:
		if v == nil {
			return true
		}
		for k, item := range v {
			if differs(k) || differs(item) {
				return true
			}
		}
	case []any:
		if v == nil {
			return true
		}
		for _, item := range v {
			if differs(item) {
				return true
			}
		}
	}
	return false
}

func replaced(v any) any {
	switch v := v.(type) {
	case float64:
		return wholeToYAML(v)
	case string:
		return validUTF8(v)
	case map[string]any:
		if v == nil {
			return nil
		}
		out := make(map[string]any, len(v))
		for k, item := range v {
			out[validUTF8(k)] = replaced(item)
		}
		return out
	case []any:
		if v == nil {
			return nil
		}
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = replaced(item)
		}
		return out
	}
	return v
}

// wholeToYAML makes a whole float the integer that its JSON text is, as far as
// YAML has integers: 1e8 is written 100000000.
func wholeToYAML(f float64) any {
	v := wholeToInt(f)
	if _, ok := v.(int64); ok || f < 0 || math.Abs(f) >= 1e21 {
		return v
	}
	if u, err := strconv.ParseUint(strconv.FormatFloat(f, 'f', -1, 64), 10, 64); err == nil {
		return u
	}
	return f
}

// EncodeJSON writes the objects as a v1 List, indented by two spaces.
func EncodeJSON(w io.Writer, objects []map[string]any) error {
	items := make([]any, len(objects))
	for i, object := range objects {
		items[i] = object
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(map[string]any{"apiVersion": "v1", "kind": "List", "items": items})
}

// CanonicalJSON returns v in one line with sorted keys, for digests and
// comparisons; whole floats are printed like integers.
func CanonicalJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
