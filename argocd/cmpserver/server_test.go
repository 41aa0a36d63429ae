package cmpserver

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// titles are "wave Kind namespace/name" of manifests.
func titles(t testing.TB, manifests []string) []string {
	t.Helper()
	out := []string{}
	for _, m := range manifests {
		var o struct {
			Kind     string
			Metadata struct {
				Name, Namespace string
				Annotations     map[string]string
			}
		}
		if err := json.Unmarshal([]byte(m), &o); err != nil {
			t.Fatalf("%v in %s", err, m)
		}
		out = append(out, fmt.Sprintf("%s %s %s/%s", o.Metadata.Annotations["argocd.argoproj.io/sync-wave"], o.Kind, o.Metadata.Namespace, o.Metadata.Name))
	}
	return out
}

func message(err error) string { return status.Convert(err).Message() }

func TestGenerate(t *testing.T) {
	s := start(t, Config{})
	archive := shop().pack(t, time.Unix(1, 0))
	env := map[string]string{
		appNamespace: "shop", kubeVersion: "1.34", appParameters: "null", "ARGOCD_APP_SOURCE_PATH": "elsewhere", appName: "web-prod",
	}
	for _, path := range []string{"apps/web", "./apps/web/", "apps/../apps/web"} {
		got, err := s.generate(t, path, archive, env)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"0 ConfigMap shop/web", "1 Secret shop/web-secret"}, titles(t, got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	if log := s.log.String(); !strings.Contains(log, `"application":"web-prod"`) || strings.Contains(log, "hunter2") {
		t.Errorf("the log does not name the application, or tells a Secret:\n%s", log)
	}
}

func TestWholeRepository(t *testing.T) {
	s := start(t, Config{})
	for _, path := range []string{"", "."} {
		got, err := s.generate(t, path, shop().pack(t, time.Time{}), nil)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"0 ConfigMap backend/api", "1 Secret backend/api-secret", " ConfigMap /plain", "0 ConfigMap default/web", "1 Secret default/web-secret"}
		if diff := cmp.Diff(want, titles(t, got)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", path, diff)
		}
	}
}

