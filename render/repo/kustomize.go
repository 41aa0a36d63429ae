package repo

import (
	"errors"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/krusty"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/origin"
)

var kustomizationNames = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

func isKustomization(base string) bool { return slices.Contains(kustomizationNames, base) }

// kustomization returns the name of a directory's kustomization file, or "".
func (s *selection) kustomization(dir string) string {
	for _, base := range kustomizationNames {
		if info, err := fs.Stat(s.fsys, path.Join(dir, base)); err == nil && !info.IsDir() {
			return base
		}
	}
	return ""
}

// build runs kustomize on a directory, after making sure that nothing reachable
// from there would be fetched or executed.
func (s *selection) build(p pick) {
	dir := p.name
	name := path.Join(dir, s.kustomization(dir))
	found := s.reachable(dir)
	before := len(s.out.Found)
	var data []byte
	read := map[string][]byte{}
	var without diag.List
	if len(found) == 0 {
		resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(confined{s, read}, "/"+dir)
		if err == nil {
			without = idle(read, resources)
			data, err = resources.AsYaml()
		}
		if s.ctx.Err() != nil {
			return
		}
		if err != nil && len(s.out.Found) == before {
			found = failure{file: name, read: read, text: strings.Join(strings.Fields(err.Error()), " ")}.findings()
		}
	}
	switch {
	case len(found) > 0 && p.walked && s.req.Lookup && !s.definesBelow(dir):
		s.pass(name, false, "kustomization that cannot be built: "+found[0].Message)
	case len(found) > 0 || len(s.out.Found) > before:
		s.out.Found = append(s.out.Found, found...)
		s.out.Unread = append(s.out.Unread, path.Join(dir, "kustomization.yaml"))
	case p.walked && s.req.Lookup && !mayDefine(data):
		s.pass(name, false, "no RGD or CRD in it")
	default:
		s.out.Found = append(s.out.Found, without...)
		s.out.Files = append(s.out.Files, File{Name: path.Join(dir, "kustomization.yaml"), Data: data, Origin: origin.New(dir, read)})
	}
}

// definesBelow reports whether a file below a directory may hold an RGD or a CRD.
func (s *selection) definesBelow(dir string) bool {
	found := false
	err := fs.WalkDir(s.fsys, dir, func(name string, entry fs.DirEntry, err error) error {
		if s.ctx.Err() != nil {
			return fs.SkipAll
		}
		if err == nil && entry.Type().IsRegular() && isManifest(name) {
			if data, err := s.content(name); err == nil && mayDefine(data) {
				found = true
				return fs.SkipAll
			}
		}
		return nil
	})
	return found || err != nil
}

// included returns the kustomization directories that a picked one includes. Of
// those that include each other, the first is not among them: its build says so.
func (s *selection) included() map[string]bool {
	out := map[string]bool{}
	var mark func(root, dir string)
	mark = func(root, dir string) {
		for _, child := range s.scan(dir).includes {
			if child != root && !out[child] {
				out[child] = true
				mark(root, child)
			}
		}
	}
	for _, p := range s.picks {
		if p.kustomize && !out[p.name] && s.ctx.Err() == nil {
			mark(p.name, p.name)
		}
	}
	return out
}

// maxBuilds is how many kustomizations one build reads. A kustomization counts each
// time that another includes it, for kustomize builds it again.
const maxBuilds = 10_000

// builds counts what a build of a kustomization reads, to maxBuilds and no further.
// Those that include each other count once: the build says so.
func (s *selection) builds(dir string, known map[string]int) int {
	if n, ok := known[dir]; ok {
		return n
	}
	known[dir] = 1
	n := 1
	for _, child := range s.scan(dir).includes {
		n = min(n+s.builds(child, known), maxBuilds+1)
	}
	known[dir] = n
	return n
}

