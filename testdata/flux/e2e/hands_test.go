package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	controlplane "github.com/krowave/krowave/testdata/kubernetes"
)

// webRGD has a service, a configuration, and what kro makes of the service's address.
// With live, the configuration needs the address, too.
func webRGD(live bool) string {
	data := "{service: \"${entry.metadata.name}\"}"
	if live {
		data = "{service: \"${entry.spec.clusterIP}\"}"
	}
	return `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: webs.example.com}
spec:
  schema:
    apiVersion: v1
    kind: Web
    group: example.com
    spec: {size: integer | default=1}
  resources:
  - id: entry
    template:
      apiVersion: v1
      kind: Service
      metadata: {name: "${schema.metadata.name}"}
      spec: {ports: [{port: 80}]}
  - id: config
    template:
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: "${schema.metadata.name}-config"}
      data: ` + data + `
  - id: conn
    template:
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: "${schema.metadata.name}-conn"}
      data: {ip: "${entry.spec.clusterIP}"}
`
}

func web(namespace, annotations string) string {
	return "apiVersion: example.com/v1\nkind: Web\nmetadata: {name: a, namespace: " + namespace + annotations + "}\nspec: {size: 2}\n"
}

const (
	partOf    = "applyset.kubernetes.io/part-of"
	suspended = ", annotations: {kro.run/reconcile: suspended}"
)

