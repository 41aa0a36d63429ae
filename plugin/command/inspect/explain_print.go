package inspect

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/trace"
)

// explanationPrinter writes an explanation for people.
type explanationPrinter struct{ out bytes.Buffer }

func (p *explanationPrinter) line(depth int, format string, args ...any) {
	p.out.WriteString(strings.Repeat("  ", depth) + strings.TrimRight(diag.Clean(diag.Cut(fmt.Sprintf(format, args...), diag.MaxText)), " ") + "\n")
}

func (p *explanationPrinter) explanation(x *trace.Explanation) {
	switch {
	case x.Object != nil:
		p.line(0, "%s %s", identityText(*x.Object), x.Object.APIVersion)
	case x.Missing != nil && x.Missing.Object != nil:
		p.line(0, "%s is not rendered: %s/%s %s", identityText(*x.Missing.Object), identityText(x.Instance.Identity), x.Missing.Node, x.Missing.Text)
	case x.Items != nil:
		p.line(0, "%s/%s renders %d %s", identityText(x.Instance.Identity), x.Node.ID, len(x.Items), plural(len(x.Items), "object"))
	case x.Missing != nil:
		p.line(0, "%s/%s %s", identityText(x.Instance.Identity), x.Missing.Node, x.Missing.Text)
	default:
		p.line(0, "%s %s", identityText(x.Instance.Identity), x.Instance.APIVersion)
	}
	if x.Node != nil {
		of := "ResourceGraphDefinition"
		if x.Instance.IsGraph {
			of = x.Instance.Kind
		}
		p.line(1, "node %s%s of %s %s, %s", x.Node.ID, index(x.Node.Index), of, x.Instance.RGD, x.Node.At)
	}
	at := ""
	if x.Instance.At != nil {
		at = ", " + x.Instance.At.String()
		if built := x.Instance.At.Built; built != "" {
			at += ", as built by " + built
		}
	}
	if x.Instance.IsGraph {
		p.line(1, "%s%s", identityText(x.Instance.Identity), at)
	} else {
		p.line(1, "instance %s%s", identityText(x.Instance.Identity), at)
	}
	if x.Instance.ForKro {
		p.line(1, "kro in the cluster makes it; Git hands over the Graph")
	}
	for i, parent := range x.Parents {
		node := x.Instance.Node
		if i > 0 {
			node = x.Parents[i-1].Node
		}
		at := ""
		if parent.At != nil {
			at = ", " + parent.At.String()
		}
		p.line(1, "rendered by node %s of %s%s", node, identityText(parent.Identity), at)
	}
	p.wave(x.Wave)
	p.values("includeWhen", x.Conditions)
	p.values("forEach", x.Iterators)
	if x.Field != nil {
		p.line(0, "")
		p.value(1, *x.Field)
	}
	if x.Missing != nil {
		p.missing(1, *x.Missing)
	}
	for _, m := range x.Others {
		p.line(0, "")
		p.line(0, "%s/%s would render it too: it %s, %s", identityText(x.Instance.Identity), m.Node, m.Text, m.At)
		p.missing(1, m)
	}
	p.items(x)
	p.fields(x.Fields)
	p.nodes(x.Nodes)
}