// reachable is what is wrong with a kustomization and those that it includes.
func (s *selection) reachable(dir string) diag.List {
	var out diag.List
	if s.builds(dir, map[string]int{}) > maxBuilds {
		out.Errorf(begin(path.Join(dir, s.kustomization(dir))), "kustomize-build",
			"a build of it reads more than %d kustomizations; include each only once", maxBuilds)
		return out
	}
	seen := map[string]bool{dir: true}
	for queue := []string{dir}; len(queue) > 0 && s.ctx.Err() == nil; queue = queue[1:] {
		scan := s.scan(queue[0])
		out = append(out, scan.found...)
		for _, child := range scan.includes {
			if !seen[child] {
				seen[child] = true
				queue = append(queue, child)
			}
		}
	}
	return out
}

func (s *selection) isComponent(dir string) bool {
	data, err := s.content(path.Join(dir, s.kustomization(dir)))
	var head struct{ Kind string }
	return err == nil && yaml.Unmarshal(data, &head) == nil && head.Kind == "Component"
}

// scan is what a kustomization file says, without those that it includes.
type scan struct {
	includes []string // directories
	found    diag.List
}

// scan reads a kustomization file, once.
func (s *selection) scan(dir string) *scan {
	if known := s.scans[dir]; known != nil {
		return known
	}
	c := &scanner{s: s, out: &scan{}, aliased: map[*yaml.Node]bool{}}
	s.scans[dir] = c.out
	if base := s.kustomization(dir); base != "" {
		c.file(path.Join(dir, base))
	}
	return c.out
}

// scanner reads one kustomization file that a build would read and refuses what
// leads out of the tree. It looks at every string, since kustomize loads URLs
// from many fields; text that is only data is left alone.
type scanner struct {
	s       *selection
	out     *scan
	aliased map[*yaml.Node]bool
}

// remote matches what kustomize would take for a URL or a Git repository.
var remote = regexp.MustCompile(`(?i)^\s*(git::|gh:|git@|[a-z0-9+.-]+://|https?:|ssh:|file:|(www\.)?github\.com[:/]|[^/\s]+@[^/\s]+[:/]|[^\s]*_git/|[^\s]*\.git(/|\?|$)|[^\s]*\?(ref|version)=)`)

// dataFields hold text that kustomize never loads from anywhere.
var dataFields = map[string]bool{
	"apiVersion": true, "kind": true, "metadata": true, "namePrefix": true, "nameSuffix": true, "namespace": true,
	"commonLabels": true, "labels": true, "commonAnnotations": true, "images": true, "imageTags": true, "replicas": true, "vars": true,
	"sortOptions": true, "generatorOptions": true, "buildMetadata": true,
}

func (c *scanner) file(name string) {
	data, err := c.s.content(name)
	if err != nil {
		c.unreadable(name, err)
		return
	}
	var doc yaml.Node
	if docs, bad := manifest.Read(name, data, manifest.Limits{}); len(docs) == 0 && bad.HasErrors() {
		c.out.found = append(c.out.found, bad[0])
		return
	}
	if err := yaml.Unmarshal(data, &doc); err != nil || len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		c.out.found.Errorf(begin(name), "kustomize-build", "kustomization file is not a mapping")
		return
	}
	fields := doc.Content[0].Content
	for i := 0; i+1 < len(fields); i += 2 {
		key, value := follow(fields[i]), follow(fields[i+1])
		// kustomize's decoder does not mind the case of a field.
		switch field := strings.ToLower(key.Value); field {
		case "<<":
			c.out.found.Errorf(at(name, key), "kustomize-build", "merge keys are not supported in a kustomization file; write the fields out")
			continue
		case "helmcharts", "helmchartinflationgenerator", "helmglobals":
			c.out.found.Errorf(at(name, key), "kustomize-helm", "%s is not supported, as it would run helm; render the chart first and pipe it in", key.Value)
			continue
		case "resources", "bases", "components", "generators", "transformers", "validators":
			c.entries(name, value, field)
			continue
		}
		if !dataFields[key.Value] {
			c.strings(name, value)
		}
	}
}

