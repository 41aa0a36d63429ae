package layout

import (
	"slices"
	"time"

	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	"github.com/fluxcd/pkg/apis/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Template is what the Kustomizations of a chain have in common.
type Template struct {
	Name      string // of the first one; the others have the wave's name after it
	Namespace string

	TargetNamespace    string
	ServiceAccountName string
	Prune              bool
	Interval           metav1.Duration  // default DefaultInterval
	Timeout            *metav1.Duration // of health checks; default DefaultTimeout
	KubeConfig         *meta.KubeConfigReference
	Decryption         *kustomizev1.Decryption
	SourceRef          kustomizev1.CrossNamespaceSourceReference
}

// Defaults of a Template. Flux's own timeout would be the interval, for which a
// wave that never becomes ready would occupy one of Flux's workers.
const (
	DefaultInterval = time.Hour
	DefaultTimeout  = 5 * time.Minute
	retryInterval   = time.Minute // Flux retries at the interval otherwise
)

// Name is the name of the Kustomization of a wave, counted from 0.
func (t Template) name(p *Plan, wave int) string {
	if wave == 0 {
		return t.Name
	}
	return t.Name + "-" + p.Waves[wave].Name
}

// Kustomizations returns one Kustomization per wave, each but the first
// depending on the one before. All have the same source, for which Flux checks
// that the one before has applied the same revision.
func Kustomizations(p *Plan, t Template) []kustomizev1.Kustomization {
	out := make([]kustomizev1.Kustomization, 0, len(p.Waves))
	for i, w := range p.Waves {
		k := kustomizev1.Kustomization{
			TypeMeta:   metav1.TypeMeta{APIVersion: kustomizev1.GroupVersion.String(), Kind: kustomizev1.KustomizationKind},
			ObjectMeta: metav1.ObjectMeta{Name: t.name(p, i), Namespace: t.Namespace},
			Spec:       t.spec(),
		}
		k.Spec.Path = "./" + w.Dir
		k.Spec.HealthChecks = t.healthChecks(w)
		k.Spec.HealthCheckExprs = slices.Clone(w.HealthCheckExprs)
		if i > 0 {
			k.Spec.DependsOn = []kustomizev1.DependencyReference{{Name: out[i-1].Name}}
		}
		out = append(out, k)
	}
	return out
}

func (t Template) spec() kustomizev1.KustomizationSpec {
	s := kustomizev1.KustomizationSpec{
		TargetNamespace: t.TargetNamespace, ServiceAccountName: t.ServiceAccountName, Prune: t.Prune,
		Interval: t.Interval, Timeout: t.Timeout, KubeConfig: t.KubeConfig, Decryption: t.Decryption, SourceRef: t.SourceRef,
	}
	if s.Interval.Duration == 0 {
		s.Interval.Duration = DefaultInterval
	}
	if s.Timeout == nil {
		s.Timeout = &metav1.Duration{Duration: DefaultTimeout}
	}
	if s.Interval.Duration > retryInterval {
		s.RetryInterval = &metav1.Duration{Duration: retryInterval}
	}
	if t.Prune {
		// Deleting the chain from its end is in order only if an object is gone
		// before the Kustomization that made it.
		s.DeletionPolicy = kustomizev1.DeletionPolicyWaitForTermination
	}
	return s
}

// healthChecks moves the wave's to the target namespace, as Flux does with the
// objects.
func (t Template) healthChecks(w Wave) []meta.NamespacedObjectKindReference {
	out := slices.Clone(w.HealthChecks)
	for i := range out {
		if t.TargetNamespace != "" && out[i].Namespace != "" {
			out[i].Namespace = t.TargetNamespace
		}
	}
	return out
}
