package expr

import (
	"sort"
	"strings"

	"github.com/google/cel-go/cel"
)

// CheckTemplate is Check for the expressions of a text, of which parsed is the
// AST of its Source. Errors of a text with several expressions are found
// expression by expression, so that each is at its own.
func CheckTemplate(env *cel.Env, t *Template, parsed *cel.Ast) (*cel.Ast, []*Error) {
	checked, errs := Check(env, parsed)
	if errs == nil || t.Standalone {
		return checked, errs
	}
	if found := t.checkParts(env); len(found) > 0 {
		return nil, found
	}
	return nil, errs
}

// checkParts finds what is wrong with the expressions of a text one by one.
func (t *Template) checkParts(env *cel.Env) []*Error {
	var found []*Error
	types := make([]*cel.Type, len(t.Parts))
	for i, p := range t.Parts {
		parsed, errs := ParseAST(p.Source)
		if errs == nil {
			var checked *cel.Ast
			if checked, errs = Check(env, parsed); errs == nil {
				types[i] = checked.OutputType()
			}
		}
		found = append(found, t.at(i, errs)...)
	}
	if len(found) > 0 {
		return found
	}
	text := len(t.segments) > len(t.Parts)
	for _, typ := range types {
		text = text || typ.Kind() == cel.StringKind
	}
	for i, typ := range types {
		e := &Error{Kind: CheckError}
		switch {
		case text && typ.Kind() != cel.StringKind && typ.Kind() != cel.DynKind:
			e.Message = "only strings can be joined with text; this expression gives " + TypeName(typ.String())
			if e.Hint = Remedy(env, typ, cel.StringType, t.Parts[i].Source); IsNumber(t.Parts[i].Source) {
				e.Hint = "to keep it as text, write " + Literal(t.Parts[i].Source)
			}
			e.Fix = Rewrite(e.Hint, t.Parts[i].Source)
		case !text && i > 0 && !typ.IsEquivalentType(types[0]):
			e.Message = "adjacent expressions are concatenated; these give " + both(types[0].String(), typ.String())
			e.Hint = "write string(...) in each, if text is meant"
		default:
			continue
		}
		found = append(found, t.at(i, []*Error{e})...)
	}
	return found
}

// ParseParts finds the expressions of a text that are not CEL, one by one; it
// finds none when each is CEL by itself.
func (t *Template) ParseParts() []*Error {
	var found []*Error
	for i, p := range t.Parts {
		_, errs := ParseAST(p.Source)
		found = append(found, t.at(i, errs)...)
	}
	return found
}

// at moves errors of an expression of the text to Source.
func (t *Template) at(i int, errs []*Error) []*Error {
	if t.Standalone {
		return errs
	}
	for _, e := range errs {
		e.Offset = t.SourceOffset(t.Parts[i], e.Offset)
	}
	return errs
}

// SourceOffset is the byte of Source for a byte of an expression of the text.
func (t *Template) SourceOffset(p Part, offset int) int {
	if t.Standalone {
		return offset
	}
	s := sort.Search(len(t.segments), func(s int) bool { return t.segments[s].text >= p.Start+2 })
	return t.segments[s].source + offset
}

// PartAt returns the expression of the text that byte offset of Source lies in.
func (t *Template) PartAt(offset int) Part {
	at := t.Offset(offset)
	i := sort.Search(len(t.Parts), func(i int) bool { return t.Parts[i].End > at })
	return t.Parts[min(i, len(t.Parts)-1)]
}

// Find returns the byte offset in Source of what an expression of the text
// reads: the path where it is written out, else the variable, else 0.
func (t *Template) Find(r Read) int {
	path := Dotted(r.Field())
	first := -1
	for pos := 0; ; {
		i := strings.Index(t.Source[pos:], r.Path[0])
		if i < 0 {
			return max(first, 0)
		}
		at := pos + i
		pos = at + len(r.Path[0])
		if at > 0 && (t.Source[at-1] == '.' || t.Source[at-1] == '_' || isAlphanumeric(t.Source[at-1])) {
			continue
		}
		if first < 0 {
			first = at
		}
		if rest, ok := strings.CutPrefix(strings.ReplaceAll(t.Source[at:min(len(t.Source), at+2*len(path))], "?", ""), path); ok && (rest == "" || !isAlphanumeric(rest[0]) && rest[0] != '_') {
			return at
		}
	}
}