// unreadable reports a kustomization file that cannot be read.
func (c *scanner) unreadable(name string, err error) {
	if p := (*problem)(nil); errors.As(err, &p) {
		c.out.found.Errorf(begin(name), p.rule, "%s", p.text)
		return
	}
	c.out.found.Errorf(begin(name), "file-read", "file cannot be read inside the tree")
}

func at(name string, n *yaml.Node) diag.Position {
	return diag.Position{File: name, Line: n.Line, Column: n.Column}
}

func (c *scanner) refuse(name string, n *yaml.Node) {
	c.out.found.Errorf(at(name, n), "kustomize-remote", "%q is remote, and nothing is fetched during a render; copy it into the repository", clip(diag.WithoutUsers(n.Value)))
}

// entries checks a list of files and directories, and follows it.
func (c *scanner) entries(name string, list *yaml.Node, field string) {
	plugins := field == "generators" || field == "transformers" || field == "validators"
	for _, entry := range follow(list).Content {
		entry = follow(entry)
		target := path.Join(path.Dir(name), entry.Value)
		switch {
		case plugins && strings.Contains(entry.Value, "\n"):
			c.text(name, entry, []byte(entry.Value))
		case remote.MatchString(entry.Value):
			c.refuse(name, entry)
		case !fs.ValidPath(target) || path.IsAbs(entry.Value):
			c.out.found.Errorf(at(name, entry), "kustomize-build", "%q is outside the tree", clip(entry.Value))
		default:
			info, err := fs.Stat(c.s.fsys, target)
			switch {
			case foreign(err) != nil:
				c.out.found.Errorf(at(name, entry), "kustomize-build", "%q cannot be read: %v", clip(entry.Value), foreign(err))
			case err != nil:
				c.out.found.Errorf(at(name, entry), "kustomize-build", "%q is not a file or directory of the tree", clip(entry.Value))
			case info.IsDir() && c.s.missingModule(target):
				c.out.found.Errorf(at(name, entry), "git-submodule", "%q is a submodule that is not checked out; run git submodule update --init", clip(entry.Value))
			case info.IsDir():
				c.out.includes = append(c.out.includes, target)
			case plugins:
				if data, err := c.s.content(target); err == nil {
					c.text(target, nil, data)
				}
			}
		}
	}
}

// text checks the configuration of built-in plugins, whose fields can load.
func (c *scanner) text(name string, place *yaml.Node, data []byte) {
	dec := yaml.NewDecoder(strings.NewReader(string(data)))
	for {
		var doc yaml.Node
		if dec.Decode(&doc) != nil {
			return
		}
		before := len(c.out.found)
		c.strings(name, &doc)
		for i := before; place != nil && i < len(c.out.found); i++ {
			c.out.found[i].Pos = at(name, place) // an inline text has no lines of its own
		}
	}
}

// strings refuses every remote string below n, keys=url pairs included.
func (c *scanner) strings(name string, n *yaml.Node) {
	if n.Kind == yaml.AliasNode {
		// The anchor may stand in a field that holds data. Each is looked at
		// once, however often it is used.
		n = follow(n)
		if n.Kind != yaml.ScalarNode {
			if c.aliased[n] {
				return
			}
			c.aliased[n] = true
		}
	}
	if n.Kind == yaml.ScalarNode {
		_, value, _ := strings.Cut(n.Value, "=")
		if !strings.Contains(n.Value, "\n") && (remote.MatchString(n.Value) || remote.MatchString(value)) {
			c.refuse(name, n)
		}
		return
	}
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 1 && n.Content[i-1].Value == "literals" {
			continue
		}
		c.strings(name, child)
	}
}

func follow(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

func clip(s string) string {
	if len(s) > 100 {
		return strings.ToValidUTF8(s[:100], "") + "..."
	}
	return s
}
