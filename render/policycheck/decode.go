package policycheck

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
)

// decode reads an object as its type. Unknown fields, values of another type and
// words that the API server does not know are findings where they stand.
func (c *compiler) decode(d *manifest.Document, into any) bool {
	before := len(c.diags)
	err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(d.Object, into, true)
	strict, isStrict := runtime.AsStrictDecodingError(err)
	switch {
	case isStrict:
		for _, e := range strict.Errors() {
			c.undecoded(d, e)
		}
	case err != nil:
		c.mistyped(d, into, err)
	}
	for _, w := range words {
		c.word(d, w.path, w.words)
	}
	return len(c.diags) == before
}

// undecoded reports a field that the type does not have.
func (c *compiler) undecoded(d *manifest.Document, err error) {
	name, ok := strings.CutPrefix(err.Error(), `unknown field "`)
	name = strings.TrimSuffix(name, `"`)
	at, found := find(d.Object, nil, func(p diag.Path) bool { return p.String() == name })
	if !ok || !found {
		c.errorf(d.Start(), "%s: %s", d.Title(), diag.Line(err.Error()))
		return
	}
	key, _ := at[len(at)-1].(string)
	c.refuse(d.KeyPosition(at), fmt.Sprintf("field %s is not a field of a %s", diag.Line(name), d.Kind()), diag.Meant(key, fields))
}

// mistyped reports a value of a type that its field cannot have: the one without
// which the object can be read.
func (c *compiler) mistyped(d *manifest.Document, into any, err error) {
	tries := 0
	at, found := find(d.Object, nil, func(p diag.Path) bool {
		if tries++; tries > maxTries {
			return false
		}
		obj := runtime.DeepCopyJSON(d.Object)
		above, _ := p[:len(p)-1].In(obj)
		switch above := above.(type) {
		case map[string]any:
			delete(above, p[len(p)-1].(string))
		case []any:
			above[p[len(p)-1].(int)] = nil
		}
		return runtime.DefaultUnstructuredConverter.FromUnstructured(obj, into) == nil
	})
	if !found {
		c.errorf(d.Start(), "%s: %s", d.Title(), diag.Line(err.Error()))
		return
	}
	value, _ := at.In(d.Object)
	c.refuse(d.Position(at), fmt.Sprintf("%s of a %s cannot be %s", at, d.Kind(), object.TypeName(value)), d.Quote(at))
}

// maxTries is how many places are tried, each with a copy of the object: a policy that
// somebody wrote has fewer.
const maxTries = 500

// find is the deepest place on the first way to a value that is meant.
func find(v any, at diag.Path, meant func(diag.Path) bool) (diag.Path, bool) {
	visit := func(step, v any) (diag.Path, bool) {
		here := at.With(step)
		if !meant(here) {
			return nil, false
		}
		if deeper, ok := find(v, here, meant); ok {
			return deeper, true
		}
		return here, true
	}
	below := func(step, v any) (diag.Path, bool) {
		if found, ok := visit(step, v); ok {
			return found, true
		}
		return find(v, at.With(step), meant)
	}
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if found, ok := below(key, v[key]); ok {
				return found, true
			}
		}
	case []any:
		for i := range v {
			if found, ok := below(i, v[i]); ok {
				return found, true
			}
		}
	}
	return nil, false
}

// refuse reports what the API server would refuse.
func (c *compiler) refuse(at diag.Position, message string, remedy diag.Remedy) {
	c.diags.Add(diag.Diagnostic{Severity: diag.Error, Rule: Broken, Pos: at, Message: message}.With(remedy))
}

// each stands for all items of a list in the paths of words.
const each = -1

// words are the fields that have one of some words. With another one the API
// server refuses the object; here it would change what a policy does.
var words = []struct {
	path  diag.Path
	words []string
}{
	{diag.Path{"spec", "validationActions", each}, []string{"Deny", "Warn", "Audit"}},
	{diag.Path{"spec", "failurePolicy"}, []string{"Fail", "Ignore"}},
	{diag.Path{"spec", "paramRef", "parameterNotFoundAction"}, []string{"Allow", "Deny"}},
	{diag.Path{"spec", "matchConstraints", "matchPolicy"}, []string{"Exact", "Equivalent"}},
	{diag.Path{"spec", "matchResources", "matchPolicy"}, []string{"Exact", "Equivalent"}},
	{diag.Path{"spec", "matchConstraints", "resourceRules", each, "operations", each}, operations},
	{diag.Path{"spec", "matchConstraints", "excludeResourceRules", each, "operations", each}, operations},
	{diag.Path{"spec", "matchResources", "resourceRules", each, "operations", each}, operations},
	{diag.Path{"spec", "matchResources", "excludeResourceRules", each, "operations", each}, operations},
	{diag.Path{"spec", "matchConstraints", "resourceRules", each, "scope"}, scopes},
	{diag.Path{"spec", "matchConstraints", "excludeResourceRules", each, "scope"}, scopes},
	{diag.Path{"spec", "matchResources", "resourceRules", each, "scope"}, scopes},
	{diag.Path{"spec", "matchResources", "excludeResourceRules", each, "scope"}, scopes},
}

var (
	operations = []string{"CREATE", "UPDATE", "DELETE", "CONNECT", "*"}
	scopes     = []string{"Namespaced", "Cluster", "*"}
)

// word checks the values at a path.
func (c *compiler) word(d *manifest.Document, path diag.Path, words []string) {
	if i := slices.Index(path, any(each)); i >= 0 {
		list, _ := path[:i].In(d.Object)
		items, _ := list.([]any)
		for k := range items {
			c.word(d, path[:i].With(k).With(path[i+1:]...), words)
		}
		return
	}
	v, _ := path.In(d.Object)
	text, ok := v.(string)
	if !ok || text == "" || slices.Contains(words, text) {
		return
	}
	last, _ := path[len(path)-1].(string)
	if last == "" {
		last, _ = path[len(path)-2].(string)
	}
	c.refuse(d.Position(path), fmt.Sprintf("%s has no word %q; there are %s", last, diag.Name(text), strings.Join(words, ", ")), diag.Meant(text, words))
}

// fields are the names of the fields of policies and bindings.
var fields = []string{
	"apiGroups", "apiVersion", "apiVersions", "auditAnnotations", "excludeResourceRules", "expression", "failurePolicy", "key", "kind",
	"matchConditions", "matchConstraints", "matchExpressions", "matchLabels", "matchPolicy", "matchResources", "message", "messageExpression",
	"metadata", "name", "namespace", "namespaceSelector", "objectSelector", "operations", "operator", "paramKind", "paramRef",
	"parameterNotFoundAction", "policyName", "reason", "resourceNames", "resourceRules", "resources", "scope", "selector", "spec",
	"validationActions", "validations", "valueExpression", "values", "variables",
}
