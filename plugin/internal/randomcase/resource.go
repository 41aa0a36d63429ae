package randomcase

import "strings"

// resource makes a node of any kind and adds what later nodes can read of it to the scope.
func (g *generator) resource() object {
	id := g.unique(pick(g, "config", "app", "node", "part"))
	switch {
	case g.chance(8) && !g.clusterScoped:
		return g.external(id)
	case g.chance(22):
		return g.collection(id)
	}
	template, outputs := g.template(id, g.name(id))
	node := object{"id": id, "template": template}
	if g.chance(30) {
		node["includeWhen"] = g.conditions()
	}
	if g.chance(25) {
		node["readyWhen"] = []any{pick(g, "${"+id+`.metadata.name != ""}`, "${has("+id+".metadata.uid)}", "${"+id+`.kind == "x" || true}`)}
	}
	g.scope = append(g.scope, value{id + ".metadata.name", text}, value{id + ".kind", text})
	g.scope = append(g.scope, outputs...)
	return node
}

func (g *generator) conditions() []any {
	out := []any{"${" + g.boolean(2) + "}"}
	if g.chance(20) {
		out = append(out, "${"+g.boolean(1)+"}")
	}
	return out
}

// collection makes a node with one to three forEach dimensions.
func (g *generator) collection(id string) object {
	var dimensions []any
	name, outer := "${schema.metadata.name}-"+strings.ToLower(id), g.scope
	added := []value{}
	for range pick(g, 1, 1, 1, 2, 2, 3) {
		iterator := g.unique("it")
		switch g.IntN(4) {
		case 0:
			dimensions = append(dimensions, object{iterator: "${" + g.integerList(2) + "}"})
			added = append(added, value{iterator, integer})
			name += "-${string(" + iterator + ")}"
		case 1:
			dimensions = append(dimensions, object{iterator: "${" + g.structList() + "}"})
			added = append(added, value{iterator + ".name", text}, value{iterator + ".count", integer})
			name += "-${" + iterator + ".name}"
		default:
			list := g.stringList(2)
			if g.chance(80) {
				list = list + ".distinct()"
			}
			dimensions = append(dimensions, object{iterator: "${" + list + "}"})
			added = append(added, value{iterator, text}, value{iterator, text})
			name += "-${" + iterator + "}"
		}
	}
	g.scope = append(append([]value{}, outer...), added...)
	template, _ := g.template(id, name)
	g.scope = outer
	node := object{"id": id, "forEach": dimensions, "template": template}
	if g.chance(25) {
		node["includeWhen"] = g.conditions()
	}
	if g.chance(25) {
		node["readyWhen"] = []any{`${each.metadata.name != ""}`}
	}
	v := g.unique("v")
	g.scope = append(g.scope, value{id + ".map(" + v + ", " + v + ".metadata.name)", textList}, value{"size(" + id + ")", integer})
	return node
}

// external makes a reference to an object that may be in cluster/.
func (g *generator) external(id string) object {
	g.usesExternal = true
	if g.chance(40) {
		selector := object{"matchLabels": object{"shared": pick(g, "yes", "yes", "no")}}
		if g.chance(30) {
			selector = object{"matchLabels": object{"owner": "${schema.metadata.name}"}}
		}
		v := g.unique("v")
		g.scope = append(g.scope, value{id + ".map(" + v + ", " + v + ".metadata.name)", textList}, value{id + ".size()", integer})
		return object{"id": id, "externalRef": object{"apiVersion": "v1", "kind": "ConfigMap", "metadata": object{"selector": selector}}}
	}
	g.scope = append(g.scope, value{id + ".data.host", text}, value{id + `.data["host"]`, text}, value{id + ".data", textMap}, value{id + `.data.?absent.orValue("none")`, text})
	return object{"id": id, "externalRef": object{"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": object{"name": pick(g, "shared", "shared", "missing", "${schema.spec.name}"), "namespace": "default"}}}
}

