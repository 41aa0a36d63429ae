package picture

import (
	"bytes"
	_ "embed"
	"encoding/xml"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/krowave/krowave/render/diag"
)

//go:embed picture.css
var style string

// SVG draws layouts below each other, in light and dark colours as the viewer
// prefers. Texts are escaped, and nothing in the picture is loaded or run.
func SVG(layouts ...Layout) []byte {
	width, height := 0, 0
	for _, l := range layouts {
		width, height = max(width, l.Width), height+l.Height+titleHeight
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img">`+"\n", width, height, width, height)
	names := make([]string, len(layouts))
	for i, l := range layouts {
		names[i] = l.Title
	}
	fmt.Fprintf(&b, "<title>%s</title>\n<style>%s</style>\n", text(strings.Join(names, ", ")), style)
	b.WriteString(`<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto">` +
		`<path class="head" d="M0 0L8 4L0 8z"/></marker></defs>` + "\n")
	fmt.Fprintf(&b, `<rect class="page" width="%d" height="%d"/>`+"\n", width, height)
	y := 0
	for _, l := range layouts {
		fmt.Fprintf(&b, `<g transform="translate(0 %d)">`+"\n", y)
		fmt.Fprintf(&b, `<text class="title" x="%d" y="28">%s</text>`+"\n", margin, text(l.Title))
		fmt.Fprintf(&b, `<g transform="translate(0 %d)">`+"\n", titleHeight)
		l.draw(&b)
		b.WriteString("</g>\n</g>\n")
		y += l.Height + titleHeight
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

const titleHeight = 32

func (l *Layout) draw(b *bytes.Buffer) {
	for i, c := range l.Columns {
		class := "wave"
		if i%2 == 1 {
			class = "wave odd"
		}
		fmt.Fprintf(b, `<rect class="%s" x="%d" y="0" width="%d" height="%d" rx="8"/>`+"\n", class, c.X-16, c.Width+32, l.Height-8)
		fmt.Fprintf(b, `<text class="column" x="%d" y="24">wave %d</text>`+"\n", c.X, c.Wave)
	}
	for i, e := range l.Edges {
		class := "edge"
		if len(e.Fields) == 0 {
			class = "edge bare"
		}
		fmt.Fprintf(b, `<path class="%s" d="%s" marker-end="url(#arrow)"><title>%s</title></path>`+"\n", class, Curve(l.Routes[i]), text(e.Label()))
	}
	for i, n := range l.Nodes {
		n.draw(b, l.Places[i])
	}
	for i, e := range l.Edges {
		if len(e.Fields) == 0 {
			continue
		}
		r := l.Routes[i]
		to := r[len(r)-1]
		from := r[len(r)-2]
		fmt.Fprintf(b, `<text class="label" x="%d" y="%d" text-anchor="middle">%s</text>`+"\n",
			(from.X+to.X)/2, (from.Y+to.Y)/2-4, text(cut(e.short(), 16)))
	}
}

// Label says what an edge is: who reads which fields.
func (e Edge) Label() string {
	if len(e.Fields) == 0 {
		return e.To + " waits for " + e.From
	}
	return e.To + " reads " + strings.Join(e.Fields, ", ") + " of " + e.From
}

// short is the last part of the first field.
func (e Edge) short() string {
	first := e.Fields[0]
	short := first[strings.LastIndexByte(first, '.')+1:]
	if len(e.Fields) > 1 {
		short += fmt.Sprintf(" +%d", len(e.Fields)-1)
	}
	return short
}

// Curve is the path of an edge.
func Curve(points []Point) string {
	var b strings.Builder
	for i, p := range points {
		switch {
		case i == 0:
			fmt.Fprintf(&b, "M%d %d", p.X, p.Y)
		case i%2 == 0: // across a column
			fmt.Fprintf(&b, "L%d %d", p.X, p.Y)
		default:
			from := points[i-1]
			mid := (p.X - from.X) / 2
			fmt.Fprintf(&b, "C%d %d %d %d %d %d", from.X+mid, from.Y, p.X-mid, p.Y, p.X, p.Y)
		}
	}
	return b.String()
}

// draw draws a node. What it is shows in its outline and in words, not only in
// its colour.
func (n Node) draw(b *bytes.Buffer, p Place) {
	fmt.Fprintf(b, `<g class="node %s"><title>%s</title>`, n.State, text(n.ID+", "+n.Words()))
	if n.Collection {
		fmt.Fprintf(b, `<rect class="box" x="%d" y="%d" width="%d" height="%d" rx="%d"/>`, p.X+5, p.Y+5, p.Width, p.Height, n.radius())
	}
	fmt.Fprintf(b, `<rect class="box" x="%d" y="%d" width="%d" height="%d" rx="%d"/>`, p.X, p.Y, p.Width, p.Height, n.radius())
	if n.Chained {
		fmt.Fprintf(b, `<rect class="inner" x="%d" y="%d" width="%d" height="%d" rx="%d"/>`, p.X+3, p.Y+3, p.Width-6, p.Height-6, max(n.radius()-3, 0))
	}
	fmt.Fprintf(b, `<text class="name" x="%d" y="%d">%s</text>`, p.X+14, p.Y+23, text(cut(n.Title, 22)))
	fmt.Fprintf(b, `<text class="kind" x="%d" y="%d">%s</text></g>`+"\n", p.X+14, p.Y+42, text(n.label(28)))
}

func (n Node) radius() int {
	if n.State == External {
		return nodeHeight / 2
	}
	return 6
}

// Words says in words what a node is.
func (n Node) Words() string {
	out := string(n.State)
	if n.Collection {
		out += " collection"
	}
	if n.Size != nil && (n.Collection || *n.Size > 1) {
		out += fmt.Sprintf(" of %d", *n.Size)
	}
	if n.Chained {
		out += ", chained"
	}
	return out
}

// label is what a node has room for: how many objects and its state are not cut
// off, whatever its kind is called.
func (n Node) label(limit int) string {
	end := " · " + string(n.State)
	switch {
	case n.Collection && n.Size == nil:
		end = " ×n" + end
	case n.Size != nil && (n.Collection || *n.Size > 1):
		end = fmt.Sprintf(" ×%d", *n.Size) + end
	}
	if n.Chained {
		end += ", chained"
	}
	return cut(n.Kind, max(limit-utf8.RuneCountInString(end), 4)) + end
}

func cut(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:limit-1]) + "…"
}

// text is text of a file: visible and escaped.
func text(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(diag.Visible(s))) // a buffer takes everything
	return b.String()
}
