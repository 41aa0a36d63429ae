package install_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/spf13/pflag"

	"github.com/krowave/krowave/flux/controller"
	"github.com/krowave/krowave/flux/install"
	"github.com/krowave/krowave/render/manifest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var everything = install.Options{
	Namespace: "krowave", Flux: "flux", Image: "registry.example.com:5000/krowave@sha256:0123", Shards: []string{"a", "b"}, LiveValues: install.LiveImpersonate,
	DefaultServiceAccount: "deployer", NoCrossNamespaceRefs: true, StorageSize: "2Gi", StorageClass: "fast", TLSSecret: "artifacts", ServiceMonitor: true,
}

func text(t *testing.T, opts install.Options) string {
	t.Helper()
	files, err := install.Files(opts)
	if err != nil {
		t.Fatal(err)
	}
	return string(install.Text(files))
}

func TestText(t *testing.T) {
	for name, opts := range map[string]install.Options{"default.yaml": {}, "everything.yaml": everything, "large.yaml": {Size: "large"}} {
		got := text(t, opts)
		_, got, _ = strings.Cut(got, "# rbac.yaml\n") // what is before is the generated CRD
		file := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if left := regexp.MustCompile(`\$\([A-Z]+\)`).FindString(got); left != "" {
			t.Errorf("%s has %s left", name, left)
		}
	}
}

// typed returns a value that strict decoding of the kind fills.
func typed(kind string) any {
	switch kind {
	case "CustomResourceDefinition":
		return &apiextensionsv1.CustomResourceDefinition{}
	case "ClusterRole":
		return &rbacv1.ClusterRole{}
	case "ClusterRoleBinding":
		return &rbacv1.ClusterRoleBinding{}
	case "Role":
		return &rbacv1.Role{}
	case "RoleBinding":
		return &rbacv1.RoleBinding{}
	case "ServiceAccount":
		return &corev1.ServiceAccount{}
	case "PersistentVolumeClaim":
		return &corev1.PersistentVolumeClaim{}
	case "Service":
		return &corev1.Service{}
	case "Deployment":
		return &appsv1.Deployment{}
	case "NetworkPolicy":
		return &networkingv1.NetworkPolicy{}
	case "ValidatingAdmissionPolicy":
		return &admissionv1.ValidatingAdmissionPolicy{}
	case "ValidatingAdmissionPolicyBinding":
		return &admissionv1.ValidatingAdmissionPolicyBinding{}
	}
	return nil
}

// TestObjectsFitTheirTypes decodes every object strictly into Kubernetes' own
// type of it.
func TestObjectsFitTheirTypes(t *testing.T) {
	for name, opts := range map[string]install.Options{"default": {}, "everything": everything, "medium": {Size: "medium"}, "large": {Size: "large"}} {
		documents, found := manifest.Read(name, []byte(text(t, opts)), manifest.Limits{})
		if len(found) > 0 {
			t.Fatal(found)
		}
		ids := map[string]bool{}
		for _, d := range documents {
			if ids[d.Title()] {
				t.Errorf("%s: %s is there twice", name, d.Title())
			}
			ids[d.Title()] = true
			if d.Kind() == "ServiceMonitor" { // no type of Kubernetes
				continue
			}
			into := typed(d.Kind())
			raw, err := manifest.CanonicalJSON(d.Object)
			if err != nil {
				t.Fatal(err)
			}
			if into == nil {
				t.Errorf("%s: %s is a kind that the test does not know", name, d.Title())
			} else if err := yaml.UnmarshalStrict(raw, into); err != nil {
				t.Errorf("%s: %s: %v", name, d.Title(), err)
			}
			if deployment, ok := into.(*appsv1.Deployment); ok {
				checkDeployment(t, deployment)
			}
		}
		for _, kind := range []string{"CustomResourceDefinition", "Deployment", "Service", "NetworkPolicy", "ValidatingAdmissionPolicy", "ClusterRole"} {
			if !slices.ContainsFunc(documents, func(d *manifest.Document) bool { return d.Kind() == kind }) {
				t.Errorf("%s has no %s", name, kind)
			}
		}
	}
}

// checkDeployment holds the arguments to the controller's flags, and the pod to
// the restricted Pod Security Standard.
func checkDeployment(t *testing.T, d *appsv1.Deployment) {
	t.Helper()
	var o controller.Options
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	o.BindFlags(flags)
	pod := d.Spec.Template.Spec
	c := pod.Containers[0]
	if c.Args[0] != "flux" || c.Args[1] != "controller" {
		t.Errorf("%s runs %v", d.Name, c.Args[:2])
	}
	if err := flags.Parse(c.Args[2:]); err != nil {
		t.Errorf("%s: %v", d.Name, err)
	}
	if limit := c.Resources.Limits.Memory().Value(); o.CacheBytes > limit/3 || c.Resources.Requests.Memory().Value() > limit/2 {
		t.Errorf("%s may cache %d bytes, with a limit of %d", d.Name, o.CacheBytes, limit)
	}
	if d.Spec.Strategy.Type != appsv1.RecreateDeploymentStrategyType || *d.Spec.Replicas != 1 {
		t.Errorf("%s: two replicas may serve one address", d.Name)
	}
	s := c.SecurityContext
	if !*pod.SecurityContext.RunAsNonRoot || pod.SecurityContext.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault ||
		*s.AllowPrivilegeEscalation || !*s.ReadOnlyRootFilesystem || !slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) {
		t.Errorf("%s is not restricted", d.Name)
	}
	if c.LivenessProbe == nil || c.ReadinessProbe == nil {
		t.Errorf("%s has no probes", d.Name)
	}
}

// TestPermissions finds nothing that reads Secrets or everything.
func TestPermissions(t *testing.T) {
	documents, _ := manifest.Read("-", []byte(text(t, install.Options{})), manifest.Limits{})
	rules := 0
	for _, d := range documents {
		if d.Kind() != "ClusterRole" && d.Kind() != "Role" {
			continue
		}
		var role rbacv1.ClusterRole
		raw, err := manifest.CanonicalJSON(d.Object)
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal(raw, &role); err != nil {
			t.Fatal(err)
		}
		for _, r := range role.Rules {
			rules++
			for _, word := range slices.Concat(r.APIGroups, r.Resources, r.Verbs) {
				if word == "*" || word == "secrets" || word == "impersonate" || word == "leases" && d.Kind() == "ClusterRole" {
					t.Errorf("%s %s: %s", d.Kind(), d.Name(), word)
				}
			}
		}
	}
	if rules < 5 {
		t.Errorf("only %d rules were looked at", rules)
	}
}

func TestRefusedOptions(t *testing.T) {
	for name, opts := range map[string]install.Options{
		"namespace":   {Namespace: "a b"},
		"flux":        {Flux: "a'b"},
		"image":       {Image: "a b"},
		"shard":       {Shards: []string{"A"}},
		"shards":      {Shards: []string{"a", "a"}},
		"account":     {DefaultServiceAccount: "a: b"},
		"storage":     {StorageSize: "much"},
		"size":        {Size: "huge"},
		"class":       {StorageClass: "fast"},
		"secret":      {TLSSecret: "a\nb"},
		"live values": {LiveValues: "all"},
	} {
		if _, err := install.Files(opts); err == nil {
			t.Errorf("%s is accepted: %+v", name, opts)
		}
	}
}
