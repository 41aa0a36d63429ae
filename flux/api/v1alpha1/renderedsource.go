package v1alpha1

import (
	"time"

	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	"github.com/fluxcd/pkg/apis/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RenderedSourceKind is the kind of a RenderedSource.
const RenderedSourceKind = "RenderedSource"

// RenderedSourceFinalizer keeps a RenderedSource until its Kustomizations, its
// ExternalArtifact and its files are gone.
const RenderedSourceFinalizer = "krowave.dev/finalizer"

// RenderedSourceSpec says what is rendered and how.
//
// +kubebuilder:validation:XValidation:rule="!has(self.observed) || !has(self.runtime) || self.runtime != 'delegate'",message="observed objects are for the policies fail and withhold: delegate leaves runtime values to kro"
// +kubebuilder:validation:XValidation:rule="!has(self.kustomizations) || !has(self.kustomizations.kubeConfig) || !has(self.runtime) || self.runtime != 'withhold'",message="runtime: withhold reads live values from this cluster, and kustomizations.kubeConfig applies to another: give the values with observed, or use another policy"
type RenderedSourceSpec struct {
	// SourceRef names the source with the instances. A change of its artifact's
	// revision is rendered at once.
	// +required
	SourceRef SourceReference `json:"sourceRef"`

	// Path to render, from the root of the source: a directory, a kustomization
	// or a file. Defaults to the root.
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('/') && !self.split('/').exists(e, e == '..')",message="path must be relative and stay inside the source"
	// +optional
	Path string `json:"path,omitempty"`

	// Definitions are the places of RGDs and CRDs that are looked up and not
	// rendered. Without any, and without krowave.yaml naming some, RGDs are
	// looked for in the whole source.
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	Definitions []SourcePath `json:"definitions,omitempty"`

	// KroVersion is that of the kro whose behavior is rendered: "0.9", or "0.10",
	// a preview of 0.10.0-rc.0. Defaults to what krowave.yaml says, else to "0.9".
	// +kubebuilder:validation:Pattern="^v?[0-9]+\\.[0-9]+(\\.[0-9]+(-[0-9A-Za-z.-]+)?)?$"
	// +kubebuilder:validation:MaxLength=64
	// +optional
	KroVersion string `json:"kroVersion,omitempty"`

	// WarnNext adds warnings of what kro 0.10 would refuse, render or read
	// otherwise. Defaults to what krowave.yaml says, else to false.
	// +optional
	WarnNext bool `json:"warnNext,omitempty"`

	// KubernetesVersion is the version of the schemas that objects are held to, such as
	// "1.36". Defaults to the newest that the controller knows.
	// +kubebuilder:validation:Pattern="^v?[0-9]+\\.[0-9]+(\\.[0-9]+)?$"
	// +optional
	KubernetesVersion string `json:"kubernetesVersion,omitempty"`

	// Runtime is the policy for nodes that depend on cluster-only values: fail
	// refuses them, withhold leaves them out until the cluster has the values and
	// renders again, delegate leaves them to kro in the cluster. Defaults to what
	// krowave.yaml says, else to fail.
	// +kubebuilder:validation:Enum=fail;withhold;delegate
	// +optional
	Runtime Runtime `json:"runtime,omitempty"`

	// Residuals says, with runtime: delegate, what is published of that which is
	// left to kro: all of it, the instances, whose definitions another RenderedSource
	// publishes, or the definitions and nothing else. Defaults to what krowave.yaml
	// says, else to all.
	// +kubebuilder:validation:Enum=all;instances;definitions
	// +optional
	Residuals Residuals `json:"residuals,omitempty"`

	// Graphs says what becomes of objects of kind Graph, which is a preview of kro
	// 0.10.0-rc.0: pass hands them over for kro in the cluster, expand renders them,
	// split renders what Git knows and leaves the rest as a smaller Graph. Defaults to
	// what krowave.yaml says, else to pass.
	// +kubebuilder:validation:Enum=pass;expand;split
	// +optional
	Graphs Graphs `json:"graphs,omitempty"`

	// Observed is the place of objects of a cluster that stand in for live ones.
	// +optional
	Observed *SourcePath `json:"observed,omitempty"`

	// AllowSecrets accepts Secrets with values in plain text. By default they are
	// refused: an artifact can be read by whoever reaches the controller's file
	// server. Secrets encrypted with SOPS need no permission.
	// +optional
	AllowSecrets bool `json:"allowSecrets,omitempty"`

	// Strict treats warnings as errors. It cannot switch off what the controller
	// was started with, or what krowave.yaml asks for.
	// +optional
	Strict bool `json:"strict,omitempty"`

	// AllowEmpty accepts that nothing is rendered. By default that is an error, since
	// everything that was applied would be deleted.
	// +optional
	AllowEmpty bool `json:"allowEmpty,omitempty"`

	// ServiceAccountName is the account in this namespace that live values are
	// read as with runtime: withhold, and that the Kustomizations apply as unless
	// they name another. Defaults to the controller's --default-service-account.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	ServiceAccountName string `json:"serviceAccountName,omitempty"`

	// Kustomizations is the template of the Kustomizations that apply the waves
	// in order. Without it none are made, and users write their own.
	// +optional
	Kustomizations *KustomizationTemplate `json:"kustomizations,omitempty"`

	// Interval at which everything is checked again. Changes of the sources and
	// of live values are seen at once, whatever the interval.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern="^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$"
	// +kubebuilder:default="1h"
	// +optional
	Interval metav1.Duration `json:"interval,omitempty"`

	// Timeout of fetching and rendering.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern="^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$"
	// +kubebuilder:default="2m"
	// +optional
	Timeout metav1.Duration `json:"timeout,omitempty"`

	// Suspend stops everything that the controller does for this object. What is
	// published stays.
	// +optional
	Suspend bool `json:"suspend,omitempty"`
}

// Runtime is a policy for runtime values.
type Runtime string

// Policies.
const (
	RuntimeFail     Runtime = "fail"
	RuntimeWithhold Runtime = "withhold"
	RuntimeDelegate Runtime = "delegate"
)

// Graphs says what becomes of objects of kind Graph.
type Graphs string

// Residuals says what is published of that which is left to kro.
type Residuals string

// SourceReference names a source of Flux.
type SourceReference struct {
	// APIVersion of the source.
	// +kubebuilder:validation:Enum="source.toolkit.fluxcd.io/v1"
	// +optional
	APIVersion string `json:"apiVersion,omitempty"`

	// Kind of the source.
	// +kubebuilder:validation:Enum=GitRepository;OCIRepository;Bucket;ExternalArtifact
	// +required
	Kind string `json:"kind"`

	// Name of the source.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name"`

	// Namespace of the source. Defaults to that of the RenderedSource.
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Namespace string `json:"namespace,omitempty"`
}

// SourcePath is a place in a source.
type SourcePath struct {
	// SourceRef names the source. Defaults to that of the instances.
	// +optional
	SourceRef *SourceReference `json:"sourceRef,omitempty"`

	// Path from the root of the source. Defaults to the root.
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('/') && !self.split('/').exists(e, e == '..')",message="path must be relative and stay inside the source"
	// +optional
	Path string `json:"path,omitempty"`
}

// KustomizationTemplate says what the Kustomizations of the waves have in common.
type KustomizationTemplate struct {
	// TargetNamespace of every object.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +optional
	TargetNamespace string `json:"targetNamespace,omitempty"`

	// ServiceAccountName is the account in this namespace that objects are
	// applied as. Defaults to spec.serviceAccountName.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	ServiceAccountName string `json:"serviceAccountName,omitempty"`

	// Prune deletes objects that are no longer rendered.
	// +kubebuilder:default=true
	// +optional
	Prune *bool `json:"prune,omitempty"`

	// Interval at which each Kustomization corrects drift. Defaults to the
	// RenderedSource's.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern="^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$"
	// +optional
	Interval *metav1.Duration `json:"interval,omitempty"`

	// Timeout of applying a wave and of waiting for its gates.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern="^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$"
	// +optional
	Timeout *metav1.Duration `json:"timeout,omitempty"`

	// KubeConfig of a remote cluster.
	// +optional
	KubeConfig *meta.KubeConfigReference `json:"kubeConfig,omitempty"`

	// Decryption of Secrets that are encrypted with SOPS.
	// +optional
	Decryption *kustomizev1.Decryption `json:"decryption,omitempty"`
}

// +kubebuilder:object:root=true
// +kubebuilder:resource:shortName=rsrc,categories=all;fluxcd
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Age",type="date",JSONPath=".metadata.creationTimestamp",description=""
// +kubebuilder:printcolumn:name="Ready",type="string",JSONPath=".status.conditions[?(@.type==\"Ready\")].status",description=""
// +kubebuilder:printcolumn:name="Status",type="string",JSONPath=".status.conditions[?(@.type==\"Ready\")].message",description=""
// +kubebuilder:printcolumn:name="Revision",type="string",JSONPath=".status.artifact.revision",priority=1,description=""
// +kubebuilder:printcolumn:name="Instances",type="integer",JSONPath=".status.counts.instances",priority=1,description=""
// +kubebuilder:printcolumn:name="Objects",type="integer",JSONPath=".status.counts.objects",priority=1,description=""
// +kubebuilder:printcolumn:name="Pending",type="integer",JSONPath=".status.counts.pending",priority=1,description=""
// +kubebuilder:metadata:annotations="kustomize.toolkit.fluxcd.io/substitute=disabled"

// RenderedSource expands the instances of a source as kro would and publishes
// the objects as an ExternalArtifact of its own name.
type RenderedSource struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +required
	Spec RenderedSourceSpec `json:"spec"`
	// +kubebuilder:default={"observedGeneration":-1}
	// +optional
	Status RenderedSourceStatus `json:"status,omitempty"`
}

