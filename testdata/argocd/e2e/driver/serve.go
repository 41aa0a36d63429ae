//go:build ignore

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"
)

// noWorkloads is Argo CD's configuration where no controller and no kubelet runs that
// makes workloads ready: all of them count as healthy, so that no wave waits for them.
const noWorkloads = `apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-cm, namespace: argocd, labels: {app.kubernetes.io/part-of: argocd}}
data:
  application.resourceTrackingMethod: annotation
  resource.customizations: |
    "*/*": {health.lua: 'return {status = "Healthy"}'}
    Pod: {health.lua: 'return {status = "Healthy"}'}
    PersistentVolumeClaim: {health.lua: 'return {status = "Healthy"}'}
    Service: {health.lua: 'return {status = "Healthy"}'}
    ReplicationController: {health.lua: 'return {status = "Healthy"}'}
`

// serve runs Argo CD for the cluster of -kubeconfig until it is interrupted. It prints
// a line when Applications can be created in the namespace argocd.
func serve(ctx context.Context, w *world) error {
	config, err := clientcmd.BuildConfigFromFlags("", w.kubeconfig)
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 100, 200
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	t := &syncTest{cluster: &cluster{world: w, kubeconfig: w.kubeconfig, client: client}}
	objects, err := w.installation(noWorkloads)
	if err != nil {
		return err
	}
	for _, text := range objects {
		if err := t.apply(ctx, text); err != nil {
			return err
		}
	}
	server, err := w.startRepoServer()
	if err != nil {
		return err
	}
	if err := t.startController(server.addr); err != nil {
		return err
	}
	fmt.Println("serving")
	<-ctx.Done()
	return nil
}

// apply applies one object from YAML, once its kind is served.
func (c *cluster) apply(ctx context.Context, text string) error {
	var o unstructured.Unstructured
	if err := yaml.Unmarshal([]byte(text), &o.Object); err != nil {
		return err
	}
	var err error
	eventually(30*time.Second, func() bool {
		_, err = c.of(o.GetKind(), o.GetNamespace()).Apply(ctx, o.GetName(), &o, metav1.ApplyOptions{FieldManager: "installation", Force: true})
		return err == nil
	})
	if err != nil {
		return fmt.Errorf("applying %s %s: %w", o.GetKind(), o.GetName(), err)
	}
	return nil
}

// installation is what Argo CD's own installation has, with its configuration.
func (w *world) installation(configMap string) ([]string, error) {
	crds, err := copied(filepath.Join(w.source, "manifests", "crds"), "")
	if err != nil {
		return nil, err
	}
	return []string{crds["application-crd.yaml"], crds["applicationset-crd.yaml"], crds["appproject-crd.yaml"],
		"apiVersion: v1\nkind: Namespace\nmetadata: {name: argocd}\n", configMap, secret, project}, nil
}
