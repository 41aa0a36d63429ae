package alike

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"maps"
	"math"
	"slices"
	"strings"
)

// Name is a text that may differ between changes that are the same, and what it
// stands for.
type Name struct{ Text, Stands string }

// Names are those of one change, the longest first.
type Names struct{ list []Name }

// NewNames returns a set of names. Empty ones are left out, and of equal ones all
// but the first.
func NewNames(list ...Name) *Names {
	n := &Names{}
	for _, name := range list {
		if name.Text != "" && !slices.ContainsFunc(n.list, func(o Name) bool { return o.Text == name.Text }) {
			n.list = append(n.list, name)
		}
	}
	slices.SortStableFunc(n.list, func(a, b Name) int { return cmp.Compare(len(b.Text), len(a.Text)) })
	return n
}

// Abstract returns a text with what each name stands for in its place, where it
// is a word or several.
func (n *Names) Abstract(s string) string {
	if n == nil {
		return s
	}
	for _, name := range n.list {
		s = replaceWord(s, name.Text, "\x00"+name.Stands+"\x00")
	}
	return s
}

func replaceWord(s, word, with string) string {
	at := strings.Index(s, word)
	if at < 0 {
		return s
	}
	var b strings.Builder
	last := 0
	for from := at; ; {
		end := from + len(word)
		if (from == 0 || !isWord(s[from-1])) && (end == len(s) || !isWord(s[end])) {
			b.WriteString(s[last:from])
			b.WriteString(with)
			last = end
		}
		next := strings.Index(s[end:], word)
		if next < 0 {
			break
		}
		from = end + next
	}
	b.WriteString(s[last:])
	return b.String()
}

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// Digest tells scripts apart.
type Digest [sha256.Size]byte

// Script is what a change says, step by step.
type Script struct {
	names *Names
	hash  hash.Hash
}

// Script begins an empty one, in which the names are replaced; no names of nil
// are.
func (n *Names) Script() *Script { return &Script{n, sha256.New()} }

// Add adds values as JSON has them.
func (s *Script) Add(values ...any) *Script {
	for _, v := range values {
		s.value(v)
	}
	return s
}

// Sum is the digest of what was added.
func (s *Script) Sum() Digest { return Digest(s.hash.Sum(nil)) }

func (s *Script) value(v any) {
	switch v := v.(type) {
	case map[string]any:
		s.head('m', uint64(len(v)))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			s.text(name)
			s.value(v[name])
		}
	case []any:
		s.head('l', uint64(len(v)))
		for _, item := range v {
			s.value(item)
		}
	case string:
		s.text(v)
	case int64:
		s.head('i', uint64(v)) //nolint:gosec // bits
	case int:
		s.head('i', uint64(v)) //nolint:gosec // bits
	case float64:
		s.head('f', math.Float64bits(v))
	case bool:
		s.head('b', map[bool]uint64{true: 1}[v])
	case nil:
		s.head('n', 0)
	default:
		s.text(fmt.Sprintf("%T %v", v, v))
	}
}

func (s *Script) text(t string) {
	t = s.names.Abstract(t)
	s.head('s', uint64(len(t)))
	_, _ = s.hash.Write([]byte(t)) // never fails
}

func (s *Script) head(kind byte, n uint64) {
	var b [9]byte
	b[0] = kind
	binary.LittleEndian.PutUint64(b[1:], n)
	_, _ = s.hash.Write(b[:])
}