// RenderedSourceList is a list of RenderedSources.
//
// +kubebuilder:object:root=true
type RenderedSourceList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []RenderedSource `json:"items"`
}

// GetConditions returns the conditions, for fluxcd/pkg/runtime.
func (in *RenderedSource) GetConditions() []metav1.Condition { return in.Status.Conditions }

// SetConditions replaces the conditions, for fluxcd/pkg/runtime.
func (in *RenderedSource) SetConditions(c []metav1.Condition) { in.Status.Conditions = c }

// GetRequeueAfter returns the interval, for fluxcd/pkg/runtime.
func (in *RenderedSource) GetRequeueAfter() time.Duration { return in.Spec.Interval.Duration }

// In returns the namespace that a reference leads to.
func (r SourceReference) In(namespace string) string {
	if r.Namespace != "" {
		return r.Namespace
	}
	return namespace
}

// Source returns the reference of a place, which is the instances' source when
// the place names none.
func (p SourcePath) Source(spec *RenderedSourceSpec) SourceReference {
	if p.SourceRef != nil {
		return *p.SourceRef
	}
	return spec.SourceRef
}

// References lists the distinct sources of a spec in order.
func (s *RenderedSourceSpec) References(namespace string) []SourceReference {
	var out []SourceReference
	seen := map[SourceReference]bool{}
	add := func(r SourceReference) {
		r.APIVersion, r.Namespace = "", r.In(namespace)
		if !seen[r] {
			seen[r] = true
			out = append(out, r)
		}
	}
	add(s.SourceRef)
	for _, d := range s.Definitions {
		add(d.Source(s))
	}
	if s.Observed != nil {
		add(s.Observed.Source(s))
	}
	return out
}
