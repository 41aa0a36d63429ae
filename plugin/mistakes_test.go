package plugin_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/krowave/krowave/plugin"
	"github.com/krowave/krowave/plugin/internal/clitest"
)

// mistake is one of testdata/mistakes: an edit of a file of the base repository,
// and what krowave says first.
type mistake struct {
	name, file, command string
	before, after       []string // lines; the first may begin, and the last end, within a line
	want                []string
	fixes               []string // edits that the finding proposes, of validate
}

// TestMistakes makes each mistake of testdata/mistakes/*.txt in the repository
// base beside them. What a finding proposes (=) is applied, too. The finding that names it is to be the only one: what follows
// from it is folded below it. go test ./plugin -run TestMistakes -update
// rewrites what is expected.
func TestMistakes(t *testing.T) {
	tables, err := filepath.Glob("../testdata/mistakes/*.txt")
	if err != nil || len(tables) == 0 {
		t.Fatal("no mistakes", err)
	}
	base := t.TempDir()
	if err := os.CopyFS(base, os.DirFS("../testdata/mistakes/base")); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"validate", "test"} {
		if found, code := findings(t, base, command); code != 0 || len(found) > 0 {
			t.Fatalf("%s finds fault with the repository without a mistake: %q", command, found)
		}
	}
	count := 0
	for _, table := range tables {
		head, mistakes := readMistakes(t, table)
		for i := range mistakes {
			m := &mistakes[i]
			count++
			t.Run(strings.TrimSuffix(filepath.Base(table), ".txt")+"/"+m.name, func(t *testing.T) {
				got, fixes := m.made(t, base)
				if n := len(slices.DeleteFunc(slices.Clone(got), indented)); n != 1 {
					t.Errorf("%d findings, want one:\n%s", n, strings.Join(got, "\n"))
				}
				if *clitest.Update {
					m.want, m.fixes = got, fixes
				} else if !slices.Equal(fixes, m.fixes) {
					t.Errorf("proposes\n%s\nwant\n%s", strings.Join(fixes, "\n"), strings.Join(m.fixes, "\n"))
				} else if !slices.Equal(got, m.want) {
					t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(m.want, "\n"))
				}
			})
		}
		if *clitest.Update {
			writeMistakes(t, table, head, mistakes)
		}
	}
	if count < 100 {
		t.Errorf("%d mistakes, want at least 100", count)
	}
}

// made makes a mistake, and returns what the command finds, and the edits that the
// finding proposes. After them it has to be gone.
func (m *mistake) made(t *testing.T, base string) (found, fixes []string) {
	name := filepath.Join(base, m.file)
	original, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	before, after := strings.Join(m.before, "\n"), strings.Join(m.after, "\n")
	if n := strings.Count(string(original), before); n != 1 {
		t.Fatalf("%s has the text %d times, want once:\n%s", m.file, n, before)
	}
	write(t, name, strings.Replace(string(original), before, after, 1))
	defer write(t, name, string(original))
	found, code := findings(t, base, m.command)
	if code > 2 {
		t.Errorf("exit code %d", code)
	}
	if m.command == "validate" && (*clitest.Update || len(m.fixes) > 0) { // or each would take twice as long
		fixes = fixed(t, base)
	}
	return found, fixes
}

// proposal is a finding of validate -o json.
type proposal struct {
	Rule, Message, File string
	Fix                 *struct{ Edits []edit }
}

type edit struct {
	File                             string
	Line, Column, EndLine, EndColumn int
	Text                             string
}

// fixed applies each fix that findings of a repository propose, and looks whether
// the finding is gone. It returns the edits, and leaves the files as they are.
func fixed(t *testing.T, dir string) (edits []string) {
	for _, p := range proposals(t, dir) {
		if p.Fix == nil {
			continue
		}
		originals := map[string]string{}
		for _, e := range slices.Backward(p.Fix.Edits) {
			edits = append(edits, fmt.Sprintf("%s:%d:%d-%d:%d: %s", e.File, e.Line, e.Column, e.EndLine, e.EndColumn, strings.TrimSpace(e.Text)))
			name := filepath.Join(dir, e.File)
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := originals[name]; !ok {
				originals[name] = string(data)
			}
			begin, end := place(string(data), e.Line, e.Column), place(string(data), e.EndLine, e.EndColumn)
			write(t, name, string(data[:begin])+e.Text+string(data[end:]))
		}
		for _, q := range proposals(t, dir) {
			if q.Rule == p.Rule && q.Message == p.Message && q.File == p.File {
				t.Errorf("the fix %v leaves the finding: %s", p.Fix.Edits, p.Message)
			}
			if q.Rule == "yaml-syntax" {
				t.Errorf("the fix %v breaks the file: %s", p.Fix.Edits, q.Message)
			}
		}
		for name, text := range originals {
			write(t, name, text)
		}
	}
	return edits
}

func proposals(t *testing.T, dir string) []proposal {
	var stdout, stderr bytes.Buffer
	plugin.Main(t.Context(), plugin.Streams{Out: &stdout, Err: &stderr, Dir: dir}, []string{"validate", "-o", "json"})
	if stdout.Len() == 0 {
		return nil // settings that are refused
	}
	var out struct{ Diagnostics []proposal }
	if err := json.Unmarshal(stdout.Bytes(), &out); err != nil {
		t.Fatalf("%v\n%s%s", err, stdout.Bytes(), stderr.Bytes())
	}
	return out.Diagnostics
}

// place is the byte of a line and a column, which count from 1; the files are ASCII.
func place(text string, line, column int) int {
	offset := 0
	for range line - 1 {
		offset += strings.IndexByte(text[offset:], '\n') + 1
	}
	return offset + column - 1
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// shown are the lines of a finding that a table has: its first, hints and places.
var shown = regexp.MustCompile(`^( {4}| {8})(hint: |\S+:\d+:\d+: )|^ {6}\S+:\d+:\d+: `)

// findings returns what validate or test say is wrong, without excerpts of files.
func findings(t *testing.T, dir, command string) (lines []string, code int) {
	var stdout, stderr bytes.Buffer
	code = plugin.Main(t.Context(), plugin.Streams{Out: &stdout, Err: &stderr, Dir: dir}, []string{command})
	for _, line := range strings.Split(strings.TrimRight(stdout.String()+stderr.String(), "\n"), "\n") {
		switch {
		case strings.HasPrefix(line, "PASS "), counts.MatchString(line), line == "":
		case strings.HasPrefix(line, "FAIL ") && strings.Contains(line, " (as "):
			lines = append(lines, "    "+line) // a consequence
		case strings.HasPrefix(line, " ") && !shown.MatchString(line):
		default:
			lines = append(lines, line)
		}
	}
	return lines, code
}

// counts is the last line of validate and of test, and what test says after
// findings about its files.
var counts = regexp.MustCompile(`^(\d+ (definitions?, |passed, )|error: some tests cannot be read|run 'krowave)`)

func indented(line string) bool { return strings.HasPrefix(line, " ") }

func readMistakes(t *testing.T, table string) (head string, mistakes []mistake) {
	data, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(data), "\n### ")
	for _, part := range parts[1:] {
		lines := strings.Split(strings.TrimRight(part, "\n"), "\n")
		m := mistake{name: lines[0], command: "validate"}
		for _, line := range lines[1:] {
			if line == "" {
				continue
			}
			switch text := line[1:]; line[0] {
			case '@':
				m.file, m.command, _ = strings.Cut(strings.TrimSpace(text), " ")
				if m.command == "" {
					m.command = "validate"
				}
			case '-':
				m.before = append(m.before, text)
			case '+':
				m.after = append(m.after, text)
			case '=':
				m.fixes = append(m.fixes, strings.TrimPrefix(text, " "))
			case '>':
				m.want = append(m.want, strings.TrimPrefix(text, " "))
			default:
				t.Fatalf("%s: %s: a line begins with @, -, +, > or =: %s", table, m.name, line)
			}
		}
		mistakes = append(mistakes, m)
	}
	return parts[0], mistakes
}

func writeMistakes(t *testing.T, table, head string, mistakes []mistake) {
	b := bytes.NewBufferString(head)
	for _, m := range mistakes {
		file := m.file
		if m.command != "validate" {
			file += " " + m.command
		}
		fmt.Fprintf(b, "\n### %s\n@ %s\n", m.name, file)
		for sign, lines := range [][]string{m.before, m.after, m.want, m.fixes} {
			for _, line := range lines {
				b.WriteString([]string{"-", "+", "> ", "= "}[sign] + line + "\n")
			}
		}
	}
	write(t, table, b.String())
}
