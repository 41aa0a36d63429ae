package rgdfmt

import (
	"cmp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Orders of keys. Others follow in the order in which they are written.
var (
	ofObject   = []string{"apiVersion", "kind", "metadata", "spec"}
	ofMetadata = []string{"name", "namespace", "labels", "annotations"}
	ofSpec     = []string{"schema", "resources"}
	ofSchema   = []string{"apiVersion", "kind", "group", "scope", "types", "spec", "status"}
	ofResource = []string{"id", "includeWhen", "forEach", "externalRef", "template", "readyWhen"}
	ofTemplate = []string{"apiVersion", "kind", "metadata"}
)

// orders puts the keys of an RGD into their order, inner ones first. An RGD with
// aliases is left as it is, since an anchor has to stand before them.
func (e *editor) orders(doc *yaml.Node) {
	if hasAlias(doc) {
		return
	}
	spec := value(doc, "spec")
	if list := value(spec, "resources"); list != nil && list.Kind == yaml.SequenceNode {
		for _, r := range list.Content {
			for _, key := range []string{"template", "externalRef"} {
				e.order(value(r, key), ofTemplate)
			}
			e.order(r, ofResource)
		}
	}
	e.order(value(spec, "schema"), ofSchema)
	e.order(spec, ofSpec)
	e.order(value(doc, "metadata"), ofMetadata)
	e.order(doc, ofObject)
}

func hasAlias(n *yaml.Node) bool {
	return n.Kind == yaml.AliasNode || slices.ContainsFunc(n.Content, hasAlias)
}

// block is a key with its value and the comments above it.
type block struct {
	key   string
	lines []string
}

// order moves the lines of a block mapping. Lines keep their number, so positions
// of what is outside stay true, and inner mappings are done before.
func (e *editor) order(n *yaml.Node, keys []string) {
	if n == nil || n.Kind != yaml.MappingNode || n.Style&yaml.FlowStyle != 0 || len(n.Content) < 4 {
		return
	}
	rank := func(key string) int {
		if i := slices.Index(keys, key); i >= 0 {
			return i
		}
		return len(keys)
	}
	var order []int
	for i := 0; i < len(n.Content); i += 2 {
		order = append(order, rank(n.Content[i].Value))
	}
	if slices.IsSorted(order) {
		return
	}
	first := n.Content[0]
	indent := first.Column - 1
	begin, end := first.Line-1, e.end(n, indent)
	// The first key of a list item stands behind a dash: its line is without it for
	// the time being.
	head := e.lines[begin]
	dash := ""
	if prefix := head[:offset(head, first.Column)]; strings.TrimSpace(prefix) != "" {
		if strings.Trim(prefix, " -") != "" || indent != len(prefix) {
			return
		}
		dash = prefix
		e.lines[begin] = strings.Repeat(" ", indent) + head[len(prefix):]
	}
	for dash == "" && indent > 0 && begin > 0 && comment(e.lines[begin-1], indent) { // of the first key
		begin--
	}
	if blocks := e.blocks(n, begin, end, indent); blocks != nil && (dash == "" || !commented(blocks, rank)) {
		slices.SortStableFunc(blocks, func(a, b block) int { return cmp.Compare(rank(a.key), rank(b.key)) })
		at := begin
		for _, b := range blocks {
			at += copy(e.lines[at:], b.lines)
		}
	}
	if dash != "" {
		e.lines[begin] = dash + e.lines[begin][indent:]
	}
}

// commented reports whether the block that will be the first has a comment above
// its key, where the dash has to stand.
func commented(blocks []block, rank func(string) int) bool {
	first := slices.MinFunc(blocks, func(a, b block) int { return cmp.Compare(rank(a.key), rank(b.key)) })
	return strings.HasPrefix(strings.TrimSpace(first.lines[0]), "#")
}

// blocks cuts the lines of a mapping into those of its keys; nil when two keys share
// a line.
func (e *editor) blocks(n *yaml.Node, begin, end, indent int) []block {
	var starts []int
	for i := 0; i < len(n.Content); i += 2 {
		start := n.Content[i].Line - 1
		if i > 0 && (start <= starts[len(starts)-1] || n.Content[i].Column-1 != indent) {
			return nil
		}
		for i > 0 && start-1 > n.Content[i-2].Line-1 && comment(e.lines[start-1], indent) {
			start--
		}
		starts = append(starts, start)
	}
	starts[0] = begin
	out := make([]block, len(starts))
	for i, start := range starts {
		until := end
		if i+1 < len(starts) {
			until = starts[i+1]
		}
		if until <= start || !strings.HasSuffix(e.lines[until-1], "\n") {
			return nil
		}
		out[i] = block{n.Content[2*i].Value, slices.Clone(e.lines[start:until])}
	}
	return out
}

// comment reports whether a line is a comment of exactly that indentation.
func comment(line string, indent int) bool {
	return len(line) > indent && strings.TrimLeft(line[:indent], " ") == "" && line[indent] == '#'
}

// end is the line after a mapping: the first one that is indented less, without the
// blank lines and comments before it.
func (e *editor) end(n *yaml.Node, indent int) int {
	at := n.Content[len(n.Content)-2].Line // after the line of the last key
	last := at
	for ; at < len(e.lines); at++ {
		line := strings.TrimRight(e.lines[at], " \r\n")
		if line == "" {
			continue
		}
		have := len(line) - len(strings.TrimLeft(line, " "))
		isItem := have == indent && (line[have:] == "-" || strings.HasPrefix(line[have:], "- "))
		if have <= indent && !isItem || line == "---" || line == "..." || strings.HasPrefix(line, "--- ") {
			break
		}
		last = at + 1
	}
	return last
}
