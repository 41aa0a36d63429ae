package trace

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
)

// Target is what is to be explained: an object, a node that renders none
// (Object is -1), or with a nil Node the instance itself.
type Target struct {
	Instance *render.Instance
	Node     *graph.Node
	Object   int // in Instance.Objects
	Field    diag.Path
}

// candidate is something that can be named.
type candidate struct {
	target Target
	kinds  []string // lower case; none for a node
	name   string
	prefix string // of the instance, for a node: what stands before the last slash
	space  string // namespace
	rest   string // of the text, after the name: a field
}

// Find reads KIND/NAME, KIND/NAMESPACE/NAME, INSTANCE/NODE or
// INSTANCE/NODE[INDEX], each with a field after it. KIND may have its group and
// be a plural, INSTANCE is as the first two. namespace, when not empty, is that
// of the object. The error says what there is instead.
func (t *Tracer) Find(text, namespace string) (Target, error) {
	var found []candidate
	kind, _, _ := strings.Cut(text, "/")
	all := t.candidates(strings.ToLower(kind))
	for _, c := range all {
		rest, ok := c.matches(text)
		if !ok || namespace != "" && c.space != "" && c.space != namespace {
			continue
		}
		c.rest = rest
		switch {
		case len(found) == 0 || len(rest) < len(found[0].rest):
			found = []candidate{c}
		case len(rest) == len(found[0].rest):
			found = append(found, c)
		}
	}
	found = slices.CompactFunc(found, func(a, b candidate) bool { return a.title() == b.title() })
	switch len(found) {
	case 0:
		return Target{}, t.unknown(text, namespace, all)
	case 1:
		return t.withField(found[0])
	}
	titles := make([]string, len(found))
	for i, c := range found {
		titles[i] = c.title()
	}
	return Target{}, fmt.Errorf("%s is ambiguous: %s; add the namespace (-n, or KIND/NAMESPACE/NAME)", text, strings.Join(titles, ", "))
}

// candidates lists all that has a name: objects and what nodes of a kind would
// render, then instances, then nodes.
func (t *Tracer) candidates(kind string) []candidate {
	var out, nodes []candidate
	for _, i := range t.res.Instances {
		for k, o := range i.Objects {
			id := render.IdentityOf(o.Object)
			out = append(out, t.named(Target{Instance: i, Node: o.Node, Object: k}, id))
			index := ""
			if o.Node.Type.IsCollection() {
				index = "[" + strconv.Itoa(o.Index) + "]"
			}
			nodes = append(nodes, t.node(Target{Instance: i, Node: o.Node, Object: k}, index))
		}
		for _, n := range i.Graph.Nodes {
			if objectOf(i, n, 0) != nil {
				continue
			}
			missing := Target{Instance: i, Node: n, Object: -1}
			if id := kindOf(n); slices.Contains(t.kinds(id), kind) {
				if id, ok := t.wouldBe(i, n); ok {
					out = append(out, t.named(missing, id))
				}
			}
			nodes = append(nodes, t.node(missing, ""))
		}
	}
	for _, i := range t.res.Instances {
		if i.Parent == nil {
			out = append(out, t.named(Target{Instance: i, Object: -1}, i.Identity()))
		}
	}
	return append(out, nodes...)
}

func (t *Tracer) named(target Target, id render.Identity) candidate {
	return candidate{target: target, kinds: t.kinds(id), name: id.Name, space: id.Namespace}
}

func (t *Tracer) node(target Target, index string) candidate {
	id := target.Instance.Identity()
	return candidate{target: target, kinds: t.kinds(id), prefix: id.Name, name: target.Node.ID + index, space: id.Namespace}
}

// kinds lists the ways to name a kind: deployment, deployments,
// deployment.apps, deployment.v1.apps.
func (t *Tracer) kinds(id render.Identity) []string {
	gvk := k8sschema.FromAPIVersionAndKind(id.APIVersion, id.Kind)
	kind := strings.ToLower(gvk.Kind)
	plural := kind + "s"
	if k, ok := t.res.Catalog.Lookup(gvk); ok && k.Plural != "" {
		plural = k.Plural
	}
	var out []string
	for _, name := range []string{kind, plural} {
		out = append(out, name)
		if gvk.Group == "" {
			out = append(out, name+"."+gvk.Version)
		} else {
			out = append(out, name+"."+gvk.Group, name+"."+gvk.Version+"."+gvk.Group)
		}
	}
	return out
}

// matches reports whether a text names the candidate, and returns the field
// after it.
func (c candidate) matches(text string) (rest string, ok bool) {
	forms := []string{}
	name := c.path()
	if c.prefix != "" {
		forms = append(forms, name) // INSTANCE/NODE without its kind
	}
	kind, _, _ := strings.Cut(text, "/")
	if slices.Contains(c.kinds, strings.ToLower(kind)) {
		forms = append(forms, kind+"/"+name)
		if c.space != "" {
			forms = append(forms, kind+"/"+c.space+"/"+name)
		}
	}
	for _, form := range forms {
		behind, found := strings.CutPrefix(text, form)
		if found && ends(behind) && (!ok || len(behind) < len(rest)) {
			rest, ok = behind, true
		}
	}
	return rest, ok
}

// title names a candidate in full.
func (c candidate) title() string {
	if c.space != "" {
		return c.kinds[0] + "/" + c.space + "/" + c.path()
	}
	return c.kinds[0] + "/" + c.path()
}

