// Package controlplane starts a Kubernetes API without nodes on loopback: etcd, kube-apiserver, and of
// kube-controller-manager what ends namespaces and collects garbage. No container and no root is
// needed; what is missing is built from the Go module proxy, once (see build.sh).
//
//	cluster, err := controlplane.Start(t.TempDir())
//	if err != nil {
//		t.Fatal(err)
//	}
//	defer cluster.Stop()
//	client, err := dynamic.NewForConfig(cluster.Config)
package controlplane

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	_ "embed"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"k8s.io/client-go/rest"
)

//go:embed build.sh
var buildScript string

// startLimit is how long one program may take to come up.
const startLimit = 2 * time.Minute

// Cluster is a running control plane, with an administrator's credentials.
type Cluster struct {
	Config     *rest.Config
	Kubeconfig string // the same, as a file

	bin, dir  string
	processes []*Process
}

// Start starts a control plane whose files and logs (DIR/*.log) are in a directory, which it makes.
func Start(dir string) (*Cluster, error) {
	bin, err := build()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	c := &Cluster{bin: bin, dir: dir, Kubeconfig: filepath.Join(dir, "kubeconfig")}
	if err := c.start(); err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

// Run starts a program beside the control plane; it ends with it, or earlier. Its environment names
// the kubeconfig, its output is in DIR/NAME.log, and ready says when it is up.
func (c *Cluster) Run(name string, ready func() bool, program string, args ...string) (*Process, error) {
	p, err := startProcess(name, filepath.Join(c.dir, name+".log"), append(os.Environ(), "KUBECONFIG="+c.Kubeconfig), program, args...)
	if err != nil {
		return nil, err
	}
	c.processes = append(c.processes, p)
	return p, p.waitFor(ready)
}

// Stop ends all programs, the last one started first.
func (c *Cluster) Stop() {
	for _, p := range slices.Backward(c.processes) {
		p.Stop()
	}
	c.processes = nil
}

// build returns the directory of the programs.
func build() (string, error) {
	command := exec.Command("bash", "-s")
	command.Stdin, command.Stderr = strings.NewReader(buildScript), os.Stderr
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("build the control plane: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

func (c *Cluster) start() error {
	etcd, err := c.startEtcd()
	if err != nil {
		return err
	}
	address, err := FreeAddress()
	if err != nil {
		return err
	}
	token, key, err := c.credentials()
	if err != nil {
		return err
	}
	c.Config = &rest.Config{
		Host: "https://" + address, BearerToken: token, TLSClientConfig: rest.TLSClientConfig{Insecure: true},
		QPS: -1, WarningHandler: rest.NoWarnings{},
	}
	if err := c.writeKubeconfig(); err != nil {
		return err
	}
	if _, err := c.Run("kube-apiserver", Answers(c.Config.Host+"/readyz", token), filepath.Join(c.bin, "kube-apiserver"),
		"--etcd-servers", "http://"+etcd, "--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1", "--secure-port", port(address),
		"--endpoint-reconciler-type", "none", "--cert-dir", filepath.Join(c.dir, "certificates"), "--token-auth-file", c.tokens(),
		"--authorization-mode", "RBAC", "--service-cluster-ip-range", "10.0.0.0/16", "--allow-privileged",
		// Pods are never run, and nothing makes the service accounts that this one asks for.
		"--disable-admission-plugins", "ServiceAccount",
		"--service-account-issuer", "https://kubernetes.default.svc", "--service-account-key-file", key,
		"--service-account-signing-key-file", key); err != nil {
		return err
	}
	free, err := FreeAddress()
	if err != nil {
		return err
	}
	_, err = c.Run("kube-controller-manager", Answers("https://"+free+"/healthz", ""), filepath.Join(c.bin, "kube-controller-manager"),
		"--kubeconfig", c.Kubeconfig, "--authentication-kubeconfig", c.Kubeconfig, "--authorization-kubeconfig", c.Kubeconfig,
		"--bind-address", "127.0.0.1", "--secure-port", port(free), "--cert-dir", filepath.Join(c.dir, "certificates"),
		"--leader-elect=false", "--controllers", "namespace-controller,garbage-collector-controller")
	return err
}

func (c *Cluster) startEtcd() (string, error) {
	address, err := FreeAddress()
	if err != nil {
		return "", err
	}
	peer, err := FreeAddress()
	if err != nil {
		return "", err
	}
	_, err = c.Run("etcd", Answers("http://"+address+"/health", ""), filepath.Join(c.bin, "etcd"),
		"--name", "local", "--data-dir", filepath.Join(c.dir, "etcd"), "--unsafe-no-fsync", "--log-level", "warn",
		"--listen-client-urls", "http://"+address, "--advertise-client-urls", "http://"+address, "--listen-peer-urls", "http://"+peer,
		"--initial-advertise-peer-urls", "http://"+peer, "--initial-cluster", "local=http://"+peer)
	return address, err
}

// credentials writes an administrator's token, and a key for service accounts.
func (c *Cluster) credentials() (token, key string, err error) {
	random := make([]byte, 16)
	_, _ = rand.Read(random) // it never fails
	token = hex.EncodeToString(random)
	if err := os.WriteFile(c.tokens(), []byte(token+",admin,admin,\"system:masters\"\n"), 0o600); err != nil {
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
	key = filepath.Join(c.dir, "service-accounts.key")
	return token, key, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}

func (c *Cluster) tokens() string { return filepath.Join(c.dir, "tokens") }

func (c *Cluster) writeKubeconfig() error {
	return os.WriteFile(c.Kubeconfig, fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters:
- name: local
  cluster: {server: %q, insecure-skip-tls-verify: true}
users:
- name: admin
  user: {token: %q}
contexts:
- name: local
  context: {cluster: local, user: admin}
current-context: local
`, c.Config.Host, c.Config.BearerToken), 0o600)
}

// Answers reports whether a URL answers with 200 OK, for Run.
func Answers(url, token string) func() bool {
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true,
	}}
	return func() bool {
		request, err := http.NewRequest(http.MethodGet, url, nil)
		if err != nil {
			return false
		}
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
		}
		response, err := client.Do(request)
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	}
}
