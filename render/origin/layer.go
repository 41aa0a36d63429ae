package origin

import (
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
)

// layer is one kustomization: what its fields set, then its patches from the last
// to the first, then its resources.
type layer struct {
	doc     *manifest.Document
	objects []candidate
	ops     []candidate // lists of JSON patches
}

// parse reads the kustomizations from the outermost in.
func (b *Build) parse() {
	seen := map[string]bool{}
	var enter func(dir string)
	enter = func(dir string) {
		name, ok := b.find(dir)
		if !ok || seen[dir] {
			return
		}
		seen[dir] = true
		docs, _ := manifest.Read(b.name(name), b.files[name], manifest.Limits{})
		if len(docs) == 0 {
			return
		}
		at := len(b.layers)
		b.layers = append(b.layers, layer{doc: docs[0]})
		l := layer{doc: docs[0]}
		b.patches(&l, dir)
		var below []string
		for _, field := range []string{"components", "resources", "bases", "crds"} {
			for _, entry := range object.List(docs[0].Object, field) {
				target, _ := entry.(string)
				target = path.Join(dir, target)
				if data, ok := b.files[target]; ok {
					found, _ := manifest.Read(b.name(target), data, manifest.Limits{})
					for _, doc := range found {
						l.objects = append(l.objects, candidate{doc: doc})
					}
				} else {
					below = append(below, target)
				}
			}
		}
		b.layers[at] = l
		for _, target := range below {
			enter(target)
		}
	}
	enter(b.dir)
}

// patches reads the patches of a kustomization, the last first.
func (b *Build) patches(l *layer, dir string) {
	for _, field := range []string{"patches", "patchesStrategicMerge", "patchesJson6902"} {
		entries := object.List(l.doc.Object, field)
		for i := len(entries) - 1; i >= 0; i-- {
			at := diag.Path{field, i}
			text, isText := entries[i].(string)
			m, _ := entries[i].(map[string]any)
			file := object.Text(m, "path")
			switch {
			case isText && strings.Contains(text, "\n"):
			case isText:
				file, text = text, ""
			default:
				text, at = object.Text(m, "patch"), at.With("patch")
			}
			c := candidate{patch: true, target: object.Text(object.Map(m, "target"), "kind")}
			if file != "" {
				name := path.Join(dir, file)
				l.add(c, b.name(name), string(b.files[name]))
				continue
			}
			c.inside, c.at, c.text = l.doc, at, text
			l.add(c, b.name(path.Join(dir, "kustomization.yaml")), text)
		}
	}
}

// add reads the text of a patch: objects, or a list of operations.
func (l *layer) add(c candidate, name, text string) {
	if docs, found := manifest.Read(name, []byte(text), manifest.Limits{}); len(docs) > 0 && !found.HasErrors() {
		for _, doc := range docs {
			c.doc = doc
			l.objects = append(l.objects, c)
		}
		return
	}
	// A list is no manifest: it is read as the value of a key, whose line is put
	// before the text, which is indented by one.
	wrapped := "ops:\n " + strings.ReplaceAll(text, "\n", "\n ")
	if docs, found := manifest.Read(name, []byte(wrapped), manifest.Limits{}); len(docs) == 1 && !found.HasErrors() {
		c.doc = docs[0]
		l.ops = append(l.ops, c)
	}
}

// place finds what of a layer set a scalar.
func (l *layer) place(w want, read func(d *manifest.Document, p diag.Path) diag.Position) (diag.Position, bool) {
	if p, ok := l.field(w); ok {
		return read(l.doc, p), true
	}
	for i := range l.ops {
		if at, ok := l.ops[i].operation(w); ok {
			return at, true
		}
	}
	for i := range l.objects {
		c := &l.objects[i]
		if c.patch && isIdentity(w.path) {
			continue // it names the object that is patched
		}
		if p, ok := c.mapped(w); ok {
			if v, depth := p.Reach(c.doc.Object); depth == len(p) && reflect.DeepEqual(v, w.value) {
				return c.read(p, read), true
			}
		}
	}
	return diag.Position{}, false
}

// isIdentity reports whether a path is one of those by which a patch finds its
// object.
func isIdentity(p diag.Path) bool {
	return len(p) == 1 && (p[0] == "apiVersion" || p[0] == "kind") || len(p) == 2 && p[0] == "metadata" && p[1] == "name"
}

// operation finds the operation of a JSON patch that set a value.
func (c *candidate) operation(w want) (diag.Position, bool) {
	if c.target != "" && c.target != w.kind {
		return diag.Position{}, false
	}
	ops := object.List(c.doc.Object, "ops")
	for i := len(ops) - 1; i >= 0; i-- {
		op, _ := ops[i].(map[string]any)
		steps := strings.Split(strings.TrimPrefix(object.Text(op, "path"), "/"), "/")
		if len(steps) > len(w.path) {
			continue
		}
		same := true
		for k, step := range steps {
			step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
			s, isKey := w.path[k].(string)
			same = same && (isKey && s == step || !isKey) // of a list, the value tells
		}
		rest := w.path[len(steps):]
		if v, depth := rest.Reach(op["value"]); !same || depth < len(rest) || !reflect.DeepEqual(v, w.value) {
			continue
		}
		at := c.doc.Position(diag.Path{"ops", i, "value"}.With(rest...))
		at.Line, at.Column = at.Line-1, at.Column-1 // as without the key
		if c.inside != nil {
			at = c.inside.Within(c.at, offsetOf(c.text, at))
		}
		return at, true
	}
	return diag.Position{}, false
}

