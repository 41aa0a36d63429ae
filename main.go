// Command krowave expands kro ResourceGraphDefinitions before the cluster sees
// them.
package main

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/krowave/krowave/plugin"
	"github.com/krowave/krowave/plugin/cli"
)

func main() {
	cli.PutOffCollection(os.Getenv)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	streams := plugin.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv, Program: filepath.Base(os.Args[0])}
	code := plugin.Main(ctx, streams, os.Args[1:])
	stop()
	os.Exit(code)
}
