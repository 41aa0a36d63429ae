package lsp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/sourcegraph/jsonrpc2"
)

// programs is where the program is built.
var programs string

// krowave builds the program once.
var krowave = sync.OnceValues(func() (string, error) {
	name := filepath.Join(programs, "krowave")
	out, err := exec.Command("go", "build", "-o", name, "../..").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return name, nil
})

func TestMain(m *testing.M) {
	var err error
	if programs, err = os.MkdirTemp("", "krowave-lsp"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(programs)
	os.Exit(code)
}

// patience is how long a test waits for what has to come.
const patience = 20 * time.Second

// editor is a client that drives the program over pipes, as an editor does.
type editor struct {
	t    *testing.T
	dir  string
	conn *jsonrpc2.Conn
	cmd  *exec.Cmd
	err  *bytes.Buffer

	texts    map[string]string
	versions map[string]int

	mu       sync.Mutex
	findings map[string][]finding // by file
	news     chan struct{}
	asked    []string // methods that the server called
}

type place struct{ Line, Character int }

type span struct{ Start, End place }

type finding struct {
	Range              span
	Severity           int
	Code, Message      string
	Source             string
	RelatedInformation []struct {
		Message  string
		Location struct {
			URI   string
			Range span
		}
	}
	Data            json.RawMessage
	CodeDescription struct{ Href string }
}

type pipes struct {
	io.Reader
	io.WriteCloser
}

// newEditor writes the files of an archive and starts the program beside them.
func newEditor(t *testing.T, archive string, options any) *editor {
	t.Helper()
	program, err := krowave()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(archive)).Files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	e := &editor{
		t: t, dir: dir, err: &bytes.Buffer{}, texts: map[string]string{}, versions: map[string]int{},
		findings: map[string][]finding{}, news: make(chan struct{}, 1),
	}
	e.cmd = exec.Command(program, "lsp", "--stdio")
	e.cmd.Dir = t.TempDir() // where it runs does not matter
	e.cmd.Stderr = e.err
	in, err := e.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := e.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := e.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	e.conn = jsonrpc2.NewConn(t.Context(), jsonrpc2.NewBufferedStream(pipes{out, in}, jsonrpc2.VSCodeObjectCodec{}), jsonrpc2.AsyncHandler(e))
	t.Cleanup(func() {
		_ = e.conn.Close()
		_ = e.cmd.Process.Kill()
		_ = e.cmd.Wait()
	})
	e.call("initialize", map[string]any{
		"processId": os.Getpid(), "rootUri": e.uri("."), "initializationOptions": options,
		"capabilities": map[string]any{"workspace": map[string]any{"didChangeWatchedFiles": map[string]any{"dynamicRegistration": true}}},
	})
	e.notify("initialized", map[string]any{})
	return e
}

// Handle implements jsonrpc2.Handler.
func (e *editor) Handle(ctx context.Context, conn *jsonrpc2.Conn, r *jsonrpc2.Request) {
	if !r.Notif {
		e.mu.Lock()
		e.asked = append(e.asked, r.Method)
		e.mu.Unlock()
		_ = conn.Reply(ctx, r.ID, nil)
		return
	}
	if r.Method != "textDocument/publishDiagnostics" {
		return
	}
	var p struct {
		URI         string
		Diagnostics []finding
	}
	if json.Unmarshal(*r.Params, &p) != nil {
		return
	}
	e.mu.Lock()
	e.findings[p.URI] = p.Diagnostics
	e.mu.Unlock()
	select {
	case e.news <- struct{}{}:
	default:
	}
}

func (e *editor) uri(name string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Join(e.dir, name))}).String()
}

func (e *editor) notify(method string, params any) {
	e.t.Helper()
	if err := e.conn.Notify(e.t.Context(), method, params); err != nil {
		e.t.Fatalf("%s: %v\n%s", method, err, e.err)
	}
}

// try sends a request and returns its answer or its error.
func (e *editor) try(method string, params any) (json.RawMessage, error) {
	ctx, stop := context.WithTimeout(e.t.Context(), patience)
	defer stop()
	var out json.RawMessage
	err := e.conn.Call(ctx, method, params, &out)
	return out, err
}

func (e *editor) call(method string, params any) json.RawMessage {
	e.t.Helper()
	out, err := e.try(method, params)
	if err != nil {
		e.t.Fatalf("%s: %v\n%s", method, err, e.err)
	}
	return out
}

// open opens a file with the text that it has on disk.
func (e *editor) open(name string) {
	e.t.Helper()
	data, err := os.ReadFile(filepath.Join(e.dir, name))
	if err != nil {
		e.t.Fatal(err)
	}
	e.openText(name, string(data))
}

func (e *editor) openText(name, text string) {
	e.t.Helper()
	e.texts[name], e.versions[name] = text, 1
	e.notify("textDocument/didOpen", map[string]any{
		"textDocument": map[string]any{"uri": e.uri(name), "languageId": "yaml", "version": 1, "text": text},
	})
}

func (e *editor) close(name string) {
	e.t.Helper()
	delete(e.texts, name)
	e.notify("textDocument/didClose", map[string]any{"textDocument": map[string]any{"uri": e.uri(name)}})
}

// replace replaces the only old in an open file, as one incremental change.
func (e *editor) replace(name, old, text string) {
	e.t.Helper()
	at := e.index(name, old)
	whole := e.texts[name]
	e.versions[name]++
	e.notify("textDocument/didChange", map[string]any{
		"textDocument":   map[string]any{"uri": e.uri(name), "version": e.versions[name]},
		"contentChanges": []any{map[string]any{"range": map[string]any{"start": spot(whole, at), "end": spot(whole, at+len(old))}, "text": text}},
	})
	e.texts[name] = whole[:at] + text + whole[at+len(old):]
}

// index is where the only part of that text is.
func (e *editor) index(name, part string) int {
	e.t.Helper()
	if n := strings.Count(e.texts[name], part); n != 1 {
		e.t.Fatalf("%s has %q %d times:\n%s", name, part, n, e.texts[name])
	}
	return strings.Index(e.texts[name], part)
}

// spot is the position of a byte, counted as the protocol does.
func spot(text string, at int) map[string]any {
	line := strings.Count(text[:at], "\n")
	begin := strings.LastIndex(text[:at], "\n") + 1
	return map[string]any{"line": line, "character": len(utf16.Encode([]rune(text[begin:at])))}
}

// at is what a range covers in a text.
func at(text string, r span) string {
	lines := strings.SplitAfter(text, "\n")
	offset := func(p place) int {
		n := 0
		for _, l := range lines[:min(p.Line, len(lines))] {
			n += len(l)
		}
		if p.Line >= len(lines) {
			return n
		}
		units := utf16.Encode([]rune(lines[p.Line]))
		return n + len(string(utf16.Decode(units[:min(p.Character, len(units))])))
	}
	return text[offset(r.Start):offset(r.End)]
}

// text is the text of a file, as the editor has it or as it is on disk.
func (e *editor) text(uri string) (name, text string) {
	e.t.Helper()
	u, err := url.Parse(uri)
	if err != nil {
		e.t.Fatal(err)
	}
	rel, err := filepath.Rel(e.dir, filepath.FromSlash(u.Path))
	if err != nil {
		e.t.Fatal(err)
	}
	name = filepath.ToSlash(rel)
	if text, ok := e.texts[name]; ok {
		return name, text
	}
	data, err := os.ReadFile(filepath.Join(e.dir, rel))
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // which is closed, and was never saved
		e.t.Fatal(err)
	}
	return name, string(data)
}

// await waits until the findings of a file, each as "rule: what is marked", are
// those.
func (e *editor) await(name string, want ...string) []finding {
	e.t.Helper()
	late := time.After(patience)
	for {
		e.mu.Lock()
		list, told := e.findings[e.uri(name)]
		e.mu.Unlock()
		var got []string
		if len(list) > 0 {
			_, text := e.text(e.uri(name))
			for _, f := range list {
				got = append(got, f.Code+": "+at(text, f.Range))
			}
		}
		if told && fmt.Sprint(got) == fmt.Sprint(want) {
			return list
		}
		select {
		case <-e.news:
		case <-late:
			e.t.Fatalf("%s has the findings\n%q, not\n%q\n%+v\n%s", name, got, want, list, e.err)
		}
	}
}

// bye ends the conversation in order, and returns the exit code.
func (e *editor) bye() int {
	e.t.Helper()
	e.call("shutdown", nil)
	e.notify("exit", nil)
	_ = e.cmd.Wait()
	return e.cmd.ProcessState.ExitCode()
}

// file is a file of an archive.
func file(archive, name string) string {
	for _, f := range txtar.Parse([]byte(archive)).Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

// calls waits until the server has called n methods, for a while, and returns
// those that it has called.
func (e *editor) calls(n int) []string {
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		e.mu.Lock()
		asked := slices.Clone(e.asked)
		e.mu.Unlock()
		if len(asked) >= n || time.Now().After(end) {
			return asked
		}
	}
}
