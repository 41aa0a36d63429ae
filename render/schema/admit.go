package schema

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	metavalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kfield "k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"

	"github.com/krowave/krowave/render/diag"
)

// Admitter does to objects of one version of a CRD what the API server does on
// creation (S2.9). It is immutable and safe for concurrent use.
//
// Most objects take a short way, which proves an object valid in one pass; what
// it cannot prove goes through the API server's own code.
type Admitter struct {
	gvk        schema.GroupVersionKind
	apiVersion string
	namespaced bool
	status     bool // the status subresource is on, so status is dropped
	props      *apiextensionsv1.JSONSchemaProps
	structural *structuralschema.Structural
	quick      *check // nil when the schema has keywords that the short way does not know

	validator func() (validation.SchemaValidator, error)
	rules     func() *cel.Validator // x-kubernetes-validations; nil when there are none
}

// NewAdmitter returns the admitter of one version of a CRD.
func NewAdmitter(crd *apiextensionsv1.CustomResourceDefinition, version string) (*Admitter, error) {
	i := slices.IndexFunc(crd.Spec.Versions, func(v apiextensionsv1.CustomResourceDefinitionVersion) bool {
		return v.Name == version
	})
	if i < 0 {
		return nil, fmt.Errorf("custom resource definition %s has no version %q", crd.Name, version)
	}
	v := &crd.Spec.Versions[i]
	s, err := structuralOf(v)
	if err == nil {
		s, err = withPrunedDefaults(s)
	}
	if err != nil {
		return nil, fmt.Errorf("custom resource definition %s, version %s: %w", crd.Name, version, err)
	}
	a := &Admitter{
		gvk:        schema.GroupVersionKind{Group: crd.Spec.Group, Version: version, Kind: crd.Spec.Names.Kind},
		apiVersion: crd.Spec.Group + "/" + version,
		namespaced: crd.Spec.Scope == apiextensionsv1.NamespaceScoped,
		status:     v.Subresources != nil && v.Subresources.Status != nil,
		props:      v.Schema.OpenAPIV3Schema,
		structural: s,
	}
	a.quick = compileRoot(s, a.status)
	a.validator = sync.OnceValues(a.buildValidator)
	a.rules = sync.OnceValue(func() *cel.Validator { return cel.NewValidator(s, true, celconfig.PerCallLimit) })
	return a, nil
}

func (a *Admitter) buildValidator() (validation.SchemaValidator, error) {
	internal := &apiextensions.JSONSchemaProps{}
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(a.props, internal, nil); err != nil {
		return nil, err
	}
	v, _, err := validation.NewSchemaValidator(internal)
	return v, err
}

// Admit returns obj as it would be stored, the paths of the fields that are
// pruned from it, and why it would be refused; stored is nil when it would. An
// object of a namespaced kind that names no namespace gets defaultNamespace
// ("default" when empty). obj is not changed, and stored shares nothing with it.
func (a *Admitter) Admit(obj map[string]any, defaultNamespace string) (stored map[string]any, pruned []string, problems []Problem) {
	if defaultNamespace == "" {
		defaultNamespace = "default"
	}
	if stored, ok := a.admitQuickly(obj, defaultNamespace); ok {
		return stored, nil, nil
	}
	return a.admitSlowly(obj, defaultNamespace)
}

func refuse(rule, message string, path ...any) []Problem {
	return []Problem{{Path: diag.Path(path), Rule: rule, Message: message}}
}

// admitSlowly is the API server's way, with its own code, in its order.
func (a *Admitter) admitSlowly(obj map[string]any, namespace string) (map[string]any, []string, []Problem) {
	raw, err := json.Marshal(obj)
	if err != nil {
		return nil, nil, refuse(RuleSchema, err.Error())
	}
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(raw); err != nil {
		return nil, nil, refuse(RuleSchema, err.Error())
	}
	if u.GetAPIVersion() != a.apiVersion {
		return nil, nil, refuse(RuleKind, fmt.Sprintf("apiVersion is %q, not %q", u.GetAPIVersion(), a.apiVersion), "apiVersion")
	}
	if u.GetKind() != a.gvk.Kind {
		return nil, nil, refuse(RuleKind, fmt.Sprintf("kind is %q, not %q", u.GetKind(), a.gvk.Kind), "kind")
	}
	if meta, ok := u.Object["metadata"]; ok {
		if _, isMap := meta.(map[string]any); !isMap && meta != nil {
			return nil, nil, refuse(RuleMetadata, "metadata is not an object", "metadata")
		}
	}
	given, isGiven, _ := unstructured.NestedFieldNoCopy(u.Object, "metadata", "namespace")
	_, isText := given.(string)
	switch {
	case isGiven && given != nil && !isText: // normalize refuses it, as the API server does before it looks at the request
	case a.namespaced && u.GetNamespace() == "":
		if m, _ := u.Object["metadata"].(map[string]any); m == nil {
			u.Object["metadata"] = map[string]any{} // metadata: null
		}
		u.SetNamespace(namespace)
	case !a.namespaced:
		unstructured.RemoveNestedField(u.Object, "metadata", "namespace")
	}
	pruned, problems := a.normalize(u)
	if len(problems) == 0 {
		problems = a.validate(u)
	}
	if len(problems) > 0 {
		return nil, pruned, problems
	}
	// writing metadata back leaves a null here; the real value is the server's
	unstructured.RemoveNestedField(u.Object, "metadata", "creationTimestamp")
	return u.Object, pruned, nil
}

