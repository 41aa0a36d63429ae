package manifest

import (
	"bytes"
	"regexp"

	yamlv2 "go.yaml.in/yaml/v2"
	"go.yaml.in/yaml/v3"

	"github.com/krowave/krowave/render/diag"
)

// Start returns where the document's content begins.
func (d *Document) Start() diag.Position {
	if d.origin != nil {
		return d.built(nil, (*Document).Position)
	}
	if len(d.prefix) > 0 {
		return d.Position(nil)
	}
	return d.src.start()
}

// Position returns where the value at p begins; if there is none, where the
// deepest value on the way to it begins. A value that an alias or a merge
// brings in is reported where it is used.
func (d *Document) Position(p diag.Path) diag.Position {
	if d.origin != nil {
		return d.built(p, (*Document).Position)
	}
	t := d.find(p)
	if t.value == nil {
		return d.src.start()
	}
	return d.src.valuePosition(t.value)
}

// built is where a value was written that kustomize built: the file of the
// kustomization without a line when that is not known.
func (d *Document) built(p diag.Path, read func(*Document, diag.Path) diag.Position) diag.Position {
	at, ok := d.origin.Place(d.Object, p, read)
	if !ok {
		at = diag.Position{File: d.File}
	}
	at.Built = d.File
	return at
}

// KeyPosition returns where the key of the value at p begins; for an item of a
// list, the item itself.
func (d *Document) KeyPosition(p diag.Path) diag.Position {
	if d.origin != nil {
		return d.built(p, (*Document).KeyPosition)
	}
	t := d.find(p)
	if t.key == nil {
		return d.Position(p)
	}
	return d.src.nodePosition(t.key)
}

// KeyText returns the key of the value at p as written, "" when it is
// quoted or not there.
func (d *Document) KeyText(p diag.Path) string { return plainText(d.find(p).key) }

// ValueText returns the scalar at p as written, "" when it is quoted, or
// no scalar.
func (d *Document) ValueText(p diag.Path) string {
	if t := d.find(p); t.anchored == nil {
		return plainText(t.value)
	}
	return ""
}

func plainText(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode || n.Style != 0 {
		return ""
	}
	return n.Value
}

// Related returns the anchored value after the value at p when an alias stands
// there or on the way to it, else nil.
func (d *Document) Related(p diag.Path) []diag.Related {
	if d.origin != nil {
		return nil
	}
	t := d.find(p)
	if t.anchored == nil {
		return nil
	}
	return []diag.Related{{Position: d.src.valuePosition(t.anchored), Message: "the value comes from this anchor"}}
}

// target is what find found: the value as it stands at its use, its key, and,
// after an alias, the value itself.
type target struct {
	value, key, anchored *yaml.Node
}

func (d *Document) find(p diag.Path) target {
	root := d.src.nodes()
	if root == nil {
		return target{}
	}
	t := target{value: root}
	for _, step := range d.prefix.With(p...) {
		next, ok := t.step(d.src, step)
		if !ok {
			return t
		}
		t = next
	}
	if t.value.Kind == yaml.AliasNode && t.anchored == nil {
		t.anchored = resolveAlias(t.value)
	}
	return t
}

// step goes one step down. Once after an alias, value and key stay at the use
// and anchored goes on.
func (t target) step(s *source, step any) (target, bool) {
	in := t.value
	if t.anchored != nil {
		in = t.anchored
	} else if in.Kind == yaml.AliasNode {
		in = resolveAlias(in)
		t.anchored = in
	}
	var key, value, use *yaml.Node
	switch step := step.(type) {
	case int:
		if in == nil || in.Kind != yaml.SequenceNode || step < 0 || step >= len(in.Content) {
			return t, false
		}
		value = in.Content[step]
	case string:
		key, value, use = s.lookup(in, step)
	}
	switch {
	case value == nil:
		return t, false
	case t.anchored != nil:
		return target{value: t.value, key: t.key, anchored: resolveAlias(value)}, true
	case use != nil:
		return target{value: use, key: use, anchored: resolveAlias(value)}, true
	}
	return target{value: value, key: key}, true
}

func resolveAlias(n *yaml.Node) *yaml.Node {
	for hops := 0; n != nil && n.Kind == yaml.AliasNode && hops < 100; hops++ {
		n = n.Alias
	}
	return n
}

// lookup returns the key and value for a name, and for a merged one the node
// after << too. As in the decoder the last of equals wins, and of a list of
// merges the first.
func lookup(m *yaml.Node, name string, depth int) (key, value, use *yaml.Node) {
	if m == nil || m.Kind != yaml.MappingNode || depth > 100 {
		return nil, nil, nil
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		k, v := m.Content[i], m.Content[i+1]
		switch {
		case isMerge(k):
			sources := []*yaml.Node{v}
			if v.Kind == yaml.SequenceNode {
				sources = v.Content
			}
			for _, s := range sources {
				if mk, mv, _ := lookup(resolveAlias(s), name, depth+1); mv != nil {
					key, value, use = mk, mv, s
					break
				}
			}
		case k.Kind == yaml.ScalarNode && nodeKey(k) == name:
			key, value, use = k, v, nil
		case k.Kind == yaml.AliasNode && k.Alias != nil && k.Alias.Kind == yaml.ScalarNode && nodeKey(k.Alias) == name:
			key, value, use = k, v, nil
		}
	}
	return key, value, use
}

func isMerge(k *yaml.Node) bool {
	return k.Kind == yaml.ScalarNode && k.Value == "<<" && k.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) == 0
}

