package compare

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/krowave/krowave/plugin/compare/field"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
)

// line is a line of the details, in whatever format.
type line struct {
	mark byte // '@' for a field's path, '+', '-', or ' ' for what stays
	text string
}

// linesOf shows what changes in an object. Of one that goes, its name says it all.
func linesOf(o *ObjectChange) ([]line, error) {
	var out []line
	switch o.Action {
	case AddObject:
		text, err := yamlText(o.Content)
		return append(out, fromDifference(marked('+', text))...), err
	case ChangeObject:
		for _, f := range o.Fields {
			out = append(out, line{'@', diag.Line(f.Path)})
			lines, err := fieldLines(f)
			if err != nil {
				return nil, err
			}
			out = append(out, fromDifference(lines)...)
		}
	}
	return out, nil
}

// fromDifference cuts what two long lines, one of which replaces the other, begin
// with alike, so that the difference is in the part that is shown.
func fromDifference(lines []line) []line {
	for i := 1; i < len(lines); i++ {
		old, now := lines[i-1].text, lines[i].text
		if lines[i-1].mark == '-' && lines[i].mark == '+' && max(len(old), len(now)) > diag.MaxText {
			lines[i-1].text, lines[i].text = afterCommon(old, now)
		}
	}
	for i := range lines {
		lines[i].text = diag.Line(lines[i].text)
	}
	return lines
}

func afterCommon(a, b string) (string, string) {
	const keep = 40 // characters before the difference
	same := 0
	for same < min(len(a), len(b)) && a[same] == b[same] {
		same++
	}
	begin, skipped := 0, utf8.RuneCountInString(a[:same])-keep
	if skipped < keep {
		return a, b
	}
	for range skipped {
		_, size := utf8.DecodeRuneInString(a[begin:])
		begin += size
	}
	mark := fmt.Sprintf("…(the same %d characters)…", skipped)
	return mark + a[begin:], mark + b[begin:]
}

func fieldLines(f FieldChange) ([]line, error) {
	switch {
	case f.Secret && f.Op == ReplaceField:
		return []line{{' ', "<secret value changed>"}}, nil
	case f.Secret && f.Op == AddField:
		return []line{{'+', field.Mask}}, nil
	case f.Secret:
		return []line{{'-', field.Mask}}, nil
	case f.Op == ReorderField:
		return []line{{'-', "order: " + inOneLine(f.Before)}, {'+', "order: " + inOneLine(f.After)}}, nil
	}
	before, isText := f.Before.(string)
	after, areBoth := f.After.(string)
	if isText && areBoth && strings.Contains(before+after, "\n") {
		return lineDiff(before, after), nil
	}
	var out []line
	if f.Op != AddField {
		text, err := valueText(f.Before)
		if err != nil {
			return nil, err
		}
		out = append(out, marked('-', text)...)
	}
	if f.Op != RemoveField {
		text, err := valueText(f.After)
		if err != nil {
			return nil, err
		}
		out = append(out, marked('+', text)...)
	}
	return out, nil
}

// lineDiff shows the lines in which two texts differ.
func lineDiff(before, after string) []line {
	if !strings.HasSuffix(before, "\n") && !strings.HasSuffix(after, "\n") {
		before, after = before+"\n", after+"\n"
	}
	var out []line
	rest := string(diff.Diff("", []byte(before), "", []byte(after)))
	for range 3 { // the heads with names
		_, rest, _ = strings.Cut(rest, "\n")
	}
	for l := range strings.SplitSeq(strings.TrimSuffix(rest, "\n"), "\n") {
		switch {
		case l == "":
		case l[0] == '@':
			out = append(out, line{' ', diag.Line(l)})
		case l[0] == '\\':
			out = append(out, line{' ', "(no line end)"})
		default:
			out = append(out, line{l[0], l[1:]})
		}
	}
	return out
}

// valueText is a value as a reader wants it: scalars in one line, the rest as
// YAML.
func valueText(v any) (string, error) {
	switch v := v.(type) {
	case string:
		if !strings.Contains(v, "\n") {
			return strconv.Quote(v), nil
		}
		return v, nil
	case map[string]any:
		return yamlText(v)
	case []any:
		if len(v) == 0 {
			return "[]", nil
		}
		text, err := yamlText(map[string]any{"": v})
		return strings.TrimPrefix(text, "\"\":\n"), err
	}
	return inOneLine(v), nil
}

func yamlText(m map[string]any) (string, error) {
	var out bytes.Buffer
	err := manifest.EncodeYAML(&out, []map[string]any{m})
	return strings.TrimPrefix(out.String(), "---\n"), err
}

