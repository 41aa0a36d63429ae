package preview_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/plugin/preview"
	"github.com/krowave/krowave/plugin/preview/view"
	"github.com/krowave/krowave/plugin/watch"
)

const rgd = `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata:
  name: shop
spec:
  schema:
    apiVersion: v1alpha1
    kind: Shop
    spec:
      goods: string | default="tea" description="what is sold"
      password: string | default="hunter2"
  resources:
    - id: sign
      template:
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: ${schema.metadata.name}
        data:
          goods: ${schema.spec.goods}
    - id: safe
      template:
        apiVersion: v1
        kind: Secret
        metadata:
          name: ${sign.metadata.name + "-safe"}
        stringData:
          password: ${schema.spec.password}
`

func instance(name, goods string) string {
	return fmt.Sprintf("apiVersion: kro.run/v1alpha1\nkind: Shop\nmetadata:\n  name: %s\n  namespace: street\nspec:\n  goods: %s\n  password: opensesame\n", name, goods)
}

// site is a preview of a directory that a test changes.
type site struct {
	*testing.T
	dir    string
	server *preview.Server
	url    string
	host   string
	cookie string
}

// open serves a directory with some files. Its address is a loopback one.
func open(t *testing.T, files map[string]string) *site {
	t.Helper()
	s := &site{T: t, dir: t.TempDir()}
	for name, text := range files {
		s.write(name, text)
	}
	var flags options.Settings
	cmd := &cobra.Command{}
	defaults := options.Defaults()
	defaults.Options.Runtime, defaults.Options.AllowEmpty = "withhold", true
	flags.Bind(cmd, defaults)
	ctx, stop := context.WithCancel(t.Context())
	cmd.SetContext(ctx)
	w, err := watch.New([]string{s.dir})
	if err != nil {
		t.Fatal(err)
	}
	streams := cli.Streams{Dir: s.dir, Err: io.Discard, Out: io.Discard}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.host = listener.Addr().String()
	s.server = preview.New(listener.Addr().(*net.TCPAddr), preview.Options{
		Render: func(context.Context) (*load.Run, error) { return load.New(cmd, streams, &flags).Render([]string{"."}) },
		Next:   w.Next, Title: "shops", Editor: "none", Dir: s.dir,
	})
	s.url = "http://" + s.host
	done := make(chan error)
	go func() { done <- s.server.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		w.Close()
	})
	first := s.do(s.request("GET", s.server.Path(), ""))
	if first.code != http.StatusOK {
		t.Fatalf("the first address answers %d: %s", first.code, first.body)
	}
	s.cookie, _, _ = strings.Cut(first.header.Get("Set-Cookie"), ";")
	return s
}

func (s *site) write(name, text string) {
	s.Helper()
	name = filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		s.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
}

// request is one that the page itself would make.
func (s *site) request(method, path, body string) *http.Request {
	r := httptest.NewRequest(method, "http://"+s.host+path, strings.NewReader(body))
	r.Header.Set("Cookie", s.cookie)
	if method == http.MethodPost {
		r.Header.Set("Origin", "http://"+s.host)
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

type answer struct {
	code   int
	header http.Header
	body   string
}

func (s *site) do(r *http.Request) answer {
	w := httptest.NewRecorder()
	s.server.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.String()}
}

func (s *site) get(path string, to any) answer {
	s.Helper()
	a := s.do(s.request("GET", path, ""))
	if to != nil {
		if err := json.Unmarshal([]byte(a.body), to); err != nil {
			s.Fatalf("%s: %v\n%s", path, err, a.body)
		}
	}
	return a
}

// until follows the events until the state is as wanted.
func (s *site) until(what string, wanted func(preview.State) bool) preview.State {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.url+"/api/events", nil)
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Cookie", s.cookie)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		text, ok := strings.CutPrefix(lines.Text(), "data: ")
		var state preview.State
		if ok && json.Unmarshal([]byte(text), &state) == nil && wanted(state) {
			return state
		}
	}
	s.Fatalf("the events ended before %s: %v", what, lines.Err())
	return preview.State{}
}

func (s *site) rendered() preview.State {
	return s.until("the first render", func(p preview.State) bool { return p.Revision > 0 && !p.Rendering })
}

