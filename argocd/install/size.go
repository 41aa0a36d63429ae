package install

import (
	"fmt"
	"slices"
	"strings"
)

// Sizes are the sizes of an installation: up to 100, 1,000 and 10,000 Applications. docs/scaling.md says what their
// settings were measured with.
func Sizes() []string { return []string{"small", "medium", "large"} }

// size has the settings of a size.
type size struct {
	replicas    int // of repo-server, and so of the plugin; 0 leaves those of the installation
	cpu, memory string
	limit       string // of memory
	goLimit     string // below it: garbage is collected before the container ends
	args        []string
	params      [][2]string // of argocd-cmd-params-cm
}

// processors is for Argo CD's application controller: with its defaults, 20 and 10, it asks for manifests more slowly
// than replicas of repo-server answer. Queued requests need more than the default of 60 seconds after a commit to a
// repository of many Applications.
func processors(status, operation, parallel int) [][2]string {
	return [][2]string{
		{"controller.status.processors", fmt.Sprint(status)}, {"controller.operation.processors", fmt.Sprint(operation)},
		{"controller.repo.server.timeout.seconds", "180"}, {"reposerver.parallelism.limit", fmt.Sprint(parallel)},
	}
}

func sizeOf(name string) (size, error) {
	switch name {
	case "", "small":
		return size{cpu: "100m", memory: "256Mi", limit: "1Gi", goLimit: "900MiB"}, nil
	case "medium":
		return size{replicas: 2, cpu: "500m", memory: "512Mi", limit: "2Gi", goLimit: "1800MiB",
			args: []string{"--max-concurrent=4", "--cache-bytes=536870912"}, params: processors(50, 25, 20)}, nil
	case "large":
		return size{replicas: 4, cpu: "1", memory: "1Gi", limit: "4Gi", goLimit: "3600MiB",
			args: []string{"--max-concurrent=8", "--cache-bytes=1073741824"}, params: processors(100, 50, 40)}, nil
	}
	return size{}, fmt.Errorf("no size %q; use %s", name, strings.Join(Sizes(), ", "))
}

// fill returns the values of the templates, in pairs for strings.NewReplacer.
func (s size) fill() []string {
	replicas, params := "", ""
	if s.replicas > 0 {
		replicas = fmt.Sprintf("replicas: %d\n  ", s.replicas)
	}
	args := `"--metrics-addr=:8087"`
	for _, a := range s.args {
		args += fmt.Sprintf(", %q", a)
	}
	if s.params != nil {
		params = "  # For as many Applications. The controller reads these at its start.\n"
	}
	for _, p := range s.params {
		params += fmt.Sprintf("  %s: %q\n", p[0], p[1])
	}
	return slices.Concat([]string{"$(REPLICAS)", replicas}, []string{"$(ARGS)", args}, []string{"$(PARAMS)\n", params},
		[]string{"$(CPU)", quoted(s.cpu)}, []string{"$(MEMORY)", s.memory}, []string{"$(LIMIT)", s.limit}, []string{"$(GOMEMLIMIT)", s.goLimit})
}

// quoted is a quantity that YAML reads as a text.
func quoted(quantity string) string {
	if strings.Trim(quantity, "0123456789") == "" {
		return `"` + quantity + `"`
	}
	return quantity
}
