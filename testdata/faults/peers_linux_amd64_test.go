package faults_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/pkg/artifact/config"
	"github.com/google/go-containerregistry/pkg/registry"
	"k8s.io/apimachinery/pkg/types"

	"github.com/krowave/krowave/flux/artifact"
)

// serve starts a server behind what may be in its way.
func serve(t *testing.T, h http.Handler, way func(http.Handler) http.Handler) *httptest.Server {
	t.Helper()
	if way != nil {
		h = way(h)
	}
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	return server
}

// pushing pushes new.yaml to a registry that has old.yaml.
func pushing(way func(http.Handler) http.Handler) func(*testing.T, string) job {
	return func(t *testing.T, dir string) job {
		h := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
		plain, front := serve(t, h, nil), serve(t, h, way)
		args := func(server *httptest.Server, file string) []string {
			return []string{"push", "oci://" + server.Listener.Addr().String() + "/shop:v1", file}
		}
		start(t, dir, args(plain, "old.yaml")...)
		return job{args: args(front, "new.yaml"), read: func(t *testing.T) map[string]string {
			manifest := get(t, plain.URL+"/v2/shop/manifests/v1")
			var m struct {
				Config struct{ Digest string }
				Layers []struct{ Digest string }
			}
			if err := json.Unmarshal([]byte(manifest), &m); err != nil {
				t.Fatal(err)
			}
			for _, layer := range append(m.Layers, m.Config) {
				get(t, plain.URL+"/v2/shop/blobs/"+layer.Digest)
			}
			return map[string]string{"v1": manifest}
		}}
	}
}

func get(t *testing.T, address string) string {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v", address, response.Status, err)
	}
	return string(data)
}

// guests are instances that need objects of a cluster. Those of the instances before
// are recorded.
func guests(t *testing.T, dir string) {
	t.Helper()
	guest := func(at string) string {
		return "apiVersion: kro.run/v1alpha1\nkind: Guest\nmetadata: {name: in-" + at + "}\nspec: {at: " + at + "}\n"
	}
	put(t, dir, map[string]string{
		"rgd.yaml": `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: guest}
spec:
  schema:
    apiVersion: v1alpha1
    kind: Guest
    spec: {at: string}
  resources:
  - id: house
    externalRef:
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: "${schema.spec.at}"}
  - id: guest
    template:
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: "${schema.metadata.name}"}
      data: {key: "${house.data.key}"}
`,
		"guests.yaml": guest("house") + "---\n" + guest("shed"),
	})
	j := cluster("old", nil)(t, dir)
	j.again(t, dir)
	put(t, dir, map[string]string{"guests.yaml": guest("house") + "---\n" + guest("garden")})
}

func observing(way func(http.Handler) http.Handler) func(*testing.T, string) job {
	return cluster("new", way)
}

// cluster is an API server in which each ConfigMap holds one value.
func cluster(value string, way func(http.Handler) http.Handler) func(*testing.T, string) job {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if !strings.HasPrefix(r.URL.Path, "/api/v1/namespaces/default/configmaps/") {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}`)
			return
		}
		fmt.Fprintf(w, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":%q,"namespace":"default","uid":"1","resourceVersion":"1"},"data":{"key":%q}}`,
			path.Base(r.URL.Path), value)
	})
	return func(t *testing.T, dir string) job {
		server := serve(t, h, way)
		put(t, dir, map[string]string{"config": `{"apiVersion": "v1", "kind": "Config", "current-context": "x", "contexts": [{"name": "x", "context": {"cluster": "x"}}],
 "clusters": [{"name": "x", "cluster": {"server": "` + server.URL + `"}}]}`})
		return job{args: []string{"observe", "--kubeconfig=config", "-o", "dir=observed", "rgd.yaml", "guests.yaml"}, read: below(dir, "observed")}
	}
}

// toPublish is the variable that makes a test binary publish an artifact as the Flux
// controller does.
const toPublish = "KROWAVE_TEST_PUBLISH"

func publish() {
	text := os.Getenv(toPublish)
	if text == "" {
		return
	}
	store, err := artifact.NewStore(&config.Options{StoragePath: "storage", StorageAddress: "localhost:1", ArtifactRetentionRecords: 2, ArtifactRetentionTTL: time.Minute, ArtifactDigestAlgo: "sha256"})
	if err == nil {
		files := []artifact.File{{Path: "a.yaml", Data: bytes.Repeat([]byte(text+"\n"), 100)}}
		owner := types.NamespacedName{Namespace: "apps", Name: "shop"}
		var a any
		a, err = store.Publish(owner, files, artifact.Revision(files))
		_ = a
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func publishing(text string) func(*testing.T, string) job {
	return func(t *testing.T, dir string) job {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		return job{program: self, env: []string{toPublish + "=" + text}, read: func(t *testing.T) map[string]string {
			all := below(dir, "storage")(t)
			for name := range all {
				if filepath.Ext(name) != ".gz" { // in the making, or a lock
					delete(all, name)
				}
			}
			return all
		}}
	}
}