// startKro runs the real kro for the tests that need it.
func startKro(t *testing.T) {
	t.Helper()
	kro, crds := os.Getenv("KROWAVE_KRO"), os.Getenv("KROWAVE_KRO_CRDS")
	files, err := filepath.Glob(filepath.Join(crds, "*.yaml"))
	if kro == "" || err != nil || len(files) == 0 {
		t.Fatalf("KROWAVE_KRO and KROWAVE_KRO_CRDS name no kro; this test is started by run.sh: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		mustApply(t, string(text))
	}
	health, err := controlplane.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	p, err := world.cluster.Run("kro", controlplane.Answers("http://"+health+"/healthz", ""), kro, "--metrics-bind-address", "0",
		"--health-probe-bind-address", health, "--rgd-progress-requeue-delay", "1s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
}

// TestHands has RenderedSources in several namespaces, 3 or as many as KROWAVE_HANDS says,
// share an RGD that they leave to a real kro. An object goes to kro by an edit alone, and
// comes back as docs/diff.md says. Then RenderedSources go.
func TestHands(t *testing.T) {
	startKro(t)
	owner := newSite(t, "web-definitions", chained+"  runtime: delegate\n  residuals: definitions\n", "", map[string]string{"apps/rgd.yaml": webRGD(false)})
	var sites []*site
	before := map[string]types.UID{}
	var deleted []*deletions
	number := 3
	if text := os.Getenv("KROWAVE_HANDS"); text != "" {
		var err error
		if number, err = strconv.Atoi(text); err != nil || number < 2 {
			t.Fatalf("KROWAVE_HANDS must be an integer greater than 1, not %q", text)
		}
	}
	for i := range number {
		name := fmt.Sprintf("web-%02d", i)
		sites = append(sites, newSite(t, name, chained+"  runtime: delegate\n  residuals: instances\n", "",
			map[string]string{"platform/rgd.yaml": webRGD(false), "apps/web.yaml": web(name, "")}))
	}
	each := func(what string, check func(s *site) error) {
		t.Helper()
		for _, s := range sites {
			eventually(t, s.namespace+": "+what, func() error { return check(s) })
		}
	}
	all := func(sites []*site, check func(s *site) error) func() error {
		return func() error {
			for _, s := range sites {
				if err := check(s); err != nil {
					return fmt.Errorf("%s: %w", s.namespace, err)
				}
			}
			return nil
		}
	}
	push := func(rgd string, annotations string) {
		t.Helper()
		owner.push(t, map[string]string{"apps/rgd.yaml": rgd})
		for _, s := range sites {
			s.push(t, map[string]string{"platform/rgd.yaml": rgd, "apps/web.yaml": web(s.namespace, annotations)})
		}
	}
	same := func(s *site) error {
		for _, name := range []string{"ConfigMap a-config", "ConfigMap a-conn", "Service a"} {
			kind, object, _ := strings.Cut(name, " ")
			obj, err := get(kind, s.namespace, object)
			if err != nil {
				return permanent{err}
			}
			if was := before[s.namespace+" "+name]; obj.GetUID() != was {
				return permanent{fmt.Errorf("%s has the UID %s, and had %s", name, obj.GetUID(), was)}
			}
		}
		return nil
	}
	each("kro makes what is left to it", exists("ConfigMap", "a-conn"))
	each("Flux applies the rest", exists("ConfigMap", "a-config"))
	for _, s := range sites {
		for _, name := range []string{"ConfigMap a-config", "ConfigMap a-conn", "Service a"} {
			kind, object, _ := strings.Cut(name, " ")
			before[s.namespace+" "+name] = uid(t, kind, s.namespace, object)
		}
		deleted = append(deleted, watchDeletions(t, s.namespace, "ConfigMap", "Service"))
	}
	definition := uid(t, "ResourceGraphDefinition", "", "webs.example.com-residual")

	// A change in the cluster is undone, by Flux or by kro.
	for _, s := range sites {
		mergePatch(t, "ConfigMap", s.namespace, "a-config", `{"data": {"service": "another"}}`)
		mergePatch(t, "ConfigMap", s.namespace, "a-conn", `{"data": {"ip": "another"}}`)
		for _, k := range []string{"shop", "shop-wave-1"} {
			if _, err := get("Kustomization", s.namespace, k); err == nil {
				mergePatch(t, "Kustomization", s.namespace, k, fmt.Sprintf(`{"metadata":{"annotations":{"reconcile.fluxcd.io/requestedAt":%q}}}`, time.Now().Format(time.RFC3339Nano)))
			}
		}
	}
	each("Flux and kro undo a change", func(s *site) error {
		for _, name := range []string{"a-config", "a-conn"} {
			obj, err := get("ConfigMap", s.namespace, name)
			if err != nil {
				return permanent{err}
			}
			if strings.Contains(at(obj, "data"), "another") {
				return fmt.Errorf("%s is not as it was", name)
			}
		}
		return nil
	})

	push(webRGD(true), "")
	each("kro adopts the configuration", func(s *site) error {
		obj, err := get("ConfigMap", s.namespace, "a-config")
		if err != nil {
			return permanent{err}
		}
		if obj.GetLabels()[partOf] == "" || at(obj, "data.service") == "a" {
			return errors.New("kro has not applied it")
		}
		return nil
	})
	each("Flux lets it go", inventory("a-config", false))
	each("it is the one that it was", same)

	push(webRGD(true), suspended)
	each("kro is told to leave the instance alone", func(s *site) error {
		obj, err := get("WebResidual", s.namespace, "a")
		if err == nil && obj.GetAnnotations()["kro.run/reconcile"] == "" {
			err = errors.New("it is not suspended")
		}
		return err
	})
	for _, s := range sites {
		mergePatch(t, "ConfigMap", s.namespace, "a-config", `{"metadata": {"labels": {"`+partOf+`": null}}}`)
	}
	push(webRGD(false), suspended)
	each("Flux has it again", inventory("a-config", true))
	eventually(t, "kro's definition does not have it", func() error {
		obj, err := get("ResourceGraphDefinition", "", "webs.example.com-residual")
		if err == nil && strings.Contains(at(obj, "spec.resources"), "a-config") {
			err = errors.New("it has")
		}
		return err
	})
	push(webRGD(false), "")
	each("kro goes on", func(s *site) error {
		obj, err := get("WebResidual", s.namespace, "a")
		if err == nil && (at(obj, "status.state") != "ACTIVE" || obj.GetAnnotations()["kro.run/reconcile"] != "") {
			err = fmt.Errorf("state %s", at(obj, "status.state"))
		}
		return err
	})
	stays(t, "it is still the one that it was", all(sites, same))
	for i, d := range deleted {
		if names := d.list(); len(names) > 0 {
			t.Errorf("%s: deleted on the way: %v", sites[i].namespace, names)
		}
	}

	remove(t, "RenderedSource", sites[0].namespace, "shop")
	for _, name := range []string{"WebResidual a", "ConfigMap a-conn", "ConfigMap a-config", "Service a"} {
		kind, object, _ := strings.Cut(name, " ")
		eventually(t, name+" goes with the RenderedSource", absent(kind, sites[0].namespace, object))
	}
	remove(t, "RenderedSource", owner.namespace, "shop")
	eventually(t, "the owner of the definitions goes", absent("RenderedSource", owner.namespace, "shop"))
	stays(t, "the others stay", all(sites[1:], same))
	if uid(t, "ResourceGraphDefinition", "", "webs.example.com-residual") != definition {
		t.Error("kro's definition is another one")
	}
}

func exists(kind, name string) func(*site) error {
	return func(s *site) error { return s.has(kind, name, nil)() }
}

// inventory reports whether the Kustomizations of a site have an object or not.
func inventory(name string, want bool) func(*site) error {
	return func(s *site) error {
		has := false
		for _, k := range []string{"shop", "shop-wave-1", "shop-wave-2"} {
			obj, err := get("Kustomization", s.namespace, k)
			if err == nil && strings.Contains(at(obj, "status.inventory"), "_"+name+"_") {
				has = true
			}
		}
		if has != want {
			return fmt.Errorf("%s in an inventory: %t", name, has)
		}
		return nil
	}
}