const clusterObjects = `apiVersion: v1
kind: ConfigMap
metadata: {name: shared, namespace: default, labels: {shared: "yes"}}
data: {host: db.example.com, port: "5432"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: other, namespace: team-a, labels: {shared: "yes", owner: demo}}
data: {host: other.example.com}
`

// template makes an object of a random kind, and says what other nodes can read of it.
func (g *generator) template(id, name string) (object, []value) {
	metadata := object{"name": name}
	if g.chance(35) {
		metadata["labels"] = object{"app": g.text(1), "kind.example.com/tier": "x"}
	}
	if g.chance(20) {
		metadata["annotations"] = pick[any](g, object{"note": g.text(2)}, "${"+g.stringMap(1)+"}")
	}
	kinds := []func(string) (object, []value){
		g.configMap, g.configMap, g.secret, g.service, g.deployment, g.job, g.autoscaler, g.serviceAccount, g.claim, g.ingress, g.custom, g.custom,
	}
	if g.chance(15) || g.clusterScoped && g.chance(40) {
		kinds = []func(string) (object, []value){g.namespace, g.clusterRole}
	} else if g.clusterScoped {
		metadata["namespace"] = pick(g, "default", "${schema.metadata.name}", "team-a")
	} else if g.chance(15) {
		metadata["namespace"] = pick(g, "other", "${schema.metadata.namespace}")
	}
	out, outputs := pick(g, kinds...)(id)
	out["metadata"] = metadata
	return out, outputs
}

func (g *generator) configMap(id string) (object, []value) {
	out := object{"apiVersion": "v1", "kind": "ConfigMap"}
	if g.chance(15) {
		out["data"] = "${" + g.stringMap(2) + "}"
		return out, []value{{id + ".data", textMap}, {id + ".data.?k.orValue(\"-\")", text}}
	}
	data := object{"first": g.text(3), "second.txt": g.text(2)}
	if g.chance(50) {
		data["third"] = g.text(4)
	}
	out["data"] = data
	return out, []value{{id + ".data.first", text}, {id + `.data["second.txt"]`, text}, {id + ".data", textMap}}
}

func (g *generator) secret(id string) (object, []value) {
	return object{"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "stringData": object{"password": g.text(2)}},
		[]value{{id + ".stringData.password", text}, {id + ".type", text}}
}

func (g *generator) service(id string) (object, []value) {
	port := object{"name": "http", "port": "${" + g.integer(2) + "}", "targetPort": pick[any](g, 8080, "http", "${"+g.integer(1)+"}", "${"+g.string(1)+"}")}
	return object{"apiVersion": "v1", "kind": "Service", "spec": object{
			"selector": pick[any](g, object{"app": g.text(1)}, "${"+g.stringMap(1)+"}"), "ports": []any{port},
		}},
		[]value{{id + ".spec.ports[0].port", integer}, {id + ".spec.ports[0].name", text}, {id + ".spec.selector", textMap}}
}

func (g *generator) container() object {
	out := object{"name": "main", "image": "nginx:${" + g.string(1) + "}"}
	if g.chance(50) {
		out["env"] = []any{object{"name": "A", "value": g.text(2)}, object{"name": "B", "value": "${" + g.string(2) + "}"}}
	}
	if g.chance(30) {
		out["args"] = pick[any](g, "${"+g.stringList(2)+"}", []any{"--x", g.text(1)})
	}
	if g.chance(30) {
		out["ports"] = []any{object{"containerPort": "${" + g.integer(1) + "}"}}
	}
	if g.chance(20) {
		out["resources"] = object{"limits": object{"cpu": "100m", "memory": "${" + g.string(1) + "}"}}
	}
	return out
}

func (g *generator) deployment(id string) (object, []value) {
	labels := object{"app": id}
	return object{"apiVersion": "apps/v1", "kind": "Deployment", "spec": object{
			"replicas": pick[any](g, 2, "${"+g.integer(2)+"}"), "selector": object{"matchLabels": labels},
			"template": object{"metadata": object{"labels": labels}, "spec": object{"containers": []any{g.container()}}},
		}},
		[]value{
			{id + ".spec.replicas", integer}, {id + ".spec.template.spec.containers[0].image", text}, {id + ".spec.selector.matchLabels", textMap},
			{id + ".spec.template.spec.containers.map(c, c.name)", textList}, {id + ".status.?availableReplicas.orValue(0)", integer},
			{pick(g, id+".spec.replicas", id+".status.readyReplicas"), integer},
		}
}

func (g *generator) job(id string) (object, []value) {
	return object{"apiVersion": "batch/v1", "kind": "Job", "spec": object{
			"backoffLimit": "${" + g.integer(1) + "}", "suspend": "${" + g.boolean(2) + "}",
			"template": object{"spec": object{"restartPolicy": "Never", "containers": []any{g.container()}}},
		}},
		[]value{{id + ".spec.suspend", boolean}, {id + ".spec.backoffLimit", integer}}
}

func (g *generator) autoscaler(id string) (object, []value) {
	return object{"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "spec": object{
			"minReplicas": 1, "maxReplicas": "${" + g.integer(2) + "}",
			"scaleTargetRef": object{"apiVersion": "apps/v1", "kind": "Deployment", "name": "${" + g.string(1) + "}"},
		}},
		[]value{{id + ".spec.maxReplicas", integer}, {id + ".spec.scaleTargetRef.name", text}}
}

