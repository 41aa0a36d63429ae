package repo

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/resmap"

	"github.com/krowave/krowave/render/diag"
)

// idle are the patches of a build whose target nothing is: kustomize says nothing
// of them. The same holds for replacements. Only kind and name are looked at, in what was built, where names may
// have got a prefix or a suffix.
func idle(read map[string][]byte, built resmap.ResMap) diag.List {
	var out diag.List
	files := failure{read: read}.names()
	for _, file := range files {
		var doc yaml.Node
		if !isKustomization(path.Base(file)) || yaml.Unmarshal(read[file], &doc) != nil || len(doc.Content) == 0 {
			continue
		}
		for _, target := range replaced(doc.Content[0]) {
			if d, ok := idleTarget(file, target, built, "replacement"); ok {
				out.Add(d)
			}
		}
		patches := value(doc.Content[0], "patches")
		if patches == nil {
			continue
		}
		for _, p := range patches.Content {
			text := ""
			if n := value(p, "patch"); n != nil {
				text = n.Value
			} else if n := value(p, "path"); n != nil {
				text = string(read[path.Join(path.Dir(file), n.Value)])
			}
			target := value(p, "target")
			if target == nil || strings.Contains(text, "$patch") { // which may have taken the object away
				continue
			}
			if d, ok := idleTarget(file, target, built, "patch"); ok {
				out.Add(d)
			}
		}
	}
	return out
}

// replaced are the selectors of what replacements change.
func replaced(kustomization *yaml.Node) []*yaml.Node {
	var out []*yaml.Node
	items := func(n *yaml.Node, key string) []*yaml.Node {
		if n = value(n, key); n == nil {
			return nil
		}
		return n.Content
	}
	for _, r := range items(kustomization, "replacements") {
		for _, target := range items(r, "targets") {
			if selected := value(target, "select"); selected != nil {
				out = append(out, selected)
			}
		}
	}
	return out
}

// idleTarget says that nothing is the target of a patch or a replacement.
func idleTarget(file string, target *yaml.Node, built resmap.ResMap, what string) (diag.Diagnostic, bool) {
	kind, name := value(target, "kind"), value(target, "name")
	if kind == nil || kind.Value == "" {
		return diag.Diagnostic{}, false
	}
	isKind, err := regexp.Compile("^(?:" + kind.Value + ")$")
	if err != nil {
		return diag.Diagnostic{}, false
	}
	var kinds, names []string
	for _, r := range built.Resources() {
		kinds = append(kinds, r.GetKind())
		if isKind.MatchString(r.GetKind()) {
			names = append(names, r.GetName())
		}
	}
	d := diag.Diagnostic{Severity: diag.Warning, Rule: "kustomize-target", Pos: at(file, kind), Message: "no resource is of kind " + kind.Value + ", so the " + what + " changes nothing"}
	like := diag.Closest(kind.Value, kinds)
	if len(names) > 0 {
		if name == nil || slices.ContainsFunc(names, func(n string) bool { return named(name.Value, n) }) {
			return d, false
		}
		d.Pos, d.Message = at(file, name), "no "+kind.Value+" is named "+name.Value+", so the "+what+" changes nothing"
		like = diag.Closest(name.Value, names)
	}
	if like != "" {
		d.Hint, d.Fix = "did you mean "+like+"?", diag.Replace(kind.Value, like)
		if len(names) > 0 {
			d.Fix = diag.Replace(name.Value, like)
		}
		if len(names) == 0 {
			d.Missing = like // if nothing defines that, it is the one that is wrong
		}
	}
	return d, true
}

// named reports whether a pattern may have matched a name before something was put
// before or after it.
func named(pattern, name string) bool {
	p, err := regexp.Compile(strings.TrimSuffix(strings.TrimPrefix(pattern, "^"), "$"))
	return err != nil || p.MatchString(name)
}
