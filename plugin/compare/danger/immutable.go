package danger

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/krowave/krowave/plugin/compare/field"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/wave"
)

// law says which fields of a kind an API server does not let change.
type law struct {
	fixed []string // paths that stay as they are
	once  []string // paths that stay once they have a value
	// spec is fixed as a whole, but for these paths; "*" stands for every item.
	besides []string
	// defaults are what the API server sets where a manifest says nothing.
	defaults map[string]any
}

// laws are Kubernetes' own, by group/Kind: the update validation of the API
// server, as of 1.36.
var laws = map[string]law{
	"apps/Deployment": {fixed: []string{"spec.selector"}},
	"apps/ReplicaSet": {fixed: []string{"spec.selector"}},
	"apps/DaemonSet":  {fixed: []string{"spec.selector"}},
	"apps/StatefulSet": {
		besides: []string{
			"replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
			"persistentVolumeClaimRetentionPolicy", "minReadySeconds",
		},
		defaults: map[string]any{"spec.podManagementPolicy": "OrderedReady"},
	},
	"apps/ControllerRevision": {fixed: []string{"data"}},
	"batch/Job": {
		fixed: []string{
			"spec.selector", "spec.template", "spec.completionMode", "spec.podFailurePolicy", "spec.backoffLimitPerIndex",
			"spec.managedBy", "spec.successPolicy",
		},
		defaults: map[string]any{"spec.completionMode": "NonIndexed"},
	},
	"/Pod": {
		besides: []string{
			"containers.*.image", "initContainers.*.image", "activeDeadlineSeconds", "tolerations",
			"terminationGracePeriodSeconds", "schedulingGates",
		},
	},
	"/Service":               {once: []string{"spec.clusterIP", "spec.loadBalancerClass", "spec.healthCheckNodePort"}},
	"/PersistentVolumeClaim": {besides: []string{"resources.requests", "volumeAttributesClassName"}, defaults: map[string]any{"spec.volumeMode": "Filesystem"}},
	"/PersistentVolume": {
		fixed: []string{
			"spec.volumeMode", "spec.awsElasticBlockStore", "spec.azureDisk", "spec.azureFile", "spec.cephfs", "spec.cinder", "spec.csi",
			"spec.fc", "spec.flexVolume", "spec.gcePersistentDisk", "spec.glusterfs", "spec.hostPath", "spec.iscsi", "spec.local",
			"spec.nfs", "spec.portworxVolume", "spec.quobyte", "spec.rbd", "spec.scaleIO", "spec.storageos", "spec.vsphereVolume",
		},
		once:     []string{"spec.nodeAffinity"},
		defaults: map[string]any{"spec.volumeMode": "Filesystem"},
	},
	"/Secret":                               {fixed: []string{"type"}, defaults: map[string]any{"type": "Opaque"}},
	"/ResourceQuota":                        {fixed: []string{"spec.scopes"}},
	"rbac.authorization.k8s.io/RoleBinding": {fixed: []string{"roleRef"}},
	"rbac.authorization.k8s.io/ClusterRoleBinding": {fixed: []string{"roleRef"}},
	"storage.k8s.io/StorageClass": {
		fixed:    []string{"parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"},
		defaults: map[string]any{"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"},
	},
	"storage.k8s.io/VolumeAttributesClass": {fixed: []string{"driverName", "parameters"}},
	"storage.k8s.io/VolumeAttachment":      {fixed: []string{"spec"}},
	"storage.k8s.io/CSIDriver": {
		fixed:    []string{"spec.attachRequired", "spec.volumeLifecycleModes"},
		defaults: map[string]any{"spec.attachRequired": true, "spec.volumeLifecycleModes": []any{"Persistent"}},
	},
	"networking.k8s.io/IngressClass": {fixed: []string{"spec.controller"}},
	"scheduling.k8s.io/PriorityClass": {
		fixed: []string{"value", "preemptionPolicy"}, defaults: map[string]any{"preemptionPolicy": "PreemptLowerPriority", "value": int64(0)},
	},
	"node.k8s.io/RuntimeClass":                      {fixed: []string{"handler"}},
	"discovery.k8s.io/EndpointSlice":                {fixed: []string{"addressType"}},
	"certificates.k8s.io/CertificateSigningRequest": {fixed: []string{"spec"}},
	"resource.k8s.io/ResourceClaim":                 {fixed: []string{"spec"}},
	"resource.k8s.io/ResourceClaimTemplate":         {fixed: []string{"spec"}},
	"apiextensions.k8s.io/CustomResourceDefinition": {
		fixed: []string{"spec.group", "spec.scope", "spec.names.kind", "spec.names.plural"},
	},
}

