package project

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/repo"
)

// SettingsName is the file with the settings of a repository or a part of it.
const SettingsName = "krowave.yaml"

// Settings is what a krowave.yaml says.
type Settings struct {
	Dir                   string // that it stands in, which its paths start from
	Definitions, Observed []string
	CRDs                  []string
	Exclude               []string // patterns of what a walk skips
	Remotes               []Remote // definitions that are elsewhere
	Vendor                string   // where copies of them are
	Values                []Value  // in the order of their names
	Defaults              []Default
	Policies              []string // paths of ValidatingAdmissionPolicies
	Named                 []Named  // the paths above as they stand in the file
	PolicyRules           []Policy
}

// Named is a path that a krowave.yaml names.
type Named struct {
	Key, Path string
	Position  diag.Position
}

// Default is what an admission webhook of the user's clusters sets.
type Default struct {
	Group    string
	Kinds    []string      // none means all of the group
	Field    string        // with dots: spec.azureName
	Value    string        // CEL over object
	Source   string        // where the rule is from
	Position diag.Position // of the value
}

// Value is a setting with a single value, or a list that holds no paths. Which there are is not known here, but
// in render/settings.
type Value struct {
	Key                   string // as written
	Limit                 bool   // below limits:
	List                  bool   // Texts are the items of a list
	Texts                 []string
	Position, KeyPosition diag.Position
}

// NearestSettings reads the krowave.yaml of a directory or the nearest one above
// it. Without one, the result is nil. Remote definitions have to be vendored,
// and are paths then: who asks here fetches nothing.
func NearestSettings(fsys fs.FS, dir string) (*Settings, diag.List) {
	for {
		name := path.Join(dir, SettingsName)
		if info, err := fs.Stat(fsys, name); err == nil && !info.IsDir() {
			data, err := repo.ReadFile(fsys, name, MaxSettingsBytes)
			if err != nil {
				var diags diag.List
				diags.Errorf(diag.Position{File: name, Line: 1, Column: 1}, "config", "%s cannot be read: %v", SettingsName, reason(err))
				return nil, diags
			}
			s, diags := ReadSettings(name, data)
			return s, append(diags, s.onlyVendored(fsys)...)
		}
		if dir == "." {
			return nil, nil
		}
		dir = path.Dir(dir)
	}
}

// ReadSettings reads a krowave.yaml.
func ReadSettings(name string, data []byte) (*Settings, diag.List) {
	docs, diags := manifest.Read(name, data, manifest.Limits{})
	p := &settingsParser{diags: diags, out: &Settings{Dir: path.Dir(name), Vendor: VendorDir}}
	for i, doc := range docs {
		p.doc = doc
		if i > 0 {
			p.diags.Errorf(doc.Start(), "config", "%s is one document; write these settings into the first", SettingsName)
			continue
		}
		p.document()
	}
	return p.out, p.diags
}

type settingsParser struct {
	doc   *manifest.Document
	diags diag.List
	out   *Settings
}

func (p *settingsParser) errorf(at diag.Path, format string, args ...any) {
	p.diags.Errorf(p.doc.Position(at), "config", format, args...)
}

func (p *settingsParser) document() {
	for _, key := range slices.Sorted(maps.Keys(p.doc.Object)) {
		at := diag.Path{key}
		switch key {
		case "definitions":
			p.definitions(at, p.doc.Object[key])
		case "crds":
			p.out.CRDs = append(p.out.CRDs, p.paths(at, p.doc.Object[key])...)
		case "observed":
			p.out.Observed = append(p.out.Observed, p.paths(at, p.doc.Object[key])...)
		case "exclude":
			p.out.Exclude = append(p.out.Exclude, p.paths(at, p.doc.Object[key])...)
		case "limits":
			p.limits(p.doc.Object[key])
		case "defaults":
			p.defaults(at, p.doc.Object[key])
		case "policies":
			p.policies(at, p.doc.Object[key])
		case "vendor":
			p.vendor(at, p.doc.Object[key])
		default:
			p.value(Value{Key: key}, p.doc.Object[key], at)
		}
	}
}

func (p *settingsParser) vendor(at diag.Path, value any) {
	dir, ok := value.(string)
	if !ok || !fs.ValidPath(path.Clean(dir)) || path.Clean(dir) == "." {
		p.errorf(at, "vendor is a directory below that of krowave.yaml")
		return
	}
	p.out.Vendor = path.Clean(dir)
}

// definitions reads a list of paths and of mappings that name remote sources.
func (p *settingsParser) definitions(at diag.Path, value any) {
	items, ok := value.([]any)
	if !ok {
		p.errorf(at, "%s is a list of paths", at)
		return
	}
	for i, item := range items {
		switch item := item.(type) {
		case map[string]any:
			p.remote(at.With(i), item)
		case string:
			if strings.Contains(item, "://") || scpAddress.MatchString(item) {
				p.errorf(at.With(i), "definitions from elsewhere are a mapping: {git: URL, ref: BRANCH or TAG, path: DIR} or {oci: REGISTRY/REPOSITORY, tag: TAG}, which krowave update pins")
				continue
			}
			if repo.IsStream(item) {
				p.stream(at.With(i), item)
				continue
			}
			p.out.Definitions = append(p.out.Definitions, item)
			p.name(at.With(i), item)
		default:
			p.errorf(at.With(i), "%s is a path, or a mapping with git or oci", at.With(i))
		}
	}
}

