package publish_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/plugin/internal/clitest"
)

const standRGD = `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata:
  name: stand
spec:
  schema:
    apiVersion: v1alpha1
    kind: Stand
    spec:
      goods: string | default="apples"
      token: string | default=""
  resources:
    - id: sign
      template:
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: ${schema.metadata.name}
        data:
          goods: ${schema.spec.goods}
    - id: till
      template:
        apiVersion: v1
        kind: Service
        metadata:
          name: ${sign.metadata.name}-till
        spec:
          ports:
            - port: 80
    - id: safe
      includeWhen:
        - ${schema.spec.token != ""}
      template:
        apiVersion: v1
        kind: Secret
        metadata:
          name: ${schema.metadata.name}
        stringData:
          token: ${schema.spec.token}
`

// stands is a repository with two instances and an object that passes through,
// a clone of an origin that is empty.
func stands(t *testing.T) (work, origin string) {
	t.Helper()
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	dir := t.TempDir()
	work, origin = filepath.Join(dir, "work"), filepath.Join(dir, "origin.git")
	clitest.Git(t, dir, "init", "--quiet", "--bare", "--initial-branch=main", origin)
	clitest.Git(t, dir, "init", "--quiet", "--initial-branch=main", work)
	clitest.Git(t, work, "remote", "add", "origin", origin)
	put(t, work, "stand.yaml", standRGD)
	put(t, work, "apps/market.yaml", "apiVersion: kro.run/v1alpha1\nkind: Stand\nmetadata:\n  name: market\n  namespace: town\n")
	put(t, work, "apps/kiosk.yaml", "apiVersion: kro.run/v1alpha1\nkind: Stand\nmetadata:\n  name: kiosk\n  namespace: town\nspec:\n  goods: news\n")
	put(t, work, "apps/town.yaml", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: town\n")
	commit(t, work, "open the market\n\nWith a kiosk.\n\nArgocd-reference-commit-sha: 0123456789abcdef0123456789abcdef01234567\nArgocd-reference-commit-author: Dee <dee@example.org>\nArgocd-reference-commit-date: yesterday")
	return work, origin
}

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	full := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func commit(t *testing.T, dir, message string) string {
	t.Helper()
	clitest.Git(t, dir, "add", "--all")
	clitest.Git(t, dir, "commit", "--quiet", "--message="+message)
	return clitest.Git(t, dir, "rev-parse", "HEAD")
}

// hydrateOutput is krowave hydrate -o json.
type hydrateOutput struct {
	Commit, Parent, DrySHA  string
	Changed                 bool
	Added, Updated, Removed []string
	Unchanged               int
	Danger                  string
}

func hydrate(t *testing.T, dir string, args ...string) hydrateOutput {
	t.Helper()
	args = append([]string{"hydrate", "--branch=env/prod", "--author=A <a@example.org>", "--date=2026-01-02T03:04:05Z", "-o", "json"}, args...)
	got := clitest.Run(t, dir, args...)
	var out hydrateOutput
	if err := json.Unmarshal([]byte(got.Stdout), &out); got.Code != 0 || err != nil {
		t.Fatalf("%v: exit code %d, %v\n%s%s", args, got.Code, err, got.Stdout, got.Stderr)
	}
	return out
}

func TestHydrate(t *testing.T) {
	work, origin := stands(t)
	dry := clitest.Git(t, work, "rev-parse", "HEAD")
	before := clitest.Git(t, work, "status", "--porcelain", "--branch")
	first := hydrate(t, work, "apps", "--source=https://ci:token@git.example.com/town.git")
	if first.DrySHA != dry || first.Parent != "" || len(first.Added) != 3 {
		t.Errorf("%+v", first)
	}
	if diff := cmp.Diff([]string{
		"_objects/git.example.com-town-apps/README.md", "_objects/git.example.com-town-apps/hydrator.metadata", "_objects/git.example.com-town-apps/manifests/namespace-town.yaml",
		"hydrator.metadata",
		"town/stand-kiosk/README.md", "town/stand-kiosk/hydrator.metadata", "town/stand-kiosk/wave-0/town/configmap-kiosk.yaml", "town/stand-kiosk/wave-1/town/service-kiosk-till.yaml",
		"town/stand-market/README.md", "town/stand-market/hydrator.metadata", "town/stand-market/wave-0/town/configmap-market.yaml", "town/stand-market/wave-1/town/service-market-till.yaml",
	}, strings.Fields(clitest.Git(t, origin, "ls-tree", "-r", "--name-only", "env/prod"))); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if after := clitest.Git(t, work, "status", "--porcelain", "--branch"); after != before {
		t.Errorf("the work tree changed: %s", after)
	}
	var top, one map[string]any
	for name, into := range map[string]*map[string]any{"hydrator.metadata": &top, "town/stand-kiosk/hydrator.metadata": &one} {
		if err := json.Unmarshal([]byte(clitest.Git(t, origin, "show", "env/prod:"+name)), into); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(map[string]any{
		"repoURL": "https://git.example.com/town.git", "drySha": dry, "author": "a <a@example.org>", "date": "2026-01-02T03:04:05Z", "subject": "open the market",
		"body":       "With a kiosk.\n\nArgocd-reference-commit-date: yesterday",
		"references": []any{map[string]any{"commit": map[string]any{"sha": "0123456789abcdef0123456789abcdef01234567", "author": `"Dee" <dee@example.org>`}}},
	}, top); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	mark := one["krowave"].(map[string]any)
	if mark["owner"] != "git.example.com/town apps" || mark["instance"] != "kro.run/Stand/town/kiosk" || one["drySha"] != dry {
		t.Errorf("metadata of the kiosk: %v", one)
	}
	command := one["commands"].([]any)[0].(string)
	shown := clitest.Run(t, work, append(strings.Fields(command)[1:], "-o", "dir="+filepath.Join(t.TempDir(), "out"))...)
	if shown.Code != 0 {
		t.Errorf("%s: %s", command, shown.Stderr)
	}
	again := clitest.Run(t, work, strings.Fields(command)[1:]...)
	committed := clitest.Git(t, origin, "show", "env/prod:town/stand-kiosk/wave-0/town/configmap-kiosk.yaml") + "\n" + clitest.Git(t, origin, "show", "env/prod:town/stand-kiosk/wave-1/town/service-kiosk-till.yaml") + "\n"
	if objects, _, _ := strings.Cut(again.Stdout, "---\napiVersion: v1\nkind: Namespace"); objects != committed {
		t.Errorf("%s (-committed +got):\n%s", command, cmp.Diff(committed, objects))
	}
	trailers := clitest.Git(t, origin, "log", "-1", "--format=%an %at%n%(trailers:only)", "env/prod")
	want := "A 1767323045\nArgocd-reference-commit-repourl: https://git.example.com/town.git\nArgocd-reference-commit-author: a <a@example.org>\n" +
		"Argocd-reference-commit-date: 2026-01-02T03:04:05Z\nArgocd-reference-commit-subject: open the market\nArgocd-reference-commit-sha: " + dry
	if diff := cmp.Diff(want, trailers); diff != "" {
		t.Errorf("commit (-want +got):\n%s", diff)
	}
}

// TestHydrateAgain follows the source: only manifests that change make commits.
func TestHydrateAgain(t *testing.T) {
	work, origin := stands(t)
	first := hydrate(t, work, "apps", "--path-prefix=clusters/eu")
	put(t, work, "README.md", "about")
	commit(t, work, "docs")
	if same := hydrate(t, work, "apps", "--path-prefix=clusters/eu"); same.Changed || same.Commit != first.Commit || same.Unchanged != 3 {
		t.Errorf("a commit without manifests: %+v", same)
	}
	put(t, work, "apps/market.yaml", clitest.ReadFile(t, filepath.Join(work, "apps/market.yaml"))+"spec:\n  goods: plums\n")
	refused := clitest.Run(t, work, "hydrate", "apps", "--branch=env/prod", "--path-prefix=clusters/eu")
	if refused.Code != 1 || !strings.Contains(refused.Stderr, "apps/market.yaml:1:1: this file differs from HEAD [hydrate-uncommitted]") {
		t.Errorf("uncommitted: exit code %d\n%s", refused.Code, refused.Stderr)
	}
	if err := os.Remove(filepath.Join(work, "apps/kiosk.yaml")); err != nil {
		t.Fatal(err)
	}
	last := commit(t, work, "close the kiosk")
	dry := hydrate(t, work, "apps", "--path-prefix=clusters/eu", "--dry-run")
	if head := clitest.Git(t, origin, "rev-parse", "env/prod"); head != first.Commit || len(dry.Updated) != 1 || len(dry.Removed) != 1 {
		t.Errorf("dry run: %+v, and the branch is at %s", dry, head)
	}
	second := hydrate(t, work, "apps", "--path-prefix=clusters/eu")
	if diff := cmp.Diff(hydrateOutput{Commit: dry.Commit, Parent: first.Commit, DrySHA: last, Changed: true, Added: []string{},
		Updated: []string{"town/stand-market"}, Removed: []string{"town/stand-kiosk"}, Unchanged: 1}, second); diff != "" {
		t.Errorf("second run (-want +got):\n%s", diff)
	}
	if left := clitest.Git(t, origin, "ls-tree", "-r", "--name-only", "env/prod", "clusters/eu/town/stand-kiosk"); left != "" {
		t.Errorf("left of the kiosk: %s", left)
	}
	clitest.Git(t, work, "push", "--quiet", "origin", "main")

	linked := filepath.Join(t.TempDir(), "linked")
	clitest.Git(t, work, "worktree", "add", "--quiet", "--detach", linked)
	clitest.Git(t, work, "config", "extensions.worktreeConfig", "true") // as git sparse-checkout leaves it
	if same := hydrate(t, linked, "apps", "--path-prefix=clusters/eu"); same.Changed || same.DrySHA != last {
		t.Errorf("from a linked work tree: %+v", same)
	}
	shallow, bare := filepath.Join(t.TempDir(), "shallow"), filepath.Join(t.TempDir(), "bare.git")
	clitest.Git(t, work, "clone", "--quiet", "--depth=1", "file://"+origin, shallow)
	clitest.Git(t, work, "clone", "--quiet", "--bare", work, bare)
	if same := hydrate(t, shallow, "apps", "--path-prefix=clusters/eu"); same.Changed || same.DrySHA != last {
		t.Errorf("from a shallow clone: %+v", same)
	}
	back := hydrate(t, bare, "apps", "--path-prefix=clusters/eu", "--remote="+origin, "--ref=HEAD~2")
	if len(back.Added) != 1 || len(back.Updated) != 1 || back.Parent != second.Commit {
		t.Errorf("the first commit from a bare repository: %+v", back)
	}
}

// TestHydrateEmpties deletes the last instance of a directory, and with it the
// directory: Git keeps no empty one.
func TestHydrateEmpties(t *testing.T) {
	work, origin := stands(t)
	hydrate(t, work, "apps")
	if err := os.RemoveAll(filepath.Join(work, "apps")); err != nil {
		t.Fatal(err)
	}
	head := clitest.Git(t, origin, "rev-parse", "env/prod")
	refuse := func(want string, code int, args ...string) {
		t.Helper()
		got := clitest.Run(t, work, append([]string{"hydrate", "--branch=env/prod"}, args...)...)
		if got.Code != code || !strings.Contains(got.Stderr, want) || clitest.Git(t, origin, "rev-parse", "env/prod") != head {
			t.Errorf("%v: exit code %d, want %d\n%s", args, got.Code, code, got.Stderr)
		}
	}
	refuse("[hydrate-uncommitted]", 1, "apps", "--allow-empty")
	commit(t, work, "close the market")
	refuse("apps: no such file or directory; if it was deleted, --allow-empty removes its manifests from the branch", 2, "apps")
	put(t, work, "apps/README.md", "closed")
	commit(t, work, "say so")
	refuse("apps: no .yaml, .yml or .json file below it; if it was deleted", 2, "apps")

	dry := hydrate(t, work, "apps", "--allow-empty", "--dry-run")
	if len(dry.Removed) != 3 || dry.Danger == "" {
		t.Errorf("dry run: %+v", dry)
	}
	if err := os.RemoveAll(filepath.Join(work, "apps")); err != nil {
		t.Fatal(err)
	}
	commit(t, work, "gone again")
	got := clitest.Run(t, work, "hydrate", "--branch=env/prod", "apps", "--allow-empty")
	want := "\ndanger: nothing is rendered: all directories of this owner are removed from the branch, and tools that apply it with pruning delete their objects\n"
	if got.Code != 0 || !strings.Contains(got.Stdout, "0 added, 0 updated, 3 removed, 0 unchanged"+want) {
		t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
	if left := clitest.Git(t, origin, "ls-tree", "-r", "--name-only", "env/prod"); left != "hydrator.metadata" {
		t.Errorf("left: %s", left)
	}
	if again := hydrate(t, work, "apps", "--allow-empty"); again.Changed || again.Danger != "" {
		t.Errorf("again: %+v", again)
	}
}

func TestHydrateRefuses(t *testing.T) {
	work, origin := stands(t)
	put(t, work, "secret.yaml", "apiVersion: kro.run/v1alpha1\nkind: Stand\nmetadata:\n  name: bank\n  namespace: town\nspec:\n  token: hunter2-value\n")
	put(t, work, "empty/none.yaml", "")
	commit(t, work, "bank")
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"apps"}, 2, "--branch is missing"},
		{[]string{"apps", "--branch=a..b"}, 2, "--branch=a..b"},
		{[]string{"apps", "--branch=p", "--path-prefix=../x"}, 2, "is outside the branch"},
		{[]string{"apps", "--branch=p", "--path-prefix=.git/x"}, 2, "is outside the branch"},
		{[]string{"apps", "--branch=p", "--runtime=placeholder"}, 2, "cannot be committed"},
		{[]string{"apps", "--branch=p", "--author=me"}, 2, "is not NAME <EMAIL>"},
		{[]string{"apps", "--branch=p", "--remote=upstream"}, 2, `"upstream" is not a remote`},
		{[]string{"apps", "--branch=p", "--ref=v9"}, 2, `revision "v9"`},
		{[]string{"secret.yaml", "--branch=p"}, 1, "[hydrate-secret]"},
		{[]string{"empty", "--branch=p"}, 1, "nothing is rendered"},
		{[]string{"apps", "--branch=p", "--remote=http://127.0.0.1:1/x.git"}, 3, "fetching branch p of http://127.0.0.1:1/x.git"},
	} {
		got := clitest.Run(t, work, append([]string{"hydrate"}, tt.args...)...)
		if got.Code != tt.code || !strings.Contains(got.Stderr, tt.want) || got.Stdout != "" || strings.Contains(got.Stderr, "hunter2") {
			t.Errorf("%v: exit code %d, want %d; %q\n%s", tt.args, got.Code, tt.code, got.Stdout, got.Stderr)
		}
	}
	if refs := clitest.Git(t, origin, "for-each-ref"); refs != "" {
		t.Errorf("something was pushed: %s", refs)
	}
	put(t, work, "wait.yaml", strings.Replace(strings.ReplaceAll(standRGD, "tand", "all"), "${schema.spec.goods}", "${till.status.loadBalancer.ingress[0].ip}", 1)+
		"---\napiVersion: kro.run/v1alpha1\nkind: Sall\nmetadata:\n  name: wait\n  namespace: town\n")
	put(t, work, "wait.yaml", strings.Replace(clitest.ReadFile(t, filepath.Join(work, "wait.yaml")), "${sign.metadata.name}-till", "till", 1))
	waiting := clitest.Run(t, work, "hydrate", "wait.yaml", "--branch=p", "--allow-uncommitted", "--runtime=withhold")
	if waiting.Code != 1 || !strings.Contains(waiting.Stderr, "node sign of wait needs cluster-only values") {
		t.Errorf("withheld: exit code %d\n%s", waiting.Code, waiting.Stderr)
	}
	delegated := hydrate(t, work, "wait.yaml", "--allow-uncommitted", "--runtime=delegate", "--branch=delegated")
	if !delegated.Changed || delegated.DrySHA != "" {
		t.Errorf("delegated: %+v", delegated)
	}
	left := strings.Fields(clitest.Git(t, origin, "ls-tree", "-r", "--name-only", "delegated", "town/sall-wait/wave-0/", "town/sall-wait/wave-1/"))
	if diff := cmp.Diff([]string{"town/sall-wait/wave-0/resourcegraphdefinition-sall-residual.yaml", "town/sall-wait/wave-0/town/service-till.yaml",
		"town/sall-wait/wave-1/town/sallresidual-wait.yaml"}, left); diff != "" {
		t.Errorf("delegated (-want +got):\n%s", diff)
	}
	piped := clitest.RunWith(t, work, clitest.ReadFile(t, filepath.Join(work, "apps/kiosk.yaml")), "hydrate", "-", "--branch=piped", "--owner=pipe", "-o", "json")
	if piped.Code != 0 || strings.Contains(piped.Stdout, "drySha") || !strings.Contains(piped.Stdout, `"town/stand-kiosk"`) {
		t.Errorf("from standard input: exit code %d\n%s%s", piped.Code, piped.Stdout, piped.Stderr)
	}
	if got := hydrate(t, work, "secret.yaml", "--include-secrets"); !got.Changed {
		t.Errorf("%+v", got)
	}
	// A checked out branch belongs to its work tree.
	got := clitest.Run(t, work, "hydrate", "apps", "--branch=main", "--remote=.")
	if got.Code != 3 || !strings.Contains(got.Stderr, "branch is currently checked out") {
		t.Errorf("a checked out branch: exit code %d\n%s", got.Code, got.Stderr)
	}
}

// TestHydrateDocs runs the session of docs/hydrate.md.
func TestHydrateDocs(t *testing.T) {
	work, origin := stands(t)
	hash := regexp.MustCompile(`commit [0-9a-f]{40};`)
	_, session, _ := strings.Cut(clitest.ReadFile(t, "../../../docs/hydrate.md"), "```console\n")
	session, _, _ = strings.Cut(session, "```")
	steps := strings.Split(session, "$ krowave ")[1:]
	if len(steps) != 2 {
		t.Fatalf("%d commands in docs/hydrate.md", len(steps))
	}
	for _, step := range steps {
		line, want, _ := strings.Cut(step, "\n")
		got := clitest.Run(t, work, append(strings.Fields(line), "--source=https://git.example.com/town.git")...)
		shown := strings.ReplaceAll(got.Stdout+got.Stderr, origin, "https://git.example.com/town.git")
		if diff := cmp.Diff(hash.ReplaceAllString(want, "commit;"), hash.ReplaceAllString(shown, "commit;")); diff != "" {
			t.Errorf("krowave %s (-docs +got):\n%s", line, diff)
		}
	}
}
