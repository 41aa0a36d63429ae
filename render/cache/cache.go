// Package cache keeps values by key within a budget of bytes, and creates the
// keys: a Digest of everything that a value depends on.
//
//	trees := cache.New[*Tree](256 << 20)
//	trees.Put(cache.Digest("tree", name, data), tree, size)
package cache

import (
	"container/list"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"
)

// LRU forgets the values that were used longest ago once all of them take more
// than its budget. It is safe for concurrent use. A nil LRU holds nothing.
type LRU[V any] struct {
	mu      sync.Mutex
	budget  int64
	size    int64
	round   int
	entries map[string]*list.Element
	recent  list.List // of *entry[V], last used first
}

type entry[V any] struct {
	key   string
	value V
	size  int64
	round int // when it was used last
}

// New returns an LRU that holds about budget bytes.
func New[V any](budget int64) *LRU[V] {
	return &LRU[V]{budget: budget, entries: map[string]*list.Element{}}
}

// Get returns what was put under a key.
func (c *LRU[V]) Get(key string) (V, bool) {
	var none V
	if c == nil {
		return none, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[key]
	if !ok {
		return none, false
	}
	c.recent.MoveToFront(e)
	found := e.Value.(*entry[V])
	found.round = c.round
	return found.value, true
}

// Put remembers a value, whose size is an estimate in bytes. The first value of
// a key stays: two callers made the same.
func (c *LRU[V]) Put(key string, value V, size int64) {
	if c == nil || size > c.budget {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.entries[key]; ok {
		return
	}
	c.entries[key] = c.recent.PushFront(&entry[V]{key, value, size, c.round})
	c.size += size
	for c.size > c.budget {
		c.drop()
	}
}

// drop forgets what was used longest ago.
func (c *LRU[V]) drop() {
	e := c.recent.Remove(c.recent.Back()).(*entry[V])
	delete(c.entries, e.key)
	c.size -= e.size
}

// Round ends a round of uses, such as the render after a change, and forgets what
// neither this round nor the one before it has used: of what was replaced, one
// generation is left, since who makes a change often takes it back.
func (c *LRU[V]) Round() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.recent.Len() > 0 && c.recent.Back().Value.(*entry[V]).round < c.round-1 {
		c.drop()
	}
	c.round++
}

// Len returns how many values are held.
func (c *LRU[V]) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.entries)
}

// Bytes returns the sum of the sizes of what is held.
func (c *LRU[V]) Bytes() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.size
}

// Digest is the key of a value that is made from parts: bytes, or what prints
// the same when it is the same.
func Digest(parts ...any) string {
	h := sha256.New()
	for _, p := range parts {
		switch p := p.(type) {
		case []byte:
			fmt.Fprintf(h, "%d:", len(p))
			h.Write(p)
		default:
			text := fmt.Sprint(p)
			fmt.Fprintf(h, "%d:%s", len(text), text)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