func inOneLine(v any) string {
	raw, err := manifest.CanonicalJSON(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(raw)
}

func marked(mark byte, text string) []line {
	var out []line
	for l := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		out = append(out, line{mark, l})
	}
	return out
}

// title is "Kind namespace/name".
func title(id render.Identity) string {
	if id.Namespace == "" {
		return diag.Name(id.Kind + " " + id.Name)
	}
	return diag.Name(id.Kind + " " + id.Namespace + "/" + id.Name)
}

// marks of objects, by action.
func (a Action) mark() string {
	return map[Action]string{AddObject: "+", ChangeObject: "~", DeleteObject: "-", MoveObject: ">"}[a]
}

// heading names an object and says why and where it is.
func (o *ObjectChange) heading() string {
	var notes []string
	if o.Node != "" {
		notes = append(notes, "node "+diag.Name(o.Node))
	}
	if w := o.waveText(); w != "" {
		notes = append(notes, "wave "+w)
	}
	if o.From != nil {
		notes = append(notes, "from "+title(*o.From))
	}
	if o.Reason != "" {
		notes = append(notes, string(o.Reason))
	}
	text := diag.Name(o.Identity.APIVersion) + " " + title(o.Identity)
	if len(notes) > 0 {
		text += " (" + strings.Join(notes, ", ") + ")"
	}
	return text
}

func (o *ObjectChange) waveText() string {
	if o.Wave == nil {
		return ""
	}
	was, is := waveNumber(o.Wave.Before), waveNumber(o.Wave.After)
	if was == is || o.Action == AddObject {
		return is
	}
	if o.Action == DeleteObject {
		return was
	}
	return was + " -> " + is
}

func waveNumber(n *int) string {
	if n == nil {
		return "none"
	}
	return strconv.Itoa(*n)
}

// driftHeading is the first line on how a cluster differs from the old side.
func (r *Report) driftHeading() string {
	return "Drift: the cluster differs from " + diag.Name(r.Drift.New) + ", and the next sync changes this, whatever the change in Git does"
}

func (r *Report) noDrift() string {
	return "No drift: the cluster is as " + diag.Name(r.Drift.New) + " has it"
}

// plan is the first line of every format for people.
func (r *Report) plan() string {
	s := r.Summary
	return fmt.Sprintf("Plan: %d to add, %d to change, %d to delete across %s (%s)", s.Added, s.Changed, s.Deleted,
		plain(s.Instances.Touched(), "instance", "instances"), plain(s.Definitions, "RGD", "RGDs"))
}

// plain is a number with its noun for a line that scripts read.
func plain(n int, one, many string) string {
	return strings.ReplaceAll(count(n, one, many), ",", "")
}

// facts are the lines below the plan, each only where there is something to say.
func (r *Report) facts() []string {
	s := r.Summary
	var out []string
	add := func(n int, one, many, rest string) {
		if n > 0 {
			out = append(out, count(n, one, many)+rest)
		}
	}
	add(s.Instances.Broken, "instance", "instances", " cannot be rendered: the effect on their objects is unknown")
	switch s.PassThrough {
	case 0:
	case 1:
		out = append(out, "1 of these objects belongs to no instance")
	default:
		out = append(out, strconv.Itoa(s.PassThrough)+" of these objects belong to no instance")
	}
	add(s.Moved, "object moves", "objects move", " to another wave or instance")
	out = append(out, r.moves()...)
	out = append(out, r.Headlines.lines()...)
	add(s.Instances.Unchanged, "instance", "instances", " unchanged")
	return out
}

// moves says which nodes' objects are in other waves.
func (r *Report) moves() []string {
	counts := map[string]int{}
	var order []string
	for n := range r.Instances {
		for k := range r.Instances[n].Objects {
			o := &r.Instances[n].Objects[k]
			if !o.moves() || o.waveText() == waveNumber(o.Wave.After) {
				continue
			}
			node, _, _ := strings.Cut(o.Node, "[")
			text := diag.Name(cmp.Or(node, o.Identity.Kind)) + ": wave " + o.waveText()
			if counts[text]++; counts[text] == 1 {
				order = append(order, text)
			}
		}
	}
	slices.Sort(order)
	for i, text := range order {
		order[i] = text + " (" + count(counts[text], "object", "objects") + ")"
	}
	const most = 10
	if more := len(order) - most; more > 0 {
		order = append(order[:most], fmt.Sprintf("other waves for %s", count(more, "node more", "nodes more")))
	}
	return order
}
