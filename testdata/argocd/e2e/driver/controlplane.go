//go:build ignore

package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"
)

// cluster is a Kubernetes API without nodes: everything but pods is real.
type cluster struct {
	*world
	kubeconfig string
	client     dynamic.Interface
}

// startCluster starts etcd, kube-apiserver, and of kube-controller-manager what
// deletion needs.
func (w *world) startCluster() (*cluster, error) {
	etcd, err := w.startEtcd()
	if err != nil {
		return nil, err
	}
	addr, err := address()
	if err != nil {
		return nil, err
	}
	token, key, err := w.credentials()
	if err != nil {
		return nil, err
	}
	api, err := w.start("kube-apiserver", nil, filepath.Join(w.kube, "kube-apiserver"),
		"--etcd-servers", "http://"+etcd, "--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1", "--secure-port", port(addr),
		"--endpoint-reconciler-type", "none", "--cert-dir", w.path("certificates"), "--token-auth-file", w.path("tokens"),
		"--authorization-mode", "RBAC", "--service-cluster-ip-range", "10.0.0.0/24", "--service-account-issuer", "https://kubernetes.default.svc",
		"--service-account-key-file", key, "--service-account-signing-key-file", key)
	if err != nil {
		return nil, err
	}
	c := &cluster{world: w, kubeconfig: w.path("kubeconfig")}
	config := fmt.Sprintf("apiVersion: v1\nkind: Config\nclusters:\n- name: local\n  cluster: {server: \"https://%s\", insecure-skip-tls-verify: true}\n"+
		"users:\n- name: admin\n  user: {token: %s}\ncontexts:\n- name: local\n  context: {cluster: local, user: admin}\ncurrent-context: local\n", addr, token)
	if err := os.WriteFile(c.kubeconfig, []byte(config), 0o600); err != nil {
		return nil, err
	}
	if err := api.ready(answers("https://"+addr+"/readyz", token)); err != nil {
		return nil, err
	}
	if c.client, err = dynamic.NewForConfig(&rest.Config{Host: "https://" + addr, BearerToken: token, TLSClientConfig: rest.TLSClientConfig{Insecure: true},
		QPS: 100, Burst: 200, WarningHandler: rest.NoWarnings{}}); err != nil {
		return nil, err
	}
	free, err := address()
	if err != nil {
		return nil, err
	}
	_, err = w.start("kube-controller-manager", nil, filepath.Join(w.kube, "kube-controller-manager"), "--kubeconfig", c.kubeconfig,
		"--authentication-kubeconfig", c.kubeconfig, "--authorization-kubeconfig", c.kubeconfig, "--bind-address", "127.0.0.1", "--secure-port", port(free),
		"--cert-dir", w.path("certificates"), "--leader-elect=false", "--controllers", "namespace-controller,garbage-collector-controller")
	return c, err
}

func (w *world) startEtcd() (addr string, err error) {
	if addr, err = address(); err != nil {
		return "", err
	}
	peer, err := address()
	if err != nil {
		return "", err
	}
	p, err := w.start("etcd", nil, filepath.Join(w.kube, "etcd"), "--name", "local", "--data-dir", w.path("etcd"), "--unsafe-no-fsync", "--log-level", "warn",
		"--listen-client-urls", "http://"+addr, "--advertise-client-urls", "http://"+addr, "--listen-peer-urls", "http://"+peer,
		"--initial-advertise-peer-urls", "http://"+peer, "--initial-cluster", "local=http://"+peer)
	if err != nil {
		return "", err
	}
	return addr, p.ready(answers("http://"+addr+"/health", ""))
}

// credentials writes an administrator's token, and a key for service accounts.
func (w *world) credentials() (token, key string, err error) {
	random := make([]byte, 16)
	_, _ = rand.Read(random) // it never fails
	token = hex.EncodeToString(random)
	if err := os.WriteFile(w.path("tokens"), []byte(token+",admin,admin,\"system:masters\"\n"), 0o600); err != nil {
		return "", "", err
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	der, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		return "", "", err
	}
	key = w.path("service-accounts.key")
	return token, key, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}

func answers(url, token string) func() bool {
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	return func() bool {
		req, err := http.NewRequest(http.MethodGet, url, nil)
		if err != nil {
			return false
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := client.Do(req)
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}
}

// resources are the kinds that the test touches.
var resources = map[string]schema.GroupVersionResource{
	"AppProject":               {Group: "argoproj.io", Version: "v1alpha1", Resource: "appprojects"},
	"Application":              {Group: "argoproj.io", Version: "v1alpha1", Resource: "applications"},
	"ConfigMap":                {Version: "v1", Resource: "configmaps"},
	"CustomResourceDefinition": {Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"},
	"Database":                 {Group: "things.example.com", Version: "v1", Resource: "databases"},
	"Namespace":                {Version: "v1", Resource: "namespaces"},
	"Queue":                    {Group: "queues.example.com", Version: "v1", Resource: "queues"},
	"ResourceGraphDefinition":  {Group: "kro.run", Version: "v1alpha1", Resource: "resourcegraphdefinitions"},
	"Secret":                   {Version: "v1", Resource: "secrets"},
	"Service":                  {Version: "v1", Resource: "services"},
	"ShopResidual":             {Group: "shops.example.com", Version: "v1alpha1", Resource: "shopresiduals"},
}

// create makes one object from YAML, once its kind is served.
func (c *cluster) create(ctx context.Context, text string) error {
	var o unstructured.Unstructured
	if err := yaml.Unmarshal([]byte(text), &o.Object); err != nil {
		return err
	}
	var err error
	eventually(30*time.Second, func() bool {
		_, err = c.of(o.GetKind(), o.GetNamespace()).Create(ctx, &o, metav1.CreateOptions{})
		return err == nil
	})
	if err != nil {
		return fmt.Errorf("creating %s %s: %w", o.GetKind(), o.GetName(), err)
	}
	return nil
}

func (c *cluster) of(kind, namespace string) dynamic.ResourceInterface {
	if namespace == "" {
		return c.client.Resource(resources[kind])
	}
	return c.client.Resource(resources[kind]).Namespace(namespace)
}

// get returns an object, or nil.
func (c *cluster) get(ctx context.Context, kind, namespace, name string) *unstructured.Unstructured {
	o, err := c.of(kind, namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil
	}
	return o
}
