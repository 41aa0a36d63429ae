// Package rgdfmt gives RGDs one form: the order of their keys, the spacing of
// SimpleSchema and of expressions. It takes the text of a file and returns it with
// the same objects, comments and blank lines; documents of other kinds are kept
// byte for byte.
//
//	text, err := rgdfmt.Format("shop.yaml", data)
package rgdfmt

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
)

// Format returns the text of a file with its RGDs in their form. An error says
// that the file cannot be read as YAML.
func Format(name string, data []byte) ([]byte, error) {
	if !bytes.Contains(data, []byte(object.RGDKind)) || bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return data, nil
	}
	out := data
	for _, step := range []func(*editor, *yaml.Node){(*editor).texts, (*editor).orders} {
		docs, err := documents(out)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if !slices.ContainsFunc(docs, isRGD) {
			return data, nil
		}
		if !bytes.HasSuffix(out, []byte("\n")) {
			out = append(slices.Clone(out), '\n')
		}
		e := &editor{lines: strings.SplitAfter(string(out), "\n")}
		for _, doc := range slices.Backward(docs) { // so that lines before it stay where they are
			if isRGD(doc) {
				step(e, doc)
			}
		}
		edited := []byte(strings.Join(e.lines, ""))
		if !same(name, out, edited) {
			return out, nil
		}
		out = edited
	}
	return out, nil
}

// documents are the roots of the documents of a file.
func documents(data []byte) ([]*yaml.Node, error) {
	var out []*yaml.Node
	for d := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var n yaml.Node
		err := d.Decode(&n)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		if n.Kind == yaml.DocumentNode && len(n.Content) == 1 {
			out = append(out, n.Content[0])
		}
	}
}

func isRGD(doc *yaml.Node) bool {
	version, kind := value(doc, "apiVersion"), value(doc, "kind")
	return version != nil && kind != nil && kind.Value == object.RGDKind && strings.HasPrefix(version.Value, object.RGDGroup+"/")
}

// value is the value of a key; nil when there is none.
func value(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// same reports whether two texts hold the same objects, each in its form.
func same(name string, before, after []byte) bool {
	a, errA := canonical(name, before)
	b, errB := canonical(name, after)
	return errA == nil && errB == nil && slices.Equal(a, b)
}

// canonical are the objects of a text as JSON, where texts of RGDs have their form.
func canonical(name string, data []byte) ([]string, error) {
	docs, diags := manifest.Read(name, data, manifest.Limits{})
	if diags.HasErrors() {
		return nil, errors.New("it cannot be read")
	}
	var out []string
	for _, d := range docs {
		obj := d.Object
		if object.IsRGDKind(object.GVK(obj)) {
			obj, _ = formed(obj, nil).(map[string]any)
		}
		text, err := manifest.CanonicalJSON(obj)
		if err != nil {
			return nil, err
		}
		out = append(out, string(text))
	}
	return out, nil
}

// formed is a copy of a value of an RGD with its texts in their form.
func formed(v any, path []string) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, item := range v {
			out[name] = formed(item, append(slices.Clone(path), name))
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = formed(item, append(slices.Clone(path), "[]"))
		}
		return out
	case string:
		if !strings.Contains(v, "\n") {
			return form(v, path)
		}
	}
	return v
}
