package scaffold

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/object"
)

// draft is an RGD in the making, with an instance of it.
type draft struct {
	name, kind, group string
	instance          string // its name
	namespace         string // of the instance

	nodes []node
	spec  map[string]any // SimpleSchema
	given map[string]any // what the instance sets
}

// node is an object of the manifests.
type node struct {
	id       string
	object   map[string]any // of the manifests
	template map[string]any
	reads    map[string]bool // ids of other nodes
}

func (d *draft) make(objects []map[string]any, params []string) error {
	if len(objects) == 0 {
		return cli.Usagef("--from has no objects")
	}
	d.spec, d.given = map[string]any{}, map[string]any{}
	for _, obj := range objects {
		template, _ := escaped(obj).(map[string]any)
		d.nodes = append(d.nodes, node{id: d.id(obj, objects), object: obj, template: template, reads: map[string]bool{}})
	}
	for _, p := range params {
		if err := d.param(p); err != nil {
			return err
		}
	}
	for i := range d.nodes {
		n := &d.nodes[i]
		n.template, _ = d.referring(n, n.template, nil, nil).(map[string]any)
	}
	return nil
}

// id is that of a node: the kind, and the name where there are several of it.
func (d *draft) id(obj map[string]any, all []map[string]any) string {
	kind := object.Kind(obj)
	same := 0
	for _, o := range all {
		if object.Kind(o) == kind {
			same++
		}
	}
	id := lowerFirst(kind)
	if same > 1 {
		id += camel(object.Name(obj), true)
	}
	if graph.IsReserved(id) || id == "" {
		id += "Node"
	}
	for i := 2; slices.ContainsFunc(d.nodes, func(n node) bool { return n.id == id }); i++ {
		id = strings.TrimRight(id, "0123456789") + strconv.Itoa(i)
	}
	return id
}

// lowerFirst is a kind in lowerCamelCase: PodDisruptionBudget is podDisruptionBudget,
// and HTTPRoute httpRoute.
func lowerFirst(kind string) string {
	n := 0
	for n < len(kind) && kind[n] >= 'A' && kind[n] <= 'Z' {
		n++
	}
	if n > 1 && n < len(kind) {
		n--
	}
	return camel(strings.ToLower(kind[:n])+kind[n:], false)
}

// escaped is a copy in which a text with ${ is an expression of that text.
func escaped(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, item := range v {
			out[name] = escaped(item)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = escaped(item)
		}
		return out
	case string:
		if strings.Contains(v, "${") {
			return "${" + strconv.Quote(v) + "}"
		}
	}
	return v
}

var fieldName = regexp.MustCompile(`^[a-z][a-zA-Z0-9]*(\.[a-z][a-zA-Z0-9]*)*$`)

// param makes a field of the manifests one of the schema.
func (d *draft) param(text string) error {
	k := strings.LastIndex(text, "=")
	if k < 0 {
		return cli.Usagef("--param %s: write PATH=NAME, such as deployment.spec.replicas=replicas", text)
	}
	where, name := text[:k], text[k+1:]
	if !fieldName.MatchString(name) {
		return cli.Usagef("--param %s: %q is no name of a field: use letters and digits, and begin with a small letter", text, name)
	}
	path := graph.ParsePath(where)
	if len(path) == 0 {
		return cli.Usagef("--param %s: a path is missing, such as deployment.spec.replicas", text)
	}
	first, _ := path[0].(string)
	expression := "${schema.spec." + name + "}"
	if name == "metadata.name" || name == "metadata.namespace" {
		expression = "${schema." + name + "}"
	}
	var value any
	found := 0
	for i := range d.nodes {
		n, at := &d.nodes[i], path
		if slices.ContainsFunc(d.nodes, func(n node) bool { return n.id == first }) {
			if at = path[1:]; n.id != first {
				continue
			}
		}
		v, ok := at.In(n.object)
		if !ok || len(at) == 0 {
			continue
		}
		if found++; found > 1 && canonical(map[string]any{"": v}) != canonical(map[string]any{"": value}) {
			return cli.Usagef("--param %s: the objects have different values there; name one node, such as %s.%s", text, n.id, where)
		}
		value = v
		n.template, _ = with(n.template, at, expression).(map[string]any)
	}
	if found == 0 {
		var ids []string
		for _, n := range d.nodes {
			ids = append(ids, n.id)
		}
		return cli.Usagef("--param %s: no object has the field %s; the nodes are %s", text, where, strings.Join(ids, ", "))
	}
	of := map[string]*string{"metadata.name": &d.instance, "metadata.namespace": &d.namespace}[name]
	if of == nil {
		return d.field(text, strings.Split(name, "."), value)
	}
	if *of, _ = value.(string); *of == "" {
		return cli.Usagef("--param %s: what the objects have there is no name", text)
	}
	return nil
}

