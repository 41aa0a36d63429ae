package health

import (
	"slices"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/residual"
	"github.com/krowave/krowave/render/schema"
)

// delegated returns the checks of what --runtime=delegate leaves to kro: RGDs,
// and the instances that kro finishes. Kinds that Argo CD has a check for, such
// as all of group kro.run in Argo CD 3, are left alone.
func (g *generator) delegated(graphs []*graph.Graph) []Check {
	var rgds []*graph.RGD
	for _, gr := range graphs {
		rgds = append(rgds, gr.RGD)
	}
	kinds := []k8sschema.GroupKind{schema.RGDKind().GroupKind()}
	nodes := map[k8sschema.GroupKind][]string{}
	for _, gr := range graphs {
		d, _ := residual.Divide(gr, residual.World{RGDs: rgds})
		if !d.Delegates() {
			continue
		}
		kind := d.Kind.GroupKind()
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
		for _, m := range d.Moved {
			nodes[kind] = append(nodes[kind], gr.RGD.Name+"/"+m.Node.ID)
		}
	}
	var out []Check
	for _, kind := range kinds {
		if len(kinds) > 1 && !builtIn(g.version, kind) {
			out = append(out, Check{Group: kind.Group, Kind: kind.Kind, Nodes: append([]string{}, nodes[kind]...), Lua: stateCheck})
		}
	}
	return out
}

// stateCheck waits until kro says of an RGD, or of an instance, that it is done
// with its current generation (S7.16). An instance whose author declares
// conditions may have none that is called Ready; its state says it all.
const stateCheck = `-- Made by krowave for what kro renders in the cluster. Do not edit.
local status = obj.status
if type(status) ~= "table" then status = {} end
local generation = obj.metadata.generation
local message = "kro has not reported a state"
if type(status.state) == "string" then message = "kro reports " .. status.state end
local current = true
local conditions = status.conditions
if type(conditions) ~= "table" then conditions = {} end
for _, c in ipairs(conditions) do
  if c.type == "Ready" then
    if c.status ~= "True" and type(c.message) == "string" then message = c.message end
    if type(c.observedGeneration) == "number" and type(generation) == "number" and c.observedGeneration < generation then
      current = false
      message = "the status is of an older generation"
    end
  end
end
if current and (status.state == "ACTIVE" or status.state == "Active") then
  return {status = "Healthy", message = ""}
end
return {status = "Progressing", message = message}
`
