package repo

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/krusty"

	"github.com/krowave/krowave/render/diag"
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
func (s *selection) build(dir string) {
	name := path.Join(dir, s.kustomization(dir))
	scan := scanner{s: s, seen: map[string]bool{}, aliased: map[*yaml.Node]bool{}}
	scan.directory(dir)
	if len(scan.found) > 0 {
		s.found = append(s.found, scan.found...)
		return
	}
	before := len(s.found)
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(confined{s}, "/"+dir)
	var data []byte
	if err == nil {
		data, err = resources.AsYaml()
	}
	if err != nil {
		if len(s.found) == before {
			s.found.Errorf(begin(name), "kustomize-build", "%s", strings.Join(strings.Fields(err.Error()), " "))
		}
		return
	}
	s.files = append(s.files, File{Name: path.Join(dir, "kustomization.yaml"), Data: data})
}

// included returns the kustomization directories that a picked one includes.
func (s *selection) included() map[string]bool {
	out := map[string]bool{}
	for _, p := range s.picks {
		if !p.kustomize {
			continue
		}
		scan := scanner{s: s, seen: map[string]bool{}, aliased: map[*yaml.Node]bool{}}
		scan.directory(p.name)
		for dir := range scan.seen {
			if dir != p.name {
				out[dir] = true
			}
		}
	}
	return out
}

func (s *selection) isComponent(dir string) bool {
	data, err := fs.ReadFile(s.fsys, path.Join(dir, s.kustomization(dir)))
	var head struct{ Kind string }
	return err == nil && yaml.Unmarshal(data, &head) == nil && head.Kind == "Component"
}

// scanner reads the kustomization files that a build would read and refuses
// what leads out of the tree. It looks at every string, since kustomize loads
// URLs from many fields; text that is only data is left alone.
type scanner struct {
	s       *selection
	seen    map[string]bool
	aliased map[*yaml.Node]bool
	found   diag.List
}

// remote matches what kustomize would take for a URL or a Git repository.
var remote = regexp.MustCompile(`(?i)^\s*(git::|gh:|git@|[a-z0-9+.-]+://|https?:|ssh:|file:|(www\.)?github\.com[:/]|[^/\s]+@[^/\s]+[:/]|[^\s]*_git/|[^\s]*\.git(/|\?|$)|[^\s]*\?(ref|version)=)`)

// dataFields hold text that kustomize never loads from anywhere.
var dataFields = map[string]bool{
	"apiVersion": true, "kind": true, "metadata": true, "namePrefix": true, "nameSuffix": true, "namespace": true,
	"commonLabels": true, "labels": true, "commonAnnotations": true, "images": true, "imageTags": true, "replicas": true, "vars": true,
	"sortOptions": true, "generatorOptions": true, "buildMetadata": true,
}

func (c *scanner) directory(dir string) {
	base := c.s.kustomization(dir)
	if c.seen[dir] || base == "" {
		return
	}
	c.seen[dir] = true
	name := path.Join(dir, base)
	data, err := fs.ReadFile(c.s.fsys, name)
	if err != nil {
		c.found.Errorf(begin(name), "file-read", "file cannot be read inside the tree")
		return
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil || len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		c.found.Errorf(begin(name), "kustomize-build", "kustomization file is not a mapping")
		return
	}
	fields := doc.Content[0].Content
	for i := 0; i+1 < len(fields); i += 2 {
		key, value := follow(fields[i]), follow(fields[i+1])
		// kustomize's decoder does not mind the case of a field.
		switch field := strings.ToLower(key.Value); field {
		case "<<":
			c.found.Errorf(at(name, key), "kustomize-build", "merge keys are not supported in a kustomization file; write the fields out")
			continue
		case "helmcharts", "helmchartinflationgenerator", "helmglobals":
			c.found.Errorf(at(name, key), "kustomize-helm", "%s is not supported, as it would run helm; render the chart first and pipe it in", key.Value)
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

func at(name string, n *yaml.Node) diag.Position {
	return diag.Position{File: name, Line: n.Line, Column: n.Column}
}

func (c *scanner) refuse(name string, n *yaml.Node) {
	c.found.Errorf(at(name, n), "kustomize-remote", "%q is remote, and nothing is fetched during a render; copy it into the repository", clip(n.Value))
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
			c.found.Errorf(at(name, entry), "kustomize-build", "%q is outside of the tree", clip(entry.Value))
		default:
			info, err := fs.Stat(c.s.fsys, target)
			switch {
			case foreign(err) != nil:
				c.found.Errorf(at(name, entry), "kustomize-build", "%q cannot be read: %v", clip(entry.Value), foreign(err))
			case err != nil:
				c.found.Errorf(at(name, entry), "kustomize-build", "%q is not a file or directory of the tree", clip(entry.Value))
			case info.IsDir():
				c.directory(target)
			case plugins:
				if data, err := fs.ReadFile(c.s.fsys, target); err == nil {
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
		before := len(c.found)
		c.strings(name, &doc)
		for i := before; place != nil && i < len(c.found); i++ {
			c.found[i].Pos = at(name, place) // an inline text has no lines of its own
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