// with is a copy with another value at a path.
func with(v any, path diag.Path, value any) any {
	if len(path) == 0 {
		return value
	}
	switch step := path[0].(type) {
	case string:
		m, _ := v.(map[string]any)
		out := maps.Clone(m)
		out[step] = with(m[step], path[1:], value)
		return out
	case int:
		l, _ := v.([]any)
		out := slices.Clone(l)
		out[step] = with(l[step], path[1:], value)
		return out
	}
	return v
}

// plainDefault is a text that a marker can hold as it is.
var plainDefault = regexp.MustCompile(`^[^"\\\n\r\t{}\[\]|=]*$`)

// field adds one to the schema. A value that no default can hold stands in the
// instance.
func (d *draft) field(text string, name []string, value any) error {
	typ, fallback := "object", ""
	switch v := value.(type) {
	case string:
		typ = "string"
		if plainDefault.MatchString(v) {
			fallback = strconv.Quote(v)
		}
	case bool:
		typ, fallback = "boolean", strconv.FormatBool(v)
	case int64:
		typ, fallback = "integer", strconv.FormatInt(v, 10)
	case float64:
		typ, fallback = "float", strconv.FormatFloat(v, 'g', -1, 64)
	case []any:
		typ = "[]" + common(v)
	case map[string]any:
		if t := common(slices.Collect(maps.Values(v))); t != "object" && len(v) > 0 {
			typ = "map[string]" + t
		}
	}
	to, given := d.spec, d.given
	for _, step := range name[:len(name)-1] {
		var ok bool
		if to, ok = below(to, step); !ok {
			return cli.Usagef("--param %s: %s is a field and cannot have fields", text, step)
		}
		given, _ = below(given, step)
	}
	last := name[len(name)-1]
	declared := typ + " | default=" + fallback
	if fallback == "" {
		declared = typ + " | required=true"
		given[last] = value
	}
	if was, ok := to[last]; ok && was != declared {
		return cli.Usagef("--param %s: the field %s has another value already: %v", text, strings.Join(name, "."), was)
	}
	to[last] = declared
	return nil
}

func below(m map[string]any, step string) (map[string]any, bool) {
	if m[step] == nil {
		m[step] = map[string]any{}
	}
	out, ok := m[step].(map[string]any)
	return out, ok
}

// common is the type of all values, object when they differ.
func common(values []any) string {
	out := ""
	for _, v := range values {
		t := "object"
		switch v.(type) {
		case string:
			t = "string"
		case bool:
			t = "boolean"
		case int64:
			t = "integer"
		}
		if out != "" && out != t {
			return "object"
		}
		out = t
	}
	return cmp.Or(out, "string")
}

// referring is a copy of a template in which names of other nodes' objects are
// expressions.
func (d *draft) referring(n *node, v any, path []string, parent map[string]any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			out[name] = d.referring(n, v[name], append(slices.Clone(path), name), v)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = d.referring(n, item, path, nil)
		}
		return out
	case string:
		kind := referred(path, parent)
		if kind == "" {
			return v
		}
		for i := range d.nodes {
			o := &d.nodes[i]
			if o == n || object.Kind(o.object) != kind || object.Name(o.object) != v || d.depends(o, n) {
				continue
			}
			if ns := object.Namespace(o.object); ns != object.Namespace(n.object) && kind != "Namespace" && ns != "" && ns != object.Text(parent, "namespace") {
				continue
			}
			n.reads[o.id] = true
			return "${" + o.id + ".metadata.name}"
		}
	}
	return v
}

