// Package headline says what a change of objects comes to in a few numbers. In go
// objects before and after, out comes what their pods request in sum.
//
//	var sum headline.Sum
//	sum.Add(before, after)
//	for _, r := range sum.Changed() {
//		fmt.Println(r.Name, r.Before, "->", r.After)
//	}
package headline

import (
	"strconv"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/krowave/krowave/render/object"
)

// Request is what objects ask for in sum, before and after.
type Request struct {
	Name   string `json:"name"` // cpu, memory, ephemeral-storage, replicas, storage, or an extended resource
	Before string `json:"before"`
	After  string `json:"after"`
}

// Amounts are quantities by name.
type Amounts map[string]resource.Quantity

// names are the resources that are summed, in the order in which they are told.
var names = []string{"replicas", "cpu", "memory", "ephemeral-storage", "storage", "nvidia.com/gpu"}

// Sum adds up what objects request.
type Sum struct{ before, after Amounts }

// Add adds an object, nil where there is none. What is no workload and no claim
// requests nothing.
func (s *Sum) Add(before, after map[string]any) {
	if s.before == nil {
		s.before, s.after = Amounts{}, Amounts{}
	}
	s.before.add(Of(before), 1)
	s.after.add(Of(after), 1)
}

// Changed lists the sums that are not the same on both sides.
func (s *Sum) Changed() []Request {
	var out []Request
	for _, name := range names {
		before, after := s.before[name], s.after[name]
		if before.Cmp(after) != 0 {
			out = append(out, Request{name, before.String(), after.String()})
		}
	}
	return out
}

func (a Amounts) add(b Amounts, times int64) {
	for name, q := range b {
		sum := a[name]
		q = q.DeepCopy()
		q.Mul(times)
		sum.Add(q)
		a[name] = sum
	}
}

// most keeps the larger of each.
func (a Amounts) most(b Amounts) {
	for name, q := range b {
		if have, ok := a[name]; !ok || q.Cmp(have) > 0 {
			a[name] = q
		}
	}
}

// Of is what one object requests: its pods as many times as it has replicas. A
// DaemonSet and a CronJob count as one pod, since nobody knows how many there
// will be.
func Of(obj map[string]any) Amounts {
	out := Amounts{}
	gvk := object.GVK(obj)
	spec := object.Map(obj, "spec")
	template := object.Map(spec, "template", "spec")
	replicas := int64(1)
	switch gvk.Group + "/" + gvk.Kind {
	case "/Pod":
		template = spec
	case "/PersistentVolumeClaim":
		out.add(claim(spec), 1)
		return out
	case "batch/CronJob":
		template = object.Map(spec, "jobTemplate", "spec", "template", "spec")
	case "batch/Job":
		replicas = number(spec["parallelism"])
	case "apps/DaemonSet":
	case "apps/Deployment", "apps/ReplicaSet", "/ReplicationController":
		replicas = number(spec["replicas"])
		out["replicas"] = *resource.NewQuantity(replicas, resource.DecimalSI)
	case "apps/StatefulSet":
		replicas = number(spec["replicas"])
		out["replicas"] = *resource.NewQuantity(replicas, resource.DecimalSI)
		for _, c := range object.List(spec, "volumeClaimTemplates") {
			if c, ok := c.(map[string]any); ok {
				out.add(claim(object.Map(c, "spec")), replicas)
			}
		}
	default:
		return out
	}
	out.add(pod(template), replicas)
	return out
}

// number is a count, 1 where none is set.
func number(v any) int64 {
	switch v := v.(type) {
	case int64:
		return v
	case float64:
		return int64(v)
	}
	return 1
}

func claim(spec map[string]any) Amounts {
	out := Amounts{}
	if q, ok := quantity(object.Map(spec, "resources", "requests")["storage"]); ok {
		out["storage"] = q
	}
	return out
}

// pod is what the scheduler counts for a pod: its containers and sidecars
// together, or the largest container that runs before them, and the overhead.
func pod(spec map[string]any) Amounts {
	sum, before := Amounts{}, Amounts{}
	for _, c := range object.List(spec, "containers") {
		sum.add(container(c), 1)
	}
	sidecars := Amounts{}
	for _, c := range object.List(spec, "initContainers") {
		m, _ := c.(map[string]any)
		if object.Text(m, "restartPolicy") == "Always" {
			sidecars.add(container(c), 1)
			continue
		}
		with := Amounts{}
		with.add(sidecars, 1)
		with.add(container(c), 1)
		before.most(with)
	}
	sum.add(sidecars, 1)
	sum.most(before)
	overhead := Amounts{}
	for name, v := range object.Map(spec, "overhead") {
		if q, ok := quantity(v); ok {
			overhead[name] = q
		}
	}
	sum.add(overhead, 1)
	return sum
}

// container is what a container requests; a limit stands for a request that is
// not set.
func container(c any) Amounts {
	out := Amounts{}
	m, _ := c.(map[string]any)
	for _, of := range []string{"limits", "requests"} {
		for name, v := range object.Map(m, "resources", of) {
			if q, ok := quantity(v); ok {
				out[name] = q
			}
		}
	}
	return out
}

func quantity(v any) (resource.Quantity, bool) {
	text := ""
	switch v := v.(type) {
	case string:
		text = v
	case int64:
		text = strconv.FormatInt(v, 10)
	case float64:
		text = strconv.FormatFloat(v, 'f', -1, 64)
	}
	const longest = 64 // of a quantity that anybody means
	if text == "" || len(text) > longest {
		return resource.Quantity{}, false
	}
	q, err := resource.ParseQuantity(text)
	return q, err == nil && q.Sign() >= 0
}
