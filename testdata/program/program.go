// Package program builds krowave for tests that start it.
package program

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Run builds krowave, gives start its path, runs the tests, and returns their exit
// code. KROWAVE_BINARY in the environment names one that is built already.
func Run(m *testing.M, start func(krowave string)) int {
	if krowave := os.Getenv("KROWAVE_BINARY"); krowave != "" {
		start(krowave)
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "krowave-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	krowave := filepath.Join(dir, "krowave")
	if out, err := exec.Command("go", "build", "-o", krowave, "github.com/krowave/krowave").CombinedOutput(); err != nil {
		panic(string(out))
	}
	start(krowave)
	return m.Run()
}
