package graph

import (
	"slices"
	"strings"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
)

// syntaxErrors reports the syntax errors of a text, for each of its expressions.
// Where one is wrong, the names of the others are looked at too, so that an
// author does not find the variables of a script one by one.
func (l *linker) syntaxErrors(s source, errs []*expr.Error) {
	if found := s.ParseParts(); len(found) > 0 && !s.Standalone {
		errs = found
	}
	seen := map[int]bool{}
	for _, err := range errs {
		part := s.PartAt(err.Offset)
		if !expr.IsExpansion(part.Source) || l.namesNode(part.Source) {
			if !s.Standalone && !s.Sensitive && err.Hint == "" {
				err.Hint = "if this is not an expression, write " + shortLiteral(part.Source)
			}
			l.celErrors(s, []*expr.Error{err})
		} else if !seen[part.Start] {
			seen[part.Start] = true
			l.variable(s, part, "cel-syntax")
		}
	}
	if s.Standalone {
		return
	}
	for _, part := range s.Parts {
		in, errs := l.inspector.Inspect(part.Source)
		if errs != nil {
			continue
		}
		if len(in.Unknown) == 0 && expr.IsNumber(part.Source) {
			l.variable(s, part, "cel-syntax")
		}
		for _, m := range in.Unknown {
			if !l.isIterator(m.Name) {
				m.Offset = s.SourceOffset(part, m.Offset)
				l.unknownName(s, m)
			}
		}
	}
}

// namesNode reports whether a text begins with a field of a node, and so is meant
// as an expression.
func (l *linker) namesNode(text string) bool {
	id, _, more := strings.Cut(text, ".")
	return more && slices.ContainsFunc(l.rgd.Resources, func(r Resource) bool { return r.ID == id })
}

// variable reports a ${...} that is written for a shell or for Grafana.
func (l *linker) variable(s source, part expr.Part, rule string) {
	d := diag.Diagnostic{
		Severity: diag.Error, Rule: rule, Pos: l.rgd.Doc.Within(s.Path, part.Start+2),
		Message: "this looks like a variable of a shell or of Grafana, and kro evaluates every ${...}",
		Path:    s.Path.String(), Object: l.rgd.Doc.Title(), Sensitive: s.Sensitive,
		Hint: `to keep it as text, put it into a string inside ${...}`,
	}
	if !s.Sensitive {
		if len(part.Source) <= 60 {
			d.Message = "${" + part.Source + "} looks like a variable of a shell or of Grafana, and kro evaluates every ${...}"
		}
		d.Hint = "to keep it as text, write " + shortLiteral(part.Source)
	}
	if !slices.ContainsFunc(l.diags, func(o diag.Diagnostic) bool { return o.Pos == d.Pos && o.Rule == d.Rule }) {
		l.diags.Add(d)
	}
}

func (l *linker) isIterator(name string) bool {
	return slices.ContainsFunc(l.rgd.Resources, func(r Resource) bool {
		return slices.ContainsFunc(r.ForEach, func(f ForEach) bool { return f.Name == name })
	})
}

// shortLiteral is how text that looks like an expression is kept, with an
// example where the text is long.
func shortLiteral(source string) string {
	if len(source) > 60 {
		source = "..."
	}
	return expr.Literal(source)
}
