// Command krowave expands kro ResourceGraphDefinitions before the cluster sees
// them.
package main

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/krowave/krowave/plugin"
)

func main() {
	if os.Getenv("GOGC") == "" {
		putOffCollection()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	streams := plugin.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv, Program: filepath.Base(os.Args[0])}
	code := plugin.Main(ctx, streams, os.Args[1:])
	stop()
	os.Exit(code)
}

// putOffCollection lets the heap grow to 64 MiB before garbage is collected for
// the first time, which most runs never reach. From then on all is as usual.
func putOffCollection() {
	const usual = 100
	debug.SetGCPercent(1600) // of 4 MiB
	runtime.AddCleanup(new([64]byte), func(percent int) { debug.SetGCPercent(percent) }, usual)
}
