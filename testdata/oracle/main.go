// Command oracle says what kro itself makes of a conformance case. It imports kro as a library,
// serves it the schemas that Kubernetes publishes, and writes one JSON answer for each case folder.
//
//	oracle CASE...                 print the answer of each case
//	oracle -out DIR CASE...        write DIR/<case>.json
//	oracle -all CASES -write       write expected.json into each case folder that is not up to date
//	oracle -all CASES -check       fail where expected.json is missing or not what kro says
//	oracle -all CASES -out DIR     write DIR/<case>.json for every case
//	oracle -serve                  answer JSON lines: {"dir": "..."} or {"files": {name: text}}
//	oracle -bench N CASE           time kro's engine on N instances of the case's RGD
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/go-logr/logr"
	"golang.org/x/sync/errgroup"
	ctrl "sigs.k8s.io/controller-runtime"
)

type options struct {
	out, all            string
	write, check, serve bool
	bench, jobs         int
}

func main() {
	ctrl.SetLogger(logr.Discard())
	var o options
	flag.StringVar(&o.out, "out", "", "write answers to this folder")
	flag.StringVar(&o.all, "all", "", "every case folder below this one")
	flag.BoolVar(&o.write, "write", false, "write each answer to the case's expected.json")
	flag.BoolVar(&o.check, "check", false, "compare each answer with the case's expected.json")
	flag.BoolVar(&o.serve, "serve", false, "answer cases from standard input, one JSON value a line")
	flag.IntVar(&o.bench, "bench", 0, "time this many instances of a case")
	flag.IntVar(&o.jobs, "j", runtime.NumCPU(), "cases at a time")
	flag.Parse()
	if err := run(o, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
}

func run(o options, dirs []string) error {
	e, err := newEngine()
	if err != nil {
		return err
	}
	if o.all != "" {
		found, err := filepath.Glob(filepath.Join(o.all, "*", "rgd.yaml"))
		if err != nil {
			return err
		}
		for _, name := range found {
			dirs = append(dirs, filepath.Dir(name))
		}
	}
	switch {
	case o.serve:
		return serve(e, os.Stdin, os.Stdout)
	case len(dirs) == 0:
		return errors.New("name a case folder, or folders of cases with -all")
	case o.bench > 0:
		return bench(e, dirs[0], o.bench)
	}
	answers, failures := make([][]byte, len(dirs)), make([]error, len(dirs))
	var work errgroup.Group
	work.SetLimit(o.jobs)
	for i, dir := range dirs {
		work.Go(func() error {
			answers[i], failures[i] = answerFolder(e, dir)
			return nil
		})
	}
	_ = work.Wait()
	for i, dir := range dirs {
		if failures[i] == nil {
			failures[i] = deliver(o, dir, answers[i])
		}
		if failures[i] != nil {
			failures[i] = fmt.Errorf("%s: %w", dir, failures[i])
		}
	}
	return errors.Join(failures...)
}

func answerFolder(e *engine, dir string) ([]byte, error) {
	files, err := readFolder(dir)
	if err != nil {
		return nil, err
	}
	a, err := e.answer(files)
	if err != nil {
		return nil, err
	}
	return encode(a, "  ")
}

// deliver prints, writes or checks one answer.
func deliver(o options, dir string, text []byte) error {
	expected := filepath.Join(dir, "expected.json")
	old, readErr := os.ReadFile(expected)
	switch {
	case o.check && readErr != nil:
		return readErr
	case o.check && !sameAnswer(old, text):
		return errors.New("expected.json is stale: run oracle -write")
	case o.write && !sameAnswer(old, text):
		return os.WriteFile(expected, text, 0o644)
	case o.check || o.write:
		return nil
	case o.out != "":
		if err := os.MkdirAll(o.out, 0o755); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(o.out, filepath.Base(dir)+".json"), text, 0o644)
	}
	_, err := os.Stdout.Write(text)
	return err
}

// sameAnswer ignores the text of a refusal: kro reports one of several mistakes, whichever Go's map
// order brings up first.
func sameAnswer(a, b []byte) bool {
	withoutMessage := func(raw []byte) []byte {
		var answer map[string]any
		if json.Unmarshal(raw, &answer) != nil {
			return nil
		}
		if rejected, ok := answer["rejected"].(map[string]any); ok {
			delete(rejected, "message")
		}
		out, err := encode(answer, "")
		if err != nil {
			return nil
		}
		return out
	}
	return bytes.Equal(withoutMessage(a), withoutMessage(b))
}

// serve answers cases one by one; a case that cannot be read is answered with its error.
func serve(e *engine, in io.Reader, out io.Writer) error {
	requests := json.NewDecoder(bufio.NewReader(in))
	for {
		var request struct {
			Dir   string            `json:"dir"`
			Files map[string]string `json:"files"`
		}
		if err := requests.Decode(&request); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		files, err := request.Files, error(nil)
		if request.Dir != "" {
			files, err = readFolder(request.Dir)
		}
		var reply any
		if err == nil {
			reply, err = e.answer(files)
		}
		if err != nil {
			reply = map[string]string{"error": err.Error()}
		}
		line, err := encode(reply, "")
		if err != nil {
			return err
		}
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
}
