package graph

import (
	"regexp"
	"slices"

	"github.com/google/cel-go/cel"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/krowave/krowave/render/compat"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/schema"
	"github.com/krowave/krowave/render/simpleschema"
)

// Sketch is what can be said of an RGD whether it compiles or not, for somebody
// who is writing it: its nodes, and the types of what expressions may refer to.
// Wrong and missing parts are left out.
type Sketch struct {
	RGD      *RGD
	CRD      *apiextensionsv1.CustomResourceDefinition // that kro would generate, without a status
	Instance *schema.Schema                            // of the variable schema
	Nodes    []SketchNode                              // in the order of the document
}

// SketchNode is a node of a Sketch.
type SketchNode struct {
	ID   string
	At   diag.Path // in the document
	Type NodeType
	Kind *schema.Kind // nil when it is not known
	Each []ForEach
}

// NewSketch reads an RGD as far as it can be read.
func NewSketch(rgd map[string]any, catalog *schema.Catalog) *Sketch {
	out := &Sketch{RGD: decodeRGD(rgd, nil)}
	spec, _ := simpleschema.Build(out.RGD.Spec, out.RGD.Types)
	if out.RGD.GVK.Group == "" {
		out.RGD.GVK.Group = object.RGDGroup
	}
	spec = opened(spec)
	crd := (&compiler{rgd: out.RGD}).crd(spec, &apiextensionsv1.JSONSchemaProps{Type: "object"})
	if out.CRD, _ = fromJSON(crd); out.CRD == nil {
		out.CRD = crd
	}
	text := apiextensionsv1.JSONSchemaProps{Type: "string"}
	out.Instance = schema.InstanceSchema(&apiextensionsv1.JSONSchemaProps{
		Type: "object", Properties: map[string]apiextensionsv1.JSONSchemaProps{"apiVersion": text, "kind": text, "spec": *spec},
	}, out.RGD.ClusterScoped)
	for i, item := range listAt(mapAt(rgd, "spec"), "resources") {
		m, ok := item.(map[string]any)
		if !ok {
			continue
		}
		r := decodeResource(m)
		n := SketchNode{ID: r.ID, At: resourcePath(i), Type: nodeType(r), Each: r.ForEach}
		obj := r.Template
		if r.External != nil {
			obj = r.External
		}
		if gvk, err := gvkOf(obj); err == nil {
			n.Kind, _ = catalog.Lookup(gvk)
		}
		out.Nodes = append(out.Nodes, n)
	}
	return out
}

// opened is a schema in which a field of an unknown type may be anything.
func opened(p *apiextensionsv1.JSONSchemaProps) *apiextensionsv1.JSONSchemaProps {
	out := p.DeepCopy()
	if out.Type == "" {
		keep := true
		out.XPreserveUnknownFields = &keep
	}
	for name := range out.Properties {
		inner := out.Properties[name]
		out.Properties[name] = *opened(&inner)
	}
	if out.Items != nil && out.Items.Schema != nil {
		out.Items.Schema = opened(out.Items.Schema)
	}
	if out.AdditionalProperties != nil && out.AdditionalProperties.Schema != nil {
		out.AdditionalProperties.Schema = opened(out.AdditionalProperties.Schema)
	}
	return out
}

// Node is the node at a path of the document.
func (s *Sketch) Node(at diag.Path) (SketchNode, bool) {
	for _, n := range s.Nodes {
		if len(at) >= len(n.At) && slices.Equal(at[:len(n.At)], n.At) {
			return n, true
		}
	}
	return SketchNode{}, false
}

// Names are the variables that an expression at a path of the document may refer
// to, with their types: any where that is not known.
func (s *Sketch) Names(at diag.Path) (map[string]*cel.Type, *schema.Types) {
	own, inside := s.Node(at)
	place := ""
	if inside && len(at) > len(own.At) {
		place, _ = at[len(own.At)].(string)
	}
	roots := map[string]*schema.Schema{}
	any := map[string]bool{}
	add := func(name string, n SketchNode, list bool) {
		switch {
		case name == "":
		case n.Kind == nil:
			any[name] = true
		case list:
			roots[name] = schema.List(n.Kind.Schema)
		default:
			roots[name] = n.Kind.Schema
		}
	}
	if place == "readyWhen" {
		if own.Type.IsCollection() {
			add(EachVar, own, false)
		} else {
			add(own.ID, own, false)
		}
	} else {
		roots[SchemaVar] = s.Instance
		for _, n := range s.Nodes {
			if !inside || n.ID != own.ID {
				add(n.ID, n, n.Type.IsCollection())
			}
		}
	}
	types := schema.NewTypes(roots)
	vars := types.Variables()
	for name := range any {
		vars[name] = cel.DynType
	}
	if place == "template" || place == "externalRef" {
		s.iterators(own, types, vars)
	}
	return vars, types
}

// iterators adds the iterators of a collection.
func (s *Sketch) iterators(n SketchNode, types *schema.Types, vars map[string]*cel.Type) {
	env, err := expr.Typed(types, vars)
	if err != nil {
		return
	}
	for _, d := range n.Each {
		vars[d.Name] = cel.DynType
		t, err := expr.Parse(d.Text, compat.Behaviors{})
		if err != nil || t == nil || !t.Standalone {
			continue
		}
		parsed, errs := expr.ParseAST(t.Source)
		if errs != nil {
			continue
		}
		if checked, errs := expr.Check(env, parsed); errs == nil {
			if elem, ok := expr.ListElem(checked.OutputType()); ok {
				vars[d.Name] = elem
			}
		}
	}
}

// IDProblem says why a name cannot be the id of a node; "" when it can.
func IDProblem(name string) string {
	switch {
	case reservedWords[name]:
		return name + " is a reserved word"
	case !lowerCamelCase.MatchString(name):
		return name + " is not lowerCamelCase (letters and digits only)"
	}
	return ""
}

var fieldName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// FieldProblem says why a name should not be that of a field of an instance; ""
// when it can be.
func FieldProblem(name string) string {
	if !fieldName.MatchString(name) {
		return name + " is not the name of a field (letters, digits, - and _)"
	}
	return ""
}
