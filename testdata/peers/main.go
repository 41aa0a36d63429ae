// Command peers renders the same objects with krowave and with the tools that a user could pick instead, and
// compares what whole processes cost. See run.sh beside it.
//
//	go run ./testdata/peers -krowave BINARY [-helm3 BINARY] [-helm4 BINARY] [-kustomize BINARY] [-sizes 1,100] [-rounds N] [-engine FILE] [-o DIR]
//
// An instance is four objects. Every tool has to give the same objects, compared as JSON. Rounds are interleaved: each
// runs every tool once, so that what else the machine does meets all of them. Figures are medians over the rounds.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// tool is one way to render an input.
type tool struct {
	name  string
	most  int                                // instances; beyond it, a run takes too long
	write func(dir string, n int) error      // writes the input
	runs  func(dir string, n int) [][]string // the processes of one run
}

// cost is what the processes of one run took together; memory is that of the largest.
type cost struct {
	cpu, wall time.Duration
	memory    int64 // bytes
}

// result has the medians of a tool at a size.
type result struct {
	tool string
	size int
	cost
}

func main() {
	log.SetFlags(0)
	var (
		krowave   = flag.String("krowave", "", "krowave binary")
		helm3     = flag.String("helm3", "", "Helm 3 binary; none when empty")
		helm4     = flag.String("helm4", "", "Helm 4 binary; none when empty")
		kustomize = flag.String("kustomize", "", "kustomize binary; none when empty")
		sizes     = flag.String("sizes", "1,100,1000,10000", "numbers of instances")
		rounds    = flag.Int("rounds", 5, "runs of each tool at each size")
		engine    = flag.String("engine", "", "file with what testdata/oracle/bench.sh printed, for the report")
		output    = flag.String("o", "", "directory in which to write benchmarks.md and its plots; print the table when empty")
		floor     = flag.String("floor", "", "do what the RGD does for the instances in this file, and exit")
	)
	flag.Parse()
	if *floor != "" {
		if err := byHand(*floor); err != nil {
			log.Fatal(err)
		}
		return
	}
	if *krowave == "" {
		log.Fatal("-krowave must name a binary")
	}
	tools := tools(*krowave, *helm3, *helm4, *kustomize)
	var results []result
	for text := range strings.SplitSeq(*sizes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			log.Fatalf("-sizes: %q must be an integer greater than 0", text)
		}
		found, err := measure(tools, n, *rounds)
		if err != nil {
			log.Fatal(err)
		}
		results = append(results, found...)
	}
	if *output == "" {
		fmt.Print(table(results))
		return
	}
	if err := writeReport(*output, results, *rounds, *engine); err != nil {
		log.Fatal(err)
	}
}

// measure runs every tool at one size.
func measure(tools []tool, n, rounds int) ([]result, error) {
	work, err := os.MkdirTemp("", "peers-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	var able []tool
	for _, t := range tools {
		if n <= t.most {
			able = append(able, t)
		}
	}
	costs := make([][]cost, len(able))
	var want []string
	for i, t := range able {
		dir := filepath.Join(work, strconv.Itoa(i))
		if err := t.write(dir, n); err != nil {
			return nil, err
		}
	}
	for round := range rounds {
		for i, t := range able {
			var total cost
			var out bytes.Buffer
			for _, args := range t.runs(filepath.Join(work, strconv.Itoa(i)), n) {
				c, text, err := run(args)
				if err != nil {
					return nil, err
				}
				total.cpu, total.wall, total.memory = total.cpu+c.cpu, total.wall+c.wall, max(total.memory, c.memory)
				out.WriteString("---\n")
				out.Write(text)
			}
			costs[i] = append(costs[i], total)
			if round > 0 {
				continue
			}
			got, err := objects(out.Bytes())
			if err != nil {
				return nil, fmt.Errorf("%s: %w", t.name, err)
			}
			if i == 0 {
				want = got
				if len(got) != 4*n {
					return nil, fmt.Errorf("%s renders %d objects of %d instances", t.name, len(got), n)
				}
			}
			if at := differs(want, got); at != "" {
				return nil, fmt.Errorf("%s renders other objects than %s: %s", t.name, able[0].name, at)
			}
		}
		fmt.Fprintf(os.Stderr, "%d instances: round %d of %d\n", n, round+1, rounds)
	}
	var results []result
	for i, t := range able {
		results = append(results, result{t.name, n, median(costs[i])})
	}
	return results, nil
}

// run runs a process to its end.
func run(args []string) (cost, []byte, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	begin := time.Now()
	if err := cmd.Run(); err != nil {
		return cost{}, nil, fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, &stderr)
	}
	state := cmd.ProcessState
	c := cost{cpu: state.UserTime() + state.SystemTime(), wall: time.Since(begin)}
	if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
		c.memory = usage.Maxrss << 10
	}
	return c, stdout.Bytes(), nil
}

func median(costs []cost) cost {
	var out cost
	for _, set := range []func(c *cost) *int64{
		func(c *cost) *int64 { return (*int64)(&c.cpu) },
		func(c *cost) *int64 { return (*int64)(&c.wall) },
		func(c *cost) *int64 { return &c.memory },
	} {
		var values []int64
		for i := range costs {
			values = append(values, *set(&costs[i]))
		}
		slices.Sort(values)
		*set(&out) = values[len(values)/2]
	}
	return out
}

// objects returns the objects of a YAML stream as JSON with sorted keys, sorted.
func objects(stream []byte) ([]string, error) {
	var out []string
	for _, doc := range documents(stream) {
		var object map[string]any
		if err := yaml.Unmarshal(doc, &object); err != nil {
			return nil, err
		}
		if len(object) == 0 {
			continue
		}
		text, err := json.Marshal(object)
		if err != nil {
			return nil, err
		}
		out = append(out, string(text))
	}
	slices.Sort(out)
	return out, nil
}

func documents(stream []byte) [][]byte {
	return bytes.Split(append([]byte("\n"), stream...), []byte("\n---\n"))
}

// differs returns the first object that is not in both lists, "" when they are equal.
func differs(want, got []string) string {
	for i := range max(len(want), len(got)) {
		switch {
		case i >= len(got):
			return "it lacks " + want[i]
		case i >= len(want) || want[i] != got[i]:
			return "it has " + got[i]
		}
	}
	return ""
}
