package cli

import (
	"runtime"
	"runtime/debug"

	"github.com/krowave/krowave/render/compat"
	"github.com/krowave/krowave/render/schema"
)

// Build says which program this is and what it knows.
type Build struct {
	Version    string   `json:"version"`
	Revision   string   `json:"revision"`
	Modified   bool     `json:"modified"`
	Go         string   `json:"go"`
	Kro        string   `json:"kro"`                  // whose behavior is the default
	KroPreview string   `json:"kroPreview,omitempty"` // of which --kro-version gives a preview
	Kubernetes []string `json:"kubernetes"`
}

// CurrentBuild describes the running program.
func CurrentBuild() Build {
	b := Build{Version: "(devel)", Go: runtime.Version(), Kro: compat.Default.Release(), KroPreview: preview(), Kubernetes: schema.Versions()}
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

// preview is the release of kro that is not out and can be rendered for.
func preview() string {
	for _, v := range compat.Versions() {
		if v.IsPreview() {
			return v.Release()
		}
	}
	return ""
}
