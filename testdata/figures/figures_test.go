package figures

import (
	"math"
	"strings"
	"testing"
)

func TestFit(t *testing.T) {
	for _, tt := range []struct {
		name    string
		value   func(x, y float64) float64
		formula string
	}{
		{"exact", func(x, y float64) float64 { return 60 + 0.5*x + 0.02*y }, "60 + 0.5 × files + 0.02 × objects"},
		{"a term that is not there", func(x, _ float64) float64 { return 7 + 3*x }, "7 + 3 × files"},
		{"never below zero", func(x, y float64) float64 { return 1000 + 3*x - 0.01*y }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var samples []Sample
			for _, x := range []float64{1, 10, 100, 1000} {
				for _, y := range []float64{5, 50, 500} {
					samples = append(samples, Sample{[]float64{1, x, y}, tt.value(x, y)})
				}
			}
			c := Fit(samples)
			for k := range c {
				if c[k] < 0 || math.IsNaN(c[k]) {
					t.Errorf("coefficient %d is %v", k, c[k])
				}
			}
			if tt.formula == "" {
				return
			}
			for k := range c {
				if c[k] < 1e-9 {
					c[k] = 0 // what rounding leaves
				}
			}
			if got := Formula(c, []string{"", "files", "objects"}); got != tt.formula {
				t.Errorf("got %s, want %s", got, tt.formula)
			}
			if worst := WorstError(samples, c); worst > 1e-6 {
				t.Errorf("off by %v", worst)
			}
		})
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0.000123: "0.00012", 0.5: "0.5", 1: "1", 9.96: "10", 12.4: "12", 1234: "1200", 60: "60"} {
		if got := number(v); got != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
	}
}

func TestSection(t *testing.T) {
	page := "# Page\n<!-- a -->\nold\n<!-- /a -->\nby hand\n<!-- b -->\n<!-- /b -->\n"
	got, err := section([]byte(page), "a", "new\n")
	if want := strings.Replace(page, "old", "new", 1); err != nil || string(got) != want {
		t.Errorf("got %q, %v", got, err)
	}
	for _, bad := range []string{"# Page\n", "<!-- /a -->\n<!-- a -->\n", page + "<!-- a -->\n"} {
		if _, err := section([]byte(bad), "a", ""); err == nil {
			t.Errorf("%q has no such section", bad)
		}
	}
}

func TestPlot(t *testing.T) {
	svg := Plot("CPU seconds", "instances", Add(Add(Add(nil, "a", 1, 0.5), "a", 1000, 20), "b", 10, 3))
	for _, want := range []string{`aria-label="CPU seconds by instances"`, ">a</text>", ">b</text>", ">1000</text>", "</svg>"} {
		if !strings.Contains(svg, want) {
			t.Errorf("the plot has no %s", want)
		}
	}
	if got := strings.Count(svg, "<circle"); got != 3 {
		t.Errorf("%d points", got)
	}
}
