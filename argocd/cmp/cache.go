package cmp

import (
	"container/list"
	"sync"
)

// cache remembers values by key and forgets those used longest ago once they
// take more than its budget. It is safe for concurrent use.
type cache[V any] struct {
	mu      sync.Mutex
	budget  int64
	size    int64
	entries map[string]*list.Element
	recent  list.List // of *cacheEntry[V], last used first
}

type cacheEntry[V any] struct {
	key   string
	value V
	size  int64
}

func newCache[V any](budget int64) *cache[V] {
	return &cache[V]{budget: budget, entries: map[string]*list.Element{}}
}

func (c *cache[V]) get(key string) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[key]
	if !ok {
		var none V
		return none, false
	}
	c.recent.MoveToFront(e)
	return e.Value.(*cacheEntry[V]).value, true
}

func (c *cache[V]) put(key string, value V, size int64) {
	if size > c.budget {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.entries[key]; ok {
		return // two calls made the same
	}
	c.entries[key] = c.recent.PushFront(&cacheEntry[V]{key, value, size})
	c.size += size
	for c.size > c.budget {
		e := c.recent.Remove(c.recent.Back()).(*cacheEntry[V])
		delete(c.entries, e.key)
		c.size -= e.size
	}
}

// bytes returns about how much memory the values take.
func (c *cache[V]) bytes() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.size
}
