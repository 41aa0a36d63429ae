package manifest

import (
	"bytes"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	yamlv2 "go.yaml.in/yaml/v2"
	"go.yaml.in/yaml/v3"

	"github.com/krowave/krowave/render/diag"
)

var (
	lineMessage = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)$`)
	anchorName  = regexp.MustCompile(`anchor '([^']+)'`)
	quotedValue = regexp.MustCompile("`[^`]*`")
)

// yamlError reports a decoding error of the library at its line. The line in a
// message of the library's parser, unlike its scanner's, counts from 0.
func (r *reader) yamlError(src *source, err error) {
	if bytes.Contains(src.text, []byte("Secret")) {
		defer func(from int) {
			for i := range r.found[from:] {
				r.found[from+i].Sensitive = true
			}
		}(len(r.found))
	}
	var types *yamlv2.TypeError
	if errors.As(err, &types) {
		for _, msg := range types.Errors {
			line, text := splitLine(msg)
			r.found.Errorf(src.lineStart(line), "yaml-syntax", "%s", publicMessage(text))
		}
		return
	}
	line, text := splitLine(strings.TrimPrefix(strings.ReplaceAll(err.Error(), "\n", " "), "yaml: "))
	pos := src.lineStart(line)
	switch {
	case strings.Contains(text, "excessive aliasing"):
		r.found.Errorf(src.start(), "limit-aliases", "aliases expand to more than a hundred times the document; write the values out")
		return
	case strings.HasPrefix(text, "control characters are not allowed") && bytes.Contains(src.text, []byte("\ufeff")):
		r.found.Errorf(src.positionAt(bytes.Index(src.text, []byte("\ufeff"))), "yaml-syntax",
			"the file has a byte order mark in the middle, as after joining files; remove it")
		return
	case strings.HasPrefix(text, "control characters are not allowed"):
		r.found.Errorf(src.controlCharacter(), "yaml-syntax", "control characters are not allowed; write them as escapes in double quotes")
		return
	case strings.HasPrefix(text, "did not find expected"):
		pos = src.lineStart(line + 1)
	case strings.HasPrefix(text, "invalid map key"):
		if key := complexKey(src.nodes()); key != nil {
			pos = src.nodePosition(key)
		}
	case anchorName.MatchString(text):
		alias := "*" + anchorName.FindStringSubmatch(text)[1]
		if i := strings.LastIndex(string(src.text), alias); i >= 0 {
			pos = src.positionAt(i)
		}
	}
	if at, message, ok := src.unclosed(line, text); ok {
		r.found.Errorf(at, "yaml-syntax", "%s", message)
		return
	}
	if at, hint, ok := src.unquoted(line, strings.Contains(text, "',' or")); ok {
		r.found.Add(diag.Diagnostic{
			Severity: diag.Error, Rule: "yaml-syntax", Pos: at, Hint: hint,
			Message: "this expression has to be quoted: " + publicMessage(text),
		})
		return
	}
	r.found.Errorf(pos, "yaml-syntax", "%s", publicMessage(text))
}

func splitLine(msg string) (int, string) {
	if m := lineMessage.FindStringSubmatch(msg); m != nil {
		if line, err := strconv.Atoi(m[1]); err == nil {
			return line, m[2]
		}
	}
	return 0, msg
}

// publicMessage keeps values out of a message: the document may be a Secret.
func publicMessage(text string) string {
	text = strings.TrimPrefix(text, "yaml: ")
	if strings.HasPrefix(text, "invalid map key") {
		return "a mapping or list cannot be a key; quote a value that begins with { or ["
	}
	return cleanMessage(quotedValue.ReplaceAllString(text, "value"))
}

// complexKey returns the first key that is a mapping or a list.
func complexKey(n *yaml.Node) *yaml.Node {
	if n == nil {
		return nil
	}
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && child.Kind != yaml.ScalarNode && child.Kind != yaml.AliasNode {
			return child
		}
		if found := complexKey(child); found != nil {
			return found
		}
	}
	return nil
}

func (s *source) controlCharacter() diag.Position {
	for i, c := range string(s.text) {
		ok := c == '\t' || c == '\n' || c == '\r' || c == 0x85 || c >= 0x20 && c < 0x7f || c >= 0xa0 && c < 0xfffe && c != 0xfeff || c > 0xffff
		if !ok {
			return s.positionAt(i)
		}
	}
	return s.start()
}

// duplicates reports every key that is written twice in one mapping, at its
// second place, and reports whether there was one.
func (r *reader) duplicates(src *source) bool {
	root := src.nodes()
	if root == nil {
		return false
	}
	found, joined := false, false
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		if n.Kind == yaml.MappingNode {
			seen := make(map[string]*yaml.Node, len(n.Content)/2)
			for i := 0; i+1 < len(n.Content); i += 2 {
				key := n.Content[i]
				if key.Kind != yaml.ScalarNode || isMerge(key) {
					continue
				}
				name := nodeKey(key)
				first, twice := seen[name]
				if !twice {
					seen[name] = key
					continue
				}
				found = true
				d := diag.Diagnostic{
					Severity: diag.Warning, Rule: "yaml-duplicate-key", Pos: src.nodePosition(key),
					Message: "key " + strconv.Quote(clip(name)) + " is set twice in this mapping; the last one is used",
					Related: []diag.Related{{Position: src.nodePosition(first), Message: "first set here"}},
				}
				if n == root || len(root.Content) == 1 && n == root.Content[0] {
					if joined {
						continue // the next object, of which the first key says so
					}
					if joined = name == "apiVersion" || name == "kind"; joined {
						d.Hint = "another object begins with ---"
					}
				}
				r.found.Add(d)
			}
		}
		for _, child := range n.Content {
			walk(child)
		}
	}
	walk(root)
	return found
}

func clip(s string) string {
	if utf8.RuneCountInString(s) > 60 {
		return string([]rune(s)[:60]) + "..."
	}
	return s
}