// depends reports whether a node reads another one, also through others.
func (d *draft) depends(n, other *node) bool {
	if n.reads[other.id] {
		return true
	}
	return slices.ContainsFunc(d.nodes, func(o node) bool { return n.reads[o.id] && d.depends(&o, other) })
}

// byName are the fields whose text is the name of an object of a kind.
var byName = map[string]string{
	"serviceAccountName": "ServiceAccount", "serviceAccount": "ServiceAccount", "claimName": "PersistentVolumeClaim", "secretName": "Secret",
	"serviceName": "Service", "ingressClassName": "IngressClass", "storageClassName": "StorageClass", "priorityClassName": "PriorityClass",
	"namespace": "Namespace", "runtimeClassName": "RuntimeClass", "volumeName": "PersistentVolume", "configMapName": "ConfigMap",
}

// byParent are the fields around a name.
var byParent = map[string]string{
	"configMapRef": "ConfigMap", "configMapKeyRef": "ConfigMap", "configMap": "ConfigMap", "secretRef": "Secret", "secretKeyRef": "Secret", "secret": "Secret",
	"imagePullSecrets": "Secret", "secrets": "Secret", "service": "Service", "persistentVolumeClaim": "PersistentVolumeClaim", "nodePublishSecretRef": "Secret",
}

// referred is the kind of the object that a field names; "" for none.
func referred(path []string, parent map[string]any) string {
	last, before := path[len(path)-1], ""
	if len(path) > 1 {
		before = path[len(path)-2]
	}
	if len(path) == 2 && before == "metadata" && last != "namespace" || before == "data" || before == "labels" || before == "annotations" || before == "matchLabels" {
		return ""
	}
	if last != "name" {
		return byName[last]
	}
	if kind := object.Text(parent, "kind"); kind != "" && len(path) > 1 {
		return kind
	}
	return byParent[before]
}

// chained reports whether an object is an instance, of which its objects are rendered.
func (d *draft) chained(res *render.Result, obj map[string]any) bool {
	return slices.ContainsFunc(res.Graphs, func(g *graph.Graph) bool { return g.RGD.GVK == object.GVK(obj) })
}

// text is the RGD and its instance as YAML.
func (d *draft) text() ([]byte, error) {
	var b strings.Builder
	schema := map[string]any{"apiVersion": "v1alpha1", "kind": d.kind}
	if len(d.spec) > 0 {
		schema["spec"] = d.spec
	}
	if d.group != "" {
		schema["group"] = d.group
	}
	head, err := indented(map[string]any{"schema": schema}, 2)
	if err != nil {
		return nil, err
	}
	named, err := indented(map[string]any{"name": d.name}, 2)
	if err != nil {
		return nil, err
	}
	b.WriteString("apiVersion: kro.run/v1alpha1\nkind: ResourceGraphDefinition\nmetadata:\n" + named + "spec:\n" + head + "  resources:\n")
	for _, n := range d.nodes {
		template, err := indented(n.template, 8)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", object.KeyOf(n.object).Title(), err)
		}
		b.WriteString("    - id: " + n.id + "\n      template:\n" + template)
	}
	instance := map[string]any{"apiVersion": cmp.Or(d.group, object.RGDGroup) + "/v1alpha1", "kind": d.kind, "metadata": map[string]any{"name": d.instance, "namespace": d.namespace}}
	if len(d.given) > 0 {
		instance["spec"] = d.given
	}
	text, err := indented(instance, 0)
	if err != nil {
		return nil, err
	}
	b.WriteString("---\n" + text)
	return []byte(b.String()), nil
}
