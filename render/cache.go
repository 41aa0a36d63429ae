package render

import (
	"github.com/krowave/krowave/render/cache"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
)

// Cache keeps what renders have in common: parsed files, compiled graphs and
// expanded instances, each under a digest of everything that it was made from.
// What it holds is never changed.
type Cache = cache.LRU[any]

// NewCache returns a Cache that holds about budget bytes.
func NewCache(budget int64) *Cache { return cache.New[any](budget) }

// cached returns what a cache holds under a key, if it is a T.
func cached[T any](c *Cache, key string) (T, bool) {
	v, _ := c.Get(key)
	out, ok := v.(T)
	return out, ok
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
	key := cache.Digest("file", name, data, r.opts.Documents)
	if p, ok := cached[parsed](r.opts.Cache, key); ok {
		return p, key
	}
	docs, diags := manifest.Read(name, data, r.opts.Documents)
	p := parsed{docs, diags}
	r.opts.Cache.Put(key, p, int64(len(data))*bytesPerTextByte)
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
	return cache.Digest(parts...)
}

// expanded is a cached expansion.
type expanded struct {
	top   *Instance
	diags diag.List
}
