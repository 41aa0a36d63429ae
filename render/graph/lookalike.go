package graph

import (
	"regexp"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/compat"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
)

// checkTexts warns of what kro takes as plain text and the author most likely
// did not mean so: expressions in keys, texts that only look like expressions,
// and keys that YAML reads as something else.
func (c *compiler) checkTexts(n *parsedNode, root diag.Path) {
	if n.kind.GVK.Kind == "CustomResourceDefinition" {
		return // descriptions may say anything
	}
	if c.texts == nil {
		c.texts = c.lookalikes()
	}
	c.texts.walk(n.template, root)
}

// lookalikes knows the names that an expression of the RGD may begin with. It is
// made once: its patterns hold all of them.
func (c *compiler) lookalikes() *lookalikes {
	l := &lookalikes{compiler: c, names: []string{SchemaVar, EachVar}}
	for _, r := range c.rgd.Resources {
		l.names = append(l.names, r.ID)
		for _, f := range r.ForEach {
			l.names = append(l.names, f.Name)
		}
	}
	l.patterns = patternsFor(l.names)
	return l
}

type lookalikes struct {
	*compiler
	names    []string
	patterns []lookalike
}

// lookalike is another way to write an expression.
type lookalike struct {
	pattern *regexp.Regexp
	message string
}

func patternsFor(names []string) []lookalike {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = regexp.QuoteMeta(name)
	}
	path := `(?:` + strings.Join(quoted, "|") + `)\.(?:spec|metadata|status|data)\.`
	return []lookalike{
		{regexp.MustCompile(`\$\(\s*` + path), "$(...) is not a kro expression, so the text stays unchanged"},
		{regexp.MustCompile(`\{\{-?\s*\.?` + path), "{{...}} is not a kro expression, so the text stays unchanged"},
		{regexp.MustCompile(`\{\s*` + path + `[\w.]*\s*\}`), "{...} without $ is not an expression, so the text stays unchanged"},
		{regexp.MustCompile(`\$` + path), "$ without braces is not an expression, so the text stays unchanged"},
		{regexp.MustCompile(`^` + path + `[\w.\[\]]+$`), "a path without ${...} is not an expression, so the text stays unchanged"},
	}
}

func (l *lookalikes) walk(v any, path diag.Path) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range sortedKeys(v) {
			at := path.With(key)
			l.key(key, at)
			l.walk(v[key], at)
		}
	case []any:
		for i, item := range v {
			l.walk(item, path.With(i))
		}
	case string:
		l.text(v, path)
	}
}

func (l *lookalikes) key(key string, at diag.Path) {
	if parts, err := expr.Scan(key, l.opts.Kro); err == nil && len(parts) > 0 {
		l.warn(l.rgd.Doc.KeyPosition(at), at, "expression-key", "expressions in keys are not evaluated: kro keeps this one as it is",
			diag.Remedy{Hint: `make the whole mapping with one expression, such as ${{schema.spec.name + ".conf": "..."}}`})
		return
	}
	if key != "true" && key != "false" {
		return // and the document is not read again for its text
	}
	if written := l.rgd.Doc.KeyText(at); written != key && written != "" {
		l.warn(l.rgd.Doc.KeyPosition(at), at, "yaml-key", "YAML reads the key "+written+" as "+key,
			diag.Remedy{Hint: "quote it: \"" + written + "\"", Fix: diag.Replace(written, `"`+written+`"`)})
	}
}

func (l *lookalikes) text(text string, at diag.Path) {
	parts, err := expr.Scan(text, l.opts.Kro)
	if err != nil || !strings.ContainsAny(text, "${.") {
		return
	}
	masked := []byte(text)
	for _, p := range parts {
		for i := p.Start; i < p.End; i++ {
			masked[i] = ' '
		}
	}
	if m := unclosed.FindSubmatchIndex(masked); m != nil {
		hint := "is a } missing?"
		if strings.Contains(text[m[0]:], "}") {
			hint = "a double quote or a brace inside it is not closed; kro does not support single quotes"
		}
		l.warn(l.rgd.Doc.Within(at, m[0]), at, "literal-expression", "this ${ is never closed, so kro keeps it as text", diag.Remedy{Hint: hint})
		return
	}
	for _, p := range l.patterns {
		if m := p.pattern.FindIndex(masked); m != nil {
			l.warn(l.rgd.Doc.Within(at, m[0]), at, "literal-expression", p.message,
				diag.Remedy{Hint: "kro evaluates ${...}", Fix: asExpression(string(masked[m[0]:]))})
			return
		}
	}
}

var unclosed = regexp.MustCompile(`\$\{\s*[A-Za-z_("!\[]`)

func (l *lookalikes) warn(pos diag.Position, path diag.Path, rule, message string, remedy diag.Remedy) {
	l.diags.Add(diag.Diagnostic{
		Severity: diag.Warning, Rule: rule, Pos: pos, Message: message,
		Path: path.String(), Object: l.rgd.Doc.Title(), Sensitive: l.inSecret(path),
	}.With(remedy))
}

// asExpression writes the path that a text begins with, in whatever form, as an
// expression of kro; nil for anything else than a path.
func asExpression(text string) *diag.Fix {
	m := foreignPath.FindStringSubmatch(text)
	if m == nil {
		return nil
	}
	for _, path := range m[1:] {
		if path != "" {
			return diag.Replace(m[0], "${"+path+"}")
		}
	}
	return nil
}

var foreignPath = regexp.MustCompile(`^(?:\$\(\s*([\w.]+)\s*\)|\{\{-?\s*\.?([\w.]+)\s*-?\}\}|\{\s*([\w.]+)\s*\}|\$([\w.]*\w)|([\w.\[\]]+)$)`)

// brokenExpression says how to write an expression that YAML took for a mapping,
// since ": " stands in it.
func brokenExpression(v any) string {
	m, _ := v.(map[string]any)
	for _, key := range sortedKeys(m) {
		if parts, err := expr.Scan(key, compat.Behaviors{}); err == nil && len(parts) == 0 && strings.Contains(key, "${") {
			return "YAML reads a mapping here; quote the expression: '${...}'"
		}
	}
	return ""
}

// asWritten says how YAML read a plain scalar that is not a string, where a string
// is taken.
func (c *compiler) asWritten(path diag.Path, want []string) diag.Remedy {
	if !slices.Contains(want, "string") || c.inSecret(path) {
		return diag.Remedy{}
	}
	return c.rgd.Doc.Quote(path)
}
