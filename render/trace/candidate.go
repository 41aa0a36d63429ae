package trace

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/compat"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/graph"
)

// candidate is something that can be named.
type candidate struct {
	target  Target
	kinds   []string // lower case; none for a node
	name    string
	pattern *regexp.Regexp // in place of the name, of an object whose name has no value yet
	prefix  string         // of the instance, for a node: what stands before the last slash
	space   string         // namespace
	rest    string         // of the text, after the name: a field
}

// candidates lists all that has a name: objects and what nodes of a kind would
// render, then instances, then nodes.
func (t *Tracer) candidates(kind string) []candidate {
	var out, nodes []candidate
	for _, i := range slices.Concat(t.res.Instances, t.res.Foreseen) {
		for k, o := range i.Objects {
			id := render.IdentityOf(o.Object)
			out = append(out, t.named(Target{Instance: i, Node: o.Node, Object: k}, id))
			index := ""
			if o.Node.Type.IsCollection() {
				index = "[" + strconv.Itoa(o.Index) + "]"
			}
			nodes = append(nodes, t.node(Target{Instance: i, Node: o.Node, Object: k}, index))
			if index == "[0]" {
				nodes = append(nodes, t.node(Target{Instance: i, Node: o.Node, Object: Items}, ""))
			}
		}
		for _, n := range i.Graph.Nodes {
			if objectOf(i, n, 0) != nil || i.Graph.Native != nil && i.Residual != nil && slices.Contains(i.Residual.Nodes, n.ID) != slices.Contains(t.res.Foreseen, i) && len(t.res.Foreseen) > 0 {
				continue // the Graph that is left for kro has what is left to kro
			}
			missing := Target{Instance: i, Node: n, Object: Nothing}
			if slices.Contains(t.kinds(kindOf(n)), kind) && !n.Type.IsExternal() {
				out = append(out, t.missingNames(missing)...)
			}
			nodes = append(nodes, t.node(missing, ""))
		}
	}
	for _, i := range slices.Concat(t.res.Instances, t.res.Foreseen) {
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

// kinds lists the ways to name a kind: deployment, deployments, deploy,
// deployment.apps, deployment.v1.apps.
func (t *Tracer) kinds(id render.Identity) []string {
	gvk := k8sschema.FromAPIVersionAndKind(id.APIVersion, id.Kind)
	if known, ok := t.names[gvk]; ok {
		return known
	}
	kind := strings.ToLower(gvk.Kind)
	names := []string{kind, kind + "s"}
	if k, ok := t.res.Catalog.Lookup(gvk); ok {
		if k.Plural != "" {
			names[1] = k.Plural
		}
		names = append(names, k.Aliases()...)
	}
	var out []string
	for _, name := range names {
		out = append(out, name)
		if gvk.Group == "" {
			out = append(out, name+"."+gvk.Version)
		} else {
			out = append(out, name+"."+gvk.Group, name+"."+gvk.Version+"."+gvk.Group)
		}
	}
	t.names[gvk] = out
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
	if c.pattern != nil {
		_, name, _ = strings.Cut(text, "/")
		if !slices.Contains(c.kinds, strings.ToLower(kind)) {
			return "", false
		}
		space, after, spaced := strings.Cut(name, "/")
		if spaced {
			name = after
		}
		return "", c.pattern.MatchString(name) && (!spaced || c.space == "" || c.space == space)
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

// maxNames is how many objects of a collection that renders none are named.
const maxNames = 1000

// missingNames are the names of the objects that a node without objects would
// render. Where a name has no value yet, its text in the template stands for it.
func (t *Tracer) missingNames(missing Target) []candidate {
	i, n := missing.Instance, missing.Node
	items := []map[string]any{nil}
	if n.Type.Repeats() {
		items = t.replay(i).Items(n)
		items = items[:min(len(items), maxNames)]
	}
	var out []candidate
	for _, item := range items {
		if id, ok := t.wouldBe(i, n, item); ok {
			target := missing
			target.Name = &id
			out = append(out, t.named(target, id))
		}
	}
	if len(out) > 0 {
		return out
	}
	name, _ := diag.Path{"metadata", "name"}.In(n.Template)
	text, _ := name.(string)
	if pattern := nameLike(text, t.replay(i).Instance().Object); pattern != nil {
		c := t.named(missing, kindOf(n))
		c.pattern = pattern
		out = append(out, c)
	}
	return out
}

// nameLike matches what a name with expressions may become: what reads a field of
// the instance is as the instance has it. It is nil when no word of it is fixed.
func nameLike(text string, instance map[string]any) *regexp.Regexp {
	t, err := expr.Parse(text, compat.Behaviors{})
	if err != nil || t == nil || t.Standalone {
		return nil
	}
	var pattern, fixed strings.Builder
	write := func(text string) {
		pattern.WriteString(regexp.QuoteMeta(text))
		fixed.WriteString(text)
	}
	end := 0
	for _, p := range t.Parts {
		write(text[end:p.Start])
		if value, ok := fieldOf(instance, p.Source); ok {
			write(value)
		} else {
			pattern.WriteString(".*")
		}
		end = p.End
	}
	write(text[end:])
	like, err := regexp.Compile("^" + pattern.String() + "$")
	if err != nil || strings.Trim(fixed.String(), "-.") == "" {
		return nil
	}
	return like
}

// fieldOf is the text that an expression such as schema.metadata.name reads.
func fieldOf(instance map[string]any, source string) (string, bool) {
	fields, ok := strings.CutPrefix(strings.TrimSpace(source), "schema.")
	if !ok {
		return "", false
	}
	var path diag.Path
	for field := range strings.SplitSeq(fields, ".") {
		path = append(path, field)
	}
	value, _ := path.In(instance)
	text, ok := value.(string)
	return text, ok
}

// wouldBe is the name of the object that a node without objects would render,
// when it can be told.
func (t *Tracer) wouldBe(i *render.Instance, n *graph.Node, item map[string]any) (render.Identity, bool) {
	id := kindOf(n)
	for _, key := range []string{"name", "namespace"} {
		path := diag.Path{"metadata", key}
		v, _ := path.In(n.Template)
		if f := covering(n, path); f != nil {
			var err error
			if v, err = t.replay(i).Eval(n, f.Expr, item); err != nil {
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
