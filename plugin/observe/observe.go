// Package observe reads from a cluster the objects that runtime values need. It
// takes the files of a render and a Cluster, and returns the objects to record,
// each with only the fields that expressions read. An observed object can
// determine the name of the next one, so rendering and reading alternate until
// nothing new is needed.
//
//	cluster, err := observe.NewCluster(config)
//	found, err := observe.Objects(ctx, cluster, observe.Request{Units: units})
//	observe.Files(found.Objects)
//
// It only ever gets and lists, and of a Secret it asks for metadata alone,
// unless its values are asked for.
package observe

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/need"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/repo"
)

// Request says what to observe for.
type Request struct {
	Units          []Unit
	IncludeSecrets bool
	Jobs           int // requests at once; default 8
}

// Unit is the input of one project, of which Observed is not looked at.
type Unit struct {
	Input   render.Input
	Options render.Options
}

// Found is what a cluster has of what is wanted.
type Found struct {
	Objects     []map[string]any // to record, by kind, namespace and name
	Missing     []string         // what the cluster does not have
	Withheld    []string         // Secrets whose values are read and were not asked for
	Secrets     []string         // Secrets whose values are among Objects
	Forbidden   []Forbidden
	Diagnostics diag.List // of the last render
}

// ObservedFile is the name that findings about the observed objects themselves
// have as their file.
const ObservedFile = "(observed)"

// maxRounds bounds how often one observed object tells the name of the next.
const maxRounds = 50

// Objects reads a cluster. The findings of the input are errors of the first
// render; nothing is asked of the cluster then.
func Objects(ctx context.Context, cluster *Cluster, req Request) (*Found, error) {
	o := &observer{
		cluster: cluster, req: req, wants: map[key]*want{},
		asked: map[string]bool{}, live: map[key]map[string]any{}, whole: map[key]bool{},
	}
	for round := 0; ; round++ {
		if err := o.render(ctx); err != nil {
			return nil, err
		}
		if round == 0 && o.res.Diagnostics.HasErrors() {
			return &Found{Diagnostics: o.res.Diagnostics}, nil
		}
		fresh := o.fresh()
		if len(fresh) == 0 || round == maxRounds {
			break
		}
		if err := o.read(ctx, fresh); err != nil {
			return nil, err
		}
	}
	return o.found(), nil
}

// key names an object.
type key struct {
	gvk             k8sschema.GroupVersionKind
	namespace, name string
}

func keyOf(obj map[string]any) key {
	return key{object.GVK(obj), object.Namespace(obj), object.Name(obj)}
}

func compareKeys(a, b key) int {
	return cmp.Or(cmp.Compare(a.gvk.Group, b.gvk.Group), cmp.Compare(a.gvk.Version, b.gvk.Version), cmp.Compare(a.gvk.Kind, b.gvk.Kind),
		cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.name, b.name))
}

// want is what is wanted of one live object.
type want struct {
	fields       fields
	labels       map[string]bool
	rendered     map[string]any
	metadataOnly bool
}

type observer struct {
	cluster *Cluster
	req     Request
	res     *render.Result
	round   int

	asked map[string]bool        // descriptions of what was read
	live  map[key]map[string]any // as the cluster has it
	whole map[key]bool           // not only metadata
	none  []need.Need            // read, but not there
	wants map[key]*want          // of the last render

	forbidden []Forbidden
}

// render renders with what is observed so far.
func (o *observer) render(ctx context.Context) error {
	var observed []repo.File
	if o.round > 0 {
		var text bytes.Buffer
		if err := manifest.EncodeYAML(&text, o.recorded()); err != nil {
			return fmt.Errorf("encoding observed objects: %w", err)
		}
		observed = []repo.File{{Name: ObservedFile, Data: text.Bytes()}}
	}
	o.round++
	results := make([]*render.Result, len(o.req.Units))
	for i, u := range o.req.Units {
		u.Input.Observed = observed
		u.Options.Runtime, u.Options.AllowEmpty = render.Withhold, true
		var err error
		if results[i], err = render.Render(ctx, u.Input, u.Options); err != nil {
			return err
		}
	}
	o.res = render.Merge(results)
	return nil
}

// fresh lists what the last render wants and nobody has asked for.
func (o *observer) fresh() []need.Need {
	var out []need.Need
	for _, w := range need.Of(o.res) {
		if id := describe(w); !o.asked[id] {
			o.asked[id] = true
			out = append(out, w)
		}
	}
	return out
}

// read asks the cluster, a few requests at a time, each into a slot of its own.
func (o *observer) read(ctx context.Context, wanted []need.Need) error {
	type answer struct {
		target  target
		objects []map[string]any
		err     error
	}
	answers := make([]answer, len(wanted))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(cmp.Or(max(o.req.Jobs, 0), 8))
	for i, w := range wanted {
		group.Go(func() error {
			a := &answers[i]
			if a.target, a.err = o.cluster.target(o.res.Catalog, w.GVK); a.err != nil {
				return nil
			}
			a.objects, a.err = o.cluster.read(ctx, w, a.target, w.Secret && !o.req.IncludeSecrets)
			return nil
		})
	}
	_ = group.Wait() // every error is in its slot
	for i, a := range answers {
		w := wanted[i]
		switch {
		case apierrors.IsForbidden(a.err):
			o.forbidden = append(o.forbidden, forbidden(w, a.target, a.err))
		case errors.Is(a.err, errNotServed) || a.err == nil && len(a.objects) == 0:
			if w.Selector == nil || a.err != nil {
				o.none = append(o.none, w)
			}
		case a.err != nil:
			return fmt.Errorf("reading %s: %w", describe(w), a.err)
		}
		for _, obj := range a.objects {
			o.live[keyOf(obj)] = obj
			o.whole[keyOf(obj)] = !w.Secret || o.req.IncludeSecrets
		}
	}
	return nil
}

// recorded returns the objects that the last render wants and the cluster has,
// with what is wanted of them.
func (o *observer) recorded() []map[string]any {
	o.collect()
	var keys []key
	for k := range o.wants {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, compareKeys)
	out := make([]map[string]any, 0, len(keys))
	for _, k := range keys {
		kind, _ := o.res.Catalog.Lookup(k.gvk)
		live := o.live[k]
		if !o.whole[k] {
			live = object.WithoutSecretValues(live)
		}
		out = append(out, record(live, o.wants[k], kind))
	}
	return out
}

// collect finds the live objects that the last render wants.
func (o *observer) collect() {
	o.wants = map[key]*want{}
	made := rendered(o.res)
	for _, w := range need.Of(o.res) {
		for _, k := range o.matching(w) {
			f := fieldsOf(w.Paths)
			entry := o.wants[k]
			if entry == nil {
				entry = &want{fields: f, labels: map[string]bool{}, rendered: made[k], metadataOnly: !o.whole[k]}
				o.wants[k] = entry
			} else {
				entry.fields = union(entry.fields, f)
			}
			if w.Selector != nil {
				requirements, _ := w.Selector.Requirements()
				for _, r := range requirements {
					entry.labels[r.Key()] = true
				}
			}
		}
	}
}

// found is the result, once nothing new is wanted.
func (o *observer) found() *Found {
	out := &Found{Objects: o.recorded(), Forbidden: o.forbidden, Diagnostics: o.res.Diagnostics}
	still := map[string]need.Need{}
	for _, w := range need.Of(o.res) {
		still[describe(w)] = w
		if w.Secret && readsValues(w.Paths) {
			if o.req.IncludeSecrets {
				out.Secrets = append(out.Secrets, describe(w))
			} else {
				out.Withheld = append(out.Withheld, describe(w))
			}
		}
	}
	for _, w := range o.none {
		if w, ok := still[describe(w)]; ok {
			out.Missing = append(out.Missing, fmt.Sprintf("%s, which %s reads", describe(w), w.Instance))
		}
	}
	slices.Sort(out.Missing)
	slices.SortFunc(out.Forbidden, func(a, b Forbidden) int { return strings.Compare(a.What, b.What) })
	return out
}
