package schema

import (
	"embed"
	"maps"
	"slices"
	"strings"
	"sync"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

//go:embed crds/*.yaml
var crdFiles embed.FS

// ownCRDs returns the CRDs of kro's own kinds, which an RGD may template too.
var ownCRDs = sync.OnceValue(func() []*apiextensionsv1.CustomResourceDefinition {
	rgd, revision := embeddedCRD("resourcegraphdefinition"), embeddedCRD("graphrevision")
	snapshot := revision.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"].Properties["snapshot"]
	snapshot.Properties["spec"] = rgd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
	return []*apiextensionsv1.CustomResourceDefinition{rgd, revision}
})

// ownKinds names them, so that a catalog need not read the CRDs.
func ownKinds() []schema.GroupVersionKind {
	return []schema.GroupVersionKind{RGDKind(), {Group: "internal.kro.run", Version: "v1alpha1", Kind: "GraphRevision"}}
}

func embeddedCRD(name string) *apiextensionsv1.CustomResourceDefinition {
	crd := &apiextensionsv1.CustomResourceDefinition{}
	raw, err := crdFiles.ReadFile("crds/" + name + ".yaml")
	if err == nil {
		err = yaml.Unmarshal(raw, crd)
	}
	if err != nil { // a test reads them; only a broken build comes here
		return &apiextensionsv1.CustomResourceDefinition{}
	}
	setDefaults(crd)
	return crd
}

// RGDKind is kro's ResourceGraphDefinition.
func RGDKind() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: "kro.run", Version: "v1alpha1", Kind: "ResourceGraphDefinition"}
}

var rgdAdmitter = sync.OnceValues(func() (*Admitter, error) {
	return NewAdmitter(ownCRDs()[0], RGDKind().Version)
})

// AdmitRGD returns a ResourceGraphDefinition as it would be stored, the paths
// of the fields that are pruned, and why its own CRD refuses it (S1.2, S1.3).
func AdmitRGD(obj map[string]any) (stored map[string]any, pruned []string, problems []Problem) {
	a, err := rgdAdmitter()
	if err != nil {
		return nil, nil, refuse(RuleSchema, err.Error())
	}
	stored, pruned, problems = a.Admit(obj, "")
	return stored, pruned, resourceProblems(problems)
}

// RGDFields lists the fields that a ResourceGraphDefinition has at a path.
func RGDFields(path []any) []string {
	s := ownCRDs()[0].Spec.Versions[0].Schema.OpenAPIV3Schema
	for _, step := range path {
		name, isName := step.(string)
		switch {
		case isName:
			next, ok := s.Properties[name]
			if !ok {
				return nil
			}
			s = &next
		case s.Items != nil && s.Items.Schema != nil:
			s = s.Items.Schema
		default:
			return nil
		}
	}
	return slices.Sorted(maps.Keys(s.Properties))
}

// resourceProblems says in one sentence that a resource breaks the rule of
// template and externalRef, where the library names alternatives.
func resourceProblems(problems []Problem) []Problem {
	broken := map[string]bool{}
	for i := range problems {
		if strings.Contains(problems[i].Message, "(oneOf)") {
			problems[i].Message = "a resource has exactly one of template and externalRef"
			broken[problems[i].Path.String()] = true
		}
	}
	return slices.DeleteFunc(problems, func(p Problem) bool {
		n := len(p.Path)
		return n > 0 && (p.Path[n-1] == "template" || p.Path[n-1] == "externalRef") &&
			broken[p.Path[:n-1].String()] && strings.HasPrefix(p.Message, "a value is required")
	})
}
