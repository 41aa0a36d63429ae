package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	yamlv2 "go.yaml.in/yaml/v2"
	kjson "sigs.k8s.io/json"

	"github.com/krowave/krowave/render/diag"
)

// readJSON reads a source that is a stream of JSON objects, so that it means
// what JSON says, which YAML reads differently (surrogate pairs). It reports
// false, and changes nothing, when the text is not JSON.
func (r *reader) readJSON(src *source) bool {
	text := trimMarker(src.text)
	if len(text) == 0 || text[0] != '{' {
		return false
	}
	base := len(src.text) - len(text)
	var values []*source
	dec := json.NewDecoder(bytes.NewReader(text))
	for {
		var raw json.RawMessage
		err := dec.Decode(&raw)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return false
		}
		end := base + int(dec.InputOffset())
		values = append(values, src.at(end-len(raw), end))
	}
	for _, v := range values {
		if r.full {
			break
		}
		r.readJSONValue(v)
	}
	return true
}

// trimMarker drops blank lines, comments and the --- before a document.
func trimMarker(text []byte) []byte {
	for {
		text = bytes.TrimLeft(text, " \t\r\n")
		switch {
		case bytes.HasPrefix(text, []byte("---")):
			text = text[3:]
		case bytes.HasPrefix(text, []byte("#")):
			_, text, _ = bytes.Cut(text, []byte("\n"))
		default:
			return text
		}
	}
}

func (r *reader) readJSONValue(src *source) {
	if bytes.Equal(src.text, []byte("null")) {
		return
	}
	if at, ok := jsonTooDeep(src.text, r.lim.Depth); ok {
		r.tooDeep(src.positionAt(at))
		return
	}
	var value any
	strict, err := kjson.UnmarshalStrict(src.text, &value, kjson.DisallowDuplicateFields)
	if err != nil {
		r.found.Errorf(src.start(), "yaml-syntax", "%s", cleanMessage(err.Error()))
		return
	}
	if len(strict) > 0 && !r.duplicates(src) {
		for _, err := range strict {
			r.found.Warnf(src.start(), "yaml-duplicate-key", "%s; the last one is used", cleanMessage(err.Error()))
		}
	}
	c := converter{lim: r.lim}
	c.count(value)
	if c.problem != "" {
		r.report(src, &c)
		return
	}
	r.add(src, value, nil)
}

func jsonTooDeep(text []byte, limit int) (int, bool) {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > limit {
				return i, true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return 0, false
}

func (r *reader) readYAML(src *source) {
	if value, ok := quickYAML(src.text, r.lim); ok {
		r.add(src, value, nil)
		return
	}
	if mayHaveAliases(src.text) {
		if n := src.expandedNodes(r.lim.Nodes); n > r.lim.Nodes {
			r.found.Errorf(src.start(), "limit-aliases", "document has more than %d values once its aliases are expanded; raise --max-yaml-nodes, or write the values out", r.lim.Nodes)
			return
		}
	}
	value, err := decodeYAML(src.text, true)
	if err != nil {
		if src.nodes() == nil {
			r.yamlError(src, err)
			return
		}
		// A key written twice is a warning: kubectl and kro let the last one
		// count, and graphs that work there must work here. What else strict
		// decoding objects to is a key that overrides one merged in with <<,
		// which is what << is for.
		r.duplicates(src)
		if value, err = decodeYAML(src.text, false); err != nil {
			r.yamlError(src, err)
			return
		}
	}
	if value == nil {
		return // null, or nothing but properties
	}
	c := converter{lim: r.lim}
	value = c.run(value)
	if c.problem != "" {
		r.report(src, &c)
		return
	}
	r.add(src, value, nil)
}

func (r *reader) report(src *source, c *converter) {
	d := Document{src: src}
	pos := d.Position(c.fullPath())
	switch c.rule {
	case "limit-depth":
		r.tooDeep(pos)
	case "yaml-duplicate-key":
		d := diag.Diagnostic{Rule: c.rule, Pos: d.KeyPosition(c.fullPath()), Message: c.problem}
		r.found.Add(d)
	default:
		r.found.Errorf(pos, c.rule, "%s", c.problem)
	}
}

func (r *reader) tooDeep(pos diag.Position) {
	r.found.Errorf(pos, "limit-depth", "values are nested more than %d deep; raise --max-depth to read them", r.lim.Depth)
}

var errTrailing = errors.New("more content after the end of the document; put a line with --- before it")

// decodeYAML decodes the one document of text with the library that the API
// server uses. The library reports its own limits by panicking in places, so a
// panic is an error here.
func decodeYAML(text []byte, strict bool) (value any, err error) {
	defer func() {
		if p := recover(); p != nil {
			value, err = nil, fmt.Errorf("yaml: text cannot be parsed: %v", p)
		}
	}()
	dec := yamlv2.NewDecoder(bytes.NewReader(text))
	dec.SetStrict(strict)
	if err := dec.Decode(&value); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		return nil, err
	}
	var more any
	if err := dec.Decode(&more); err == nil {
		return nil, errTrailing
	} else if !errors.Is(err, io.EOF) {
		return nil, err
	}
	return value, nil
}

// mayHaveAliases is a cheap test that most documents fail: an anchor and an
// alias need a name right after their sign.
func mayHaveAliases(text []byte) bool { return hasSigil(text, '&') && hasSigil(text, '*') }

func hasSigil(text []byte, sigil byte) bool {
	for {
		i := bytes.IndexByte(text, sigil)
		if i < 0 || i+1 == len(text) {
			return false
		}
		c := text[i+1]
		if c == '_' || c == '-' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' {
			return true
		}
		text = text[i+1:]
	}
}

// cleanMessage makes a library's message one line, without its prefixes.
func cleanMessage(msg string) string {
	msg = strings.TrimPrefix(msg, "yaml: ")
	msg = strings.TrimPrefix(msg, "json: ")
	msg = strings.Join(strings.Fields(msg), " ")
	if len(msg) > 200 {
		msg = strings.ToValidUTF8(msg[:200], "") + "..."
	}
	return msg
}
