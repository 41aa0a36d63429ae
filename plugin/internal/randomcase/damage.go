package randomcase

// damage breaks the case in one way that users know, and says which. Some of the breakages are
// harmless, as kro sees it: that is part of the question.
func (g *generator) damage(instance object) string {
	rgd := g.definitions[g.IntN(len(g.definitions))]["spec"].(object)
	schema, resources := rgd["schema"].(object), rgd["resources"].([]any)
	node := resources[g.IntN(len(resources))].(object)
	template, _ := node["template"].(object)
	if template == nil {
		template = object{"metadata": object{}}
	}
	metadata := template["metadata"].(object)
	spec, _ := instance["spec"].(object)
	if spec == nil {
		spec = object{}
	}
	annotate := func(text string) { metadata["annotations"] = object{"broken": text} }
	breakages := []struct {
		name  string
		apply func()
	}{
		{"misspelt variable", func() { annotate("${shcema.spec.name}") }},
		{"unknown schema field", func() { annotate("${schema.spec.nope}") }},
		{"unknown node", func() { annotate("${nobody.metadata.name}") }},
		{"status of the schema", func() { annotate("${schema.status.x}") }},
		{"self reference", func() { annotate("${" + node["id"].(string) + ".metadata.name}") }},
		{"integer in a string", func() { annotate("a-${1 + 1}") }},
		{"wrong type", func() { annotate("${1 + 1}") }},
		{"syntax", func() { annotate("${schema.spec.name +}") }},
		{"empty expression", func() { annotate("${}") }},
		{"nested expression", func() { annotate("${schema.spec.${x}}") }},
		{"unknown function", func() { annotate("${schema.spec.name.shout()}") }},
		{"type identifier", func() { annotate("${type(schema.spec.name) == string ? \"a\" : \"b\"}") }},
		{"division by zero", func() { annotate("${string(1 / (size(schema.spec.name) - size(schema.spec.name)))}") }},
		{"index out of range", func() { annotate("${[\"a\"][size(schema.spec.name) + 5]}") }},
		{"dynamic type error", func() { annotate("${\"a\" + dyn(1)}") }},
		{"unmarshalled garbage", func() { annotate("${string(json.unmarshal(\"{\"))}") }},
		{"missing optional map key", func() { annotate("${{\"a\": \"b\"}[schema.spec.name]}") }},
		{"reserved label", func() { metadata["labels"] = object{"kro.run/mine": "x"} }},
		{"uid", func() { annotate("${string(schema.metadata.uid)}") }},
		{"omit", func() { annotate("${omit()}") }},
		{"unknown template field", func() { template["specc"] = object{"a": 1} }},
		{"literal of a wrong type", func() { template["data"], template["spec"] = []any{1}, "text" }},
		{"null field", func() { metadata["labels"] = nil }},
		{"no metadata", func() { delete(template, "metadata") }},
		{"unknown kind", func() { template["kind"] = "Deploymentt" }},
		{"expression as kind", func() { template["kind"] = "${schema.spec.name}" }},
		{"reserved id", func() { node["id"] = "schema" }},
		{"id with a dash", func() { node["id"] = "my-node" }},
		{"duplicate id", func() { rgd["resources"] = append(resources, object{"id": node["id"], "template": template}) }},
		{"duplicate object", func() { rgd["resources"] = append(resources, object{"id": "again", "template": template}) }},
		{"no template", func() { delete(node, "template") }},
		{"cycle", func() {
			first := object{"apiVersion": "v1", "kind": "ConfigMap", "metadata": object{"name": "one"}, "data": object{"a": "${cycleB.data.b}"}}
			second := object{"apiVersion": "v1", "kind": "ConfigMap", "metadata": object{"name": "two"}, "data": object{"b": "${cycleA.data.a}"}}
			rgd["resources"] = append(resources, object{"id": "cycleA", "template": first}, object{"id": "cycleB", "template": second})
		}},
		{"condition that is no boolean", func() { node["includeWhen"] = []any{"${schema.spec.name}"} }},
		{"condition that is dynamic", func() { node["includeWhen"] = []any{"${dyn(true)}"} }},
		{"condition with text around", func() { node["includeWhen"] = []any{"x${true}"} }},
		{"condition without data", func() { node["includeWhen"] = []any{"${schema.metadata.annotations[\"example.com/none\"] != \"\"}"} }},
		{"readiness of another node", func() { node["readyWhen"] = []any{"${schema.spec.name == \"\"}"} }},
		{"iterator that is not used", func() { node["forEach"] = []any{object{"unused": "${[1]}"}} }},
		{"iterator over a string", func() { node["forEach"] = []any{object{"unused": "${schema.spec.name}"}} }},
		{"unknown type", func() { schema["spec"].(object)["bad"] = "int" }},
		{"unknown marker", func() { schema["spec"].(object)["bad"] = "string | optional=true" }},
		{"default of a wrong type", func() { schema["spec"].(object)["bad"] = "integer | default=ten" }},
		{"default that is no JSON", func() { schema["spec"].(object)["bad"] = "integer | default=007" }},
		{"default outside of its limits", func() { schema["spec"].(object)["bad"] = "integer | default=7 maximum=3" }},
		{"marker without a value", func() { schema["spec"].(object)["bad"] = "string | required" }},
		{"two pipes", func() { schema["spec"].(object)["bad"] = "string | required=true | default=x" }},
		{"list map without keys", func() { schema["spec"].(object)["bad"] = "[]Bad | listType=map" }},
		{"enum without entries", func() { schema["spec"].(object)["bad"] = `string | enum=","` }},
		{"rule that does not compile", func() { schema["spec"].(object)["bad"] = `string | validation="self >"` }},
		{"rule that refuses", func() { schema["spec"].(object)["name"] = `string | required=true validation="self == 'no'"` }},
		{"cyclic types", func() { schema["types"] = object{"A": object{"b": "B"}, "B": object{"a": "A"}} }},
		{"kind in lower case", func() { schema["kind"] = "app" }},
		{"status without an expression", func() { schema["status"] = object{"fixed": "value"} }},
		{"status of an unknown node", func() { schema["status"] = object{"x": "${nobody.status}"} }},
		{"status without a reference", func() { schema["status"] = object{"x": "${1 + 1}"} }},
		{"required field missing", func() { delete(spec, "name") }},
		{"instance of a wrong type", func() { spec["name"] = 5 }},
		{"instance with an unknown field", func() { spec["unknown"] = "pruned" }},
		{"instance with a null", func() { spec["name"] = nil }},
		{"instance without spec", func() { delete(instance, "spec") }},
		{"instance of another version", func() { instance["apiVersion"] = "random.example.com/v2" }},
	}
	chosen := breakages[g.IntN(len(breakages))]
	chosen.apply()
	return chosen.name
}
