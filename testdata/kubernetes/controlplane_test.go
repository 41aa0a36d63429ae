package controlplane_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	controlplane "github.com/krowave/krowave/testdata/kubernetes"
)

// TestStart starts a control plane and asks it for its namespaces; with -short it does not.
func TestStart(t *testing.T) {
	if testing.Short() {
		t.Skip("starts, and may build, a control plane")
	}
	cluster, err := controlplane.Start(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Stop()
	client, err := kubernetes.NewForConfig(cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.CoreV1().Namespaces().Get(t.Context(), "kube-system", metav1.GetOptions{}); err != nil {
		t.Fatal(err)
	}
}
