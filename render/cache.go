package render

import (
	"container/list"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
)

// Cache keeps what renders have in common: parsed files, compiled graphs and
// expanded instances, each under a digest of everything that it was made from.
// It drops what was used longest ago once an estimate of its size passes the
// budget. A Cache is safe for concurrent use; what it holds is never changed.
type Cache struct {
	mu      sync.Mutex
	budget  int64
	size    int64
	entries map[string]*list.Element
	recent  list.List // of *cacheEntry, last used first
}

type cacheEntry struct {
	key   string
	value any
	size  int64
}

// NewCache returns a Cache that holds about budget bytes.
func NewCache(budget int64) *Cache {
	return &Cache{budget: budget, entries: map[string]*list.Element{}}
}

// get returns what was put under a key. A nil Cache holds nothing.
func (c *Cache) get(key string) any {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[key]
	if !ok {
		return nil
	}
	c.recent.MoveToFront(e)
	return e.Value.(*cacheEntry).value
}

func (c *Cache) put(key string, value any, size int64) {
	if c == nil || size > c.budget {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.entries[key]; ok {
		return // two renders made the same
	}
	c.entries[key] = c.recent.PushFront(&cacheEntry{key: key, value: value, size: size})
	c.size += size
	for c.size > c.budget {
		last := c.recent.Back()
		e := c.recent.Remove(last).(*cacheEntry)
		delete(c.entries, e.key)
		c.size -= e.size
	}
}

// Size returns the number of entries and the estimate of their bytes.
func (c *Cache) Size() (entries int, bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.entries), c.size
}

// digest is the key of a value made from parts.
func digest(parts ...any) string {
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

// Estimates of what things take in memory, from heap profiles of
// testdata/bench: a decoded document is about ten times its text.
const (
	bytesPerTextByte = 10
	bytesPerGraph    = 512 << 10
	bytesPerObject   = 4 << 10
)

// parsed is the cached content of one file.
type parsed struct {
	docs  []*manifest.Document
	diags diag.List
}

// parse reads a file, or takes it from the cache, and returns its digest.
func (r *renderer) parse(name string, data []byte) (parsed, string) {
	if r.opts.Cache == nil {
		docs, diags := manifest.Read(name, data, r.opts.Documents)
		return parsed{docs, diags}, ""
	}
	key := digest("file", name, data, r.opts.Documents)
	if p, ok := r.opts.Cache.get(key).(parsed); ok {
		return p, key
	}
	docs, diags := manifest.Read(name, data, r.opts.Documents)
	p := parsed{docs, diags}
	r.opts.Cache.put(key, p, int64(len(data))*bytesPerTextByte)
	return p, key
}

// compiled is a cached graph with its warnings. RGDs with errors are compiled
// again, since what is wrong with them depends on everything around.
type compiled struct {
	graph *graph.Graph
	diags diag.List
}

// graphKey is the digest of all that a graph is made from: the RGD, and the
// kinds that it uses.
func (r *renderer) graphKey(rgd *graph.RGD, opts graph.Options) string {
	if r.opts.Cache == nil {
		return ""
	}
	parts := []any{"graph", r.docKeys[rgd.Doc], opts, r.out.Catalog.Version()}
	for _, k := range rgd.Kinds() {
		parts = append(parts, k.GVK, r.kindKeys[k.GVK])
	}
	return digest(parts...)
}

// expanded is a cached expansion.
type expanded struct {
	top   *Instance
	diags diag.List
}
