package danger

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/diag"
)

const rbacGroup = "rbac.authorization.k8s.io"

// rbac looks for rights that somebody gains.
func (l *list) rbac(c Change) {
	if kind := c.kind(); c.After == nil || kind.Group != rbacGroup {
		return
	}
	switch c.kind().Kind {
	case "Role", "ClusterRole":
		l.role(c)
	case "RoleBinding", "ClusterRoleBinding":
		l.binding(c)
	}
}

// role reports rules that allow what none did before. Of a new role, which
// nobody has yet, only far-reaching ones are.
func (l *list) role(c Change) {
	before := grants(c.Before)
	var gained []grant
	for _, g := range grants(c.After) {
		covered := slices.ContainsFunc(before, func(b grant) bool { return b.covers(g) })
		if !covered && (c.Before != nil || g.isFarReaching()) {
			gained = append(gained, g)
		}
	}
	if len(gained) > 0 {
		l.add(diag.Warning, "rbac-widens", "the role allows "+describe(gained), steps("rules"))
	}
	if was, is := at(c.Before, "aggregationRule"), at(c.After, "aggregationRule"); is != nil && was == nil {
		l.add(diag.Warning, "rbac-widens", "the role aggregates the rules of other roles by label", steps("aggregationRule"))
	}
}

// grant is one right: a verb on a resource, or on a path of the API server.
type grant struct{ group, resource, name, url, verb string }

func grants(role map[string]any) []grant {
	var out []grant
	for _, rule := range items(role, "rules") {
		for _, verb := range texts(rule, "verbs") {
			for _, url := range texts(rule, "nonResourceURLs") {
				out = append(out, grant{url: url, verb: verb})
			}
			for _, group := range texts(rule, "apiGroups") {
				for _, resource := range texts(rule, "resources") {
					for _, name := range orAny(texts(rule, "resourceNames")) {
						out = append(out, grant{group: group, resource: resource, name: name, verb: verb})
					}
				}
			}
		}
	}
	return out
}

func texts(obj any, path ...string) []string {
	var out []string
	for _, item := range items(obj, path...) {
		if s, ok := item.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// orAny stands for any name where none is given.
func orAny(names []string) []string {
	if len(names) == 0 {
		return []string{""}
	}
	return names
}

func (g grant) covers(other grant) bool {
	if !matches(g.verb, other.verb) {
		return false
	}
	if g.url != "" || other.url != "" {
		prefix, wildcard := strings.CutSuffix(g.url, "*")
		return g.url == other.url || g.url != "" && wildcard && strings.HasPrefix(other.url, prefix)
	}
	sub, wildcard := strings.CutPrefix(g.resource, "*/")
	resource := matches(g.resource, other.resource) || wildcard && strings.HasSuffix(other.resource, "/"+sub)
	return resource && matches(g.group, other.group) && (g.name == "" || g.name == other.name)
}

func matches(pattern, value string) bool { return pattern == "*" || pattern == value }

// isFarReaching reports rights that lead to others: any of a kind, to read
// credentials, to run commands, to give oneself more.
func (g grant) isFarReaching() bool {
	reads := slices.Contains([]string{"get", "list", "watch"}, g.verb)
	switch {
	case g.verb == "*", g.resource == "*", g.group == "*", g.url == "*":
		return true
	case slices.Contains([]string{"escalate", "bind", "impersonate"}, g.verb):
		return true
	case g.group == "" && g.resource == "secrets" && reads && g.name == "":
		return true
	}
	return g.group == "" && !reads && slices.Contains([]string{"pods/exec", "pods/attach", "serviceaccounts/token", "nodes/proxy"}, g.resource)
}

// describe names rights by what they are about: "create, delete of pods".
func describe(gained []grant) string {
	key := func(g grant) grant { g.verb = ""; return g }
	slices.SortStableFunc(gained, func(a, b grant) int {
		return cmp.Or(cmp.Compare(a.group, b.group), cmp.Compare(a.resource, b.resource), cmp.Compare(a.name, b.name), cmp.Compare(a.url, b.url))
	})
	var out []string
	for i := 0; i < len(gained); {
		var verbs []string
		g := gained[i]
		for ; i < len(gained) && key(gained[i]) == key(g); i++ {
			if !slices.Contains(verbs, gained[i].verb) {
				verbs = append(verbs, gained[i].verb)
			}
		}
		out = append(out, strings.Join(verbs, ", ")+" of "+g.object())
	}
	const most = 5
	if more := len(out) - most; more > 0 {
		out = append(out[:most], fmt.Sprintf("%d more", more))
	}
	return strings.Join(out, "; ")
}

func (g grant) object() string {
	if g.url != "" {
		return g.url
	}
	what := g.resource
	if g.group != "" {
		what += "." + g.group
	}
	if g.name != "" {
		what += " " + g.name
	}
	return what
}

// binding reports subjects that a role is given to.
func (l *list) binding(c Change) {
	before := subjects(c.Before)
	role := text(c.After, "roleRef", "kind") + " " + text(c.After, "roleRef", "name")
	for i, s := range subjects(c.After) {
		if !slices.Contains(before, s) {
			l.add(diag.Warning, "rbac-binding", fmt.Sprintf("%s gets %s", s, role), diag.Path{"subjects", i})
		}
	}
}

func subjects(binding map[string]any) []string {
	var out []string
	for _, s := range items(binding, "subjects") {
		name := text(s, "name")
		if ns := text(s, "namespace"); ns != "" {
			name = ns + "/" + name
		}
		out = append(out, text(s, "kind")+" "+name)
	}
	return out
}

// tokens reports service accounts whose token is mounted again.
func (l *list) tokens(c Change) {
	const name = "automountServiceAccountToken"
	if c.Before == nil || c.After == nil {
		return
	}
	was, is, path := at(c.Before, name), at(c.After, name), diag.Path{name}
	if pod := podPath(c.After); pod != nil {
		was, is = at(c.Before, append(slices.Clone(pod), name)...), at(c.After, append(slices.Clone(pod), name)...)
		path = steps(pod...).With(name)
	} else if kind := c.kind(); kind.Group != "" || kind.Kind != "ServiceAccount" {
		return
	}
	if was == false && is != false {
		l.add(diag.Warning, "token-automount", "pods get the token of their service account mounted again", path)
	}
}