func TestFindingsReachTheCaller(t *testing.T) {
	s := start(t, Config{})
	many := tree{}
	for i := range 30 {
		many[fmt.Sprintf("apps/many/%02d.yaml", i)] = "apiVersion: v1\nkind: [\n"
	}
	override := func(values string) map[string]string {
		return map[string]string{appParameters: `[{"name":"WebApp/web","map":` + values + `}]`}
	}
	tests := []struct {
		name, path string
		more       tree
		env        map[string]string
		want       string
	}{
		{"outside", "../x", nil, nil, `appRelPath: the application's path "../x" is outside its repository [path]`},
		{"absolute", "/etc", nil, nil, `appRelPath: the application's path "/etc" is outside its repository [path]`},
		{"missing", "nope", nil, nil, "nope: no such file or directory [path]"},
		{"without manifests", "apps/empty", nil, nil, "apps/empty: no .yaml, .yml or .json file below it [path]"},
		{"zero objects", "rgds", nil, nil, "rgds: nothing is rendered, and Argo CD would delete the objects of the application; to allow this, set ARGOCD_ENV_KROWAVE_ALLOW_EMPTY=true in the Application (krowave.yaml cannot allow it) [empty]"},
		{"link out of the repository", "apps/web", tree{"apps/web/x.yaml": "-> ../../../etc/passwd"}, nil,
			"apps/web/x.yaml:1:1: cannot follow the symlink; its target must be a file inside the root directory: the symlink points outside the repository [file-symlink]"},
		{"override of the wrong type", "apps/web", nil, override(`{"replicas":"s3cret"}`),
			"parameter WebApp/web: field replicas: the value is not an integer (WebApp web) [override]"},
		{"override beyond the schema", "apps/web", nil, override(`{"replicas":"11"}`),
			"apps/web/web.yaml:5:7: invalid value 11: should be less than or equal to 10 (set by the override of WebApp/web) (WebApp web) [object-schema]"},
		{"unknown variable", "apps/web", nil, map[string]string{"ARGOCD_ENV_KROWAVE_RUNTIM": "fail"},
			"ARGOCD_ENV_KROWAVE_RUNTIM: there is no such setting; did you mean ARGOCD_ENV_KROWAVE_RUNTIME? [setting]"},
		{"bad parameters", "apps/web", nil, map[string]string{appParameters: "{"},
			"ARGOCD_APP_PARAMETERS: not a JSON list of parameters with name and string, array or map [setting]"},
		{"limit above the server's", "apps/web", tree{"krowave.yaml": "limits: {maxCollectionSize: 1001}\n"}, nil,
			"krowave.yaml:1:29: maxCollectionSize: 1001 is above the limit of 1000; raise it with --max-collection-size of krowave argocd cmp-server [config]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := s.generate(t, tt.path, shop().with(tt.more).pack(t, time.Time{}), tt.env)
			if status.Code(err) != codes.InvalidArgument || len(got) > 0 {
				t.Errorf("%v %v, want InvalidArgument", got, err)
			}
			if diff := cmp.Diff(tt.want, message(err)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	_, err := s.generate(t, "apps/many", shop().with(many).pack(t, time.Time{}), nil)
	lines := strings.Split(message(err), "\n")
	if len(lines) != 20 || !strings.HasPrefix(lines[0], "apps/many/00.yaml:3:1: ") || lines[19] != "and 11 more" {
		t.Errorf("%d lines, want 20, the first finding first and the rest counted:\n%s", len(lines), message(err))
	}
}

// What does not concern an application does not fail it.
func TestStrangersDoNotMatter(t *testing.T) {
	s := start(t, Config{})
	got, err := s.generate(t, "apps/web", shop().with(tree{
		"other/out.yaml": "-> ../../etc/passwd", ".git/HEAD": "ref: x", "other/broken.yaml": "a: [", "other/link": "-> ../apps",
	}).pack(t, time.Time{}), nil)
	if err != nil || len(got) != 2 {
		t.Errorf("%v %v, want 2 objects", got, err)
	}
	got, err = s.generate(t, "apps/linked", shop().with(tree{"apps/linked/web.yaml": "-> ../web/web.yaml"}).pack(t, time.Time{}), nil)
	if err != nil || len(got) != 2 {
		t.Errorf("through a link: %v %v, want 2 objects", got, err)
	}
}

func TestRemembers(t *testing.T) {
	s := start(t, Config{})
	ask := func(path string, f tree, at int64) {
		t.Helper()
		if _, err := s.generate(t, path, f.pack(t, time.Unix(at, 0)), nil); err != nil {
			t.Fatal(err)
		}
	}
	ask("apps/web", shop(), 1)                                                             // new
	ask("apps/web", shop(), 1)                                                             // the same archive
	ask("apps/web", shop(), 2)                                                             // another checkout of the same commit
	ask("apps/web", shop().with(tree{"README.md": "x"}), 1)                                // a commit elsewhere
	ask("apps/api", shop(), 1)                                                             // another application
	ask("apps/web", shop().with(tree{"apps/web/cm.yaml": "kind: X\napiVersion: v1\n"}), 1) // a change
	var got []string
	for _, line := range strings.Split(strings.TrimSpace(s.log.String()), "\n") {
		var entry struct {
			Msg    string
			Cached *bool
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatal(err)
		}
		if entry.Msg == "call" {
			got = append(got, fmt.Sprint(*entry.Cached))
		}
	}
	if diff := cmp.Diff([]string{"false", "true", "true", "true", "false", "false"}, got); diff != "" {
		t.Errorf("cached (-want +got):\n%s", diff)
	}
}

func TestConcurrent(t *testing.T) {
	s := start(t, Config{MaxConcurrent: 2})
	var group sync.WaitGroup
	for i := range 64 {
		group.Go(func() {
			name := fmt.Sprintf("web-%d", i%16)
			archive := shop().with(tree{"apps/one/web.yaml": "apiVersion: kro.run/v1alpha1\nkind: WebApp\nmetadata:\n  name: " + name + "\n"}).pack(t, time.Time{})
			got, err := s.generate(t, "apps/one", archive, nil)
			if err != nil {
				t.Error(err)
				return
			}
			if diff := cmp.Diff([]string{"0 ConfigMap default/" + name, "1 Secret default/" + name + "-secret"}, titles(t, got)); diff != "" {
				t.Errorf("%d (-want +got):\n%s", i, diff)
			}
		})
	}
	group.Wait()
}

func TestDiscovery(t *testing.T) {
	archive := shop().with(tree{
		"apps/marked/krowave.yaml": "runtime: fail\n", "apps/marked/cm.yaml": "a: 1\n",
		"apps/both/rgd.yaml":    shop()["rgds/web-app.yaml"] + "---\n" + shop()["apps/web/web.yaml"],
		"apps/chart/Chart.yaml": "name: x\n", "apps/chart/templates/a.yaml": "{{ x }}\n",
	}).pack(t, time.Time{})
	for _, discover := range []bool{false, true} {
		s := start(t, Config{Discover: discover})
		config, err := s.client.CheckPluginConfiguration(t.Context(), &emptypb.Empty{})
		if err != nil || config.GetIsDiscoveryConfigured() != discover || config.GetProvideGitCreds() {
			t.Errorf("CheckPluginConfiguration: %v %v", config, err)
		}
		for path, want := range map[string]bool{
			"apps/web": true, "apps/both": true, "apps/marked": true, "apps/plain": false, "rgds": false, "apps/empty": false, "apps/chart": false, "nope": false,
		} {
			stream, err := s.client.MatchRepository(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			send(t, stream, path, archive, nil)
			got, err := stream.CloseAndRecv()
			if err != nil || got.GetIsSupported() != (want && discover) || got.GetIsDiscoveryEnabled() != discover {
				t.Errorf("discover=%v, %s: %v %v", discover, path, got, err)
			}
		}
	}
}

func TestAnnounce(t *testing.T) {
	s := start(t, Config{})
	stream, err := s.client.GetParametersAnnouncement(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	archive := shop().with(tree{"krowave.yaml": "runtime: withhold\nkubernetesVersion: \"1.34\"\n"}).pack(t, time.Time{})
	send(t, stream, "apps", archive, map[string]string{appParameters: `[{"name":"WebApp/web","map":{"replicas":"7"}}]`})
	answer, err := stream.CloseAndRecv()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range answer.GetParameterAnnouncements() {
		got = append(got, fmt.Sprint(p.GetName(), " ", p.GetCollectionType(), " ", p.GetString_(), p.GetArray(), p.GetMap()))
	}
	want := []string{
		"runtime string withhold[] map[]", "kro-version string 0.9[] map[]", "kubernetes-version string 1.34[] map[]", "instances array [WebApp/backend/api WebApp/web] map[]",
		"WebApp/backend/api map [] map[image.tag:v1 replicas:3]", "WebApp/web map [] map[image.tag:v1 replicas:1]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	tooltip := answer.GetParameterAnnouncements()[4].GetTooltip()
	if diff := cmp.Diff("Fields of spec to override: image.tag (string), password (string), replicas (integer)", tooltip); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
