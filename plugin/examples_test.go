package plugin_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin"
	"github.com/krowave/krowave/plugin/internal/clitest"
)

// elsewhere are the examples that need what a test does not have, by how they
// begin, and what that is.
var elsewhere = map[string]string{
	"krowave observe ":                 "a cluster",
	"krowave adopt ":                   "a cluster",
	"krowave tree shop/market ":        "a cluster",
	"krowave diff --live ":             "a cluster",
	"krowave push oci://":              "a registry",
	"krowave hydrate apps/shop --ref":  "a remote repository",
	"kustomize build . | krowave push": "a registry",
	"kubectl get deployments":          "a cluster",
	"krowave argocd cmp-server":        "Argo CD",
	"krowave argocd probe":             "a running server",
	"krowave flux controller":          "a cluster",
	"krowave preview":                  "a browser, and ends when it is interrupted",
}

// TestHelpExamples runs each line of each command's examples in a repository with
// the files of testdata/help.
func TestHelpExamples(t *testing.T) {
	used := map[string]bool{}
	eachCommand(plugin.Root(plugin.Streams{}), func(cmd *cobra.Command) {
		if cmd.HasSubCommands() {
			return
		}
		if cmd.Example == "" {
			t.Errorf("%s has no examples", cmd.CommandPath())
		}
		for _, line := range strings.Split(cmd.Example, "\n") {
			line = strings.TrimSpace(line)
			t.Run(line, func(t *testing.T) {
				for start, needs := range elsewhere {
					if strings.HasPrefix(line, start) {
						used[start] = true
						t.Logf("not run, needs %s; its flags are read", needs)
						readExample(t, line)
						return
					}
				}
				whole := slices.ContainsFunc([]string{"krowave diff", "krowave impact", "krowave hydrate", "krowave argocd generate"},
					func(start string) bool {
						return strings.HasPrefix(line, start) && !strings.Contains(line, "--no-index")
					}) || line == "krowave upgrade-check" // without a path
				runExample(t, exampleRepository(t, whole), line)
			})
		}
	})
	for start := range elsewhere {
		if !used[start] {
			t.Errorf("no example begins with %s", start)
		}
	}
}

// readExample reads the flags of each krowave in a pipeline, for examples that
// cannot run here.
func readExample(t *testing.T, line string) {
	t.Helper()
	line, _, _ = strings.Cut(line, " > ")
	for _, part := range strings.Split(line, "|") {
		args := strings.Fields(part)
		if args[0] != "krowave" {
			continue
		}
		cmd, rest, err := plugin.Root(plugin.Streams{}).Find(args[1:])
		if err != nil {
			t.Fatalf("%s: %v", part, err)
		}
		if err := cmd.ParseFlags(rest); err != nil {
			t.Errorf("%s: %v", part, err)
		}
		if err := cmd.ValidateArgs(cmd.Flags().Args()); err != nil {
			t.Errorf("%s: %v", part, err)
		}
	}
}

func eachCommand(cmd *cobra.Command, visit func(*cobra.Command)) {
	visit(cmd)
	for _, c := range cmd.Commands() {
		eachCommand(c, visit)
	}
}

// exampleRepository is a clone with a change on the branch topic and an origin to
// push to. Where the whole of it is read, each kind is defined once.
func exampleRepository(t *testing.T, whole bool) string {
	t.Helper()
	files := map[string]string{
		"krowave.yaml": "runtime: fail\n", "apps/krowave.yaml": "runtime: fail\n",
	}
	root := os.DirFS("../testdata/help")
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files[name] = clitest.ReadFile(t, filepath.Join("../testdata/help", name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	files["shop-next.yaml"] = strings.ReplaceAll(files["shop.yaml"], "apples", "pears")
	files["stand/corner.yaml"] = strings.ReplaceAll(files["instance.yaml"], "name: market", "name: corner")
	if whole {
		maps.DeleteFunc(files, func(name, _ string) bool {
			return name != "shop-rgd.yaml" && !strings.HasPrefix(name, "stand/") && !strings.HasSuffix(name, "krowave.yaml")
		})
	}
	dir, origin := clitest.Repository(t, files), filepath.Join(t.TempDir(), "origin.git")
	clitest.Git(t, dir, "init", "-q", "--bare", origin)
	clitest.Git(t, dir, "remote", "add", "origin", origin)
	clitest.Git(t, dir, "push", "-q", "-u", "origin", "main")
	clitest.Git(t, dir, "checkout", "-q", "-b", "topic")
	next := strings.ReplaceAll(files["stand/corner.yaml"], "name: corner", "name: kiosk")
	if err := os.WriteFile(filepath.Join(dir, "stand/kiosk.yaml"), []byte(next), 0o644); err != nil {
		t.Fatal(err)
	}
	clitest.Git(t, dir, "add", "-A")
	clitest.Git(t, dir, "commit", "-q", "-m", "a kiosk")
	clitest.Git(t, dir, "branch", "-q", "--set-upstream-to=origin/main")
	return dir
}

// runExample runs "krowave A | krowave B > FILE && C" without what follows FILE;
// another program's output is that of the instance file. diff and impact say by 1
// that there are differences.
func runExample(t *testing.T, dir, line string) {
	line, _, _ = strings.Cut(line, " > ")
	input := ""
	for _, part := range strings.Split(line, "|") {
		args := strings.Fields(part)
		if args[0] != "krowave" {
			input = clitest.ReadFile(t, filepath.Join(dir, "instance.yaml"))
			continue
		}
		got := clitest.RunWith(t, dir, input, args[1:]...)
		differs := got.Code == 1 && (args[1] == "diff" || args[1] == "impact")
		if got.Code != 0 && !differs {
			t.Fatalf("%s: exit code %d\n%s", part, got.Code, got.Stderr)
		}
		input = got.Stdout
	}
}
