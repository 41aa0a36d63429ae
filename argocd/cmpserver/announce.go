package cmpserver

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/krowave/krowave/argocd/cmpserver/pluginpb"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/schema"
	table "github.com/krowave/krowave/render/settings"
)

// An announcement names at most this many instances, and fields of each: Argo
// CD's user interface shows them all at once.
const (
	maxInstances = 100
	maxFields    = 100
	maxValue     = 1000 // characters of a value
)

// Announce lists the parameters that an application takes, with the values that
// they have without being set. Instances that cannot be rendered are left out.
func (r *Renderer) Announce(ctx context.Context, tree *Tree, req Request) ([]*pluginpb.ParameterAnnouncement, error) {
	dir, err := req.dir()
	if err != nil {
		return nil, err
	}
	if err := req.begin(ctx); err != nil {
		return nil, err
	}
	env := maps.Clone(req.Env)
	delete(env, appParameters) // what is announced is what parameters start from
	j := &job{renderer: r, tree: tree, dir: dir, env: env, byDir: map[string]*settings{}}
	units, err := j.read(ctx)
	if err != nil {
		return nil, err
	}
	req.enter("rendering")
	main := j.settings(dir).options
	out := []*pluginpb.ParameterAnnouncement{
		announceSetting("runtime", "Runtime values", string(main.Runtime)),
		announceSetting("kro-version", "kro version", string(main.KroVersion)),
		announceSetting("kubernetes-version", "Kubernetes version", main.KubernetesVersion),
	}
	instances := announceSetting("instance", "Instances", "")
	out = append(out, instances)
	for _, u := range units {
		opts := u.options
		opts.Runtime, opts.Annotate, opts.AllowEmpty = render.Withhold, render.Annotate{}, true
		res, err := render.Render(ctx, u.in, opts)
		if err != nil {
			return nil, err
		}
		for _, i := range res.Instances {
			if i.Doc == nil {
				continue
			}
			name := instanceName(i.Doc)
			if len(instances.Array) == maxInstances {
				instances.Tooltip += fmt.Sprintf("; only the first %d are listed here", maxInstances)
				return out, nil
			}
			instances.Array = append(instances.Array, name)
			out = append(out, announceInstance(name, i, res.Graphs))
		}
	}
	return out, nil
}

// announceSetting announces a row of the table of settings.
func announceSetting(name, title, value string) *pluginpb.ParameterAnnouncement {
	s, _ := table.Find(name)
	p := &pluginpb.ParameterAnnouncement{Name: s.ParameterName(), Title: title, Tooltip: s.Help, CollectionType: "string", String_: value}
	switch {
	case s.Type == table.List:
		p.CollectionType = "array"
	case len(s.Words) > 0:
		p.Tooltip += ": " + strings.Join(s.WordsOn(table.Application), ", ")
	}
	return p
}

// instanceName is KIND/NAMESPACE/NAME, or KIND/NAME where the file names no
// namespace: then the destination's is used, which is not known here.
func instanceName(doc *manifest.Document) string {
	if ns := doc.Namespace(); ns != "" {
		return doc.Kind() + "/" + ns + "/" + doc.Name()
	}
	return doc.Kind() + "/" + doc.Name()
}

func announceInstance(name string, i *render.Instance, all []*graph.Graph) *pluginpb.ParameterAnnouncement {
	f := fields{values: map[string]string{}, secret: secretFields(i.Graph, all)}
	f.object(nil, i.Graph.Instance.Properties["spec"], i.Instance["spec"])
	tooltip := "Fields of spec to override: " + strings.Join(f.types, ", ")
	if len(f.types) == maxFields {
		tooltip += ", and more"
	}
	return &pluginpb.ParameterAnnouncement{Name: name, Title: name, Tooltip: tooltip, CollectionType: "map", Map: f.values}
}

// fields collects the fields of a spec that an override can set.
type fields struct {
	types  []string // "image.tag (string)"
	values map[string]string
	secret []string
}

func (f *fields) object(at diag.Path, s *schema.Schema, value any) {
	if s == nil || len(at) > 10 {
		return
	}
	values, _ := value.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		child, path := s.Properties[name], at.With(name)
		if child.Type == "object" && len(child.Properties) > 0 {
			f.object(path, child, values[name])
			continue
		}
		f.field(path, child, values[name])
	}
}

func (f *fields) field(path diag.Path, s *schema.Schema, value any) {
	if len(f.types) == maxFields {
		return
	}
	kind := s.Type
	switch kind {
	case "object", "array":
		kind += " as JSON"
	case "":
		kind = "any JSON"
	}
	name := path.String()
	f.types = append(f.types, name+" ("+kind+")")
	if value == nil || f.isSecret(name) {
		return // people who may not see Secrets may see parameters
	}
	if text, ok := valueText(value); ok && len(text) <= maxValue {
		f.values[name] = text
	}
}

func (f *fields) isSecret(name string) bool {
	return slices.ContainsFunc(f.secret, func(s string) bool {
		return s == "" || s == name || strings.HasPrefix(name, s+".") || strings.HasPrefix(s, name+".") || strings.HasPrefix(s, name+"[")
	})
}

// valueText is a value as an override would spell it.
func valueText(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	}
	text, err := manifest.CanonicalJSON(value)
	return string(text), err == nil
}

// secretFields lists the fields of spec that flow into a Secret, straight or by
// way of a chained instance; "" is all of them.
func secretFields(g *graph.Graph, all []*graph.Graph) []string {
	var out []string
	for _, n := range g.Nodes {
		if !holdsSecrets(n, all, 0) {
			continue
		}
		for _, e := range n.Expressions() {
			for _, r := range e.Reads {
				read := r.Field()
				if read[0] == graph.SchemaVar && (len(read) == 1 || read[1] == "spec") {
					out = append(out, strings.Join(read[min(2, len(read)):], "."))
				}
			}
		}
	}
	return out
}

// holdsSecrets reports whether a node is a Secret or an instance of an RGD with
// one.
func holdsSecrets(n *graph.Node, all []*graph.Graph, depth int) bool {
	if n.Kind == nil || depth > 10 {
		return n.Kind != nil
	}
	if n.IsSecret() {
		return true
	}
	for _, g := range all {
		if g.RGD.GVK == n.Kind.GVK {
			return slices.ContainsFunc(g.Nodes, func(inner *graph.Node) bool { return holdsSecrets(inner, all, depth+1) })
		}
	}
	return false
}
