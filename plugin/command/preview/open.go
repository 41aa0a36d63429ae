package preview

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"

	"github.com/krowave/krowave/plugin/cli"
)

// open opens a browser, if there is one; the address is printed anyway.
func open(s cli.Streams, address string) {
	var name string
	var args []string
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler"}
	default:
		if s.Env("DISPLAY") == "" && s.Env("WAYLAND_DISPLAY") == "" {
			return
		}
		name = "xdg-open"
	}
	if _, err := exec.LookPath(name); err != nil {
		return
	}
	go func() {
		ctx, stop := context.WithTimeout(context.Background(), patience)
		defer stop()
		if err := exec.CommandContext(ctx, name, append(args, address)...).Run(); err != nil {
			fmt.Fprintf(s.Err, "no browser opened: %v\n", err)
		}
	}()
}