// normalize defaults, prunes, drops nulls, coerces metadata and drops status.
func (a *Admitter) normalize(u *unstructured.Unstructured) ([]string, []Problem) {
	defaulting.Default(u.Object, a.structural)
	meta, found, pruned, err := objectmeta.GetObjectMetaWithOptions(u.Object, objectmeta.ObjectMetaOptions{ReturnUnknownFieldPaths: true})
	if err != nil {
		if problems := metadataTypes(u.Object["metadata"]); len(problems) > 0 {
			return nil, problems
		}
		return nil, refuse(RuleMetadata, err.Error(), "metadata")
	}
	apiVersion, kind := u.GetAPIVersion(), u.GetKind()
	pruned = append(pruned, pruning.PruneWithOptions(u.Object, a.structural, true,
		structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})...)
	defaulting.PruneNonNullableNullsWithoutDefaults(u.Object, a.structural)
	ferr, more := objectmeta.CoerceWithOptions(nil, u.Object, a.structural, false, objectmeta.CoerceOptions{ReturnUnknownFieldPaths: true})
	if ferr != nil {
		return nil, problemsOf(kfield.ErrorList{ferr}, u.Object, RuleSchema)
	}
	pruned = append(pruned, more...)
	u.SetKind(kind)
	u.SetAPIVersion(apiVersion)
	if found {
		if err := objectmeta.SetObjectMeta(u.Object, meta); err != nil {
			return nil, refuse(RuleMetadata, err.Error(), "metadata")
		}
	}
	if a.status {
		delete(u.Object, "status")
	}
	slices.Sort(pruned)
	return pruned, nil
}

// metadataTypes finds the fields of metadata that are not of their type, which
// the library's decoder reports one at a time and in words of Go.
func metadataTypes(meta any) []Problem {
	var out []Problem
	var walk func(v any, s *Schema, path diag.Path)
	walk = func(v any, s *Schema, path diag.Path) {
		if v == nil || s == nil {
			return
		}
		is := jsonType(v)
		if s.Type != "" && is != s.Type && (s.Type != "number" || is != "integer") {
			message := fmt.Sprintf("must be of type %s, not %s", s.Type, is)
			out = append(out, Problem{Path: path, Rule: RuleMetadata, Message: message, Public: message})
			return
		}
		switch v := v.(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(v)) {
				below := s.Properties[key]
				if below == nil {
					below = s.AdditionalProperties
				}
				walk(v[key], below, path.With(key))
			}
		case []any:
			for i, item := range v {
				walk(item, s.Items, path.With(i))
			}
		}
	}
	walk(meta, ObjectMeta(), diag.Path{"metadata"})
	return out
}

func jsonType(v any) string {
	switch v := v.(type) {
	case map[string]any:
		return "object"
	case []any:
		return "array"
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		if v == math.Trunc(v) {
			return "integer"
		}
		return "number"
	}
	return "integer"
}

// validate runs the checks of the API server's create strategy.
func (a *Admitter) validate(u *unstructured.Unstructured) []Problem {
	validator, err := a.validator()
	if err != nil {
		return refuse(RuleSchema, err.Error())
	}
	errs := metavalidation.ValidateObjectMetaAccessor(u, a.namespaced, metavalidation.NameIsDNSSubdomain, kfield.NewPath("metadata"))
	errs = append(errs, validation.ValidateCustomResource(nil, u.Object, validator)...)
	errs = append(errs, objectmeta.Validate(nil, u.Object, a.structural, false)...)
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, a.structural, u.Object)...)
	problems := problemsOf(errs, u.Object, RuleSchema)
	if slices.ContainsFunc(errs, blocksRules) {
		return problems
	}
	return append(problems, problemsOf(a.brokenRules(u.Object), u.Object, RuleValidation)...)
}

func (a *Admitter) brokenRules(obj map[string]any) kfield.ErrorList {
	rules := a.rules()
	if rules == nil {
		return nil
	}
	errs, _ := rules.Validate(context.Background(), nil, a.structural, obj, nil, celconfig.RuntimeCELCostBudget)
	return errs
}

// blocksRules says that validation rules are not run on an object this broken.
func blocksRules(e *kfield.Error) bool {
	switch e.Type {
	case kfield.ErrorTypeNotSupported, kfield.ErrorTypeRequired, kfield.ErrorTypeTooLong,
		kfield.ErrorTypeTooMany, kfield.ErrorTypeTypeInvalid:
		return true
	}
	return false
}
