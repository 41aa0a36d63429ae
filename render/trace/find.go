package trace

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
)

// Target is what is to be explained: an object, all objects of a collection
// (Object is Items), a node that renders none (Object is Nothing), or with a nil
// Node the instance itself.
type Target struct {
	Instance *render.Instance
	Node     *graph.Node
	Object   int // in Instance.Objects
	Field    diag.Path

	Name   *render.Identity // of the object that a node without objects would render, when it was asked for by it
	Others []*graph.Node    // further nodes of the instance that would render it
	Likely bool             // only a part of its name is known: another object may be the one of this name
}

// What Target.Object says instead of an index.
const (
	Nothing = -1
	Items   = -2
)

// Find reads KIND/NAME, KIND/NAMESPACE/NAME, INSTANCE/NODE or
// INSTANCE/NODE[INDEX], each with a field after it. KIND may have its group and
// be a plural or a short name, INSTANCE is as the first two. namespace, when not
// empty, is that of the object. The error says what there is instead.
func (t *Tracer) Find(text, namespace string) (Target, error) {
	var found, likely []candidate
	kind, _, _ := strings.Cut(text, "/")
	all := t.candidates(strings.ToLower(kind))
	for _, c := range all {
		rest, ok := c.matches(text)
		if !ok || namespace != "" && c.space != "" && c.space != namespace {
			continue
		}
		if c.rest = rest; c.pattern != nil {
			likely = append(likely, c)
			continue
		}
		switch {
		case len(found) == 0 || len(rest) < len(found[0].rest):
			found = []candidate{c}
		case len(rest) == len(found[0].rest):
			found = append(found, c)
		}
	}
	if len(found) == 0 {
		if err := t.passed(text, namespace); err != nil {
			return Target{}, err
		}
	}
	if len(found) == 0 && len(likely) == 1 {
		found = likely
		found[0].target.Likely = true
	}
	found = merged(found)
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

// passed says that a text names an object that no instance renders, if it does.
func (t *Tracer) passed(text, namespace string) error {
	for _, o := range t.res.Objects {
		if o.Instance != nil {
			continue
		}
		id := render.IdentityOf(o.Object)
		c := candidate{kinds: t.kinds(id), name: id.Name, space: id.Namespace}
		if _, ok := c.matches(text); !ok || namespace != "" && c.space != "" && c.space != namespace {
			continue
		}
		at := "the input"
		if o.Doc != nil {
			start := o.Doc.Start()
			if at = start.String(); start.Built != "" && start.Built != start.File {
				at += ", as built by " + start.Built
			}
		}
		return fmt.Errorf("no RGD renders %s: it passes through unchanged from %s", c.title(), at)
	}
	return nil
}

// merged makes one of the candidates with one name. Nodes of an instance with
// opposite conditions commonly share theirs: what is rendered stands for those
// that are not.
func merged(found []candidate) []candidate {
	var out []candidate
	for _, c := range found {
		k := slices.IndexFunc(out, func(o candidate) bool { return o.title() == c.title() })
		if last := len(out) - 1; k < 0 && last >= 0 && c.target.Name != nil && out[last].target.Node == c.target.Node && out[last].target.Instance == c.target.Instance {
			name := *c.target.Name // items of one node in several namespaces
			name.Namespace = ""
			out[last].target.Name = &name
			continue
		}
		switch {
		case k < 0:
			out = append(out, c)
		case out[k].target.Object == Nothing && c.target.Object != Nothing:
			out[k] = c
		case out[k].target.Object == Nothing && out[k].target.Instance == c.target.Instance && out[k].target.Node != c.target.Node:
			out[k].target.Others = append(out[k].target.Others, c.target.Node)
		}
	}
	return out
}

// withField reads the field after a name.
func (t *Tracer) withField(c candidate) (Target, error) {
	target := c.target
	if c.rest == "" || target.Node != nil && target.Object == Nothing {
		return target, nil
	}
	if target.Object == Items {
		return target, t.notOneItem(c)
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
	at, _ := path[:found].In(obj)
	return target, t.unknownField(c.title(), path[:found+1], at)
}

// notOneItem says how to name one object of a collection.
func (t *Tracer) notOneItem(c candidate) error {
	last := 0
	for _, o := range c.target.Instance.Objects {
		if o.Node == c.target.Node {
			last = o.Index
		}
	}
	if strings.HasPrefix(c.rest, "[") {
		return fmt.Errorf("%s has no item %s; there are [0] to [%d]", c.title(), c.rest, last)
	}
	return fmt.Errorf("%s renders %d objects: name one of them, such as %s[0]%s", c.title(), last+1, c.title(), c.rest)
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
	return slices.ContainsFunc(t.seenFields(s), func(obj map[string]any) bool { _, ok := path.In(obj); return ok })
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
	if len(all) == 0 {
		return fmt.Errorf("no object is named %s: no instance is expanded", what)
	}
	kind, name, _ := strings.Cut(text, "/")
	var kinds, objects, same, titles []string
	for _, c := range all {
		if c.pattern != nil {
			continue
		}
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
