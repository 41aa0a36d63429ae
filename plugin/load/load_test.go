package load_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/internal/clitest"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/render/manifest"
)

func rgd(kind string) string {
	return fmt.Sprintf("apiVersion: kro.run/v1alpha1\nkind: ResourceGraphDefinition\nmetadata: {name: %s}\nspec:\n  schema: {apiVersion: v1, kind: %s, spec: {}}\n"+
		"  resources:\n  - {id: a, template: {apiVersion: v1, kind: ConfigMap, metadata: {name: \"${schema.metadata.name}\"}}}\n", strings.ToLower(kind), kind)
}

func instanceOf(kind string) string {
	return "apiVersion: kro.run/v1\nkind: " + kind + "\nmetadata: {name: a}\n"
}

// Two projects, one below the other. Each has a definition of Web; only that of the
// outer one is found by searching.
func files() map[string]string {
	return map[string]string{
		"krowave.yaml": "kroVersion: \"0.9\"\n", "defs/web.yaml": rgd("Web"), "defs/other.yaml": rgd("Other"), "apps/web.yaml": instanceOf("Web"),
		"team/krowave.yaml": "definitions: [own]\n", "team/own/web.yaml": rgd("Web"), "team/apps/web.yaml": instanceOf("Web"),
	}
}

// loader returns a loader with the given flags and standard input.
func loader(t *testing.T, dir, stdin string, flags ...string) load.Loader {
	t.Helper()
	cmd := &cobra.Command{}
	cmd.SetContext(t.Context())
	var own options.Settings
	own.Bind(cmd, options.Defaults())
	own.BindRef(cmd.Flags())
	if err := cmd.ParseFlags(flags); err != nil {
		t.Fatal(err)
	}
	return load.New(cmd, cli.Streams{Dir: dir, In: strings.NewReader(stdin), Out: t.Output(), Err: t.Output()}, &own)
}

// units describes what was read: a line for each project.
func units(in *load.Input) (out []string) {
	names := func(files []manifest.File) string {
		var out []string
		for _, f := range files {
			out = append(out, f.Name)
		}
		slices.Sort(out)
		return strings.Join(out, " ")
	}
	for _, u := range in.Units {
		out = append(out, fmt.Sprintf("%q: %s | %s", u.Project, names(u.Files), names(u.Definitions)))
	}
	return out
}

// TestRead reads paths of two projects: each file once, under the nearest
// krowave.yaml, with the definitions that it needs and that are not files themselves.
func TestRead(t *testing.T) {
	repository := clitest.Repository(t, files())
	both := []string{`"": apps/web.yaml defs/other.yaml defs/web.yaml | `, `"team": team/apps/web.yaml team/own/web.yaml | team/own/web.yaml`}
	for _, test := range []struct {
		name, dir   string
		stdin       string
		args, flags []string
		want        []string // or the error
	}{
		{"one file", ".", "", []string{"apps/web.yaml"}, nil, []string{`"": apps/web.yaml | defs/web.yaml`}},
		{"a directory of two projects", ".", "", []string{"."}, nil, both},
		{"overlapping paths", ".", "", []string{"apps/web.yaml", "apps", "team", "."}, nil, both},
		{"from below", "team/apps", "", []string{"web.yaml", "../../apps"}, nil, []string{`"..": web.yaml | ../own/web.yaml`, `"": ../../apps/web.yaml | ../../defs/web.yaml`}},
		{"an absolute path", ".", "", []string{filepath.Join(repository, "apps")}, nil, []string{`"": apps/web.yaml | defs/web.yaml`}},
		{"definitions by a flag", ".", "", []string{"apps", "team/apps"}, []string{"-d", "defs"}, []string{`"": apps/web.yaml | defs/other.yaml defs/web.yaml`, `"team": team/apps/web.yaml | defs/other.yaml defs/web.yaml`}},
		{"standard input", ".", instanceOf("Web"), []string{"-"}, nil, []string{`"": - | defs/web.yaml`}},
		{"standard input below another project", "team", instanceOf("Web"), []string{"-"}, nil, []string{`".": - | own/web.yaml`}},
		{"nothing there", ".", "", []string{"gone"}, nil, []string{"gone: no such file or directory"}},
		{"no revision", ".", "", []string{"apps"}, []string{"--ref", "gone"}, []string{`revision "gone" is not a branch, tag or commit of the Git repository; git branch --all and git tag list the names`}},
		{"a root that the path leaves", ".", "", []string{"apps"}, []string{"--root", "team"}, []string{"apps is outside the tree"}},
		{"a revision and a root", ".", "", []string{"apps"}, []string{"--ref", "HEAD", "--root", "."}, []string{"--root and --ref are mutually exclusive: the root of a revision is its repository"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			in, err := loader(t, filepath.Join(repository, test.dir), test.stdin, test.flags...).Read(test.args)
			var got []string
			if err != nil {
				got = []string{strings.ReplaceAll(err.Error(), repository, "REPO")}
				if !cli.IsUsage(err) {
					t.Errorf("not an error of usage: %v", err)
				}
			} else {
				got = units(in)
				for _, f := range in.All() {
					if string(in.Source(f.Name)) != string(f.Data) {
						t.Errorf("no source of %s for findings", f.Name)
					}
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestRevision reads what was committed, and not what the work tree has since.
func TestRevision(t *testing.T) {
	repository := clitest.Repository(t, files())
	now := files()
	now["apps/web.yaml"] += "# changed\n"
	delete(now, "defs/web.yaml")
	now["apps/new.yaml"] = instanceOf("Other")
	clitest.WriteTree(t, repository, now)
	read := func(flags ...string) *load.Input {
		t.Helper()
		in, err := loader(t, repository, "", flags...).Read([]string{"apps"})
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	was, is := read("--ref", "HEAD"), read()
	if diff := cmp.Diff([]string{`"": apps/web.yaml | defs/web.yaml`}, units(was)); diff != "" {
		t.Errorf("committed (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{`"": apps/new.yaml apps/web.yaml | defs/other.yaml`}, units(is)); diff != "" {
		t.Errorf("work tree (-want +got):\n%s", diff)
	}
	if text := string(was.Source("apps/web.yaml")); text != files()["apps/web.yaml"] {
		t.Errorf("committed: %s", text)
	}
	l := loader(t, repository, "")
	l.Texts = map[string][]byte{filepath.Join(repository, "apps/web.yaml"): []byte(instanceOf("Other"))}
	in, err := l.Read([]string{"apps/web.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`"": apps/web.yaml | defs/other.yaml`}, units(in)); diff != "" {
		t.Errorf("as an editor has it (-want +got):\n%s", diff)
	}
}

// TestPresent tells paths from names, and files that are gone from those that never were.
func TestPresent(t *testing.T) {
	repository := clitest.Repository(t, files())
	l := loader(t, repository, "")
	paths, names, err := l.PathsAndNames([]string{"web", "apps", "gone.yaml", "Web/a"})
	if err != nil || !slices.Equal(paths, []string{"gone.yaml", "apps"}) || !slices.Equal(names, []string{"web", "Web/a"}) {
		t.Errorf("paths %v, names %v, %v", paths, names, err)
	}
	if paths, _, _ = l.PathsAndNames([]string{"web"}); !slices.Equal(paths, []string{"."}) {
		t.Errorf("without a path %v is read", paths)
	}
	roots, err := l.Roots([]string{"apps", "team/apps/web.yaml", filepath.Dir(repository)})
	if err != nil || !slices.Equal(roots, []string{repository, filepath.Dir(repository)}) {
		t.Errorf("roots %v, %v", roots, err)
	}
}
