package output

import (
	"slices"

	"github.com/krowave/krowave/render/definition"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/instance"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
)

// Encoded is an object as text, which takes a fraction of the memory of the map.
type Encoded struct {
	Key  object.Key
	YAML []byte // as manifest.EncodeYAML writes it; none after Name
}

// Key names the object.
func (o *Object) Key() object.Key {
	if o.Encoded != nil {
		return o.Encoded.Key
	}
	return object.KeyOf(o.Object)
}

// YAML is the object as manifest.EncodeYAML writes it.
func (o *Object) YAML() ([]byte, error) {
	if o.Encoded != nil {
		return o.Encoded.YAML, nil
	}
	return manifest.YAML(o.Object)
}

// Encode returns the objects of an instance of the input as text, and the
// instance without them. It returns nothing for an instance that later stages
// look into: one that waits for a value, or that kro finishes. What is left of the
// instance goes to spare.
func Encode(top *instance.Instance, set *definition.Set, spare *expand.Spare, opts Options) ([]Object, *instance.Instance) {
	if top.Graph.Native != nil || slices.ContainsFunc(top.All(), (*instance.Instance).IsOpen) {
		return nil, nil
	}
	a := &assembler{Input: Input{Set: set}, opts: opts}
	a.instance(top)
	bare := map[*instance.Instance]*instance.Instance{}
	for i := range a.objects {
		o := &a.objects[i]
		text, err := manifest.YAML(o.Object)
		if err != nil {
			return nil, nil // whoever prints it says so
		}
		o.Encoded, o.Object = &Encoded{Key: object.KeyOf(o.Object), YAML: text}, nil
		o.Instance = o.Instance.Bare(bare)
	}
	if len(bare) <= 1 { // an instance in it may share with an object what it is named by
		spare.Give(top.Expansion)
	}
	return a.objects, top.Bare(bare)
}

// Name is Encode for who wants to know only which objects there are. It returns
// nothing for an instance that renders others.
func Name(top *instance.Instance, set *definition.Set, spare *expand.Spare, opts Options) ([]Object, *instance.Instance) {
	if top.Graph.Native != nil || top.IsOpen() || len(top.All()) > 1 {
		return nil, nil
	}
	opts.Annotate = Annotate{}
	a := &assembler{Input: Input{Set: set}, opts: opts}
	a.instance(top)
	bare := top.Bare(map[*instance.Instance]*instance.Instance{})
	for i := range a.objects {
		o := &a.objects[i]
		o.Encoded, o.Object, o.Instance = &Encoded{Key: object.KeyOf(o.Object)}, nil, bare
	}
	spare.Give(top.Expansion)
	return a.objects, bare
}
