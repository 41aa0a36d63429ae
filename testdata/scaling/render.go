package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"github.com/krowave/krowave/testdata/figures"
)

// measureRender measures krowave render by instances and by the objects of each.
func measureRender(e *environment) error {
	var cpu, memory []figures.Sample
	var table strings.Builder
	table.WriteString("| instances | objects | CPU seconds | fitted | memory MiB | fitted |\n|---:|---:|---:|---:|---:|---:|\n")
	var shapes []shape
	for _, instances := range e.sizes(1, 100, 1000, 4000) {
		for _, objects := range []int{1, 4, 16} {
			if instances*objects <= 20_000 {
				shapes = append(shapes, shape{apps: 1, instances: instances, objects: objects})
			}
		}
	}
	for _, s := range shapes {
		dir, err := os.MkdirTemp(e.work, "render-")
		if err != nil {
			return err
		}
		if err := write(dir, s.files(0)); err != nil {
			return err
		}
		var seconds, bytesHeld []float64
		for range e.rounds {
			took, most, out, err := run(e.krowave, "render", "-d", dir+"/definitions", dir+"/"+app(0))
			if err != nil {
				return err
			}
			if got := bytes.Count(out, []byte("\nkind: ")); got != s.instances*s.objects {
				return fmt.Errorf("%d objects of %+v", got, s)
			}
			seconds, bytesHeld = append(seconds, took.Seconds()), append(bytesHeld, mib(most))
		}
		_ = os.RemoveAll(dir) // with the rest of the work
		x := []float64{1, float64(s.instances), float64(s.instances * s.objects)}
		cpu = append(cpu, figures.Sample{X: x, Value: median(seconds)})
		memory = append(memory, figures.Sample{X: x, Value: median(bytesHeld)})
		e.say("render: %d instances of %d objects", s.instances, s.objects)
	}
	c, m := figures.Fit(cpu), figures.Fit(memory)
	var series []figures.Series
	for i, s := range shapes {
		fmt.Fprintf(&table, "| %d | %d | %.2f | %.2f | %.0f | %.0f |\n", s.instances, s.instances*s.objects,
			cpu[i].Value, figures.Predict(c, cpu[i].X), memory[i].Value, figures.Predict(m, memory[i].X))
		series = figures.Add(series, fmt.Sprintf("CPU ms, %d objects each", s.objects), float64(s.instances), 1000*cpu[i].Value)
		series = figures.Add(series, fmt.Sprintf("memory MiB, %d each", s.objects), float64(s.instances), memory[i].Value)
	}
	text := table.String() + "\n" + formulas([]formula{
		{"CPU seconds", c, []string{"", "instances", "objects"}, figures.WorstError(cpu, c)},
		{"memory in MiB", m, []string{"", "instances", "objects"}, figures.WorstError(memory, m)},
	}) + "\n![CPU and memory of krowave render by instances](images/scaling-render.svg)\n"
	return e.publish("render", text, figures.Plot("CPU ms and memory MiB", "instances", series))
}
