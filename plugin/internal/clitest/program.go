package clitest

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/krowave/krowave/plugin"
)

// asKrowave is the variable that makes a test binary be krowave.
const asKrowave = "KROWAVE_TEST_MAIN"

// Main is the TestMain of packages that use Install.
func Main(m *testing.M) {
	if os.Getenv(asKrowave) == "1" {
		os.Exit(plugin.Main(context.Background(), plugin.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv}, os.Args[1:]))
	}
	os.Exit(m.Run())
}

// Install writes a program named krowave to a directory, for tools that start it.
// It is the test binary itself.
func Install(t *testing.T, dir string) {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\n" + asKrowave + "=1 exec '" + binary + "' \"$@\"\n"
	if err := os.WriteFile(filepath.Join(dir, "krowave"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
}
