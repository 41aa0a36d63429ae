package v1alpha1

import (
	"github.com/fluxcd/pkg/apis/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Conditions beside those of kstatus. Both are there only while they are true.
const (
	// PendingCondition says that nodes wait for values that the cluster does not
	// have yet.
	PendingCondition = "Pending"
	// ForbiddenCondition says that live values may not be read, and which rule
	// would allow it.
	ForbiddenCondition = "LiveValuesForbidden"
	// DegradedCondition says that a part of a RGD is not translated to Flux.
	DegradedCondition = "NotCarriedOver"
)

// Reasons of conditions and events, beside those of fluxcd/pkg/apis/meta.
const (
	RenderFailedReason      = "RenderFailed"      // findings in the sources
	InvalidSpecReason       = "InvalidSpec"       // what the API server cannot check
	SourceNotReadyReason    = "SourceNotReady"    // a source is missing or has no artifact
	SourceFetchFailedReason = "SourceFetchFailed" // an artifact cannot be downloaded
	AccessDeniedReason      = "AccessDenied"      // references across namespaces
	NameConflictReason      = "NameConflict"      // an object of that name belongs to another
	PublishFailedReason     = "PublishFailed"     // storage or API server
	PublishedReason         = "Published"
	UnchangedReason         = "Unchanged"
	WaitingForValuesReason  = "WaitingForValues"
	ForbiddenReason         = "Forbidden"
	GateMissingReason       = "ExternalArtifactGateMissing"
	ChainFailedReason       = "ChainFailed"
	WarningsReason          = "Warnings"
)

// RenderedSourceStatus says what became of a RenderedSource. Lists are cut at
// 100 entries, in the order of the sources; counts are complete.
type RenderedSourceStatus struct {
	meta.ReconcileRequestStatus `json:",inline"`

	// ObservedGeneration is the last generation that was rendered, or refused for
	// good.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// Conditions: Ready, and while they are true Reconciling, Stalled, Pending,
	// LiveValuesForbidden and NotCarriedOver.
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// LastAttemptedRevision is the revision of spec.sourceRef that was rendered
	// last, with success or not.
	// +optional
	LastAttemptedRevision string `json:"lastAttemptedRevision,omitempty"`

	// Sources are the revisions that the artifact was rendered from.
	// +listType=atomic
	// +optional
	Sources []ObservedSource `json:"sources,omitempty"`

	// InputDigest is the digest of all that the artifact was rendered from. While it is
	// the same, nothing is rendered.
	// +optional
	InputDigest string `json:"inputDigest,omitempty"`

	// Artifact is what the ExternalArtifact advertises.
	// +optional
	Artifact *meta.Artifact `json:"artifact,omitempty"`

	// Counts of everything that was rendered.
	// +optional
	Counts Counts `json:"counts,omitempty"`

	// Instances that were expanded, chained ones included.
	// +listType=atomic
	// +optional
	Instances []InstanceStatus `json:"instances,omitempty"`

	// Pending nodes and what they wait for.
	// +listType=atomic
	// +optional
	Pending []PendingNode `json:"pending,omitempty"`

	// Waves of the artifact in order.
	// +listType=atomic
	// +optional
	Waves []WaveStatus `json:"waves,omitempty"`
}

// Counts of a render.
type Counts struct {
	// Instances that were expanded.
	// +optional
	Instances int32 `json:"instances,omitempty"`
	// Objects in the artifact.
	// +optional
	Objects int32 `json:"objects,omitempty"`
	// Pending nodes.
	// +optional
	Pending int32 `json:"pending,omitempty"`
	// Kept objects: published before, and withheld by what is pending now.
	// +optional
	Kept int32 `json:"kept,omitempty"`
	// Warnings about the sources.
	// +optional
	Warnings int32 `json:"warnings,omitempty"`
}

// ObservedSource is a source at the revision that was rendered.
type ObservedSource struct {
	// Kind of the source.
	// +required
	Kind string `json:"kind"`
	// Name of the source.
	// +required
	Name string `json:"name"`
	// Namespace of the source.
	// +required
	Namespace string `json:"namespace"`
	// Revision of its artifact.
	// +required
	Revision string `json:"revision"`
	// Digest of its artifact.
	// +required
	Digest string `json:"digest"`
	// OriginRevision is the revision of what the artifact was made from, such as
	// a commit behind an OCI artifact.
	// +optional
	OriginRevision string `json:"originRevision,omitempty"`
}

// InstanceStatus is one expanded instance.
type InstanceStatus struct {
	// APIVersion of the instance.
	// +required
	APIVersion string `json:"apiVersion"`
	// Kind of the instance.
	// +required
	Kind string `json:"kind"`
	// Namespace of the instance; empty when it is cluster-scoped.
	// +optional
	Namespace string `json:"namespace,omitempty"`
	// Name of the instance.
	// +required
	Name string `json:"name"`
	// Definition is the name of the RGD.
	// +required
	Definition string `json:"definition"`
	// Objects that it was expanded to.
	// +optional
	Objects int32 `json:"objects,omitempty"`
	// Skipped nodes, left out by includeWhen.
	// +optional
	Skipped int32 `json:"skipped,omitempty"`
	// Pending nodes.
	// +optional
	Pending int32 `json:"pending,omitempty"`
}

// PendingNode is a node that waits.
type PendingNode struct {
	// Instance as Kind/namespace/name.
	// +required
	Instance string `json:"instance"`
	// Node of the RGD.
	// +required
	Node string `json:"node"`
	// Needs is the value that it reads, or the nodes that it waits for.
	// +optional
	Needs string `json:"needs,omitempty"`
	// Never says that the value cannot appear.
	// +optional
	Never bool `json:"never,omitempty"`
}

// WaveStatus is one wave of the artifact.
type WaveStatus struct {
	// Name of the wave.
	// +required
	Name string `json:"name"`
	// Path of its directory in the artifact.
	// +required
	Path string `json:"path"`
	// Objects in it.
	// +optional
	Objects int32 `json:"objects,omitempty"`
	// Gate says that the next wave waits until this one is ready.
	// +optional
	Gate bool `json:"gate,omitempty"`
	// Kustomization that applies it, if the controller made one.
	// +optional
	Kustomization string `json:"kustomization,omitempty"`
	// AppliedRevision is the revision that the Kustomization has applied.
	// +optional
	AppliedRevision string `json:"appliedRevision,omitempty"`
	// Ready is the status of the Kustomization's Ready condition.
	// +optional
	Ready string `json:"ready,omitempty"`
}
