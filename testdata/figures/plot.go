// Package figures has what the programs that measure krowave share: plots, sections of a page that a program
// writes, least squares, and what a process cost.
package figures

import (
	"fmt"
	"math"
	"strings"
)

// Point is a measured value; both coordinates are greater than 0.
type Point struct{ X, Y float64 }

// Series is a line of a plot.
type Series struct {
	Name   string
	Points []Point // by X
}

// Add adds a point to the series with this name, or begins one.
func Add(list []Series, name string, x, y float64) []Series {
	for i := range list {
		if list[i].Name == name {
			list[i].Points = append(list[i].Points, Point{x, y})
			return list
		}
	}
	return append(list, Series{name, []Point{{x, y}}})
}

// Plot draws series as SVG, both axes logarithmic and by decades: title says what Y is, by what X is.
func Plot(title, by string, series []Series) string {
	const width, height, left, top, right, bottom = 860.0, 420.0, 60.0, 40.0, 270.0, 40.0
	low, high, most := math.Inf(1), math.Inf(-1), 10.0
	for _, s := range series {
		for _, p := range s.Points {
			low, high, most = min(low, p.Y), max(high, p.Y), max(most, p.X)
		}
	}
	bottomDecade, topDecade := math.Floor(math.Log10(low)), math.Ceil(math.Log10(high))
	x := func(n float64) float64 { return left + (width-left-right)*math.Log10(n)/math.Log10(most) }
	y := func(v float64) float64 {
		return height - bottom - (height-top-bottom)*(math.Log10(v)-bottomDecade)/(topDecade-bottomDecade)
	}
	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="sans-serif" font-size="12" role="img" aria-label="%s by %s">`+"\n", width, height, title, by)
	out.WriteString(`<rect width="100%" height="100%" fill="#ffffff"/>` + "\n")
	fmt.Fprintf(&out, `<text x="%.0f" y="22" font-size="14">%s by %s (both axes logarithmic)</text>`+"\n", left, title, by)
	for d := bottomDecade; d <= topDecade; d++ {
		v := math.Pow(10, d)
		fmt.Fprintf(&out, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#dddddd"/><text x="%.1f" y="%.1f" text-anchor="end">%g</text>`+"\n", left, y(v), width-right, y(v), left-6, y(v)+4, v)
	}
	for n := 1.0; n <= most; n *= 10 {
		fmt.Fprintf(&out, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#dddddd"/><text x="%.1f" y="%.1f" text-anchor="middle">%g</text>`+"\n", x(n), top, x(n), height-bottom, x(n), height-bottom+18, n)
	}
	colours := []string{"#0b5fff", "#00875a", "#6b6b6b", "#c2410c", "#f59e0b", "#9333ea", "#db2777", "#0f766e"}
	dashes := []string{"", "6 3", "2 3"}
	for i, s := range series {
		var points strings.Builder
		for _, p := range s.Points {
			fmt.Fprintf(&points, "%.1f,%.1f ", x(p.X), y(p.Y))
		}
		style := fmt.Sprintf(`stroke="%s" stroke-dasharray="%s" stroke-width="2" fill="none"`, colours[i%len(colours)], dashes[i%len(dashes)])
		fmt.Fprintf(&out, `<polyline points="%s" %s/>`+"\n", strings.TrimSpace(points.String()), style)
		for _, p := range s.Points {
			fmt.Fprintf(&out, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n", x(p.X), y(p.Y), colours[i%len(colours)])
		}
		at := top + 20*float64(i)
		fmt.Fprintf(&out, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" %s/><text x="%.1f" y="%.1f">%s</text>`+"\n", width-right+14, at, width-right+44, at, style, width-right+50, at+4, s.Name)
	}
	out.WriteString("</svg>\n")
	return out.String()
}
