package settings_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/project"
	"github.com/krowave/krowave/render/settings"
)

// said is what each surface says in a test.
type said struct {
	flags string // with blanks between them
	file  string // krowave.yaml
	env   string // NAME=value with blanks between them, without the prefix
}

func (s said) resolve(t *testing.T, host settings.Surface) (settings.Values, []string) {
	t.Helper()
	set := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags := settings.Bind(set, settings.Default(host))
	if err := set.Parse(strings.Fields(s.flags)); err != nil {
		t.Fatal(err)
	}
	file, diags := project.ReadSettings("apps/krowave.yaml", []byte(s.file))
	env := map[string]string{}
	for _, pair := range strings.Fields(s.env) {
		name, value, _ := strings.Cut(pair, "=")
		env[settings.VariablePrefix+name] = value
	}
	layers := []settings.Layer{settings.File(file), settings.Environment(env)}
	var values settings.Values
	var found diag.List
	if host == settings.CommandLine {
		values, found = settings.Resolve(settings.Default(host), append(layers, flags.Layer)...)
	} else {
		operator, wrong := flags.Resolve()
		if len(wrong) > 0 {
			t.Fatal(wrong)
		}
		values, found = settings.Resolve(operator, layers...)
	}
	var texts []string
	for _, d := range append(diags, found...) {
		text := d.Pos.String() + " " + d.Message
		if d.Hint != "" {
			text += "; " + d.Hint
		}
		texts = append(texts, text)
	}
	return values, texts
}

func TestResolve(t *testing.T) {
	const line, server = settings.CommandLine, settings.CMPServer
	tests := []struct {
		name    string
		host    settings.Surface
		said    said
		setting string
		want    string
	}{
		{"default", line, said{}, "max-files", "50000"},
		{"krowave.yaml lowers a limit", line, said{file: "limits: {maxFiles: 7}"}, "max-files", "7"},
		{"a flag counts before krowave.yaml", line, said{flags: "--max-files=90000", file: "limits: {maxFiles: 7}"}, "max-files", "90000"},
		{"krowave.yaml below a raised limit", server, said{flags: "--max-files=90000", file: "limits: {maxFiles: 60000}"}, "max-files", "60000"},
		{"the lower of two limits", server, said{file: "limits: {maxFiles: 7}", env: "MAX_FILES=9"}, "max-files", "7"},
		{"the lower of two limits, from the application", server, said{file: "limits: {maxFiles: 9}", env: "MAX_FILES=7"}, "max-files", "7"},
		{"the application counts before the repository", server, said{file: "runtime: delegate", env: "RUNTIME=withhold"}, "runtime", "withhold"},
		{"the repository alone", server, said{file: "runtime: delegate"}, "runtime", "delegate"},
		{"every surface adds groups", server, said{flags: "--instance-groups=a.example.com", file: "instanceGroups: [b.example.com, a.example.com]", env: "INSTANCE_GROUPS=c.example.com,b.example.com"},
			"instance-groups", "a.example.com,b.example.com,c.example.com"},
		{"a repository is stricter", server, said{file: "strict: true"}, "strict", "true"},
		{"a repository is stricter than the application asks for", server, said{file: "strict: true", env: "STRICT=false"}, "strict", "true"},
		{"an application is stricter", server, said{env: "STRICT=true"}, "strict", "true"},
		{"an application allows nothing at all", server, said{env: "ALLOW_EMPTY=true"}, "allow-empty", "true"},
		{"an application forbids what the operator allows", server, said{flags: "--allow-empty", env: "ALLOW_EMPTY=false"}, "allow-empty", "false"},
		{"versions", server, said{file: "kubernetesVersion: v1.34.7"}, "kubernetes-version", "1.34"},
		{"paths of a file", server, said{file: "definitions: [../rgds]"}, "definitions", "rgds"},
		{"lists", server, said{file: "crds: [a]", env: "CRDS=x,y"}, "crds", "x,y"},
		{"words", server, said{env: "EMIT=crds,instances ANNOTATE=none"}, "emit", "instances,crds"},
		{"gates", line, said{flags: "--feature-gates=AllAlpha=true --feature-gates=CELOmitFunction=false"}, "feature-gates", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			values, found := tt.said.resolve(t, tt.host)
			s, ok := settings.Find(tt.setting)
			if !ok || len(found) > 0 {
				t.Fatal(tt.setting, found)
			}
			if got := s.Text(&values); got != tt.want {
				t.Errorf("%s is %q, want %q", tt.setting, got, tt.want)
			}
		})
	}
}

