package health

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/krowave/krowave/render"
)

//go:embed prelude.lua
var preludeText string

// chunk is one function of the prelude with its comment.
type chunk struct {
	name string // of the function; "" for what every script needs
	text string
	code string // without the comment
}

// prelude splits the helper functions: blank lines part them.
var prelude = sync.OnceValue(func() []chunk {
	var out []chunk
	for _, text := range strings.Split(strings.TrimSpace(preludeText), "\n\n") {
		name := ""
		if m := functionName.FindStringSubmatch(text); m != nil {
			name = m[1]
		}
		code := text[strings.Index(text, "\nlocal ")+1:]
		out = append(out, chunk{name: name, text: text, code: code})
	}
	return out
})

var functionName = regexp.MustCompile(`(?m)^local function (\w+)\(`)

// helpers returns the text of the helper functions that a script needs, and
// those that these need.
func helpers(nodes []nodeCheck) string {
	chunks := prelude()
	var kept []string
	needed := ""
	for _, n := range nodes {
		for _, c := range n.conditions {
			needed += c.lua + "\n"
		}
	}
	for i := len(chunks) - 1; i >= 0; i-- { // a function is defined before it is used
		if c := chunks[i]; c.name == "" || calls(needed, c.name) {
			needed += c.code
			kept = append([]string{c.text}, kept...)
		}
	}
	return strings.Join(kept, "\n\n") + "\n"
}

func calls(script, name string) bool {
	return regexp.MustCompile(`\b` + name + `\(`).MatchString(script)
}

// condition is one expression that is carried over.
type condition struct {
	text string // as the user wrote it
	lua  string
}

// nodeCheck is what a check knows about one node.
type nodeCheck struct {
	origin     string // rgd/nodeID
	list       bool   // the annotation has [index] after
	conditions []condition
}

// script writes the check of a kind. Objects that no node made are healthy:
// nothing is known of them, and no answer would hold their wave for ever in
// Argo CD 2.14.
func script(nodes []nodeCheck) string {
	var names []string
	var body strings.Builder
	body.WriteString("local function conditions_of(node)\n")
	for _, n := range nodes {
		name := n.origin
		test := "node == " + quote(n.origin)
		if n.list {
			// Lua in Argo CD cannot cut text; all texts with a prefix are between it
			// and the next prefix.
			test = fmt.Sprintf("node >= %s and node < %s", quote(n.origin+"["), quote(after(n.origin+"[")))
			name += "[]"
		}
		names = append(names, name)
		fmt.Fprintf(&body, "  if %s then\n    return {\n", test)
		for _, c := range n.conditions {
			fmt.Fprintf(&body, "      {%s, function(self) return %s end},\n", quote(c.text), c.lua)
		}
		body.WriteString("    }\n  end\n")
	}
	body.WriteString("  return {}\nend\n")
	head := fmt.Sprintf("-- Made by krowave from readyWhen of %s. Do not edit.\n", strings.Join(names, ", "))
	return head + helpers(nodes) + "\n" + body.String() + "\n" + verdict
}

// verdict is the end of every script. It never says Degraded, which Argo CD
// takes for final.
const verdict = `local annotations = obj.metadata.annotations or {}
local node = annotations["` + render.NodeAnnotation + `"] or ""
local status = obj.status
if type(status) ~= "table" then status = {} end
local conditions = conditions_of(node)
if #conditions > 0 and type(status.observedGeneration) == "number" and type(obj.metadata.generation) == "number"
    and status.observedGeneration < obj.metadata.generation then
  return {status = "Progressing", message = "the status is of an older generation"}
end
for _, c in ipairs(conditions) do
  if c[2](obj) ~= true then
    return {status = "Progressing", message = c[1]}
  end
end
return {status = "Healthy", message = ""}
`
