// Package source decodes the files of a render. It takes files, and returns
// documents with their kinds and, for a cache, digests of their sources.
package source

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/cache"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/internal/parallel"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
)

// Document is a document of the input with its kind, which is empty when the
// document is not an object.
type Document struct {
	*manifest.Document
	GVK    k8sschema.GroupVersionKind
	Digest string // of what it was decoded from; "" without a cache
}

// Key returns the object's key with the namespace that it is applied to.
func (d *Document) Key(defaultNamespace string) object.Key {
	key := object.KeyOf(d.Object)
	if key.Namespace == "" {
		key.Namespace = defaultNamespace
	}
	return key
}

// Reader decodes files.
type Reader struct {
	Limits manifest.Limits
	Jobs   int
	Cache  *cache.LRU[any] // nil for none
}

// Read decodes files in parallel and returns their documents in order.
func (r Reader) Read(ctx context.Context, files []manifest.File) ([]*Document, diag.List, error) {
	decoded := make([]content, len(files))
	digests := make([]string, len(files))
	err := parallel.Each(ctx, r.Jobs, len(files), func(_ context.Context, i int) (err error) {
		decoded[i], digests[i], err = r.decode(files[i])
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	var out []*Document
	var diags diag.List
	for i := range files {
		diags = append(diags, decoded[i].diags...)
		for n, d := range decoded[i].documents {
			doc := document(d, files[i].Walked, &diags)
			if doc == nil {
				continue
			}
			if digests[i] != "" {
				doc.Digest = digests[i] + "/" + strconv.Itoa(n)
			}
			out = append(out, doc)
		}
	}
	return out, diags, nil
}

// content is what is cached of a file.
type content struct {
	documents []*manifest.Document
	diags     diag.List
}

// bytesPerTextByte is what a decoded document takes in memory, by its text, from
// heap profiles of testdata/bench.
const bytesPerTextByte = 10

// decode decodes a file, or takes it from the cache, and returns its digest.
func (r Reader) decode(f manifest.File) (content, string, error) {
	if r.Cache == nil || f.Objects != nil {
		docs, diags := f.Read(r.Limits)
		digest, err := r.digest(docs)
		return content{docs, diags}, digest, err
	}
	digest := cache.Digest("file", f.Name, f.Data, r.Limits)
	if v, _ := r.Cache.Get(digest); v != nil {
		return v.(content), digest, nil
	}
	docs, diags := f.Read(r.Limits)
	c := content{docs, diags}
	r.Cache.Put(digest, c, int64(len(f.Data))*bytesPerTextByte)
	return c, digest, nil
}

// digest is the digest of documents that were no text.
func (r Reader) digest(docs []*manifest.Document) (string, error) {
	if r.Cache == nil {
		return "", nil
	}
	parts := []any{"objects"}
	for _, d := range docs {
		text, err := manifest.CanonicalJSON(d.Object)
		if err != nil {
			return "", fmt.Errorf("encoding %s of %s: %w", d.Title(), d.File, err)
		}
		parts = append(parts, d.File, text)
	}
	return cache.Digest(parts...), nil
}

// document classifies a document. One that is not an object is skipped, as nil,
// in a file that nobody named.
func document(d *manifest.Document, walked bool, diags *diag.List) *Document {
	for _, field := range []string{"apiVersion", "kind"} {
		if object.Text(d.Object, field) == "" {
			if walked && !nearlyObject(d.Object) {
				return nil
			}
			remedy := d.Quote(diag.Path{field})
			if field == "apiVersion" && object.Text(d.Object, "kind") == object.RGDKind && remedy.Fix == nil {
				remedy.Fix = diag.Insert("apiVersion: " + object.RGDGroup + "/v1alpha1\n")
			}
			diags.Add(diag.Diagnostic{
				Severity: diag.Error, Rule: "not-an-object", Pos: d.Position(diag.Path{field}),
				Message: "not a Kubernetes object: " + field + " is missing or not a string",
			}.With(remedy))
			return &Document{Document: d}
		}
	}
	doc := &Document{Document: d, GVK: object.GVK(d.Object)}
	if !object.IsEncrypted(d.Object) {
		return doc
	}
	switch {
	case doc.GVK.Group == "kro.run" && doc.GVK.Kind == "ResourceGraphDefinition":
		diags.Add(doc.Encrypted("ResourceGraphDefinition"))
		return nil
	case strings.HasPrefix(doc.GVK.Kind, "ENC["):
		diags.Add(doc.Encrypted("whole object, its kind included,"))
		return nil
	}
	return doc
}

// nearlyObject reports whether apiVersion or kind was forgotten, and not that a
// file is about something else: it would be left out of what is applied.
func nearlyObject(obj map[string]any) bool {
	return (object.Text(obj, "apiVersion") != "") != (object.Text(obj, "kind") != "") && object.Name(obj) != ""
}

// Encrypted is the finding about a document that has to be read and cannot be.
func (d *Document) Encrypted(what string) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Error, Rule: "sops-encrypted", Pos: d.Position(diag.Path{"sops"}), Object: d.Title(), Path: "sops",
		Message: fmt.Sprintf("the %s is encrypted with SOPS and cannot be expanded", what),
		Hint:    "commit it in plain text, and move secret values to a Secret that it refers to",
	}
}
