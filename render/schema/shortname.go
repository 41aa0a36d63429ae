package schema

import (
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Aliases are the names beside the kind and its plural by which kubectl knows a
// kind: its short names, and of a CRD's kind the singular.
func (k *Kind) Aliases() []string {
	if k.Builtin {
		return builtinShortNames[k.GVK.GroupKind()]
	}
	return strings.Fields(k.aliases)
}

// ShortNames are the short names of a built-in kind.
func ShortNames(kind schema.GroupKind) []string { return builtinShortNames[kind] }

// builtinShortNames are those that API servers tell kubectl by discovery. The
// bundled schemas do not have them.
var builtinShortNames = map[schema.GroupKind][]string{
	{Kind: "ConfigMap"}:             {"cm"},
	{Kind: "Endpoints"}:             {"ep"},
	{Kind: "Event"}:                 {"ev"},
	{Kind: "LimitRange"}:            {"limits"},
	{Kind: "Namespace"}:             {"ns"},
	{Kind: "Node"}:                  {"no"},
	{Kind: "PersistentVolume"}:      {"pv"},
	{Kind: "PersistentVolumeClaim"}: {"pvc"},
	{Kind: "Pod"}:                   {"po"},
	{Kind: "ReplicationController"}: {"rc"},
	{Kind: "ResourceQuota"}:         {"quota"},
	{Kind: "Service"}:               {"svc"},
	{Kind: "ServiceAccount"}:        {"sa"},

	{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicy"}:        {"vap"},
	{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicyBinding"}: {"vapb"},
	{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}:                 {"crd", "crds"},
	{Group: "apps", Kind: "DaemonSet"}:                                                {"ds"},
	{Group: "apps", Kind: "Deployment"}:                                               {"deploy"},
	{Group: "apps", Kind: "ReplicaSet"}:                                               {"rs"},
	{Group: "apps", Kind: "StatefulSet"}:                                              {"sts"},
	{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"}:                           {"hpa"},
	{Group: "batch", Kind: "CronJob"}:                                                 {"cj"},
	{Group: "certificates.k8s.io", Kind: "CertificateSigningRequest"}:                 {"csr"},
	{Group: "events.k8s.io", Kind: "Event"}:                                           {"ev"},
	{Group: "networking.k8s.io", Kind: "Ingress"}:                                     {"ing"},
	{Group: "networking.k8s.io", Kind: "IPAddress"}:                                   {"ip"},
	{Group: "networking.k8s.io", Kind: "NetworkPolicy"}:                               {"netpol"},
	{Group: "policy", Kind: "PodDisruptionBudget"}:                                    {"pdb"},
	{Group: "scheduling.k8s.io", Kind: "PriorityClass"}:                               {"pc"},
	{Group: "storage.k8s.io", Kind: "StorageClass"}:                                   {"sc"},
	{Group: "storage.k8s.io", Kind: "VolumeAttributesClass"}:                          {"vac"},
}