// stream refuses what only the caller of a command may name: a repository that did
// could let it wait for ever.
func (p *settingsParser) stream(at diag.Path, name string) {
	p.errorf(at, "%q is standard input or another open file, which only an argument may name; %s is a path", name, at)
}

// paths reads a list of paths.
func (p *settingsParser) paths(at diag.Path, value any) []string {
	items, ok := value.([]any)
	if !ok {
		p.errorf(at, "%s is a list of paths", at)
		return nil
	}
	var out []string
	for i, item := range items {
		out = append(out, p.path(at.With(i), item)...)
	}
	return out
}

// path reads one path; there is none when it is wrong.
func (p *settingsParser) path(at diag.Path, item any) []string {
	text, ok := item.(string)
	switch {
	case !ok:
		p.errorf(at, "%s is a path", at)
	case strings.Contains(text, "://"):
		p.errorf(at, "%s is not fetched from anywhere; it is a path", at)
	case repo.IsStream(text):
		p.stream(at, text)
	default:
		p.name(at, text)
		return []string{text}
	}
	return nil
}

// name notes where a path stands.
func (p *settingsParser) name(at diag.Path, text string) {
	key, _ := at[0].(string)
	p.out.Named = append(p.out.Named, Named{Key: key, Path: text, Position: p.doc.Position(at)})
}

// defaults reads the rules of admission webhooks.
func (p *settingsParser) defaults(at diag.Path, value any) {
	const form = "{group: example.com, kind: Database, field: spec.externalName, value: object.metadata.name}"
	items, ok := value.([]any)
	if !ok {
		p.errorf(at, "defaults must be a list of rules, such as %s", form)
		return
	}
	for i, item := range items {
		at := at.With(i)
		rule, ok := item.(map[string]any)
		if !ok {
			p.errorf(at, "%s must be a rule, such as %s", at, form)
			continue
		}
		texts, known := map[string]string{}, []string{"group", "kind", "field", "value", "source"}
		for _, key := range slices.Sorted(maps.Keys(rule)) {
			text, isText := rule[key].(string)
			switch {
			case !slices.Contains(known, key):
				p.errorf(at.With(key), "%s has no key %s; there are %s", at, key, strings.Join(known, ", "))
			case !isText:
				p.errorf(at.With(key), "%s must be a string", at.With(key))
			}
			texts[key] = text
		}
		if texts["group"] == "" || texts["value"] == "" || !isField(texts["field"]) {
			p.errorf(at, "%s must have group, value and a field such as spec.externalName", at)
			continue
		}
		d := Default{Group: texts["group"], Field: texts["field"], Value: texts["value"], Source: texts["source"], Position: p.doc.Position(at.With("value"))}
		if d.Source == "" {
			d.Source = p.doc.Position(at).String()
		}
		if texts["kind"] != "" {
			d.Kinds = []string{texts["kind"]}
		}
		p.out.Defaults = append(p.out.Defaults, d)
	}
}

// isField reports whether a path leads to a field of an object's spec or
// metadata; a webhook gives no object another identity.
func isField(path string) bool {
	steps := strings.Split(path, ".")
	return len(steps) > 1 && !slices.Contains(steps, "") && steps[0] != "apiVersion" && steps[0] != "kind" && steps[0] != "status" &&
		path != "metadata.name" && path != "metadata.namespace"
}

// limits reads the mapping from limits to numbers.
func (p *settingsParser) limits(value any) {
	limits, ok := value.(map[string]any)
	if !ok {
		p.errorf(diag.Path{"limits"}, "limits is a mapping, such as maxCollectionSize: 1000")
		return
	}
	for _, key := range slices.Sorted(maps.Keys(limits)) {
		p.value(Value{Key: key, Limit: true}, limits[key], diag.Path{"limits", key})
	}
}

// value notes a single value or a list of strings. An invalid one is kept without texts, for whoever
// knows the settings may have more to say about its key.
func (p *settingsParser) value(v Value, value any, at diag.Path) {
	v.Position, v.KeyPosition = p.doc.Position(at), p.doc.KeyPosition(at)
	switch value := value.(type) {
	case []any:
		v.List = true
		for _, item := range value {
			text, ok := item.(string)
			if !ok {
				v.Texts = nil
				break
			}
			v.Texts = append(v.Texts, text)
		}
	case string, int64, bool:
		v.Texts = []string{fmt.Sprint(value)}
	case float64:
		// As it is written: a version such as 1.30 or 0.10 is a number to YAML.
		v.Texts = []string{cmp.Or(p.doc.ValueText(at), fmt.Sprint(value))}
	}
	p.out.Values = append(p.out.Values, v)
}
