package argocd_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/argoproj/argo-cd/v2/cmpserver/apiclient"
	argocmp "github.com/argoproj/argo-cd/v2/util/cmp"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	soakCallers = 64
	soakApps    = 24
)

// TestSoak sends good and bad requests to one server, and requests of clients that
// are slow or go away. Each answer is that of the command line, and at the end the
// server has the goroutines that it had at first, and about the memory that it had
// after a fifth of the requests. KROWAVE_SOAK says how many requests, 1000 without it.
func TestSoak(t *testing.T) {
	requests := 1000
	if text := os.Getenv("KROWAVE_SOAK"); text != "" {
		var err error
		if requests, err = strconv.Atoi(text); err != nil {
			t.Fatal("KROWAVE_SOAK must be a number of requests")
		}
	}
	root := repository(t)
	for i := range soakApps {
		write(t, root, fmt.Sprintf("apps/web-%d/web.yaml", i), fmt.Sprintf("apiVersion: kro.run/v1alpha1\nkind: WebApp\nmetadata: {name: web-%d, namespace: shop}\nspec: {replicas: %d}\n", i, i))
		write(t, root, fmt.Sprintf("apps/bad-%d/web.yaml", i), fmt.Sprintf("apiVersion: kro.run/v1alpha1\nkind: WebApp\nmetadata: {name: bad-%d, namespace: shop}\nspec: {replicas: many-%d}\n", i, i))
	}
	good, bad := make([][]string, soakApps), make([]string, soakApps)
	for i := range soakApps {
		good[i] = renderedByCommand(t, root, fmt.Sprintf("apps/web-%d", i))
		bad[i] = refusedByCommand(t, root, fmt.Sprintf("apps/bad-%d", i))
	}

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	client := connect(t, startServer(t, "--metrics-addr", address))
	before := gauges(t, address)

	var next atomic.Int64
	var early atomic.Pointer[map[string]float64]
	var mu sync.Mutex
	var took []time.Duration
	counts := map[string]int{}
	var group sync.WaitGroup
	for range soakCallers {
		group.Go(func() {
			for !t.Failed() {
				n := int(next.Add(1) - 1)
				if n >= requests {
					return
				}
				if n == requests/5 {
					g := gauges(t, address)
					early.Store(&g)
				}
				begin, app := time.Now(), (n/10)%soakApps
				what := soakOne(t, client, root, n, app, good[app], bad[app])
				mu.Lock()
				counts[what]++
				took = append(took, time.Since(begin))
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if t.Failed() {
		return
	}

	var after map[string]float64
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		after = gauges(t, address)
		if after["krowave_cmp_in_flight_requests"] == 0 && after["go_goroutines"] <= before["go_goroutines"]+4 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v goroutines and %v requests in flight after all clients ended, %v goroutines before",
				after["go_goroutines"], after["krowave_cmp_in_flight_requests"], before["go_goroutines"])
		}
	}
	const resident, slack = "process_resident_memory_bytes", 64 << 20
	if at := (*early.Load())[resident]; after[resident] > 1.25*at+slack {
		t.Errorf("the server has %.0f MiB, and had %.0f MiB after a fifth of the requests", after[resident]/(1<<20), at/(1<<20))
	}
	if panics := after["krowave_cmp_panics_total"]; panics != 0 {
		t.Errorf("%v panics", panics)
	}
	slices.Sort(took)
	t.Logf("%d requests, %v; p50 %v, p99 %v; %.0f MiB at first, %.0f after a fifth, %.0f at the end; %v goroutines at first, %v at the end", requests, counts,
		took[len(took)/2].Round(time.Millisecond), took[len(took)*99/100].Round(time.Millisecond), before[resident]/(1<<20),
		(*early.Load())[resident]/(1<<20), after[resident]/(1<<20), before["go_goroutines"], after["go_goroutines"])
}

// soakOne sends request n and says of which class it is.
func soakOne(t *testing.T, client apiclient.ConfigManagementPluginServiceClient, root string, n, app int, good []string, bad string) string {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stream, err := client.GenerateManifest(ctx)
	if err != nil {
		t.Error(err)
		return "failed"
	}
	what, path, sender := "good", fmt.Sprintf("apps/web-%d", app), argocmp.StreamSender(stream)
	switch n % 10 {
	case 0, 1:
		what, path = "bad", fmt.Sprintf("apps/bad-%d", app)
	case 2:
		what, sender = "cancelled", &sendHook{StreamSender: stream, hook: func(i int) {
			if i == 1+n/10%4 {
				cancel()
			}
		}}
	case 3:
		what, sender = "slow", &sendHook{StreamSender: stream, hook: func(i int) {
			if i < 20 {
				time.Sleep(5 * time.Millisecond)
			}
		}}
	}
	env := []string{"ARGOCD_APP_NAME=web", "ARGOCD_APP_NAMESPACE=shop"}
	if n%3 == 0 { // an answer that no other request has in its cache
		env = append(env, fmt.Sprintf("ARGOCD_APP_REVISION=%040d", n))
	}
	err = argocmp.SendRepoStream(ctx, filepath.Join(root, path), root, sender, env, nil)
	if what == "cancelled" {
		return what // whatever the server says, nobody hears it
	}
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return what
	}
	answer, err := stream.CloseAndRecv()
	if what == "bad" {
		if status.Code(err) != codes.InvalidArgument || !strings.HasPrefix(status.Convert(err).Message(), bad) {
			t.Errorf("%s: %v, want %s", path, err, bad)
		}
		return what
	}
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return what
	}
	got := slices.Clone(answer.GetManifests())
	for i, text := range got {
		got[i] = canonical(t, []byte(text))
	}
	if diff := cmp.Diff(good, got); diff != "" {
		t.Errorf("%s (-command line +server):\n%s", path, diff)
	}
	return what
}

