package randomcase

import "strings"

// widget is a custom kind: the fields that its CRD declares, of those that templates use.
type widget struct {
	group    string
	optional []string // of size, ratio, tags, limits, items, free, port, mode
}

// widgets are few, so that an engine can share what it learns of their CRDs between cases.
var widgets = []widget{
	{"demo.example.com", []string{"size", "tags", "mode"}},
	{"demo.example.com", []string{"size", "ratio", "limits", "free"}},
	{"gear.example.com", []string{"items", "port", "flag", "mode"}},
	{"gear.example.com", []string{"size", "ratio", "tags", "limits", "items", "free", "port", "flag", "mode"}},
}

func (w widget) has(name string) bool {
	return strings.Contains(" "+strings.Join(w.optional, " ")+" ", " "+name+" ")
}

func (w widget) crd() string {
	properties := object{}
	for name, schema := range map[string]object{
		"size":   {"type": "integer"},
		"ratio":  {"type": "number", "default": 1.5},
		"mode":   {"type": "string", "enum": []any{"fast", "slow"}, "default": "fast"},
		"flag":   {"type": "boolean"},
		"tags":   {"type": "array", "items": object{"type": "string"}},
		"limits": {"type": "object", "additionalProperties": object{"type": "integer"}},
		"port":   {"x-kubernetes-int-or-string": true, "anyOf": []any{object{"type": "integer"}, object{"type": "string"}}},
		"free":   {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
		"items": {"type": "array", "items": object{"type": "object", "required": []any{"name"}, "properties": object{
			"name": object{"type": "string"}, "count": object{"type": "integer", "default": 1},
		}}},
	} {
		if w.has(name) {
			properties[name] = schema
		}
	}
	spec := object{"type": "object", "properties": properties}
	status := object{"type": "object", "properties": object{"phase": object{"type": "string"}}}
	return documents(object{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": object{"name": "widgets." + w.group},
		"spec": object{
			"group": w.group, "scope": "Namespaced",
			"names": object{"kind": "Widget", "plural": "widgets", "singular": "widget", "listKind": "WidgetList"},
			"versions": []any{object{
				"name": "v1", "served": true, "storage": true, "subresources": object{"status": object{}},
				"schema": object{"openAPIV3Schema": object{"type": "object", "properties": object{"spec": spec, "status": status}}},
			}},
		},
	})
}

// custom makes an object of the case's custom kind.
func (g *generator) custom(id string) (object, []value) {
	g.usesWidget = true
	spec, outputs := object{}, []value{{id + `.status.?phase.orValue("new")`, text}}
	use := func(name string, s shape, content func() any) {
		if !g.widget.has(name) || !g.chance(60) {
			return
		}
		spec[name] = content()
		if s != freeObject {
			outputs = append(outputs, value{id + ".spec." + name, s})
		}
	}
	use("size", integer, func() any { return pick[any](g, 3, "${"+g.integer(2)+"}") })
	use("ratio", number, func() any { return pick[any](g, 1, 2.5, "${"+g.number(2)+"}") })
	use("mode", text, func() any { return pick[any](g, "slow", `${`+g.boolean(1)+` ? "fast" : "slow"}`) })
	use("flag", boolean, func() any { return "${" + g.boolean(2) + "}" })
	use("tags", textList, func() any { return pick[any](g, "${"+g.stringList(2)+"}", []any{g.text(1), "t"}) })
	use("limits", freeObject, func() any {
		return pick[any](g, object{"cpu": "${" + g.integer(1) + "}"}, `${{"cpu": `+g.integer(1)+`}}`)
	})
	use("port", freeObject, func() any {
		return pick[any](g, "${"+g.integer(1)+"}", "${"+g.string(1)+"}", 80, "${"+g.integer(1)+"}${"+g.integer(1)+"}")
	})
	use("items", structList, func() any {
		return pick[any](g, []any{object{"name": g.text(1), "count": "${" + g.integer(1) + "}"}}, "${"+g.structList()+"}")
	})
	use("free", freeObject, func() any {
		return object{"any": g.text(2), "list": []any{1, "${" + g.number(1) + "}", "${" + g.integer(1) + "}"}, "map": `${{"a": ` + g.integer(1) + `, "b": ` + g.string(1) + `}}`}
	})
	return object{"apiVersion": g.widget.group + "/v1", "kind": "Widget", "spec": spec}, outputs
}