// items prints one line for each object of a collection.
func (p *explanationPrinter) items(x *trace.Explanation) {
	if len(x.Items) == 0 {
		return
	}
	p.line(0, "")
	for _, item := range x.Items {
		wave := ""
		if item.Wave != nil {
			wave = fmt.Sprintf(", wave %d", *item.Wave)
		}
		p.line(1, "%s[%d]: %s%s", x.Node.ID, item.Index, identityText(item.Identity), wave)
	}
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

func index(i *int) string {
	if i == nil {
		return ""
	}
	return fmt.Sprintf("[%d]", *i)
}

func identityText(id render.Identity) string {
	return id.Kind + " " + strings.TrimPrefix(id.Namespace+"/"+id.Name, "/")
}

func (p *explanationPrinter) wave(w *trace.Wave) {
	switch {
	case w == nil:
		return
	case w.Hook:
		p.line(1, "a hook: it runs in a phase of its own and takes no wave")
		return
	}
	p.line(1, "wave %d", w.Wave)
	instance := ""
	for _, s := range w.Path {
		waves := fmt.Sprint(s.First)
		if s.Last > s.First {
			waves = fmt.Sprintf("%d to %d", s.First, s.Last)
		}
		if s.Object == "" {
			s.Object = "no object"
		}
		if instance != "" && s.Instance != instance {
			p.line(2, "in %s:", s.Instance)
		}
		instance = s.Instance
		p.line(2, "%s  %s (%s): %s%s", waves, s.Node, s.Object, s.Why, comma(s.At))
	}
}

func comma(at *diag.Position) string {
	if at == nil {
		return ""
	}
	return ", " + at.String()
}

func (p *explanationPrinter) values(title string, values []trace.Value) {
	if len(values) == 0 {
		return
	}
	p.line(1, "%s", title)
	for _, v := range values {
		p.value(2, v)
	}
}

// value prints a value, the line that it stands at, and below it what it was
// made of.
func (p *explanationPrinter) value(depth int, v trace.Value) {
	p.line(depth, "%s%s", v.Name, equals(v))
	at := ""
	if v.At != nil {
		at = v.At.String()
	}
	where := map[trace.From]string{
		trace.FromExpression: "the expression at", trace.FromTemplate: "written in the template,", trace.FromInstance: "set in the instance,",
		trace.FromParent: v.Note, trace.FromDefault: "default of the RGD's schema,", trace.FromNamespace: "namespace of the instance, because the template sets none",
		trace.FromCommand: v.Note, trace.FromIterator: "iterator of the forEach at", trace.FromIndexLabel: "label that kro gives objects of a collection",
		trace.FromObserved: "observed,", trace.FromServerDefault: "default of the API server's schema", trace.FromAdmission: "admission webhook,", trace.FromNowhere: "",
	}[v.From]
	if at == "" {
		where = strings.TrimSuffix(strings.TrimSuffix(where, ","), " at")
	}
	switch v.From {
	case trace.FromParent, trace.FromCommand:
	case trace.FromNowhere:
		at = strings.TrimSuffix(v.Note+"; "+at, "; ")
	default:
		if v.Note != "" {
			at += " (" + v.Note + ")"
		}
	}
	p.line(depth+1, "%s", strings.Join(strings.Fields(where+" "+at), " "))
	p.source(depth+2, v)
	for _, in := range v.Inputs {
		p.value(depth+1, in)
	}
	if v.More > 0 {
		p.line(depth+1, "and %d more (-o json)", v.More)
	}
}

// source shows the template's line with the key and the expression or value. It
// is put together from the value, so that nothing else of the line is shown.
func (p *explanationPrinter) source(depth int, v trace.Value) {
	text := cmp.Or(v.Expression, v.Declared)
	if text == "" {
		if v.Hidden || v.From != trace.FromTemplate && v.From != trace.FromInstance {
			return
		}
		if _, isMap := v.Value.(map[string]any); isMap {
			return
		}
		text = compact(v.Value)
		if plain, _ := v.Value.(string); plainText.MatchString(plain) {
			text = plain
		}
	}
	key := v.Key + ": "
	if v.Key == "" {
		key = "- "
	}
	for i, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		if i == 0 {
			line = key + line
		}
		p.line(depth, "%s", line)
	}
}

// plainText is a string that YAML needs no quotes for.
var plainText = regexp.MustCompile(`^[A-Za-z][-A-Za-z0-9_./]{3,}(:[-A-Za-z0-9_./]+)?$`)

// equals shows a value after a name.
func equals(v trace.Value) string {
	switch {
	case v.Hidden:
		return " = (not shown: it comes from a Secret)"
	case v.From == trace.FromNowhere:
		return " has no value"
	case v.Value == nil && v.Note != "":
		return "" // the note says why
	}
	return " = " + compact(v.Value)
}

// compact is JSON on one line, cut where it gets long.
func compact(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "?"
	}
	text := strings.TrimSpace(b.String())
	const most = 100
	if utf8.RuneCountInString(text) > most {
		text = string([]rune(text)[:most]) + " ..."
	}
	return text
}

func (p *explanationPrinter) missing(depth int, m trace.Missing) {
	if m.Cause != nil {
		if depth == 1 {
			p.line(0, "")
		}
		p.value(depth, *m.Cause)
	}
	if m.Through != nil {
		text := m.Through.Note
		p.line(depth, "%s, %s", text, m.Through.At)
		p.source(depth+1, *m.Through)
	}
	for _, b := range m.Because {
		p.line(depth, "%s %s, %s", b.Node, b.Text, b.At)
		p.missing(depth+1, b)
	}
	if m.Hint != "" {
		p.line(depth, "hint: %s", m.Hint)
	}
}

// fields prints one line for each field.
func (p *explanationPrinter) fields(fields []trace.Value) {
	if len(fields) == 0 {
		return
	}
	p.line(0, "")
	names, values := 0, 0
	for _, v := range fields {
		names = max(names, utf8.RuneCountInString(v.Name))
		values = max(values, min(utf8.RuneCountInString(fieldValue(v)), 40))
	}
	for _, v := range fields {
		origin := map[trace.From]string{trace.FromNamespace: "(namespace of the instance)"}[v.From]
		if v.Expression != "" {
			origin = strings.Join(strings.Fields(v.Expression), " ")
		}
		if v.At != nil {
			origin = strings.TrimSpace(v.At.String() + "  " + origin)
		}
		p.line(1, "%-*s  %-*s  %s", names, v.Name, values, fieldValue(v), origin)
	}
}

func fieldValue(v trace.Value) string {
	if v.Hidden {
		return "(not shown)"
	}
	return compact(v.Value)
}

// nodes prints what became of each node of an instance.
func (p *explanationPrinter) nodes(nodes []trace.Summary) {
	if len(nodes) == 0 {
		return
	}
	p.line(0, "")
	for _, n := range nodes {
		if len(n.Objects) == 0 {
			p.line(1, "%s: %s", n.Node, n.Missing)
			continue
		}
		var names []string
		for _, o := range n.Objects {
			names = append(names, identityText(o))
		}
		p.line(1, "%s: %s", n.Node, strings.Join(names, ", "))
	}
}
