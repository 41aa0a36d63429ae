// Command scaling measures what krowave needs by the size of repositories: as a command line, as the sidecar of Argo
// CD's repo-server, and as the Flux controller on a real kube-apiserver. It fits formulas to the points, and writes
// tables and plots into docs/scaling.md. It runs on Linux; see run.sh beside it.
//
//	scaling -krowave BINARY [-only render,history,sidecar,flux] [-rounds N] [-quick] [-docs DIR]
//	scaling -docs DIR -section NAME <TEXT      write a section that another program measured
//
// Figures are CPU seconds, user and system, and resident memory. Wall time is only given where it is waited for.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/krowave/krowave/testdata/figures"
)

// environment is what the measurements share.
type environment struct {
	krowave, work, root, docs string
	rounds                    int
	quick                     bool
}

func main() {
	log.SetFlags(0)
	e := &environment{}
	flag.StringVar(&e.krowave, "krowave", "", "krowave binary")
	flag.StringVar(&e.root, "root", ".", "root of the repository, for the CRDs")
	flag.StringVar(&e.docs, "docs", "", "directory of scaling.md; print the sections when empty")
	flag.IntVar(&e.rounds, "rounds", 3, "runs of each command line; the median counts")
	flag.BoolVar(&e.quick, "quick", false, "small sizes only, to see that it works")
	only := flag.String("only", "render,history,sidecar,flux", "what to measure")
	section := flag.String("section", "", "write standard input into this section, and exit")
	flag.Parse()
	if *section != "" {
		text, err := io.ReadAll(os.Stdin)
		if err == nil {
			err = e.publish(*section, string(text), "")
		}
		if err != nil {
			log.Fatal(err)
		}
		return
	}
	if e.krowave == "" {
		log.Fatal("-krowave must name a binary")
	}
	if err := e.measure(strings.Split(*only, ",")); err != nil {
		log.Fatal(err)
	}
}

func (e *environment) measure(names []string) error {
	var err error
	if e.work, err = os.MkdirTemp("", "scaling-"); err != nil {
		return err
	}
	defer os.RemoveAll(e.work)
	for _, name := range names {
		work := map[string]func(*environment) error{"render": measureRender, "history": measureHistory, "sidecar": measureSidecar, "flux": measureFlux}[name]
		if work == nil {
			return fmt.Errorf("-only: there is no %q", name)
		}
		if err := work(e); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// sizes are all sizes, or the first two.
func (e *environment) sizes(all ...int) []int {
	if e.quick {
		return all[:2]
	}
	return all
}

func (e *environment) say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// publish writes a section of the page and its plot.
func (e *environment) publish(name, text, svg string) error {
	text = fmt.Sprintf("Measured on %s/%s with %d CPUs.\n\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU()) + text
	if e.docs == "" {
		_, err := fmt.Printf("## %s\n\n%s\n", name, text)
		return err
	}
	if svg != "" {
		if err := os.WriteFile(filepath.Join(e.docs, "images", "scaling-"+name+".svg"), []byte(svg), 0o600); err != nil {
			return err
		}
	}
	return figures.WriteSection(filepath.Join(e.docs, "scaling.md"), name, "\n"+text+"\n")
}

// formula is a fitted sum.
type formula struct {
	of           string
	coefficients []float64
	names        []string
	worst        float64 // difference from a measured point, as a part of it
}

func formulas(list []formula) string {
	var b strings.Builder
	b.WriteString("| | fitted | largest difference from a point |\n|---|---|---:|\n")
	for _, f := range list {
		fmt.Fprintf(&b, "| %s | %s | %.0f %% |\n", f.of, figures.Formula(f.coefficients, f.names), 100*f.worst)
	}
	return b.String()
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }
