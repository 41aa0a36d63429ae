package plugin_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/krowave/krowave/plugin/internal/clitest"
)

// hostile is a text that is active wherever it is not treated as text: HTML,
// markdown, a mention, a link, JSON, Mermaid, DOT, XML, a workflow command, an
// escape sequence, characters that turn the direction of text. It ends in a mark.
const hostile = "x\"]<img src=x onerror=alert(1)></code></summary>**b** [l](http://evil.example) @everyone | `c` ]]>&amp;\\" +
	"\n::error::x\n```\n\r\x1b[31m\u009b1m\u202e\u2066\u200b\u2028\U000e0041 MARK"

// hostileRepository has the text as name, value, key, description, iterator value
// and name of a file.
func hostileRepository(t *testing.T, value string) string {
	t.Helper()
	q := strconv.QuoteToASCII(hostile + value) // which is YAML too
	rgd := func(name, kind string) string {
		return "apiVersion: kro.run/v1alpha1\nkind: ResourceGraphDefinition\nmetadata: {name: " + name + "}\nspec:\n  schema:\n" +
			"    apiVersion: v1alpha1\n    kind: " + kind + "\n    spec: {text: string}\n  resources:\n  - id: page\n    template:\n" +
			"      apiVersion: v1\n      kind: ConfigMap\n      metadata: {name: \"${schema.metadata.name}\", annotations: {a: " + q + "}}\n" +
			"      data: {text: \"${schema.spec.text}\"}\n"
	}
	instance := func(kind, name string) string {
		return "---\napiVersion: kro.run/v1alpha1\nkind: " + kind + "\nmetadata: {name: " + name + ", namespace: ns}\nspec: {text: " + q + "}\n"
	}
	files := map[string]string{
		"rgd.yaml": rgd("site", "Site"), "named.yaml": rgd(q, "Named"),
		"good.yaml": instance("Site", "one"),
		"bad\x1b[31m\u202e<img src=x onerror=alert(1)> MARK.yaml": instance("Site", q) +
			"---\napiVersion: v1\nkind: " + q + "\nmetadata: {name: " + q + "}\n---\napiVersion: kro.run/v1alpha1\nkind: Site\nmetadata: {name: two}\nspec: {" + q + ": 1}\n",
	}
	dir := t.TempDir()
	clitest.WriteTree(t, dir, files)
	return dir
}

// TestHostile renders one hostile repository through every format.
func TestHostile(t *testing.T) {
	before, after := hostileRepository(t, strings.Repeat("long ", 2000)+"1"), hostileRepository(t, strings.Repeat("long ", 2000)+"2")
	for _, tt := range []struct {
		args  []string
		check func(t *testing.T, text string)
	}{
		{[]string{"render", after}, terminal},
		{[]string{"argocd", "generate", "--root", after}, terminal},
		{[]string{"validate", after}, terminal},
		{[]string{"validate", "-o", "json", after}, document},
		{[]string{"validate", "-o", "sarif", after}, document},
		{[]string{"validate", "-o", "github", after}, workflow},
		{[]string{"validate", "-o", "junit", after}, junit},
		{[]string{"diff", before, after}, terminal},
		{[]string{"diff", "-o", "json", before, after}, document},
		{[]string{"diff", "-o", "markdown", before, after}, markdown},
		{[]string{"diff", "-o", "html", before, after}, page},
		{[]string{"diff", "-o", "markdown", before + "/good.yaml", after + "/good.yaml", "-d", after + "/rgd.yaml"}, markdown},
		{[]string{"diff", before + "/good.yaml", after + "/good.yaml", "-d", after + "/rgd.yaml"}, terminal},
		{[]string{"graph", after + "/named.yaml"}, terminal},
		{[]string{"graph", "-o", "json", after + "/named.yaml"}, document},
		{[]string{"graph", "-o", "dot", after + "/named.yaml"}, dot},
		{[]string{"graph", "-o", "mermaid", after + "/named.yaml"}, mermaid},
		{[]string{"explain", after + "/rgd.yaml", after + "/good.yaml", "configmap/one.data.text"}, terminal},
		{[]string{"explain", "-o", "json", after + "/rgd.yaml", after + "/good.yaml", "configmap/one.data.text"}, document},
	} {
		t.Run(strings.Join(tt.args[:len(tt.args)-1], " "), func(t *testing.T) {
			dir := t.TempDir()
			if tt.args[0] == "argocd" {
				dir = after
			}
			out := clitest.Run(t, dir, tt.args...)
			if out.Code > 2 {
				t.Errorf("exit code %d", out.Code)
			}
			if !strings.Contains(out.Stdout+out.Stderr, "MARK") && !strings.Contains(out.Stdout+out.Stderr, "onerror") {
				t.Errorf("nothing hostile came as far as the output:\n%s%s", out.Stdout, out.Stderr)
			}
			terminal(t, out.Stderr)
			inert(t, out.Stdout)
			tt.check(t, out.Stdout)
		})
	}
}

// inert fails on a character that something may act on.
func inert(t *testing.T, text string) {
	t.Helper()
	for i, r := range text {
		if r != '\n' && r != '\t' && !unicode.IsGraphic(r) {
			t.Errorf("%q in %q", r, text[max(0, i-60):min(len(text), i+60)])
			return
		}
	}
}

// terminal is text for people: its lines are not made by what it shows, and no
// longer than what a person reads.
func terminal(t *testing.T, text string) {
	t.Helper()
	inert(t, text)
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "::") || len(line) > 2500 {
			t.Errorf("line of %d bytes: %.300q", len(line), line)
		}
	}
}

// link is one in a text of SARIF.
var link = regexp.MustCompile(`"text": ".*\]\(http`)

func document(t *testing.T, text string) {
	t.Helper()
	if text != "" && !json.Valid([]byte(text)) {
		t.Errorf("no JSON: %.300q", text)
	}
	if link.MatchString(text) {
		t.Error("a link in a message of SARIF")
	}
}

var command = regexp.MustCompile(`^::(error|warning|notice) file=[^,:]*,line=\d+,col=\d+,title=[^,:]*::[^\n]*\n$`)

func workflow(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if !command.MatchString(line) {
			t.Errorf("%.300q", line)
		}
	}
}

func junit(t *testing.T, text string) {
	t.Helper()
	known := map[string]bool{"testsuites": true, "testsuite": true, "testcase": true, "failure": true, "system-out": true, "skipped": true}
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := token.(xml.StartElement); ok && !known[start.Name.Local] {
			t.Errorf("an element %s", start.Name.Local)
		}
	}
}

var (
	fence   = regexp.MustCompile("(?ms)^(````*)diff\n.*?^````*\n")
	head    = regexp.MustCompile("<summary><code>[^<>]*</code></summary>")
	escaped = regexp.MustCompile(`\\.`)
	span    = regexp.MustCompile("(``+) .*? ``+|(``+)[^`].*?[^`]``+|`[^`]*`")
)

// markdown looks at what is left without code.
func markdown(t *testing.T, text string) {
	t.Helper()
	prose := text
	for _, plain := range []*regexp.Regexp{fence, head, span, escaped} {
		prose = plain.ReplaceAllString(prose, "")
	}
	for _, active := range []string{"<img", "[l]", "](", "@everyone", "**b", "http://"} {
		if i := strings.Index(prose, active); i >= 0 {
			t.Errorf("%s in %.200q", active, prose[max(0, i-50):])
		}
	}
	terminal(t, text)
}

func page(t *testing.T, text string) {
	t.Helper()
	for _, active := range []string{"<img", "<script", "</code></summary>**"} {
		if strings.Contains(text, active) {
			t.Errorf("%s in the page", active)
		}
	}
}

var dotLine = regexp.MustCompile(`^(digraph "([^"\\]|\\.)*" \{|  "([^"\\]|\\.)*"( \[label="([^"\\]|\\.)*"\]| -> "([^"\\]|\\.)*")?;|\})\n$`)

func dot(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if !dotLine.MatchString(line) {
			t.Errorf("%.300q", line)
		}
	}
}

var mermaidLine = regexp.MustCompile(`^(flowchart TD|  subgraph g\d+\["[^"<>` + "`" + `]*"\]|    g\d+_\w+\["[^"<>` + "`" + `]*<br/>[^"<>` + "`" + `]*"\]|  end)\n$`)

func mermaid(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if !mermaidLine.MatchString(line) {
			t.Errorf("%.300q", line)
		}
	}
}