func (g *generator) serviceAccount(id string) (object, []value) {
	return object{"apiVersion": "v1", "kind": "ServiceAccount", "automountServiceAccountToken": "${" + g.boolean(2) + "}"},
		[]value{{id + ".automountServiceAccountToken", boolean}}
}

func (g *generator) claim(id string) (object, []value) {
	return object{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": object{
			"accessModes": "${" + g.stringList(1) + "}", "resources": object{"requests": object{"storage": "${" + g.string(1) + "}"}},
		}},
		[]value{{id + ".spec.accessModes", textList}}
}

func (g *generator) ingress(id string) (object, []value) {
	return object{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "spec": object{
			"ingressClassName": g.text(1),
			"rules": []any{object{"host": g.text(2), "http": object{"paths": []any{object{
				"path": "/", "pathType": "Prefix",
				"backend": object{"service": object{"name": g.text(1), "port": object{"number": "${" + g.integer(1) + "}"}}},
			}}}}},
		}},
		[]value{{id + ".spec.rules[0].host", text}, {id + ".spec.rules.map(r, r.host)", textList}}
}

func (g *generator) namespace(id string) (object, []value) {
	return object{"apiVersion": "v1", "kind": "Namespace"}, []value{{id + ".metadata.?labels.?app.orValue(\"none\")", text}}
}

func (g *generator) clusterRole(id string) (object, []value) {
	rule := object{"apiGroups": []any{""}, "resources": []any{"pods", g.text(1)}, "verbs": "${" + g.stringList(2) + "}"}
	return object{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "rules": []any{rule}},
		[]value{{id + ".rules[0].verbs", textList}}
}

// structure fills a SimpleSchema struct with expressions of the right types.
func (g *generator) structure(fields []field, depth int) object {
	out := object{}
	for _, f := range fields {
		if f.required || g.chance(50) {
			out[f.name] = g.fieldValue(f, depth)
		}
	}
	return out
}

func (g *generator) fieldValue(f field, depth int) any {
	switch {
	case g.chance(30) || f.enum != nil || f.shape == freeObject || f.shape == structList:
		return g.literal(f)
	case f.shape == structure:
		return g.structure(f.fields, depth)
	}
	switch f.shape {
	case integer:
		return "${" + g.integer(depth) + "}"
	case number:
		return "${" + g.number(depth) + "}"
	case boolean:
		return "${" + g.boolean(depth) + "}"
	case textList:
		return "${" + g.stringList(depth) + "}"
	case integerList:
		return "${" + g.integerList(depth) + "}"
	case textMap:
		return "${" + g.stringMap(depth) + "}"
	}
	return g.text(depth)
}
