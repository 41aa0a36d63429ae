package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	controlplane "github.com/krowave/krowave/testdata/kubernetes"
)

// kills is how often the leader is killed.
const kills = 10

// replica is one of two controllers. One that ends is started again with its storage, as the kubelet would.
type replica struct {
	name  string
	begin func() (*process, string, error)

	mu      sync.Mutex
	p       *process
	metrics string // address
	ended   int
	stopped bool
}

func (r *replica) now() (*process, string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.p, r.metrics
}

func (r *replica) ends() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended
}

// keep starts the controller again and again.
func (r *replica) keep() {
	for {
		p, _ := r.now()
		<-p.done
		r.mu.Lock()
		if r.stopped {
			r.mu.Unlock()
			return
		}
		r.ended++
		if next, metrics, err := r.begin(); err == nil {
			r.p, r.metrics = next, metrics
		}
		r.mu.Unlock()
		time.Sleep(time.Second)
	}
}

func (r *replica) stop() {
	r.mu.Lock()
	r.stopped = true
	p := r.p
	r.mu.Unlock()
	p.stop()
}

// TestLeaderKilled has two controllers, of which one leads, follow commits, and kills the leader after each commit.
// The other takes over and publishes what the command line renders. KROWAVE_SOAK says how many RenderedSources, in
// hundreds; KROWAVE_BINARY names a krowave, else one is built.
func TestLeaderKilled(t *testing.T) {
	sources, _ := strconv.Atoi(os.Getenv("KROWAVE_SOAK"))
	if sources < perRepository {
		t.Skip("not run: KROWAVE_SOAK=500 says how many RenderedSources")
	}
	krowave := os.Getenv("KROWAVE_BINARY")
	if krowave == "" {
		krowave = filepath.Join(t.TempDir(), "krowave")
		build := exec.Command("go", "build", "-o", krowave, ".")
		build.Dir = "../.."
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	c, err := startCluster("../..", t.TempDir(), krowave)
	if err != nil {
		t.Fatal(err)
	}
	defer c.stop()
	address, err := controlplane.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	begin := func(name string) *replica {
		r := &replica{name: name, begin: func() (*process, string, error) {
			return c.controller(name, append([]string{
				"--storage-addr", address, "--enable-leader-election", "--leader-election-lease-duration=15s",
				"--leader-election-renew-deadline=12s", "--leader-election-retry-period=2s",
			}, large...)...)
		}}
		var err error
		if r.p, r.metrics, err = r.begin(); err != nil {
			t.Fatal(err)
		}
		go r.keep()
		return r
	}
	replicas := []*replica{begin("one"), begin("two")}
	defer func() {
		for _, r := range replicas {
			r.stop()
		}
	}()
	if err := c.grow(sources, 1, "  kustomizations: {prune: true, timeout: 5m}\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.published(10 * time.Minute); err != nil {
		t.Fatal(err)
	}
	var took []time.Duration
	var first, last [2]float64 // goroutines and MiB of who leads
	for n := range kills {
		from := time.Now().Truncate(time.Second) // what is published has whole seconds
		if err := c.commitTo(sources/perRepository, n+2); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(n%4) * time.Second) // at various moments of the work
		p, _ := leader(t, replicas).now()
		p.kill()
		at, err := c.published(10 * time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		for _, when := range at {
			took = append(took, when.Sub(from))
		}
		c.serves(t, n+2)
		now := leader(t, replicas)
		p, metrics := now.now()
		goroutines, err := metric(metrics, "go_goroutines")
		if err != nil {
			t.Fatal(err)
		}
		held, _, err := p.memory()
		if err != nil {
			t.Fatal(err)
		}
		last = [2]float64{goroutines, mib(held)}
		if n == 0 {
			first = last
		}
		t.Logf("kill %d: %s took over; %.0f goroutines, %.0f MiB", n+1, now.name, goroutines, mib(held))
	}
	slices.Sort(took)
	t.Logf("%d RenderedSources, %d kills, %d ends of processes: published after p50 %s, p99 %s", sources, kills, replicas[0].ends()+replicas[1].ends(), took[len(took)/2], took[len(took)*99/100])
	if last[0] > first[0]+50 || last[1] > 1.5*first[1]+50 {
		t.Errorf("goroutines and MiB: %.0f after the first kill, %.0f after the last", first, last)
	}
}

// leader is the replica that leads, once there is one.
func leader(t *testing.T, replicas []*replica) *replica {
	t.Helper()
	var at *replica
	if err := within(time.Minute, func() error {
		for _, r := range replicas {
			_, metrics := r.now()
			if v, err := metric(metrics, "leader_election_master_status"); err == nil && v == 1 {
				at = r
				return nil
			}
		}
		return errors.New("no replica leads")
	}); err != nil {
		t.Fatal(err)
	}
	return at
}

// serves checks that every artifact is served with its digest, and every 25th against the command line.
func (c *cluster) serves(t *testing.T, revision int) {
	t.Helper()
	dir := t.TempDir()
	if err := write(dir, fleetShape().files(revision)); err != nil {
		t.Fatal(err)
	}
	list, err := c.client.Resource(externals).Namespace(namespace).List(context.Background(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range list.Items {
		artifact, _, _ := unstructured.NestedMap(list.Items[i].Object, "status", "artifact")
		var data []byte
		// The address is taken over by the new leader, which renders what its storage lacks.
		err := within(2*time.Minute, func() error {
			url := fmt.Sprint(artifact["url"])
			host, rest, _ := strings.Cut(strings.TrimPrefix(url, "http://"), "/")
			response, err := http.Get("http://" + host + "/" + rest)
			if err != nil {
				return err
			}
			defer response.Body.Close()
			if data, err = io.ReadAll(response.Body); err != nil {
				return err
			}
			if got := fmt.Sprintf("sha256:%x", sha256.Sum256(data)); response.StatusCode != http.StatusOK || got != artifact["digest"] {
				return fmt.Errorf("%s: %s, digest %s, not %s", url, response.Status, got, artifact["digest"])
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if i%25 != 0 {
			continue
		}
		var n int
		if _, err := fmt.Sscanf(list.Items[i].GetName(), "s-%d", &n); err != nil {
			t.Fatal(err)
		}
		_, _, out, err := run(c.krowave, "render", "-d", dir+"/definitions", dir+"/"+app(n%perRepository))
		if err != nil {
			t.Fatal(err)
		}
		if want, got := titles(t, out), titles(t, unpack(t, data)); !slices.Equal(want, got) {
			t.Errorf("%s: %v, and the command line renders %v", list.Items[i].GetName(), got, want)
		}
	}
}

// titles are the objects of a stream without their annotations and labels, which say who renders; sorted.
func titles(t *testing.T, stream []byte) []string {
	t.Helper()
	var out []string
	for _, document := range bytes.Split(append([]byte("\n"), stream...), []byte("\n---\n")) {
		var o unstructured.Unstructured
		if err := yaml.Unmarshal(document, &o.Object); err != nil {
			t.Fatal(err)
		}
		if len(o.Object) == 0 || o.GetKind() == "Kustomization" {
			continue
		}
		unstructured.RemoveNestedField(o.Object, "metadata", "annotations")
		unstructured.RemoveNestedField(o.Object, "metadata", "labels")
		text, err := o.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(text))
	}
	slices.Sort(out)
	if len(out) == 0 {
		t.Fatal("no objects")
	}
	return out
}

// unpack joins the YAML files of an archive to one stream.
func unpack(t *testing.T, data []byte) []byte {
	t.Helper()
	zip, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for r := tar.NewReader(zip); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out.Bytes()
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			out.WriteString("\n---\n")
			if _, err := io.Copy(&out, r); err != nil {
				t.Fatal(err)
			}
		}
	}
}