var resolvable = regexp.MustCompile(`^[-+.0-9yYnNtTfFoO~][-+.:0-9A-Za-z_]{0,40}$`)

// nodeKey returns the key of a decoded map for a key in the text: YAML 1.1
// reads yes as true and 0x10 as 16.
func nodeKey(n *yaml.Node) string {
	const quoted = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle | yaml.TaggedStyle
	if n.Style&quoted != 0 || !resolvable.MatchString(n.Value) {
		return n.Value
	}
	var v any
	if err := yamlv2.Unmarshal([]byte(n.Value), &v); err != nil {
		return n.Value
	}
	if s, ok := keyString(v); ok {
		return s
	}
	return n.Value
}

// nodes parses the text for positions, once.
func (s *source) nodes() *yaml.Node {
	s.parse.Do(func() {
		text := s.text
		if s.json {
			text = maskEscapes(text)
		}
		s.lines = scannerLines(text)
		s.root = parseNodes(text)
	})
	return s.root
}

func parseNodes(text []byte) (root *yaml.Node) {
	// A text that this library cannot parse still has a start, so neither an
	// error nor a panic of it is worth more than a coarser position.
	defer func() {
		if recover() != nil {
			root = nil
		}
	}()
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil || len(doc.Content) != 1 {
		return nil
	}
	return doc.Content[0]
}

// maskEscapes replaces, without moving anything, the escapes of JSON that YAML
// does not have: \/ and surrogates.
func maskEscapes(text []byte) []byte {
	if bytes.IndexByte(text, '\\') < 0 {
		return text
	}
	out := bytes.Clone(text)
	for i := 0; i+1 < len(out); i++ {
		if out[i] != '\\' {
			continue
		}
		i++
		switch {
		case out[i] == '/':
			out[i] = 'n'
		case out[i] == 'u' && i+4 < len(out) && out[i+1]|0x20 == 'd' && out[i+2] >= '8':
			copy(out[i+1:], "003f")
		}
	}
	return out
}

// scannerLines returns where lines begin for the YAML scanner, which breaks
// lines at more characters than editors do.
func scannerLines(text []byte) []int {
	lines := []int{0}
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\n', text[i] == '\r' && (i+1 == len(text) || text[i+1] != '\n'):
			lines = append(lines, i+1)
		case text[i] == 0xc2 && bytes.HasPrefix(text[i:], []byte("\u0085")):
			lines = append(lines, i+2)
		case text[i] == 0xe2 && (bytes.HasPrefix(text[i:], []byte("\u2028")) || bytes.HasPrefix(text[i:], []byte("\u2029"))):
			lines = append(lines, i+3)
		}
	}
	return lines
}

// offset returns the byte of the text where a node begins.
func (s *source) offset(n *yaml.Node) int {
	if n.Line < 1 || n.Line > len(s.lines) {
		return 0
	}
	return s.advance(s.lines[n.Line-1], n.Column-1)
}

func (s *source) nodePosition(n *yaml.Node) diag.Position { return s.positionAt(s.offset(n)) }

// valuePosition is where a value begins; a scalar, after its tag and anchor.
func (s *source) valuePosition(n *yaml.Node) diag.Position {
	if n.Kind == yaml.ScalarNode {
		return s.positionAt(s.scalarOffset(n))
	}
	return s.nodePosition(n)
}

// positionAt is the place of a byte of the text in the file.
func (s *source) positionAt(offset int) diag.Position {
	offset = max(0, min(offset, len(s.text)))
	line, column := s.locate(offset)
	pos := diag.Position{File: s.file, Line: s.line + line, Column: 1 + column}
	if line == 0 {
		pos.Column += s.column - 1
	}
	return pos
}

// lineStart is the first character of a line of the text that is not a blank;
// lines count from 1, as the scanner counts them.
func (s *source) lineStart(line int) diag.Position {
	if line < 1 {
		return s.start()
	}
	lines := scannerLines(s.text)
	offset := lines[min(line, len(lines))-1]
	rest := s.text[offset:]
	return s.positionAt(offset + len(rest) - len(bytes.TrimLeft(rest, " \t")))
}

// start is where the content begins: after blank lines, comments, directives
// and the document marker.
func (s *source) start() diag.Position {
	for i := 0; i < len(s.text); {
		switch c := s.text[i]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			i++
		case bytes.HasPrefix(s.text[i:], []byte("---")) && (i == 0 || s.text[i-1] == '\n'):
			i += 3
		case c == '#' || c == '%' && (i == 0 || s.text[i-1] == '\n'):
			n := bytes.IndexByte(s.text[i:], '\n')
			if n < 0 {
				return s.positionAt(0)
			}
			i += n + 1
		default:
			return s.positionAt(i)
		}
	}
	return s.positionAt(0)
}

// expandedNodes counts the values of the document with each alias counted as
// what it stands for, up to just over limit.
func (s *source) expandedNodes(limit int) int {
	root := s.nodes()
	if root == nil {
		return 0
	}
	sizes := map[*yaml.Node]int{}
	var size func(n *yaml.Node) int
	size = func(n *yaml.Node) int {
		if n.Kind == yaml.AliasNode {
			known, ok := sizes[n.Alias]
			if !ok {
				return 1 // an anchor inside itself: the decoder reports it
			}
			return known
		}
		total := 1
		for _, child := range n.Content {
			total = min(total+size(child), limit+1)
		}
		if n.Anchor != "" {
			sizes[n] = total
		}
		return total
	}
	return size(root)
}