// immutable looks for changes that the API server refuses.
func (l *list) immutable(c Change) {
	if wave.IsHook(c.After) {
		return // deleted and created anew each time
	}
	kind := c.kind()
	law := laws[kind.Group+"/"+kind.Kind]
	for _, path := range law.fixed {
		if !field.Equal(law.value(c.Before, path), law.value(c.After, path)) {
			l.refused(c, path)
		}
	}
	for _, path := range law.once {
		was, is := law.value(c.Before, path), law.value(c.After, path)
		if was != nil && is != nil && !field.Equal(was, is) || path == "spec.clusterIP" && was == nil && is == "None" {
			l.refused(c, path)
		}
	}
	if law.besides != nil {
		l.besides(c, law)
	}
	if kind.Group == "" && (kind.Kind == "ConfigMap" || kind.Kind == "Secret") && at(c.Before, "immutable") == true {
		for _, path := range []string{"immutable", "data", "binaryData", "stringData"} {
			if !field.Equal(at(c.Before, path), at(c.After, path)) {
				l.refused(c, path)
			}
		}
	}
	if kind.Group == "" && kind.Kind == "PersistentVolumeClaim" {
		l.shrinks(c)
	}
}

// besides reports the fields of a spec that is fixed but for some.
func (l *list) besides(c Change, law law) {
	before, _ := without(at(c.Before, "spec"), law.besides).(map[string]any)
	after, _ := without(at(c.After, "spec"), law.besides).(map[string]any)
	names := maps.Clone(before)
	if names == nil {
		names = map[string]any{}
	}
	maps.Copy(names, after)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		was, is := before[name], after[name]
		if was == nil {
			was = law.defaults["spec."+name]
		}
		if is == nil {
			is = law.defaults["spec."+name]
		}
		if !field.Equal(was, is) {
			l.refused(c, "spec."+name)
		}
	}
}

func (l law) value(obj any, path string) any {
	if v := at(obj, strings.Split(path, ".")...); v != nil {
		return v
	}
	return l.defaults[path]
}

func (l *list) refused(c Change, path string) {
	severity := diag.Error
	message := path + " is immutable: the API server rejects the update, and the object must be deleted and recreated"
	if syncOption(c.After, "Force=true") {
		severity = diag.Warning
		message = path + " is immutable: Argo CD deletes and recreates the object (Force=true)"
	}
	l.add(severity, "immutable-field", message, steps(strings.Split(path, ".")...))
}

// shrinks reports a claim that asks for less.
func (l *list) shrinks(c Change) {
	path := []string{"spec", "resources", "requests", "storage"}
	was, err1 := resource.ParseQuantity(fmt.Sprint(at(c.Before, path...)))
	is, err2 := resource.ParseQuantity(fmt.Sprint(at(c.After, path...)))
	if err1 == nil && err2 == nil && is.Cmp(was) < 0 {
		l.add(diag.Error, "immutable-field", "a claim cannot shrink: the API server refuses the update", steps(path...))
	}
}

// without returns a copy of a value in which some paths are left out.
func without(v any, paths []string) any {
	for _, path := range paths {
		v = drop(v, strings.Split(path, "."))
	}
	return v
}

func drop(v any, path []string) any {
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v[path[0]]; !ok {
			return v
		}
		out := maps.Clone(v)
		if len(path) == 1 {
			delete(out, path[0])
			return out
		}
		if out[path[0]] = drop(v[path[0]], path[1:]); isEmpty(out[path[0]]) {
			delete(out, path[0])
		}
		return out
	case []any:
		if path[0] != "*" {
			return v
		}
		out := slices.Clone(v)
		for i := range out {
			out[i] = drop(out[i], path[1:])
		}
		return out
	}
	return v
}

func isEmpty(v any) bool {
	m, ok := v.(map[string]any)
	return ok && len(m) == 0
}