// path is the name, of a node with its instance's.
func (c candidate) path() string {
	if c.prefix != "" {
		return c.prefix + "/" + c.name
	}
	return c.name
}

func kindOf(n *graph.Node) render.Identity {
	return render.Identity{APIVersion: n.Kind.GVK.GroupVersion().String(), Kind: n.Kind.GVK.Kind}
}

// wouldBe is the name of the object that a node without objects would render,
// when it can be told.
func (t *Tracer) wouldBe(i *render.Instance, n *graph.Node) (render.Identity, bool) {
	id := kindOf(n)
	for _, key := range []string{"name", "namespace"} {
		path := diag.Path{"metadata", key}
		v, _ := lookup(n.Template, path)
		if f := covering(n, path); f != nil {
			if f.Iteration {
				return id, false
			}
			var err error
			if v, err = t.replay(i).Eval(n, f.Expr, nil); err != nil {
				return id, false
			}
		}
		text, _ := v.(string)
		if key == "name" {
			id.Name = text
		} else if id.Namespace = text; text == "" && n.Kind.Namespaced {
			id.Namespace = i.Identity().Namespace
		}
	}
	return id, id.Name != ""
}

// withField reads the field after a name.
func (t *Tracer) withField(c candidate) (Target, error) {
	target := c.target
	if c.rest == "" || target.Node != nil && target.Object < 0 {
		return target, nil
	}
	var obj any
	switch {
	case target.Node == nil:
		obj = t.replay(target.Instance).Instance().Object
	default:
		obj = target.Instance.Objects[target.Object].Object
	}
	path, found := parsePath(c.rest, obj)
	target.Field = path
	if found == len(path) || target.Node == nil && len(path) > 0 && path[0] == "spec" || t.known(target, path) {
		return target, nil
	}
	at, _ := lookup(obj, path[:found])
	return target, t.unknownField(c.title(), path[:found+1], at)
}

// known reports whether there is something to say of a field that the rendered
// object lacks: an expression stands there, or the API server or a cluster adds
// it.
func (t *Tracer) known(target Target, path diag.Path) bool {
	if target.Node == nil {
		return false
	}
	s := site{i: target.Instance, n: target.Node, o: &target.Instance.Objects[target.Object]}
	if covering(s.n, path) != nil {
		return true
	}
	return slices.ContainsFunc(t.seenFields(s), func(obj map[string]any) bool { _, ok := lookup(obj, path); return ok })
}

func (t *Tracer) seenFields(s site) []map[string]any {
	var out []map[string]any
	for _, seen := range t.seenOf(s) {
		out = append(out, seen.Object)
	}
	return out
}

func (t *Tracer) unknownField(title string, path diag.Path, at any) error {
	var keys []string
	text := fmt.Sprintf("%s has no field %s", title, path)
	switch at := at.(type) {
	case map[string]any:
		keys = slices.Sorted(maps.Keys(at))
	case []any:
		return fmt.Errorf("%s; it is a list of %d items: use [0] and so on", text, len(at))
	default:
		return fmt.Errorf("%s; %s is not an object", text, path[:len(path)-1])
	}
	if like := diag.Closest(fmt.Sprint(path[len(path)-1]), keys); like != "" {
		return fmt.Errorf("%s; did you mean %s?", text, path[:len(path)-1].With(like))
	}
	return fmt.Errorf("%s; there are %s", text, few(keys))
}

// unknown says what is there instead of an unknown object.
func (t *Tracer) unknown(text, namespace string, all []candidate) error {
	what := text
	if namespace != "" {
		what += " in namespace " + namespace
	}
	for _, o := range t.res.Objects {
		if o.Instance != nil {
			continue
		}
		id := render.IdentityOf(o.Object)
		c := candidate{kinds: t.kinds(id), name: id.Name, space: id.Namespace}
		if _, ok := c.matches(text); ok {
			return fmt.Errorf("no RGD renders %s: it passes through from the input unchanged", c.title())
		}
	}
	if len(all) == 0 {
		return fmt.Errorf("no object is named %s: no instance is expanded", what)
	}
	kind, name, _ := strings.Cut(text, "/")
	var kinds, objects, same, titles []string
	for _, c := range all {
		kinds = append(kinds, c.kinds[0])
		if c.prefix == "" {
			objects = append(objects, c.title())
		}
		if !slices.Contains(c.kinds, strings.ToLower(kind)) {
			continue
		}
		for _, title := range []string{c.title(), c.kinds[0] + "/" + c.path()} {
			_, short, _ := strings.Cut(title, "/")
			same, titles = append(same, short), append(titles, c.title())
		}
	}
	for end := len(name); end > 0; end = strings.LastIndexAny(name[:end], ".[") {
		if like := diag.Closest(name[:end], same); like != "" {
			return fmt.Errorf("no object is named %s; did you mean %s?", what, titles[slices.Index(same, like)])
		}
	}
	if len(same) == 0 {
		if like := diag.Closest(strings.ToLower(kind), kinds); like != "" {
			return fmt.Errorf("no object is named %s; did you mean the kind %s?", what, like)
		}
		titles = objects
	}
	slices.Sort(titles)
	return fmt.Errorf("no object is named %s; there are %s", what, few(slices.Compact(titles)))
}

// few lists the first names of many.
func few(names []string) string {
	const most = 8
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
