package plugin

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/render/schema"
)

// kroVersion is the release of kro whose expansion krowave gives.
const kroVersion = "v0.9.4"

// versionOutput is version -o json.
type versionOutput struct {
	Version    string   `json:"version"`
	Revision   string   `json:"revision"`
	Modified   bool     `json:"modified"`
	Go         string   `json:"go"`
	Kro        string   `json:"kro"`
	Kubernetes []string `json:"kubernetes"`
}

func currentVersion() versionOutput {
	v := versionOutput{Version: "(devel)", Go: runtime.Version(), Kro: kroVersion, Kubernetes: schema.Versions()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if info.Main.Version != "" {
		v.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}

func newVersion(s Streams) *cobra.Command {
	output := choice{value: "text", allowed: []string{"text", "json"}}
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the version of krowave, and of what it knows",
		Example: "  krowave version\n  krowave version -o json",
		Args:    none,
		RunE: func(*cobra.Command, []string) error {
			v := currentVersion()
			if output.value == "json" {
				enc := json.NewEncoder(s.Out)
				enc.SetIndent("", "  ")
				return enc.Encode(v)
			}
			revision := v.Revision
			if v.Modified {
				revision += " (modified)"
			}
			_, err := fmt.Fprintf(s.Out, "krowave %s %s\n%s\nkro %s\nKubernetes %s to %s\n", v.Version, revision, v.Go, v.Kro,
				v.Kubernetes[0], v.Kubernetes[len(v.Kubernetes)-1])
			return err
		},
	}
	cmd.Flags().VarP(&output, "output", "o", "how to print")
	complete(cmd, "output", output.allowed...)
	return cmd
}

// none refuses arguments.
func none(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("unexpected argument %q", args[0])
	}
	return nil
}
