package repo

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
)

// failure says why a build failed: the innermost cause once, at the file and line
// that cause it. kustomize's own text wraps it for each kustomization around it.
type failure struct {
	file string            // the kustomization
	read map[string][]byte // by the build
	text string            // of kustomize's error
}

func (f failure) findings() diag.List {
	if found := f.broken(); len(found) > 0 {
		return found
	}
	for _, known := range knownFailures {
		if m := known.text.FindStringSubmatch(f.text); m != nil {
			if d, ok := known.say(f, m); ok {
				d.Severity, d.Rule = diag.Error, "kustomize-build"
				return diag.List{d}
			}
		}
	}
	var out diag.List
	out.Errorf(begin(f.file), "kustomize-build", "%s", f.innermost())
	return out
}

// broken are the findings about files of the build that cannot be read as
// manifests.
func (f failure) broken() diag.List {
	var out diag.List
	for _, name := range f.names() {
		if !isManifest(name) || isKustomization(path.Base(name)) {
			continue
		}
		_, found := manifest.Read(name, f.read[name], manifest.Limits{})
		for _, d := range found {
			if d.Severity == diag.Error && strings.HasPrefix(d.Rule, "yaml-") && d.Rule != "yaml-object" { // a JSON patch is a list
				out.Add(d)
			}
		}
	}
	return out
}

// names are the files of the build, its own kustomization first.
func (f failure) names() []string {
	var out []string
	for name := range f.read {
		out = append(out, name)
	}
	slices.SortFunc(out, func(a, b string) int {
		switch {
		case a == f.file:
			return -1
		case b == f.file:
			return 1
		}
		return strings.Compare(a, b)
	})
	return out
}

// where is the first scalar of the build's files that is meant.
func (f failure) where(meant func(file string, n *yaml.Node) bool) (diag.Position, bool) {
	for _, name := range f.names() {
		var doc yaml.Node
		if !isKustomization(path.Base(name)) && !isManifest(name) || yaml.Unmarshal(f.read[name], &doc) != nil {
			continue
		}
		var walk func(n *yaml.Node) *yaml.Node
		walk = func(n *yaml.Node) *yaml.Node {
			if n.Kind == yaml.ScalarNode && meant(name, n) {
				return n
			}
			for _, child := range n.Content {
				if found := walk(child); found != nil {
					return found
				}
			}
			return nil
		}
		if n := walk(&doc); n != nil {
			return at(name, n), true
		}
	}
	return begin(f.file), false
}

func (f failure) scalar(text string) diag.Position {
	pos, _ := f.where(func(_ string, n *yaml.Node) bool { return n.Value == text })
	return pos
}

// wrapping is what kustomize puts around the error of a kustomization below.
var wrapping = regexp.MustCompile(`accumulating (resources|components)( from '[^']*')?: |accumulat(ion|e) err='|recursed accumulation of path '[^']*': |'[^']*' must resolve to a file': |': must build at directory: '[^']*': file is not directory|invalid Kustomization: |json: `)

func (f failure) innermost() string { return strings.TrimSpace(wrapping.ReplaceAllString(f.text, "")) }

// knownFailure is an error of kustomize that can be said better.
type knownFailure struct {
	text *regexp.Regexp
	say  func(f failure, m []string) (diag.Diagnostic, bool)
}

