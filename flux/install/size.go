package install

import (
	"fmt"
	"strings"
)

// Sizes are the sizes of an installation: up to 100, 1,000 and 10,000 RenderedSources. docs/scaling.md says what
// their settings were measured with.
func Sizes() []string { return []string{"small", "medium", "large"} }

// size has the settings of each controller of a size.
type size struct {
	cpu, memory           string // requested
	cpuLimit, memoryLimit string
	args                  []string
	shards                []string // unless the options name some
}

func sizeOf(name string) (size, error) {
	switch name {
	case "", "small":
		return size{cpu: "50m", memory: "128Mi", cpuLimit: "1", memoryLimit: "1Gi"}, nil
	case "medium":
		return size{cpu: "200m", memory: "256Mi", cpuLimit: "2", memoryLimit: "2Gi",
			args: []string{"--concurrent=8", "--kube-api-qps=200", "--kube-api-burst=400", "--cache-bytes=536870912"}}, nil
	case "large":
		return size{cpu: "500m", memory: "512Mi", cpuLimit: "2", memoryLimit: "4Gi", shards: []string{"shard1", "shard2", "shard3"},
			args: []string{"--concurrent=16", "--kube-api-qps=500", "--kube-api-burst=1000", "--cache-bytes=1073741824"}}, nil
	}
	return size{}, fmt.Errorf("no size %q; use %s", name, strings.Join(Sizes(), ", "))
}
