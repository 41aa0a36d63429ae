// Package v1alpha1 is the API krowave.dev/v1alpha1. A RenderedSource names a Flux
// source that contains RGDs and instances, and its status reports the result. The
// types are data only; flux/controller acts on them.
//
//	scheme := runtime.NewScheme()
//	err := v1alpha1.AddToScheme(scheme)
//
// +kubebuilder:object:generate=true
// +groupName=krowave.dev
package v1alpha1

//go:generate go tool controller-gen object paths=.
//go:generate go tool controller-gen crd paths=. output:crd:dir=../../install/manifests