var knownFailures = append(mistypedKustomizations, []knownFailure{
	{regexp.MustCompile(`unknown field "([^"]*)"`), func(f failure, m []string) (diag.Diagnostic, bool) {
		return f.unknownField(m[1]), true
	}},
	{regexp.MustCompile(`failed to get the patch file from path\(([^)]*)\)`), func(f failure, m []string) (diag.Diagnostic, bool) {
		return diag.Diagnostic{Pos: f.scalar(m[1]), Message: "the patch file " + m[1] + " is not there"}, true
	}},
	{regexp.MustCompile(`no resource matches strategic merge patch "([^.\[/]*)\.[^/]*/([^"]*?)\.\[?[^"]*"`), func(f failure, m []string) (diag.Diagnostic, bool) {
		pos, ok := f.where(func(file string, n *yaml.Node) bool { return !isKustomization(path.Base(file)) && n.Value == m[2] })
		if !ok { // or it stands in the kustomization
			pos, _ = f.where(func(_ string, n *yaml.Node) bool {
				return strings.Contains(n.Value, "\n") && strings.Contains(n.Value, m[2])
			})
		}
		return diag.Diagnostic{
			Pos: pos, Message: "the patch is for " + m[1] + " " + m[2] + ", and no resource has this kind and name",
			Hint: "a patch finds its resource by apiVersion, kind, name and namespace as they are before a prefix is added",
		}, true
	}},
	{regexp.MustCompile(`security; file '/([^']*)' is not in or below '/([^']*)'`), func(f failure, m []string) (diag.Diagnostic, bool) {
		pos, ok := f.where(func(file string, n *yaml.Node) bool { return path.Join(path.Dir(file), n.Value) == m[1] })
		return diag.Diagnostic{
			Pos: pos, Message: m[1] + " is outside of the directory of this kustomization, and kustomize reads no files from there",
			Hint: "give the file a kustomization of its own and list its directory",
		}, ok
	}},
	{regexp.MustCompile(`missing metadata.name in object \{\{(\S*) (\S*)\}`), func(f failure, m []string) (diag.Diagnostic, bool) {
		for _, name := range f.names() {
			if !isManifest(name) || isKustomization(path.Base(name)) {
				continue
			}
			docs, _ := manifest.Read(name, f.read[name], manifest.Limits{})
			for _, doc := range docs {
				if doc.Kind() == m[2] && doc.Name() == "" {
					return diag.Diagnostic{Pos: doc.Start(), Message: m[2] + " has no metadata.name"}, true
				}
			}
		}
		return diag.Diagnostic{}, false
	}},
	{regexp.MustCompile(`([a-z]+) operation does not apply: .*?(/\S*?)(: missing value|: missing|$| )`), func(f failure, m []string) (diag.Diagnostic, bool) {
		pos, ok := f.where(func(_ string, n *yaml.Node) bool { return strings.Contains(n.Value, m[2]) })
		return diag.Diagnostic{Pos: pos, Message: "the patch cannot " + m[1] + " " + m[2] + ": the resource has nothing there"}, ok
	}},
	{regexp.MustCompile(`nothing selected by ([^.]*)\.\S*?/([^.]*)\.[^:]*:(\S+)`), func(f failure, m []string) (diag.Diagnostic, bool) {
		pos, ok := f.where(func(file string, n *yaml.Node) bool { return isKustomization(path.Base(file)) && n.Value == m[2] })
		if !ok {
			pos = f.scalar("replacements")
		}
		return diag.Diagnostic{Pos: pos, Message: "the source of a replacement selects nothing: no " + m[1] + " " + m[2] + " with " + m[3] + " is among the resources"}, true
	}},
	{regexp.MustCompile(`already registered id: ([^.]*)\.\S*?/([^.]*)\.`), func(f failure, m []string) (diag.Diagnostic, bool) {
		return diag.Diagnostic{Pos: f.scalar("resources"), Message: "two resources are " + m[1] + " " + m[2] + "; list each once"}, true
	}},
	{regexp.MustCompile(`([^\s:'\[\]]+): statat \S+: no such file or directory`), func(f failure, m []string) (diag.Diagnostic, bool) {
		pos, ok := f.where(func(file string, n *yaml.Node) bool {
			_, value, named := strings.Cut(n.Value, "=")
			if !named {
				value = n.Value
			}
			return path.Join(path.Dir(file), value) == m[1]
		})
		return diag.Diagnostic{Pos: pos, Message: m[1] + " is not there"}, ok
	}},
}...)
