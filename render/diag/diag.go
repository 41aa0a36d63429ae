// Package diag contains the findings about a user's files. A Diagnostic has a
// severity, a rule id, a position and a message, and optionally a field path, an
// object, related positions and a hint.
//
// Every stage returns the findings of its input as a List beside its result; a
// Go error in contrast means that krowave itself failed. Sorting,
// de-duplication, capping and printing happen here and nowhere else.
package diag

import (
	"fmt"
	"strconv"
	"strings"
)

// Severity reports whether a finding stops a render.
type Severity int

// Severities, most severe first.
const (
	Error Severity = iota
	Warning
	Info
)

// String returns "error", "warning" or "info".
func (s Severity) String() string {
	switch s {
	case Error:
		return "error"
	case Warning:
		return "warning"
	default:
		return "info"
	}
}

// MarshalText makes JSON output say "error" instead of 0.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Position is a place in a file. Line and Column count from 1; columns count
// Unicode code points. File is relative, with slashes, or "-" for standard
// input.
//
// A value of an object that kustomize built is placed in the file that set it, and
// Built is the kustomization. Where that is not known, File is the kustomization,
// and Line and Column are 0.
type Position struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Built  string `json:"builtBy,omitempty"`
}

// String prints file:line:column.
func (p Position) String() string {
	if p.Line == 0 && p.Built != "" {
		return p.File + " (as built)"
	}
	return p.File + ":" + strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Column)
}

// Path leads from the root of a document to a value: map keys are strings, list
// indices ints.
type Path []any

// With returns a new path with steps appended; the receiver is not changed.
func (p Path) With(steps ...any) Path {
	out := make(Path, 0, len(p)+len(steps))
	return append(append(out, p...), steps...)
}

// In returns the value at the path in v, made of maps and lists as of JSON, and
// whether it is there.
func (p Path) In(v any) (any, bool) {
	v, steps := p.Reach(v)
	if steps < len(p) {
		return nil, false
	}
	return v, true
}

// Reach returns the deepest value in v on the way along the path, and how many steps
// lead to it.
func (p Path) Reach(v any) (any, int) {
	for i, step := range p {
		switch s := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			next, ok := m[s]
			if !ok {
				return v, i
			}
			v = next
		case int:
			l, _ := v.([]any)
			if s < 0 || s >= len(l) {
				return v, i
			}
			v = l[s]
		}
	}
	return v, len(p)
}

// String prints the path as kro does: spec.ports[0].name, keys that are empty
// or hold a dot as ["a.b"].
func (p Path) String() string {
	var b strings.Builder
	for _, step := range p {
		switch s := step.(type) {
		case int:
			b.WriteString("[" + strconv.Itoa(s) + "]")
		case string:
			switch {
			case s == "" || strings.Contains(s, "."):
				b.WriteString(`["` + s + `"]`)
			case b.Len() == 0:
				b.WriteString(s)
			default:
				b.WriteString("." + s)
			}
		}
	}
	return b.String()
}

// Related is a further place that a finding is about.
type Related struct {
	Position Position `json:"position"`
	Message  string   `json:"message"`
}

// Diagnostic is one finding about a user's input.
type Diagnostic struct {
	Severity Severity
	Rule     string   // stable id such as "cel-type", listed in docs/diagnostics.md
	Pos      Position // never zero: at worst the start of the document or file
	Message  string   // one line, lower case, no final dot
	Object   string   // "Kind namespace/name" of the object concerned, if any
	Path     string   // field path inside that object, if any
	Hint     string   // what to do, or "did you mean ...", if known
	Fix      *Fix     // edits that make the finding go away, if a program can make them
	Related  []Related
	Missing  string // the kind that nothing defines, as Kind.group, if that is what is wrong

	Because   string // the object whose errors this finding follows from, as its findings name it in Object
	Instances int    // how many instances the finding stands for, if more than one

	// Difference is the number, such as U2, of the difference between versions of kro
	// that the finding is about.
	Difference string

	// Sensitive says that the source line may hold a Secret's value: no snippet
	// of it is shown.
	Sensitive bool
}

// ForInstance is the message of the related position that names the instance which
// a finding at a line of an RGD is about.
const ForInstance = "for this instance"

// InstanceAt is the place of the instance that a finding at a line of an RGD is
// about; false for other findings.
func (d Diagnostic) InstanceAt() (Position, bool) {
	for _, r := range d.Related {
		if r.Message == ForInstance {
			return r.Position, true
		}
	}
	return Position{}, false
}

// List collects findings. The zero value is an empty list.
type List []Diagnostic

// Add appends one finding.
func (l *List) Add(d Diagnostic) { *l = append(*l, d) }

// Errors returns the findings that are errors.
func (l List) Errors() List {
	var out List
	for _, d := range l {
		if d.Severity == Error {
			out.Add(d)
		}
	}
	return out
}

// Errorf appends an error at pos.
func (l *List) Errorf(pos Position, rule, format string, args ...any) {
	l.Add(Diagnostic{Severity: Error, Rule: rule, Pos: pos, Message: fmt.Sprintf(format, args...)})
}

// Warnf appends a warning at pos.
func (l *List) Warnf(pos Position, rule, format string, args ...any) {
	l.Add(Diagnostic{Severity: Warning, Rule: rule, Pos: pos, Message: fmt.Sprintf(format, args...)})
}

// HasErrors reports whether any finding is an error.
func (l List) HasErrors() bool {
	for _, d := range l {
		if d.Severity == Error {
			return true
		}
	}
	return false
}
