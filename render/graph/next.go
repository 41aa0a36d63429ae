package graph

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"

	"github.com/krowave/krowave/render/compat"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
)

// NextRule is the rule of what the next version of kro takes otherwise.
const NextRule = "kro-next"

// What to write so that both versions agree.
const (
	closeHint  = `close it with a }; for a ${ that is text, write ${"${"}`
	quotesHint = `write strings in expressions with double quotes, and a quote inside of one as \" or \u0027`
)

// warnNext says that the next version of kro takes a part of an RGD otherwise. number is
// that of the difference.
func (c *compiler) warnNext(number string, pos diag.Position, path diag.Path, message, hint string) {
	c.diags.Add(diag.Diagnostic{
		Severity: diag.Warning, Rule: NextRule, Pos: pos, Message: message, Path: path.String(), Object: c.rgd.Doc.Title(),
		Hint: hint, Sensitive: c.inSecret(path), Difference: number,
	})
}

// warnNextAt is warnNext at a byte of an expression's CEL source.
func (c *compiler) warnNextAt(number string, e source, offset int, message, hint string) {
	c.warnNext(number, c.rgd.Doc.Within(e.Path, e.Offset(offset)), e.Path, message, hint)
}

// nextText compares how two versions find the expressions of a text (U2, U3). t and
// err are what the version of the render makes of it.
func (c *compiler) nextText(at diag.Path, text string, t *expr.Template, err error) {
	kro, next := c.opts.Kro, c.opts.Kro
	kro.UnclosedIsError = kro.UnclosedIsError || c.opts.Next.UnclosedIsError
	next.UnclosedIsError, next.KnowsSingleQuotes = kro.UnclosedIsError, kro.KnowsSingleQuotes || c.opts.Next.KnowsSingleQuotes
	if next == c.opts.Kro || !strings.Contains(text, "${") {
		return
	}
	then, nextErr := expr.Parse(text, next)
	if _, open := unclosedAt(text, kro); open && err == nil {
		if offset, open := unclosedAt(text, next); open {
			c.warnNext("U2", c.rgd.Doc.Within(at, offset), at, "this ${ is never closed: text in kro 0.9, and kro 0.10 refuses the RGD", closeHint)
			return
		}
	}
	offset, differs := 0, (err == nil) != (nextErr == nil)
	switch {
	case differs:
	case err != nil:
		differs = err.Error() != nextErr.Error()
	default:
		offset, differs = firstDifference(t, then)
	}
	if differs {
		c.warnNext("U3", c.rgd.Doc.Within(at, offset), at, "kro 0.10 reads this text differently from kro 0.9: single quotes delimit strings there, too", quotesHint)
	}
}

// unclosedAt is where a text has a `${` that is never closed, if that is an error.
func unclosedAt(text string, kro compat.Behaviors) (int, bool) {
	_, err := expr.Scan(text, kro)
	if e := (*expr.ScanError)(nil); errors.As(err, &e) && e.Unclosed {
		return e.Offset, true
	}
	return 0, false
}

// firstDifference is where two readings of one text part: the offset of the first
// expression that only one of them has.
func firstDifference(a, b *expr.Template) (offset int, differs bool) {
	var left, right []expr.Part
	if a != nil {
		left = a.Parts
	}
	if b != nil {
		right = b.Parts
	}
	for i := range max(len(left), len(right)) {
		switch {
		case i >= len(left):
			return right[i].Start, true
		case i >= len(right), left[i] != right[i]:
			return left[i].Start, true
		}
	}
	return 0, false
}

// nextNames looks for words that the next version reserves, and for dimensions that it does
// not allow (U5, U7).
func (c *compiler) nextNames(i int, r Resource) {
	const reserved = "graphengine"
	if c.opts.Next.ReservesGraphEngine && !c.opts.Kro.ReservesGraphEngine {
		if r.ID == reserved {
			at := resourcePath(i).With("id")
			c.warnNext("U5", c.rgd.Doc.Position(at), at, "kro 0.10 refuses the id graphengine: it is a reserved word there", "rename the resource")
		}
		for d, dim := range r.ForEach {
			if dim.Name == reserved {
				at := resourcePath(i).With("forEach", d, dim.Name)
				c.warnNext("U5", c.rgd.Doc.KeyPosition(at), at, "kro 0.10 refuses the iterator graphengine: it is a reserved word there", "rename the iterator")
			}
		}
	}
	if c.opts.Next.FixesDimensions && !c.opts.Kro.FixesDimensions && len(r.ForEach) > kroDimensions {
		at := resourcePath(i).With("forEach")
		c.warnNext("U7", c.rgd.Doc.Position(at), at, fmt.Sprintf("kro 0.10 refuses a forEach with %d dimensions, whatever its flag says: at most %d are allowed",
			len(r.ForEach), kroDimensions), "use fewer iterators, such as one over a list of objects")
	}
}

// nextNamespace is about omit() on the namespace of a namespaced kind (U26).
func (c *compiler) nextNamespace(e source) {
	if c.opts.Next.NeedsNamespaceValue && !c.opts.Kro.NeedsNamespaceValue {
		c.warnNextAt("U26", e, 0, "omit() on metadata.namespace gives the namespace of the instance in kro 0.9, and fails every instance in kro 0.10",
			"write schema.metadata.namespace in place of omit()")
	}
}

// nextCondition is about a condition that may be an optional without a value (U7).
func (c *compiler) nextCondition(e typedExpr) {
	if c.opts.Next.RefusesEmptyCondition && !c.opts.Kro.RefusesEmptyCondition && isOptional(e.typ) {
		c.warnNextAt("U7", e.source, 0, "an optional without a value counts as false in kro 0.9, and fails the instance in kro 0.10", "end it with .orValue(false)")
	}
}

// nextField is about a field that may be an optional without a value (U6).
func (c *compiler) nextField(path diag.Path, e typedExpr) {
	if c.opts.CELOmitFunction && c.opts.Next.OmitsEmptyOptionals && !c.opts.Kro.OmitsEmptyOptionals && isOptional(e.typ) {
		c.warnNextAt("U6", e.source, 0, fmt.Sprintf("if the optional has no value, %s is null in kro 0.9, and left out in kro 0.10", path),
			"end it with .orValue(null) for null, or write .hasValue() ? ... : omit() to leave the field out")
	}
}

// nextTimes is about times and bytes of the instance that a function is called with: strings
// in the next version (U7).
func (c *compiler) nextTimes(e source, checked *cel.Ast) {
	if !c.opts.Next.PlainSchemaFormats || c.opts.Kro.PlainSchemaFormats {
		return
	}
	for _, at := range expr.FormatCalls(checked, SchemaVar) {
		c.warnNextAt("U7", e, at, "kro 0.10 checks this as a time or bytes and reads a string, so that the function fails",
			"write timestamp(string(dyn(...))) around a time")
		return
	}
}

func isOptional(t *cel.Type) bool {
	return t.Kind() == cel.OpaqueKind && t.IsExactType(cel.OptionalType(slices.Concat(t.Parameters(), []*cel.Type{cel.DynType})[0]))
}