func TestRequestsThatAreRefused(t *testing.T) {
	s := open(t, map[string]string{"shop.yaml": rgd, "market.yaml": instance("market", "tea")})
	s.rendered()
	for name, c := range map[string]struct {
		change func(r *http.Request)
		method string
		path   string
		want   int
	}{
		"page":                  {path: "/", want: 200},
		"state":                 {path: "/api/state", want: 200},
		"localhost":             {path: "/", change: func(r *http.Request) { r.Host = strings.Replace(s.host, "127.0.0.1", "localhost", 1) }, want: 200},
		"no cookie":             {path: "/api/state", change: func(r *http.Request) { r.Header.Del("Cookie") }, want: 403},
		"no cookie for a page":  {path: "/", change: func(r *http.Request) { r.Header.Del("Cookie") }, want: 403},
		"no cookie for a file":  {path: "/assets/icon.svg", change: func(r *http.Request) { r.Header.Del("Cookie") }, want: 403},
		"another cookie":        {path: "/api/state", change: func(r *http.Request) { r.Header.Set("Cookie", s.cookie+"x") }, want: 403},
		"a wrong token":         {path: "/?token=guess", want: 403},
		"a token for the API":   {path: "/api/state" + s.server.Path()[1:], change: func(r *http.Request) { r.Header.Del("Cookie") }, want: 403},
		"another host":          {path: "/", change: func(r *http.Request) { r.Host = "evil.example" }, want: 421},
		"another port":          {path: "/", change: func(r *http.Request) { r.Host = "127.0.0.1:1" }, want: 421},
		"the token, other host": {path: s.server.Path(), change: func(r *http.Request) { r.Host = "evil.example" }, want: 421},
		"another origin":        {path: "/api/state", change: func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }, want: 403},
		"a null origin":         {path: "/api/state", change: func(r *http.Request) { r.Header.Set("Origin", "null") }, want: 403},
		"https of this host":    {path: "/api/state", change: func(r *http.Request) { r.Header.Set("Origin", "https://"+s.host) }, want: 403},
		"a script elsewhere": {path: "/api/state", change: func(r *http.Request) {
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			r.Header.Set("Sec-Fetch-Mode", "no-cors")
		}, want: 403},
		"a frame elsewhere": {path: "/", method: "POST", change: func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, want: 403},
		"post elsewhere":    {path: "/api/try", method: "POST", change: func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }, want: 403},
		"post of nobody":    {path: "/api/try", method: "POST", change: func(r *http.Request) { r.Header.Del("Origin") }, want: 403},
		"a form": {path: "/api/try", method: "POST", change: func(r *http.Request) {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}, want: 400},
		"put":         {path: "/api/try", method: "PUT", want: 405},
		"delete":      {path: "/", method: "DELETE", want: 405},
		"post a list": {path: "/api/instances", method: "POST", want: 405},
		"a file":      {path: "/assets/../../../../etc/passwd", want: 200}, // a page, as every address is
		"no asset":    {path: "/assets/none.js", want: 404},
		"no route":    {path: "/api/none", want: 404},
		"no object":   {path: "/api/object?id=none", want: 404},
		"no number":   {path: "/api/instances?limit=x", want: 400},
		"no path":     {path: "/api/explain?id=x&path=x", want: 400},
	} {
		t.Run(name, func(t *testing.T) {
			if c.method == "" {
				c.method = "GET"
			}
			r := s.request(c.method, c.path, "{}")
			if c.change != nil {
				c.change(r)
			}
			a := s.do(r)
			if a.code != c.want {
				t.Errorf("%d, want %d: %s", a.code, c.want, a.body)
			}
			if strings.Contains(a.body, "root:") {
				t.Error("a file of the machine is served")
			}
			for header, want := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"} {
				if got := a.header.Get(header); got != want {
					t.Errorf("%s is %q, want %q", header, got, want)
				}
			}
			policy := a.header.Get("Content-Security-Policy")
			for _, part := range []string{"default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", "form-action 'none'"} {
				if !strings.Contains(policy, part) {
					t.Errorf("the content policy lacks %s: %s", part, policy)
				}
			}
			if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
				t.Errorf("the content policy allows too much: %s", policy)
			}
		})
	}
}

func TestTokens(t *testing.T) {
	s := open(t, map[string]string{"shop.yaml": rgd})
	once := s.server.PathOnce()
	for i, want := range []int{200, 403} {
		if a := s.do(s.request("GET", once, "")); a.code != want {
			t.Errorf("use %d of a token for one time: %d, want %d", i+1, a.code, want)
		}
	}
	a := s.do(s.request("GET", "/graph"+s.server.Path()[1:]+"&definition=shop", ""))
	if got := a.header.Get("Refresh"); a.code != 200 || got != "0; url=/graph?definition=shop" {
		t.Errorf("the address after the token: %d, %q", a.code, got)
	}
	cookie := a.header.Get("Set-Cookie")
	for _, part := range []string{"HttpOnly", "SameSite=Strict", "Path=/"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("the cookie lacks %s: %s", part, cookie)
		}
	}
	outside := s.request("GET", "//evil.example/"+s.server.Path()[1:], "")
	if got := s.do(outside).header.Get("Refresh"); strings.Contains(got, "//evil") {
		t.Errorf("a token leads to another site: %q", got)
	}
	if strings.Contains(a.body, "token") {
		t.Error("the answer names the token")
	}
}

