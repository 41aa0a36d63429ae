package manifest

import (
	"slices"
	"sort"

	"go.yaml.in/yaml/v3"
)

// A text may have as many findings as characters, and one line may be all of
// it. What follows finds a position without walking the text each time.

// block is how many bytes are counted at once.
const block = 1024

func (s *source) index() {
	s.place.Do(func() {
		n := 0
		for i, c := range s.text {
			if i%block == 0 {
				s.runes = append(s.runes, n)
			}
			if c&0xc0 != 0x80 {
				n++
			}
			if c == '\n' {
				s.breaks = append(s.breaks, i+1)
			}
		}
		s.runes = append(s.runes, n)
	})
}

// before counts the characters before a byte of the text.
func (s *source) before(offset int) int {
	s.index()
	i := offset / block
	n := s.runes[min(i, len(s.runes)-1)]
	for j := i * block; j < offset; j++ {
		if s.text[j]&0xc0 != 0x80 {
			n++
		}
	}
	return n
}

// locate returns the line and column of a byte of the text, both from 0.
func (s *source) locate(offset int) (line, column int) {
	s.index()
	line = sort.SearchInts(s.breaks, offset+1)
	begin := 0
	if line > 0 {
		begin = s.breaks[line-1]
	}
	return line, s.before(offset) - s.before(begin)
}

// advance returns the byte that is n characters after a byte of the text.
func (s *source) advance(offset, n int) int {
	want := s.before(offset) + n
	at := max(0, sort.SearchInts(s.runes, want+1)-1)
	seen := s.runes[at]
	for i := at * block; i < len(s.text); i++ {
		if s.text[i]&0xc0 == 0x80 {
			continue
		}
		if seen == want {
			return i
		}
		seen++
	}
	return len(s.text)
}

// large is how many keys make a mapping worth an index.
const large = 16

// lookup is the function of that name, with an index of large mappings.
func (s *source) lookup(m *yaml.Node, name string) (key, value, use *yaml.Node) {
	if m == nil || m.Kind != yaml.MappingNode || len(m.Content) < 2*large {
		return lookup(m, name, 0)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	keys, known := s.keys[m]
	if !known {
		keys = keysOf(m)
		if s.keys == nil {
			s.keys = map[*yaml.Node]map[string]int{}
		}
		s.keys[m] = keys
	}
	if keys == nil {
		return lookup(m, name, 0)
	}
	if i, ok := keys[name]; ok {
		return m.Content[i], m.Content[i+1], nil
	}
	return nil, nil, nil
}

// keysOf indexes a mapping of scalar keys; nil when it merges others.
func keysOf(m *yaml.Node) map[string]int {
	out := make(map[string]int, len(m.Content)/2)
	for i := 0; i+1 < len(m.Content); i += 2 {
		k := m.Content[i]
		if k.Kind == yaml.AliasNode || isMerge(k) {
			return nil
		}
		if k.Kind == yaml.ScalarNode {
			out[nodeKey(k)] = i
		}
	}
	return out
}

// mapScalar is the function of that name, which remembers the last scalar: the
// findings of a text come one after the other.
func (s *source) mapScalar(n *yaml.Node, begin int, want string) ([]int, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.scalar != n {
		from, ok := mapScalar(s.text, begin, want)
		if !ok {
			from = nil
		}
		s.scalar, s.from = n, slices.Clip(from)
	}
	return s.from, s.from != nil
}
