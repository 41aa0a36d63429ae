//go:build unix

package plugin_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/krowave/krowave/plugin/internal/clitest"
	"github.com/krowave/krowave/plugin/internal/fleet"
)

// BenchmarkFleet runs the program on a repository of 200 RGDs and 10,000
// instances, about 100,000 objects: a change of one instance, a change of an RGD
// with 1,000 instances, its impact, and a render of everything, from the work
// tree and from a revision. Beside the time it reports what share that is of
// the time that is wanted, the time of all processors, which does not depend on
// what else the machine does, and how much memory the program took at most.
//
//	go test ./plugin -run '^$' -bench BenchmarkFleet -benchtime 3x
func BenchmarkFleet(b *testing.B) {
	program := filepath.Join(b.TempDir(), "krowave")
	if out, err := exec.Command("go", "build", "-o", program, "..").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	dir := b.TempDir()
	if err := fleet.Write(dir, fleet.Files(200, 10_000)); err != nil {
		b.Fatal(err)
	}
	clitest.Git(b, dir, "init", "-q", "-b", "main")
	clitest.Git(b, dir, "config", "gc.auto", "0") // which would run beside the next command
	clitest.Git(b, dir, "add", "-A")
	clitest.Git(b, dir, "commit", "-q", "-m", "fleet")
	clitest.Git(b, dir, "gc", "-q")
	for _, bench := range []struct {
		name           string
		edit, from, to string
		code           int
		wanted         time.Duration
		args           []string
	}{
		{"diff-one-instance", fleet.InstanceName(0), "replicas: 1", "replicas: 7", 1, time.Second, []string{"diff", "--base", "HEAD"}},
		{"diff-revisions", fleet.InstanceName(0), "replicas: 1", "replicas: 7", 1, time.Second, []string{"diff", "--base", "HEAD", "--head", "edit"}},
		{"diff-rgd", fleet.DefinitionName(0), "minAvailable: 1", "minAvailable: 2", 1, 5 * time.Second, []string{"diff", "--base", "HEAD"}},
		{"impact-rgd", fleet.DefinitionName(0), "minAvailable: 1", "minAvailable: 2", 1, 5 * time.Second, []string{"impact", "--base", "HEAD", fleet.DefinitionName(0)}},
		{"diff-all", fleet.InstanceName(0), "replicas: 1", "replicas: 7", 1, 40 * time.Second, []string{"diff", "--all", "--base", "HEAD"}},
		{"render", "krowave.yaml", "", "", 0, 20 * time.Second, []string{"render", "apps"}},
		{"render-revision", "krowave.yaml", "", "", 0, 20 * time.Second, []string{"render", "--ref", "HEAD", "apps"}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			before, err := os.ReadFile(filepath.Join(dir, bench.edit))
			if err != nil {
				b.Fatal(err)
			}
			write := func(data []byte) {
				if err := os.WriteFile(filepath.Join(dir, bench.edit), data, 0o644); err != nil {
					b.Fatal(err)
				}
			}
			write(bytes.Replace(before, []byte(bench.from), []byte(bench.to), 1))
			if bench.name == "diff-revisions" {
				clitest.Git(b, dir, "checkout", "-q", "-B", "edit")
				clitest.Git(b, dir, "commit", "-q", "-a", "-m", "edit")
				clitest.Git(b, dir, "checkout", "-q", "main")
			}
			defer write(before)
			var most int64
			var busy time.Duration
			b.ResetTimer()
			for b.Loop() {
				memory, processors := runProgram(b, dir, bench.code, append([]string{program}, bench.args...))
				most, busy = max(most, memory), busy+processors
			}
			b.ReportMetric(float64(most)/(1<<20), "MiB-max-RSS")
			b.ReportMetric(busy.Seconds()/float64(b.N), "cpu-s/op")
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/bench.wanted.Seconds(), "of-wanted-time")
		})
	}
}

// runProgram runs a program and returns the bytes that it took at most, and the
// time that processors worked for it.
func runProgram(b *testing.B, dir string, code int, args []string) (memory int64, processors time.Duration) {
	b.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		b.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != code {
		b.Fatalf("%v: exit code %d\n%s", args, got, stderr.String())
	}
	processors = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	switch {
	case !ok:
		return 0, processors
	case runtime.GOOS == "darwin":
		return int64(usage.Maxrss), processors // bytes there, kilobytes elsewhere
	}
	return int64(usage.Maxrss) << 10, processors
}