func TestLists(t *testing.T) {
	s := open(t, map[string]string{"shop.yaml": rgd, "a.yaml": instance("market", "tea"), "b.yaml": instance("corner", "salt")})
	s.rendered()
	var instances view.Page[view.InstanceRow]
	s.get("/api/instances?limit=1&offset=1", &instances)
	if instances.Total != 2 || len(instances.Items) != 1 || instances.Items[0].ID != "Shop.kro.run/street/corner" {
		t.Errorf("instances: %+v", instances)
	}
	s.get("/api/instances?q=CORN+street", &instances)
	if instances.Total != 1 {
		t.Errorf("instances of a filter: %+v", instances)
	}
	var objects view.Page[view.ObjectRow]
	s.get("/api/objects?instance=Shop.kro.run/street/corner&wave=1", &objects)
	if objects.Total != 1 || objects.Items[0].Kind != "Secret" {
		t.Errorf("objects of a wave: %+v", objects)
	}
	var hits []view.Hit
	s.get("/api/search?q=corner", &hits)
	if len(hits) != 3 { // the instance and its two objects
		t.Errorf("hits: %+v", hits)
	}
	var m view.Manifest
	s.get("/api/object?id=ConfigMap/street/corner", &m)
	found := false
	for _, l := range m.Lines {
		if l.Value.Name == "data.goods" {
			found = l.Line == 3 && l.Value.At != nil && l.Value.At.Line == 20 && l.Value.Inputs[0].At.File == "b.yaml"
		}
	}
	if !found {
		t.Errorf("the origin of data.goods: %+v", m.Lines)
	}
	var g view.Graph
	s.get("/api/graph?definition=shop", &g)
	if len(g.Nodes) != 2 || len(g.Edges) != 1 || g.Edges[0].Fields[0] != "metadata.name" || len(g.Columns) != 2 {
		t.Errorf("the graph: %+v", g.Layout)
	}
}

// TestSecretsAreMasked asks for everything that the API has.
func TestSecretsAreMasked(t *testing.T) {
	s := open(t, map[string]string{"shop.yaml": rgd, "a.yaml": instance("market", "tea")})
	s.rendered()
	const id = "Shop.kro.run/street/market"
	paths := []string{
		"/api/state", "/api/instances", "/api/objects", "/api/definitions", "/api/findings", "/api/search?q=opensesame", "/api/search?q=hunter2",
		"/api/instance?id=" + id, "/api/form?instance=" + id, "/api/form?definition=shop", "/api/definition?id=shop",
		"/api/graph?instance=" + id, "/api/graph?definition=shop", "/api/object?id=Secret/street/market-safe", "/api/object?id=ConfigMap/street/market",
		`/api/explain?id=Secret/street/market-safe&path=["stringData","password"]`,
	}
	for _, path := range paths {
		a := s.get(strings.ReplaceAll(path, `"`, "%22"), nil)
		if a.code != http.StatusOK {
			t.Errorf("%s: %d %s", path, a.code, a.body)
		}
		if strings.Contains(a.body, "opensesame") || strings.Contains(a.body, "hunter2") {
			t.Errorf("%s shows a secret: %s", path, a.body)
		}
	}
	var form view.Form
	s.get("/api/form?instance="+id, &form)
	body, err := json.Marshal(view.Attempt{Definition: "shop", Instance: id, YAML: strings.Replace(form.YAML, "goods: tea", "goods: salt", 1)})
	if err != nil {
		t.Fatal(err)
	}
	a := s.do(s.request("POST", "/api/try", string(body)))
	var tried view.Tried
	if err := json.Unmarshal([]byte(a.body), &tried); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	// The mask stands for the password that is there: the Secret does not differ.
	if tried.Summary.Changed != 1 || len(tried.Changes) != 1 || tried.Changes[0].Object.Kind != "ConfigMap" || strings.Contains(a.body, "opensesame") {
		t.Errorf("what was tried: %s", a.body)
	}
}

