package cli

import (
	"runtime"
	"runtime/debug"

	"github.com/krowave/krowave/render/schema"
)

// KroVersion is the release of kro whose expansion krowave gives.
const KroVersion = "v0.9.4"

// Build says which program this is and what it knows.
type Build struct {
	Version    string   `json:"version"`
	Revision   string   `json:"revision"`
	Modified   bool     `json:"modified"`
	Go         string   `json:"go"`
	Kro        string   `json:"kro"`
	Kubernetes []string `json:"kubernetes"`
}

// CurrentBuild describes the running program.
func CurrentBuild() Build {
	b := Build{Version: "(devel)", Go: runtime.Version(), Kro: KroVersion, Kubernetes: schema.Versions()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if info.Main.Version != "" {
		b.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}
