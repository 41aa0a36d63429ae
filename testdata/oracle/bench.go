package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubernetes-sigs/kro/pkg/graph"
	kroruntime "github.com/kubernetes-sigs/kro/pkg/runtime"
)

// measure is the cost of one operation, averaged.
type measure struct {
	NanosecondsPerOp int64 `json:"nsPerOp"`
	AllocsPerOp      int64 `json:"allocsPerOp"`
	BytesPerOp       int64 `json:"bytesPerOp"`
}

// bench times kro's engine on one core: a graph built with cold schema caches, one with warm ones,
// and then n instances, each admitted and walked node by node.
func bench(e *engine, dir string, n int) error {
	runtime.GOMAXPROCS(1)
	files, err := readFolder(dir)
	if err != nil {
		return err
	}
	c, err := parseCase(files)
	if err != nil {
		return err
	}
	if c.instance == nil {
		return errNoInstance
	}
	served, err := e.cluster(c)
	if err != nil {
		return err
	}
	d := defining([]*definition{newDefinition(c.rgds[0], e.rgds)}, nil)
	build := func(int) error {
		_, err := served.builder.NewResourceGraphDefinition(&d.rgd, graphConfig)
		return err
	}
	var report struct {
		ColdBuild   measure `json:"coldBuild"`
		CachedBuild measure `json:"cachedBuild"`
		Admission   measure `json:"admission"`
		Render      measure `json:"render"`
		PerInstance measure `json:"perInstance"`
		Instances   int     `json:"instances"`
		Objects     int     `json:"objects"`
	}
	if report.ColdBuild, err = timed(1, build); err != nil {
		return err
	}
	if report.CachedBuild, err = timed(20, build); err != nil {
		return err
	}
	if d.compile(served); d.refused != nil {
		return fmt.Errorf("%s: %s", d.refused.Stage, d.refused.Message)
	}
	admitted := make([]*unstructured.Unstructured, n)
	if report.Admission, err = timed(n, func(i int) error {
		instance := c.instance.DeepCopy()
		instance.SetName(fmt.Sprintf("synthetic-%05d", i))
		var err error
		admitted[i], err = d.instances.admit(instance)
		return err
	}); err != nil {
		return err
	}
	if report.Render, err = timed(n, func(i int) error {
		objects, err := walk(d.graph, admitted[i])
		report.Objects += objects
		return err
	}); err != nil {
		return err
	}
	report.Instances = n
	report.PerInstance = measure{
		report.Admission.NanosecondsPerOp + report.Render.NanosecondsPerOp,
		report.Admission.AllocsPerOp + report.Render.AllocsPerOp,
		report.Admission.BytesPerOp + report.Render.BytesPerOp,
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(report)
}

// walk renders every node of an instance, as kro's controller would.
func walk(g *graph.Graph, instance *unstructured.Unstructured) (int, error) {
	rt, err := kroruntime.FromGraph(g, graphConfig, kroruntime.WithInstance(instance))
	if err != nil {
		return 0, err
	}
	objects := 0
	for _, node := range rt.Nodes() {
		ignored, err := node.IsIgnored()
		if err == nil && !ignored {
			var desired []*unstructured.Unstructured
			if desired, err = node.GetDesired(); err == nil {
				node.SetObserved(desired)
				objects += len(desired)
			}
		}
		if err != nil && !kroruntime.IsDataPending(err) {
			return 0, err
		}
	}
	return objects, nil
}

func timed(n int, operation func(i int) error) (measure, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	for i := range n {
		if err := operation(i); err != nil {
			return measure{}, err
		}
	}
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	per := func(total uint64) int64 { return int64(total) / int64(n) }
	return measure{took.Nanoseconds() / int64(n), per(after.Mallocs - before.Mallocs), per(after.TotalAlloc - before.TotalAlloc)}, nil
}
