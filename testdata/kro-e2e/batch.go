package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// prepared is a case and what krowave made of it.
type prepared struct {
	*testCase
	objects []*unstructured.Unstructured
	later   []*unstructured.Unstructured // with placeholders, what else there will be
	last    string                       // what a look at the cluster showed
	same    int                          // how many looks before it showed the same
}

// quiet is how many looks, of a second or so, show that nothing more will happen.
const quiet = 10

// unchanged notes what a look shows, and reports whether it has been the same for long.
func (p *prepared) unchanged(look string) bool {
	if p.last != look {
		p.last, p.same = look, 0
	}
	p.same++
	return p.same > quiet
}

// claims lists the names that a case uses in a cluster. What it shares with others, the same CRD or
// the same object to find, has the same value there.
func (p *prepared) claims() map[string]string {
	out := map[string]string{"feature gates": p.gates}
	shared := func(o *unstructured.Unstructured) {
		raw, _ := json.Marshal(o.Object) // it was read from JSON
		out[identityOf(o).String()] = fmt.Sprintf("%x", sha256.Sum256(raw))
	}
	for _, crd := range p.crds {
		shared(crd)
	}
	for _, o := range p.cluster {
		shared(o)
	}
	for _, rgd := range p.rgds {
		out[identityOf(rgd).String()] = p.name
		out["kind "+generatedKind(rgd).Kind] = p.name // two kinds of one name are no help when reading logs
	}
	for _, o := range slices.Concat(p.objects, p.later) {
		if !isNamespace(o) {
			out[identityOf(o).String()] = p.name
		}
	}
	return out
}

// batch is a list of cases that may share a cluster.
type batch struct {
	cases []*prepared
	taken map[string]string
}

func (b *batch) add(p *prepared) bool {
	claims := p.claims()
	for name, value := range claims {
		if taken, ok := b.taken[name]; ok && taken != value {
			return false
		}
	}
	for name, value := range claims {
		b.taken[name] = value
	}
	b.cases = append(b.cases, p)
	return true
}

// batches is every case in the first batch that has no other use for its names.
type batches struct {
	size int // of a batch, at most
	list []*batch
}

func (b *batches) add(p *prepared) {
	for _, known := range b.list {
		if len(known.cases) < b.size && known.add(p) {
			return
		}
	}
	made := &batch{taken: map[string]string{}}
	made.add(p)
	b.list = append(b.list, made)
}

// kinds are those that the graphs of a batch render, and those of the RGDs that krowave rendered.
func (b *batch) kinds() []schema.GroupVersionKind {
	var rgds []*unstructured.Unstructured
	for _, p := range b.cases {
		rgds = append(rgds, p.rgds...)
		for _, o := range p.objects {
			if isRGD(o) {
				rgds = append(rgds, o)
			}
		}
	}
	return templateKinds(rgds)
}
