package settings

import (
	"maps"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/diag"
)

// source is the position of a value that stands in no file.
func source(name string) diag.Position { return diag.Position{File: name, Line: 1, Column: 1} }

// Environment is the layer of an Application's variables. An empty variable
// counts as none, and a misspelt one is a finding.
func Environment(env map[string]string) Layer {
	l := Layer{Surface: Application}
	var known []string
	for _, s := range Table() { // those that it may not set too, which Resolve refuses
		name := s.Variable()
		if s.Rights[Application] != No {
			known = append(known, name)
		}
		if value := env[name]; value != "" {
			l.Values = append(l.Values, Value{Setting: s.Name, Texts: s.split(value), Spelled: s.Name, Position: source(name)})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if strings.HasPrefix(name, VariablePrefix) && !slices.ContainsFunc(Table(), func(s Setting) bool { return s.Variable() == name }) {
			l.unknownName(name, "there is no such setting", known)
		}
	}
	return l
}

// split makes the items of a list of a text.
func (s *Setting) split(value string) []string {
	if s.Type == List {
		return SplitList(value)
	}
	return []string{value}
}

func (l *Layer) unknownName(name, message string, known []string) {
	d := diag.Diagnostic{Severity: diag.Error, Rule: "setting", Pos: source(name), Message: message}
	if c := diag.Closest(name, known); c != "" {
		d.Hint = "did you mean " + c + "?"
	}
	l.Found.Add(d)
}

// Parameter adds a plugin parameter to an Application's layer.
func (l *Layer) Parameter(name string, texts ...string) {
	pos := source("parameter " + name)
	var known []string
	for _, s := range Table() {
		if s.Rights[Application] != No {
			known = append(known, s.ParameterName())
		}
		if s.ParameterName() != name {
			continue
		}
		if s.Type == List {
			texts = SplitList(strings.Join(texts, "\n"))
		} else if s.Type == Words || s.Type == Gates {
			texts = []string{strings.Join(texts, ",")}
		}
		l.Values = append(l.Values, Value{Setting: s.Name, Texts: texts, Spelled: name, Position: pos})
		return
	}
	d := diag.Diagnostic{Severity: diag.Error, Rule: "setting", Pos: pos, Message: "there is no setting " + name}
	if c := diag.Closest(name, known); c != "" {
		d.Hint = "did you mean " + c + "?"
	} else {
		d.Hint = "there are " + strings.Join(known, ", ")
	}
	l.Found.Add(d)
}