// TestResolveRefuses shows what nobody may loosen, and what is not a setting.
func TestResolveRefuses(t *testing.T) {
	const line, server, flux = settings.CommandLine, settings.CMPServer, settings.FluxController
	tests := []struct {
		name string
		host settings.Surface
		said said
		want []string
	}{
		{"a repository allows nothing at all", server, said{file: "allowEmpty: true"},
			[]string{`apps/krowave.yaml:1:13 allowEmpty: cannot be set in krowave.yaml; set it with --allow-empty of krowave argocd cmp-server or ARGOCD_ENV_KROWAVE_ALLOW_EMPTY of the Application`}},
		{"the same on the command line", line, said{file: "allowEmpty: true"},
			[]string{`apps/krowave.yaml:1:13 allowEmpty: cannot be set in krowave.yaml; set it with --allow-empty`}},
		{"below limits", server, said{file: "limits:\n  allowEmpty: \"true\"\n  strict: \"false\"\n  runtime: withhold\n"}, []string{
			`apps/krowave.yaml:4:3 runtime is not a limit; write it at the top level, not below limits:`,
			`apps/krowave.yaml:3:3 strict is not a limit; write it at the top level, not below limits:`,
			`apps/krowave.yaml:2:15 allowEmpty: cannot be set in krowave.yaml; set it with --allow-empty of krowave argocd cmp-server or ARGOCD_ENV_KROWAVE_ALLOW_EMPTY of the Application`,
		}},
		{"an application is less strict than the operator", server, said{flags: "--strict", env: "STRICT=false"},
			[]string{`ARGOCD_ENV_KROWAVE_STRICT:1:1 strict: false would loosen strict=true; change it with --strict of krowave argocd cmp-server`}},
		{"a repository is", server, said{flags: "--strict", file: "strict: false"},
			[]string{`apps/krowave.yaml:1:9 strict: false would loosen strict=true; change it with --strict of krowave argocd cmp-server`}},
		{"the operator forbids", server, said{flags: "--allow-empty=false", env: "ALLOW_EMPTY=true"},
			[]string{`ARGOCD_ENV_KROWAVE_ALLOW_EMPTY:1:1 allow-empty: true would loosen allow-empty=false; change it with --allow-empty of krowave argocd cmp-server`}},
		{"a repository raises a limit", line, said{file: "limits: {maxFiles: 50001}"},
			[]string{`apps/krowave.yaml:1:20 maxFiles: 50001 is above the limit of 50000; raise it with --max-files`}},
		{"an application does", server, said{env: "MAX_FILES=50001"},
			[]string{`ARGOCD_ENV_KROWAVE_MAX_FILES:1:1 max-files: 50001 is above the limit of 50000; raise it with --max-files of krowave argocd cmp-server`}},
		{"a repository raises a flag's limit", flux, said{flags: "--max-files=5", file: "limits: {maxFiles: 6}"},
			[]string{`apps/krowave.yaml:1:20 maxFiles: 6 is above the limit of 5; raise it with --max-files of krowave flux controller`}},
		{"placeholders are to look at", server, said{file: "runtime: placeholder", env: "RUNTIME=placeholder"}, []string{
			`ARGOCD_ENV_KROWAVE_RUNTIME:1:1 runtime: "placeholder" is only for previews and cannot be used in an Application; use one of fail, withhold, delegate`,
			`apps/krowave.yaml:1:10 runtime: "placeholder" is only for previews and cannot be used in krowave.yaml; use one of fail, withhold, delegate`,
		}},
		{"what is emitted", server, said{file: "emit: crds\nannotate: none\nroot: /\n"}, []string{
			`apps/krowave.yaml:2:11 annotate: cannot be set in krowave.yaml; set it with ARGOCD_ENV_KROWAVE_ANNOTATE of the Application`,
			`apps/krowave.yaml:1:7 emit: cannot be set in krowave.yaml; set it with ARGOCD_ENV_KROWAVE_EMIT of the Application`,
			`apps/krowave.yaml:3:7 root: cannot be set in krowave.yaml; a server never reads a file outside the repository`,
		}},
		{"unknown keys", line, said{file: "runtim: fail\nmaxFiles: 3\nlimits: {jobs: 3, maxFile: 1}\n"}, []string{
			`apps/krowave.yaml:3:19 krowave.yaml has no limit maxFile; there are celCostLimit, celCostPerInstance, celCostTotal, maxChainDepth, maxCollectionDimensions, maxCollectionSize, maxDepth, maxDocuments, maxFileBytes, maxFiles, maxObjects, maxObjectsPerInstance, maxOutputBytes, maxResources, maxTotalBytes, maxYamlNodes; did you mean maxFiles?`,
			`apps/krowave.yaml:2:1 krowave.yaml has no setting maxFiles; write it below limits:`,
			`apps/krowave.yaml:1:1 krowave.yaml has no setting runtim; there are admissionDefaults, checkPolicies, crds, defaults, definitions, exclude, graphs, instanceGroups, kroVersion, kubernetesVersion, limits, observed, policies, residuals, runtime, strict, vendor, warnNext; did you mean runtime?`,
			`apps/krowave.yaml:3:16 jobs: cannot be set in krowave.yaml; set it with --jobs`,
		}},
		{"values", line, said{file: "runtime: wait\nstrict: maybe\nkubernetesVersion: 1.34.x\nlimits: {maxFiles: 0}\n"}, []string{
			`apps/krowave.yaml:3:20 kubernetesVersion: "1.34.x" is not one of 1.32, 1.33, 1.34, 1.35, 1.36, 1.37; did you mean 1.34?`,
			`apps/krowave.yaml:4:20 maxFiles: must be an integer greater than 0, not "0"`,
			`apps/krowave.yaml:1:10 runtime: "wait" is not one of fail, withhold, delegate`,
			`apps/krowave.yaml:2:9 strict: "maybe" is not true or false`,
		}},
		{"variables", server, said{env: "MAX_FILE=3 RUNTIME=wihthold JOBS=3"}, []string{
			`ARGOCD_ENV_KROWAVE_MAX_FILE:1:1 there is no such setting; did you mean ARGOCD_ENV_KROWAVE_MAX_FILES?`,
			`ARGOCD_ENV_KROWAVE_RUNTIME:1:1 runtime: "wihthold" is not one of fail, withhold, delegate; did you mean withhold?`,
			`ARGOCD_ENV_KROWAVE_JOBS:1:1 jobs: cannot be set in an Application; servers have --max-concurrent and --concurrent`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, found := tt.said.resolve(t, tt.host)
			if diff := cmp.Diff(tt.want, found); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