func TestTry(t *testing.T) {
	s := open(t, map[string]string{"shop.yaml": rgd, "a.yaml": instance("market", "tea") + "---\n" + instance("corner", "tea")})
	s.rendered()
	before, err := os.ReadFile(filepath.Join(s.dir, "a.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	type tried struct {
		Findings []struct {
			File string
			Line int
		}
		Objects []view.TriedObject
		Summary struct{ Added, Changed int }
	}
	try := func(a view.Attempt) tried {
		t.Helper()
		body, _ := json.Marshal(a)
		got := s.do(s.request("POST", "/api/try", string(body)))
		var out tried
		if err := json.Unmarshal([]byte(got.body), &out); err != nil {
			t.Fatalf("%v: %s", err, got.body)
		}
		return out
	}
	got := try(view.Attempt{Definition: "shop", Instance: "Shop.kro.run/street/corner", YAML: instance("corner", "salt")})
	if got.Summary.Changed != 1 || len(got.Objects) != 2 || len(got.Findings) != 0 {
		t.Errorf("another value: %+v", got)
	}
	got = try(view.Attempt{Definition: "shop", YAML: instance("new", "salt")})
	if got.Summary.Added != 2 || len(got.Objects) != 2 {
		t.Errorf("a new instance: %+v", got)
	}
	got = try(view.Attempt{Definition: "shop", YAML: instance("new", "[1]")})
	if len(got.Findings) == 0 || got.Findings[0].File != view.TryFile || got.Findings[0].Line != 7 {
		t.Errorf("a wrong type: %+v", got.Findings)
	}
	for _, text := range []string{"", "a: [", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n", instance("a", "b") + "---\n" + instance("b", "b")} {
		if got = try(view.Attempt{Definition: "shop", YAML: text}); len(got.Findings) == 0 {
			t.Errorf("nothing is wrong with %q", text)
		}
	}
	after, err := os.ReadFile(filepath.Join(s.dir, "a.yaml"))
	if err != nil || string(before) != string(after) {
		t.Errorf("trying changed a file: %v", err)
	}
	large, _ := json.Marshal(view.Attempt{Definition: "shop", YAML: strings.Repeat("#", 2<<20)})
	if a := s.do(s.request("POST", "/api/try", string(large))); a.code != 400 {
		t.Errorf("an attempt of 2 MiB: %d", a.code)
	}
}

func TestChangesArrive(t *testing.T) {
	s := open(t, map[string]string{"shop.yaml": rgd, "a.yaml": instance("market", "tea")})
	first := s.rendered()
	later := func(what string, wanted func(o *view.Overview) bool) preview.State {
		t.Helper()
		return s.until(what, func(p preview.State) bool { return p.Revision > first.Revision && !p.Rendering && wanted(p.Overview) })
	}
	s.write("new/below/b.yaml", instance("corner", "salt"))
	later("a file in a new directory", func(o *view.Overview) bool { return o.Instances == 2 })

	// As editors do: a new file takes the place of the old one.
	s.write("b.tmp", strings.ReplaceAll(instance("corner", "salt"), "street", "avenue"))
	if err := os.Rename(filepath.Join(s.dir, "b.tmp"), filepath.Join(s.dir, "new/below/b.yaml")); err != nil {
		t.Fatal(err)
	}
	later("a replaced file", func(o *view.Overview) bool { return len(o.Namespaces) == 2 })

	s.write("a.yaml", "apiVersion: kro.run/v1alpha1\nkind: Shop\nmetadata: [\n")
	broken := later("a broken file", func(o *view.Overview) bool { return o.Errors > 0 })
	if broken.Overview.Instances != 2 || broken.Overview.Stale != 1 {
		t.Errorf("with a broken file: %+v", broken.Overview)
	}
	var m view.Manifest
	if s.get("/api/object?id=ConfigMap/street/market", &m); !m.Stale || !strings.Contains(m.YAML, "goods: tea") {
		t.Errorf("the last good render is not there: %+v", m)
	}

	s.write("shop.yaml", strings.Replace(rgd, "${sign.metadata.name", "${sgin.metadata.name", 1))
	later("a broken RGD", func(o *view.Overview) bool { return o.Stale == 2 && o.Definitions == 1 })
	if a := s.get("/api/graph?definition=shop", nil); a.code != 200 || !strings.Contains(a.body, `"stale":true`) {
		t.Errorf("the graph of a broken RGD: %d %s", a.code, a.body)
	}

	s.write("shop.yaml", rgd)
	s.write("a.yaml", instance("market", "salt"))
	later("mending", func(o *view.Overview) bool { return o.Errors == 0 && o.Stale == 0 && o.Instances == 2 })
	m = view.Manifest{}
	if s.get("/api/object?id=ConfigMap/street/market", &m); m.Stale || !strings.Contains(m.YAML, "goods: salt") {
		t.Errorf("the mended file is not there: %+v", m)
	}

	if err := os.RemoveAll(filepath.Join(s.dir, "new")); err != nil {
		t.Fatal(err)
	}
	later("a directory that goes", func(o *view.Overview) bool { return o.Instances == 1 })
}
