package health

import (
	"slices"
	"strings"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"
)

//go:generate go run ./internal/builtin

// goChecks lists group/Kind of the checks that Argo CD has in Go, the same in
// 2.14 and 3 (gitops-engine, pkg/health).
const goChecks = `
/PersistentVolumeClaim
/Pod
/Service
apiregistration.k8s.io/APIService
apps/DaemonSet
apps/Deployment
apps/ReplicaSet
apps/StatefulSet
argoproj.io/Workflow
autoscaling/HorizontalPodAutoscaler
batch/Job
extensions/Ingress
networking.k8s.io/Ingress
`

// builtIn reports whether a version of Argo CD has a health check of a kind.
func builtIn(version string, kind k8sschema.GroupKind) bool {
	own := goChecks + scripts214
	if version == "3" {
		own = goChecks + scripts3
	}
	name := kind.Group + "/" + kind.Kind
	return slices.ContainsFunc(strings.Fields(own), func(pattern string) bool {
		return pattern == name || version == "3" && matches(pattern, name)
	})
}

// matches compares with a pattern in which _ stands for any text without a
// slash, as Argo CD 3 does: _.crossplane.io/_ and kro.run/_.
func matches(pattern, name string) bool {
	group, kind, _ := strings.Cut(pattern, "/")
	ofGroup, ofKind, _ := strings.Cut(name, "/")
	if kind != "_" && kind != ofKind {
		return false
	}
	if suffix, ok := strings.CutPrefix(group, "_"); ok {
		return strings.HasSuffix(ofGroup, suffix)
	}
	return group == ofGroup
}