// field finds the field of a kustomization that set a value.
func (l *layer) field(w want) (diag.Path, bool) {
	k, text := l.doc.Object, textOf(w.value)
	if len(w.path) == 0 {
		return nil, false
	}
	last, _ := w.path[len(w.path)-1].(string)
	parent := ""
	if len(w.path) > 1 {
		parent, _ = w.path[len(w.path)-2].(string)
	}
	switch {
	case last == "namespace" && text != "" && object.Text(k, "namespace") == text:
		return diag.Path{"namespace"}, true
	case last == "image":
		for i, e := range object.List(k, "images") {
			if p, ok := image(e, text); ok {
				return diag.Path{"images", i}.With(p...), true
			}
		}
	case last == "replicas":
		for i, e := range object.List(k, "replicas") {
			m, _ := e.(map[string]any)
			if reflect.DeepEqual(m["count"], w.value) && strings.Contains(w.name, object.Text(m, "name")) {
				return diag.Path{"replicas", i, "count"}, true
			}
		}
	case parent == "labels" || parent == "matchLabels" || parent == "selector" || parent == "annotations":
		for _, field := range []string{"commonLabels", "commonAnnotations"} {
			if object.Text(object.Map(k, field), last) == text && text != "" {
				return diag.Path{field, last}, true
			}
		}
		for i, e := range object.List(k, "labels") {
			m, _ := e.(map[string]any)
			if object.Text(object.Map(m, "pairs"), last) == text && text != "" {
				return diag.Path{"labels", i, "pairs", last}, true
			}
		}
	case parent == "data" && (w.kind == "ConfigMap" || w.kind == "Secret"):
		return l.generated(w, last, text)
	}
	return nil, false
}

// added finds the field of a kustomization that adds a whole map.
func (l *layer) added(p diag.Path) (diag.Path, bool) {
	if len(p) == 0 {
		return nil, false
	}
	fields := map[any][]string{
		"labels": {"labels", "commonLabels"}, "matchLabels": {"commonLabels", "labels"}, "selector": {"commonLabels", "labels"}, "annotations": {"commonAnnotations"},
	}
	for _, field := range fields[p[len(p)-1]] {
		if _, ok := l.doc.Object[field]; ok {
			return diag.Path{field}, true
		}
	}
	return nil, false
}

// image finds what of an entry of images set an image.
func image(entry any, text string) (diag.Path, bool) {
	m, _ := entry.(map[string]any)
	name := object.Text(m, "newName")
	if name == "" {
		name = object.Text(m, "name")
	}
	for _, f := range []struct{ key, sep string }{{"digest", "@"}, {"newTag", ":"}} {
		if v := textOf(m[f.key]); v != "" && text == name+f.sep+v {
			return diag.Path{f.key}, true
		}
	}
	if object.Text(m, "newName") != "" && (text == name || strings.HasPrefix(text, name+":") || strings.HasPrefix(text, name+"@")) {
		return diag.Path{"newName"}, true
	}
	return nil, false
}

// generated finds the literal or file of a generator.
func (l *layer) generated(w want, key, text string) (diag.Path, bool) {
	field := map[string]string{"ConfigMap": "configMapGenerator", "Secret": "secretGenerator"}[w.kind]
	for i, e := range object.List(l.doc.Object, field) {
		m, _ := e.(map[string]any)
		if !strings.Contains(w.name, object.Text(m, "name")) {
			continue
		}
		for j, literal := range object.List(m, "literals") {
			name, value, _ := strings.Cut(textOf(literal), "=")
			if name == key && (value == text || w.kind == "Secret") {
				return diag.Path{field, i, "literals", j}, true
			}
		}
		for j, file := range object.List(m, "files") {
			name, _, named := strings.Cut(textOf(file), "=")
			if named && name == key || !named && path.Base(name) == key {
				return diag.Path{field, i, "files", j}, true
			}
		}
		for _, env := range []string{"envs", "env"} {
			if _, ok := m[env]; ok {
				return diag.Path{field, i, env}, true
			}
		}
	}
	return nil, false
}

func textOf(v any) string {
	s, _ := v.(string)
	return s
}

// itemKeys name the items of a list, the first that both have counts.
var itemKeys = []string{"name", "containerPort", "port", "key", "mountPath", "id"}

// sameItem finds the item of a list that stands for one of the built list; -1
// when there is none.
func sameItem(built []any, index int, own []any) int {
	if index < 0 || index >= len(built) {
		return -1
	}
	if k := slices.IndexFunc(own, func(v any) bool { return reflect.DeepEqual(v, built[index]) }); k >= 0 {
		return k
	}
	m, ok := built[index].(map[string]any)
	if !ok {
		return -1
	}
	for _, key := range itemKeys {
		name, named := m[key]
		if !named {
			continue
		}
		return slices.IndexFunc(own, func(v any) bool {
			o, _ := v.(map[string]any)
			return o != nil && reflect.DeepEqual(o[key], name)
		})
	}
	if index < len(own) {
		return index
	}
	return -1
}