// sendHook calls a hook with the number of each message before it is sent.
type sendHook struct {
	argocmp.StreamSender
	n    int
	hook func(n int)
}

func (s *sendHook) Send(request *apiclient.AppStreamRequest) error {
	s.hook(s.n)
	s.n++
	return s.StreamSender.Send(request)
}

func write(t *testing.T, root, name, text string) {
	t.Helper()
	path := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// renderedByCommand returns the objects that the command line renders, in order.
func renderedByCommand(t *testing.T, root, app string) []string {
	t.Helper()
	out, stderr, err := command(t, root, "render", app, "-o", "json", "--annotate", "waves,origin")
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	var list struct{ Items []json.RawMessage }
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatal(err)
	}
	var objects []string
	for _, item := range list.Items {
		objects = append(objects, canonical(t, item))
	}
	return objects
}

// refusedByCommand returns the first line of what the command line says of a bad instance.
func refusedByCommand(t *testing.T, root, app string) string {
	t.Helper()
	_, stderr, err := command(t, root, "render", app)
	line, _, _ := strings.Cut(string(stderr), " [")
	if err == nil || !strings.HasPrefix(line, app+"/web.yaml:4:") {
		t.Fatalf("%v\n%s", err, stderr)
	}
	return line
}

func command(t *testing.T, root string, args ...string) (stdout, stderr []byte, err error) {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = root, &out, &errs
	err = cmd.Run()
	return out.Bytes(), errs.Bytes(), err
}

func canonical(t *testing.T, text []byte) string {
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Error(err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Error(err)
	}
	return string(out)
}

// gauges reads the metrics of a server that have no labels.
func gauges(t *testing.T, address string) map[string]float64 {
	response, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Error(err)
		return nil
	}
	defer response.Body.Close()
	out := map[string]float64{}
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		name, text, _ := strings.Cut(lines.Text(), " ")
		if v, err := strconv.ParseFloat(text, 64); err == nil {
			out[name] = v
		}
	}
	return out
}
