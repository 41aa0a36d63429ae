package cmpserver

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/krowave/krowave/argocd/cmpserver/pluginpb"
	"github.com/krowave/krowave/render/schema"
	table "github.com/krowave/krowave/render/settings"
)

// Environment holds the variables that Argo CD sets for one application.
type Environment map[string]string

// Variables of Argo CD.
const (
	appName       = "ARGOCD_APP_NAME"
	appNamespace  = "ARGOCD_APP_NAMESPACE" // of the destination
	appRevision   = "ARGOCD_APP_REVISION"
	appParameters = "ARGOCD_APP_PARAMETERS"
	kubeVersion   = "KUBE_VERSION"
	kubeAPIs      = "KUBE_API_VERSIONS"
)

// Variables lists the variables that are read, for who has to ask for each.
func Variables() []string {
	out := []string{appName, appNamespace, appRevision, appParameters, kubeVersion, kubeAPIs}
	for _, s := range table.Offered(table.Application) {
		out = append(out, s.Variable())
	}
	return out
}

func environment(entries []*pluginpb.EnvEntry) Environment {
	env := Environment{}
	for _, e := range entries {
		env[e.GetName()] = e.GetValue()
	}
	return env
}

// name is the application's name, else the last part of its path.
func (e Environment) name(dir string) string {
	if name := e[appName]; name != "" {
		return name
	}
	return path.Base(dir)
}

// key is what of the environment a render depends on, as text.
func (e Environment) key() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(e)) {
		switch {
		case name == appNamespace, name == appParameters, name == kubeVersion, name == kubeAPIs, strings.HasPrefix(name, table.VariablePrefix):
			fmt.Fprintf(&b, "%q=%q\n", name, e[name])
		}
	}
	return b.String()
}

// kubernetesVersion is the bundled version nearest to the destination's; exact
// reports whether it is the same minor version. Argo CD 2.14 sends "1.36", 3.x
// "1.36.3", other callers may put a v before it or send nothing.
func (e Environment) kubernetesVersion() (version string, exact bool) {
	known := schema.Versions()
	newest := known[len(known)-1]
	text := strings.TrimPrefix(strings.TrimSpace(e[kubeVersion]), "v")
	if text == "" {
		return newest, true
	}
	parts := strings.SplitN(text, ".", 3)
	if len(parts) < 2 || parts[0] != "1" {
		return newest, false
	}
	digits := strings.TrimRight(parts[1], "+") // as some providers write it
	wanted, err := strconv.Atoi(digits)
	if err != nil {
		return newest, false
	}
	best := known[0]
	for _, v := range known {
		if distance(v, wanted) <= distance(best, wanted) {
			best = v
		}
	}
	return best, distance(best, wanted) == 0
}

func distance(version string, minor int) int {
	_, text, _ := strings.Cut(version, ".")
	n, _ := strconv.Atoi(text) // bundled versions are well-formed
	return max(n-minor, minor-n)
}

// apis is what the destination serves: "group/version" and "group/version/Kind".
// It is nil when Argo CD does not say.
func (e Environment) apis() map[string]bool {
	var out map[string]bool
	for _, api := range strings.Split(e[kubeAPIs], ",") {
		if api = strings.TrimSpace(api); api != "" {
			if out == nil {
				out = map[string]bool{}
			}
			out[api] = true
		}
	}
	return out
}

// parameter is one of an Application's plugin parameters.
type parameter struct {
	Name   string            `json:"name"`
	String *string           `json:"string"`
	Array  []string          `json:"array"`
	Map    map[string]string `json:"map"`
}

// parameters reads ARGOCD_APP_PARAMETERS. Argo CD writes null when there are
// none.
func (e Environment) parameters() ([]parameter, error) {
	text := strings.TrimSpace(e[appParameters])
	if text == "" {
		return nil, nil
	}
	var out []parameter
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return nil, fmt.Errorf("not a JSON list of parameters with name and string, array or map")
	}
	return out, nil
}
