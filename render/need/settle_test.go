package need_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/need"
)

// links is an RGD whose second reference is named by what the first one holds.
const links = `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: links}
spec:
  schema: {apiVersion: v1, kind: Links, spec: {}}
  resources:
  - id: first
    externalRef: {apiVersion: v1, kind: ConfigMap, metadata: {name: first}}
  - id: second
    externalRef: {apiVersion: v1, kind: ConfigMap, metadata: {name: "${first.data.next}"}}
  - id: out
    template: {apiVersion: v1, kind: ConfigMap, metadata: {name: out}, data: {value: "${second.data.value}"}}
---
apiVersion: kro.run/v1
kind: Links
metadata: {name: links}
spec: {}
`

func TestSettleFollowsWhatObjectsName(t *testing.T) {
	cluster := map[string]map[string]any{
		"first":  {"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "first"}, "data": map[string]any{"next": "second"}},
		"second": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "second"}, "data": map[string]any{"value": "found"}},
	}
	in := render.Input{Files: []manifest.File{{Name: "links.yaml", Data: []byte(links)}}}
	known := map[string]bool{}
	var observed []manifest.File
	read := func(_ context.Context, res *render.Result) ([]manifest.File, bool, error) {
		again := false
		for _, n := range need.Of(res) {
			if obj := cluster[n.Name]; obj != nil && !known[n.Name] {
				known[n.Name], again = true, true
				observed = append(observed, manifest.File{Name: n.Name, Objects: []map[string]any{obj}})
			}
		}
		return observed, again, nil
	}
	res, settled, err := need.Settle(t.Context(), in, render.Options{Runtime: render.Withhold}, 5, read)
	if err != nil || !settled || len(res.Objects) != 1 {
		t.Fatalf("settled %v, error %v, %v", settled, err, res.Diagnostics)
	}
	if got := fmt.Sprint(res.Objects[0].Object["data"]); got != "map[value:found]" {
		t.Errorf("got %s", got)
	}
}

func TestSettleGivesUp(t *testing.T) {
	in := render.Input{Files: []manifest.File{{Name: "links.yaml", Data: []byte(links)}}}
	renders := 0
	res, settled, err := need.Settle(t.Context(), in, render.Options{Runtime: render.Withhold}, 3,
		func(context.Context, *render.Result) ([]manifest.File, bool, error) {
			renders++
			return nil, true, nil
		})
	if renders != 3 || settled || err != nil || res == nil {
		t.Errorf("%d renders, settled %v, error %v", renders, settled, err)
	}
	broken := errors.New("no cluster")
	if _, _, err := need.Settle(t.Context(), in, render.Options{}, 3, func(context.Context, *render.Result) ([]manifest.File, bool, error) {
		return nil, true, broken
	}); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}
