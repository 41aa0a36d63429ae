package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	crdvalidation "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// received returns a CRD as the API server decodes it; the way over the wire changes some schemas.
func received(crd *apiextensionsv1.CustomResourceDefinition) (*apiextensionsv1.CustomResourceDefinition, error) {
	raw, err := json.Marshal(crd)
	if err != nil {
		return nil, err
	}
	out := &apiextensionsv1.CustomResourceDefinition{}
	err = json.Unmarshal(raw, out)
	out.APIVersion, out.Kind = "apiextensions.k8s.io/v1", "CustomResourceDefinition"
	return out, err
}

// validateCRD says why the API server would refuse to create a CRD.
func validateCRD(in *apiextensionsv1.CustomResourceDefinition) error {
	crd := served(in)
	crd.Status = apiextensionsv1.CustomResourceDefinitionStatus{}
	internal := &apiextensions.CustomResourceDefinition{}
	if err := apiextensionsv1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(crd, internal, nil); err != nil {
		return err
	}
	for _, version := range internal.Spec.Versions {
		if version.Storage { // recorded before validation, on create
			internal.Status.StoredVersions = []string{version.Name}
		}
	}
	return crdvalidation.ValidateCustomResourceDefinition(context.Background(), internal).ToAggregate()
}

// admission does to a custom object what the API server does when it is created.
type admission struct {
	gvk        schema.GroupVersionKind
	namespaced bool
	hasStatus  bool
	structural *structuralschema.Structural
	validate   func(context.Context, runtime.Object) field.ErrorList
}

func newAdmission(in *apiextensionsv1.CustomResourceDefinition, versionName string) (*admission, error) {
	crd := served(in)
	at := slices.IndexFunc(crd.Spec.Versions, func(v apiextensionsv1.CustomResourceDefinitionVersion) bool { return v.Name == versionName })
	if at < 0 || crd.Spec.Versions[at].Schema == nil || crd.Spec.Versions[at].Schema.OpenAPIV3Schema == nil {
		return nil, fmt.Errorf("crd %s has no schema for version %q", crd.Name, versionName)
	}
	version := crd.Spec.Versions[at]
	openAPI := version.Schema.OpenAPIV3Schema
	internal, validator, err := schemaValidator(openAPI)
	if err != nil {
		return nil, err
	}
	a := &admission{
		gvk:        schema.GroupVersionKind{Group: crd.Spec.Group, Version: versionName, Kind: crd.Spec.Names.Kind},
		namespaced: crd.Spec.Scope == apiextensionsv1.NamespaceScoped,
		hasStatus:  version.Subresources != nil && version.Subresources.Status != nil,
	}
	if a.structural, err = structuralschema.NewStructural(internal); err != nil {
		return nil, err
	}
	if err := defaulting.PruneDefaults(a.structural); err != nil {
		return nil, err
	}
	var statusValidator validation.SchemaValidator
	var subresource *apiextensions.CustomResourceSubresourceStatus
	if a.hasStatus {
		subresource = &apiextensions.CustomResourceSubresourceStatus{}
		if status, ok := openAPI.Properties["status"]; ok {
			if _, statusValidator, err = schemaValidator(&status); err != nil {
				return nil, err
			}
		}
	}
	a.validate = customresource.NewStrategy(nil, a.namespaced, a.gvk, validator, statusValidator, a.structural, subresource, nil, nil).Validate
	return a, nil
}

func schemaValidator(props *apiextensionsv1.JSONSchemaProps) (*apiextensions.JSONSchemaProps, validation.SchemaValidator, error) {
	internal := &apiextensions.JSONSchemaProps{}
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(props, internal, nil); err != nil {
		return nil, nil, err
	}
	validator, _, err := validation.NewSchemaValidator(internal)
	return internal, validator, err
}

// admit returns the object as it would be stored: decoded, defaulted, pruned and validated.
func (a *admission) admit(in *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	raw, err := json.Marshal(in.Object)
	if err != nil {
		return nil, err
	}
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(raw); err != nil {
		return nil, err
	}
	if u.GroupVersionKind() != a.gvk {
		return nil, fmt.Errorf("object is %s, not %s", u.GroupVersionKind(), a.gvk)
	}
	switch {
	case !a.namespaced:
		unstructured.RemoveNestedField(u.Object, "metadata", "namespace")
	case u.GetNamespace() == "":
		u.SetNamespace("default")
	}
	if err := a.normalize(u); err != nil {
		return nil, err
	}
	if errs := a.validate(context.Background(), u); len(errs) > 0 {
		messages := make([]string, len(errs))
		for i, err := range errs {
			messages[i] = err.Error()
		}
		slices.Sort(messages)
		return nil, fmt.Errorf("refused by the API server: %s", strings.Join(messages, "; "))
	}
	unstructured.RemoveNestedField(u.Object, "metadata", "creationTimestamp") // only a cluster knows it
	return u, nil
}

func (a *admission) normalize(u *unstructured.Unstructured) error {
	defaulting.Default(u.Object, a.structural)
	objectMeta, found, _, err := objectmeta.GetObjectMetaWithOptions(u.Object, objectmeta.ObjectMetaOptions{})
	if err != nil {
		return err
	}
	pruning.Prune(u.Object, a.structural, true)
	defaulting.PruneNonNullableNullsWithoutDefaults(u.Object, a.structural)
	if err, _ := objectmeta.CoerceWithOptions(nil, u.Object, a.structural, false, objectmeta.CoerceOptions{}); err != nil {
		return err
	}
	u.SetGroupVersionKind(a.gvk)
	if found {
		if err := objectmeta.SetObjectMeta(u.Object, objectMeta); err != nil {
			return err
		}
	}
	if a.hasStatus {
		delete(u.Object, "status")
	}
	return nil
}
