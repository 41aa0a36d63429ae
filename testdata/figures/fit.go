package figures

import (
	"fmt"
	"math"
	"strings"
)

// Fit returns the coefficients c, none below 0, for which the sum of c[k]*x[k] is nearest to the values of all
// samples, relative to each value: a large sample does not outweigh the small ones. All samples have the same number
// of x, usually with a constant 1 as the first; values are greater than 0.
func Fit(samples []Sample) []float64 {
	n := len(samples[0].X)
	use := make([]bool, n)
	for k := range use {
		use[k] = true
	}
	for {
		c := solve(samples, use)
		least := -1
		for k := range c {
			if c[k] < 0 && (least < 0 || c[k] < c[least]) {
				least = k
			}
		}
		if least < 0 {
			return c
		}
		use[least] = false
	}
}

// Sample is a measured value, and what it depends on.
type Sample struct {
	X     []float64
	Value float64
}

// solve solves the normal equations of the columns that are used, by Gauss's elimination.
func solve(samples []Sample, use []bool) []float64 {
	var columns []int
	for k, ok := range use {
		if ok {
			columns = append(columns, k)
		}
	}
	m := len(columns)
	a := make([][]float64, m)
	for i := range a {
		a[i] = make([]float64, m+1)
		for _, s := range samples {
			for j := range m {
				a[i][j] += s.X[columns[i]] * s.X[columns[j]] / (s.Value * s.Value)
			}
			a[i][m] += s.X[columns[i]] / s.Value
		}
	}
	for i := range m {
		pivot := i
		for r := i + 1; r < m; r++ {
			if math.Abs(a[r][i]) > math.Abs(a[pivot][i]) {
				pivot = r
			}
		}
		a[i], a[pivot] = a[pivot], a[i]
		for r := range m {
			if r == i || a[i][i] == 0 {
				continue
			}
			f := a[r][i] / a[i][i]
			for j := i; j <= m; j++ {
				a[r][j] -= f * a[i][j]
			}
		}
	}
	out := make([]float64, len(use))
	for i, k := range columns {
		if a[i][i] != 0 {
			out[k] = a[i][m] / a[i][i]
		}
	}
	return out
}

// Predict is the sum of c[k]*x[k].
func Predict(c, x []float64) float64 {
	sum := 0.0
	for k := range c {
		sum += c[k] * x[k]
	}
	return sum
}

// WorstError is the largest difference between a sample and its prediction, as a part of the sample.
func WorstError(samples []Sample, c []float64) float64 {
	worst := 0.0
	for _, s := range samples {
		worst = max(worst, math.Abs(Predict(c, s.X)-s.Value)/s.Value)
	}
	return worst
}

// Formula writes a sum of coefficients with two significant digits: the first stands alone when its name is "".
// Terms of 0 are left out.
func Formula(c []float64, names []string) string {
	var terms []string
	for k := range c {
		if c[k] == 0 {
			continue
		}
		term := number(c[k])
		if names[k] != "" {
			term += " × " + names[k]
		}
		terms = append(terms, term)
	}
	if terms == nil {
		return "0"
	}
	return strings.Join(terms, " + ")
}

// number writes a number with two significant digits, and without an exponent.
func number(v float64) string {
	digits := max(0, 1-int(math.Floor(math.Log10(v))))
	scale := math.Pow(10, math.Floor(math.Log10(v))-1)
	text := fmt.Sprintf("%.*f", digits, math.Round(v/scale)*scale)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}
