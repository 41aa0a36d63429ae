package render

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/admission"
	"github.com/krowave/krowave/render/cache"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/manifest"
)

type gvk = k8sschema.GroupVersionKind

var (
	rgdKind = k8sschema.GroupKind{Group: "kro.run", Kind: "ResourceGraphDefinition"}
	crdKind = k8sschema.GroupKind{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}

	// testKind is that of RGD tests: they live beside definitions and are never
	// applied.
	testKind = k8sschema.GroupKind{Group: "krowave.dev", Kind: "Test"}
)

// document is a document with its kind.
type document struct {
	*manifest.Document
	gvk gvk
}

func (d *document) is(gk k8sschema.GroupKind) bool { return d.gvk.GroupKind() == gk }

// documents are the decoded input. objects are those of Input.Files, in order.
type documents struct {
	objects, definitions, crds []*document
}

// read decodes all files and remembers the observed objects.
func (r *renderer) read(in Input) documents {
	docs := documents{
		objects:     r.decode(in.Files),
		definitions: r.decode(in.Definitions),
		crds:        r.decode(in.CRDs),
	}
	r.rules = r.admission()
	r.limits = expand.Options{
		Admission:         r.rules,
		ServerDefaults:    r.opts.ServerDefaults != DefaultsNone,
		MaxCollectionSize: r.opts.MaxCollectionSize,
		Placeholder:       r.opts.Runtime == Placeholder,
		KeepWorkarounds:   r.opts.KeepIdioms,
	}
	world := []any{"world", r.opts.WaveMode, r.opts.Namespace, r.opts.Runtime, r.opts.KeepIdioms, r.opts.ServerDefaults, r.opts.MaxCollectionSize, r.opts.MaxChainDepth, in.Observed != nil, r.rules.Digest()}
	r.worldKey = cache.Digest(world...)
	r.observe(in.Observed)
	return docs
}

// admission compiles the rules of admission webhooks.
func (r *renderer) admission() *admission.Rules {
	if r.opts.ServerDefaults == DefaultsNone {
		return nil
	}
	list := slices.Clone(r.opts.Defaults)
	if r.opts.AdmissionDefaults != AdmissionNone {
		bundled, err := admission.Bundled()
		if err != nil {
			r.crash = cmp.Or[error](r.crash, fmt.Errorf("the bundled admission defaults: %w", err))
		}
		list = append(list, bundled...)
	}
	if len(list) == 0 {
		return nil
	}
	rules, diags := admission.Compile(list)
	r.out.Diagnostics = append(r.out.Diagnostics, diags...)
	return rules
}

// decode reads files in parallel and returns their documents in order.
func (r *renderer) decode(files []manifest.File) []*document {
	read := make([]parsed, len(files))
	keys := make([]string, len(files))
	var group errgroup.Group
	group.SetLimit(r.jobs())
	for i, f := range files {
		group.Go(guarded(func() error {
			read[i], keys[i] = r.parse(f.Name, f.Data)
			return nil
		}))
	}
	r.crash = cmp.Or(r.crash, group.Wait())
	var out []*document
	for i := range files {
		r.out.Diagnostics = append(r.out.Diagnostics, read[i].diags...)
		for n, d := range read[i].docs {
			if keys[i] != "" {
				r.docKeys[d] = keys[i] + "/" + strconv.Itoa(n)
			}
			out = append(out, r.document(d))
		}
	}
	return out
}

func (r *renderer) document(d *manifest.Document) *document {
	for _, field := range []string{"apiVersion", "kind"} {
		if s, ok := d.Object[field].(string); !ok || s == "" {
			r.out.Diagnostics.Errorf(d.Position(diag.Path{field}), "not-an-object",
				"not a Kubernetes object: %s is missing or no string", field)
			return &document{Document: d}
		}
	}
	return &document{Document: d, gvk: k8sschema.FromAPIVersionAndKind(d.APIVersion(), d.Kind())}
}
