package artifact_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/pkg/artifact/config"
	"github.com/fluxcd/pkg/tar"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	"github.com/krowave/krowave/flux/artifact"
)

func owner() types.NamespacedName { return types.NamespacedName{Namespace: "apps", Name: "shop"} }

func files() []artifact.File {
	return []artifact.File{
		{Path: "wave-0/shop/configmap/web.yaml", Data: []byte("kind: ConfigMap\n")},
		{Path: "kustomization.yaml", Data: []byte("resources: []\n")},
	}
}

func newStore(t *testing.T) (*artifact.Store, *config.Options) {
	t.Helper()
	o := &config.Options{StoragePath: filepath.Join(t.TempDir(), "new"), StorageAddress: "127.0.0.1:9790", ArtifactRetentionTTL: time.Hour, ArtifactRetentionRecords: 1, ArtifactDigestAlgo: "sha256"}
	s, err := artifact.NewStore(o)
	if err != nil {
		t.Fatal(err)
	}
	return s, o
}

func TestRevision(t *testing.T) {
	a, b := files(), files()
	b[0], b[1] = b[1], b[0]
	if x, y := artifact.Revision(a), artifact.Revision(b); x != y {
		t.Errorf("the order of the files makes a difference: %s, %s", x, y)
	}
	// No two trees of different content are the same.
	seen := map[string]string{}
	for name, list := range map[string][]artifact.File{
		"none": nil, "empty": {{Path: "a"}}, "ab": {{Path: "a", Data: []byte("b")}}, "a b": {{Path: "ab"}}, "two": {{Path: "a"}, {Path: "b"}},
		"swapped": {{Path: "b", Data: []byte("a")}},
	} {
		r := artifact.Revision(list)
		if other, ok := seen[r]; ok {
			t.Errorf("%s and %s have one revision", name, other)
		}
		seen[r] = name
	}
	if want := "latest@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"; artifact.Revision(nil) != want {
		t.Errorf("Revision(nil) = %s, want %s", artifact.Revision(nil), want)
	}
}

// TestPublish unpacks what is stored with the library that Flux unpacks it with.
func TestPublish(t *testing.T) {
	s, o := newStore(t)
	a, err := s.Publish(owner(), files(), artifact.Revision(files()))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(owner(), a); err != nil {
		t.Errorf("Verify: %v", err)
	}
	packed, err := os.Open(filepath.Join(o.StoragePath, a.Path))
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	dir := t.TempDir()
	if err := tar.Untar(packed, dir); err != nil {
		t.Fatal(err)
	}
	for _, f := range files() {
		if got, err := os.ReadFile(filepath.Join(dir, f.Path)); err != nil || string(got) != string(f.Data) {
			t.Errorf("%s: %q, %v", f.Path, got, err)
		}
	}
	back, err := s.Read(a)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(artifact.Revision(files()), artifact.Revision(back)); diff != "" {
		t.Errorf("Read (-want +got):\n%s", diff)
	}
	again, err := s.Publish(owner(), files(), artifact.Revision(files()))
	if err != nil || again.Digest != a.Digest || again.URL != a.URL {
		t.Errorf("published again: %+v, %v; before %+v", again, err, a)
	}
}

func TestVerify(t *testing.T) {
	s, o := newStore(t)
	a, err := s.Publish(owner(), files(), artifact.Revision(files()))
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := *a
	elsewhere.URL = strings.Replace(a.URL, "127.0.0.1", "10.0.0.1", 1)
	if err := s.Verify(owner(), &elsewhere); err == nil || !strings.Contains(err.Error(), "10.0.0.1") {
		t.Errorf("another address: %v", err)
	}
	file := filepath.Join(o.StoragePath, a.Path)
	if err := os.WriteFile(file, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(owner(), a); err == nil {
		t.Error("a damaged file passes")
	}
	if _, err := s.Read(a); err == nil {
		t.Error("a damaged file can be read")
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(owner(), a); err == nil {
		t.Error("a lost file passes")
	}
}

// TestCollect keeps what is advertised, however old, and as many others as the
// options say.
func TestCollect(t *testing.T) {
	s, o := newStore(t)
	var paths []string
	for i := range 4 {
		list := append(files(), artifact.File{Path: fmt.Sprint(i)})
		a, err := s.Publish(owner(), list, artifact.Revision(list))
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, filepath.Join(o.StoragePath, a.Path))
		old := time.Now().Add(time.Duration(i-100) * time.Hour)
		if err := os.Chtimes(paths[i], old, old); err != nil {
			t.Fatal(err)
		}
	}
	current, err := s.Publish(owner(), files(), artifact.Revision(files()))
	if err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-1000 * time.Hour)
	if err := os.Chtimes(filepath.Join(o.StoragePath, current.Path), old, old); err != nil {
		t.Fatal(err)
	}
	if err := s.Collect(t.Context(), current); err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(owner(), current); err != nil {
		t.Errorf("the current artifact: %v", err)
	}
	for _, p := range paths {
		if _, err := os.Stat(p); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", p, err)
		}
	}
}

func TestSweep(t *testing.T) {
	s, o := newStore(t)
	var kept, gone string
	for _, name := range []string{"kept", "gone"} {
		a, err := s.Publish(types.NamespacedName{Namespace: "apps", Name: name}, files(), artifact.Revision(files()))
		if err != nil {
			t.Fatal(err)
		}
		kept, gone = gone, filepath.Join(o.StoragePath, a.Path)
	}
	half := kept + "123"
	for _, name := range []string{half, half + "young", half + "future"} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, age := range map[string]time.Duration{half: time.Hour, half + "future": -24 * time.Hour} {
		at := time.Now().Add(-age)
		if err := os.Chtimes(name, at, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Sweep(func(key types.NamespacedName) bool { return key.Name == "kept" }); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{kept: true, half + "young": true, half: false, half + "future": false, gone: false} {
		if _, err := os.Stat(name); (err == nil) != want {
			t.Errorf("%s: %v, want it to be there: %t", filepath.Base(name), err, want)
		}
	}
}

// TestTLS holds the server to a client that trusts one authority and shows a
// certificate.
func TestTLS(t *testing.T) {
	s, o := newStore(t)
	a, err := s.Publish(owner(), files(), artifact.Revision(files()))
	if err != nil {
		t.Fatal(err)
	}
	certificate, key := selfSigned(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &artifact.Server{Options: o, TLS: artifact.TLSFiles{Certificate: certificate, Key: key, ClientCA: certificate}}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, listener) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	roots := x509.NewCertPool()
	pemBytes, err := os.ReadFile(certificate)
	if err != nil || !roots.AppendCertsFromPEM(pemBytes) {
		t.Fatal("no certificate", err)
	}
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	url := "https://" + listener.Addr().String() + "/" + a.Path
	for name, test := range map[string]struct {
		config *tls.Config
		ok     bool
	}{
		"with a certificate":    {&tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}}, true},
		"without a certificate": {&tls.Config{RootCAs: roots}, false},
	} {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: test.config, DisableKeepAlives: true}}
		r, err := client.Get(url)
		if (err == nil) != test.ok {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			if n, _ := io.Copy(io.Discard, r.Body); n != *a.Size {
				t.Errorf("%s: %d bytes, want %d", name, n, *a.Size)
			}
			r.Body.Close()
		}
	}
}

func selfSigned(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "krowave"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certificate, key = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	for name, block := range map[string]*pem.Block{certificate: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "EC PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certificate, key
}
