package conformance_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestReleaseNotThere asks for a release of kro that nobody serves: make conformance says so, and
// fails.
func TestReleaseNotThere(t *testing.T) {
	for _, tool := range []string{"sh", "git", "go"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "sh", "../../testdata/oracle/conformance.sh")
	cmd.Env = append(os.Environ(), "KRO=v0.10.0-none", "GOPROXY=off", "GOFLAGS=-mod=mod", "KROWAVE_CACHE="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Errorf("it succeeds:\n%s", out)
	}
	if want := "kro v0.10.0-none is not available: the module proxy does not serve it"; !strings.Contains(string(out), want) {
		t.Errorf("it does not say %q:\n%s", want, out)
	}
}
