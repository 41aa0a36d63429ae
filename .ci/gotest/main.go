// Command gotest is go test that keeps a record. It takes the arguments of go test,
// prints what failed, one line for each package, and every test that was skipped
// and why. With KROWAVE_CI_TESTS it adds a line for each test to that file:
//
//	ran      PACKAGE TEST
//	skipped  PACKAGE TEST  REASON
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// event is a line of go test -json.
type event struct {
	Action, Package, ImportPath, Test, Output string
}

func main() {
	verbose := slices.Contains(os.Args[1:], "-v")
	cmd := exec.Command("go", append([]string{"test", "-json"}, os.Args[1:]...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		fatal(err)
	}
	if err := cmd.Start(); err != nil {
		fatal(err)
	}
	r := report{verbose: verbose, out: bufio.NewWriter(os.Stdout), output: map[string][]string{}}
	readError := r.read(out)
	failed := cmd.Wait()
	r.summary()
	if err := r.out.Flush(); err != nil {
		fatal(err)
	}
	if name := os.Getenv("KROWAVE_CI_TESTS"); name != "" {
		if err := record(name, r.lines); err != nil {
			fatal(err)
		}
	}
	if readError != nil {
		fatal(readError)
	}
	if failed != nil || r.failed > 0 {
		os.Exit(1)
	}
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "gotest:", err)
	os.Exit(1)
}

type report struct {
	verbose                 bool
	out                     *bufio.Writer
	output                  map[string][]string // of tests that have not ended
	lines, skips            []string
	passed, failed, skipped int
}

func (r *report) read(in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			r.print(lines.Text() + "\n") // of the go command itself
			continue
		}
		r.take(&e)
	}
	return lines.Err()
}

func (r *report) take(e *event) {
	name := e.Package + " " + e.Test
	switch e.Action {
	case "build-output":
		r.print(e.Output)
	case "output":
		if e.Test == "" || r.verbose {
			if !noise(e.Output) {
				r.print(e.Output)
			}
			if e.Test == "" {
				return
			}
		}
		r.output[name] = append(r.output[name], e.Output)
	case "pass":
		if e.Test != "" {
			r.passed++
			r.lines = append(r.lines, "ran\t"+name)
			delete(r.output, name)
		}
	case "fail":
		if e.Test == "" {
			r.unfinished(e.Package)
			return
		}
		r.failed++
		if !r.verbose {
			r.print(strings.Join(r.output[name], ""))
		}
		delete(r.output, name)
	case "skip":
		if e.Test == "" {
			return // a package without tests
		}
		r.skipped++
		line := name + "\t" + reason(r.output[name])
		r.lines = append(r.lines, "skipped\t"+line)
		r.skips = append(r.skips, line)
		delete(r.output, name)
	}
}

// unfinished prints what tests said that a panic or a timeout ended.
func (r *report) unfinished(pkg string) {
	var names []string
	for name := range r.output {
		if strings.HasPrefix(name, pkg+" ") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if !r.verbose {
			r.print(strings.Join(r.output[name], ""))
		}
		delete(r.output, name)
	}
}

func (r *report) print(text string) {
	_, _ = r.out.WriteString(text) // Flush returns the error
	if strings.HasSuffix(text, "\n") {
		_ = r.out.Flush()
	}
}

// summary groups the skipped tests of a package that have one reason.
func (r *report) summary() {
	count := map[string]int{}
	var groups []string
	for _, line := range r.skips {
		name, why, _ := strings.Cut(line, "\t")
		pkg, _, _ := strings.Cut(name, " ")
		if place, rest, ok := strings.Cut(why, ": "); ok && strings.Contains(place, ".go:") {
			why = rest
		}
		group := pkg + ": " + why
		if count[group]++; count[group] == 1 {
			groups = append(groups, group)
		}
	}
	for _, group := range groups {
		r.print(fmt.Sprintf("skipped: %d of %s\n", count[group], group))
	}
	r.print(fmt.Sprintf("%d passed, %d failed, %d skipped\n", r.passed, r.failed, r.skipped))
}

// noise is what says only that a test began or passed.
func noise(line string) bool {
	line = strings.TrimLeft(line, " ")
	for _, prefix := range []string{"=== RUN", "=== PAUSE", "=== CONT", "=== NAME", "--- PASS", "PASS\n"} {
		if strings.HasPrefix(line, prefix) {
			return true
		}
	}
	return strings.HasSuffix(line, "[no test files]\n")
}

// reason is what a test gave to t.Skip, in one line.
func reason(output []string) string {
	var words []string
	for _, line := range output {
		if noise(line) || strings.HasPrefix(strings.TrimSpace(line), "--- SKIP") {
			continue
		}
		words = append(words, strings.Fields(line)...)
	}
	return strings.Join(words, " ")
}

func record(name string, lines []string) error {
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(f, line); err != nil {
			f.Close()
			return err
		}
	}
	return f.Close()
}
