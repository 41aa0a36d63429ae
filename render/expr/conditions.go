package expr

import (
	"fmt"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
)

// ConditionError is a finding about one entry of status.conditions.
type ConditionError struct {
	Entry int // index of the entry
	Error Error
	First int // index of the entry that declares the same type, else -1
}

// CheckConditions applies the rules about literals in status.conditions (S4.9)
// to the entries, which are parsed and not yet checked; a nil entry is skipped.
// A type may be declared by one entry only, even where branches exclude each
// other; a status must be one that Kubernetes knows; and of the instance only
// kro's own conditions can be looked up.
func CheckConditions(entries []*cel.Ast) []ConditionError {
	c := conditionCheck{declared: map[string]int{}}
	for i, entry := range entries {
		c.eachCall(i, entry, "newCondition", 1, c.declare)
	}
	for i, entry := range entries {
		c.eachCall(i, entry, "newCondition", 1, c.literals)
		c.eachCall(i, entry, "condition", 2, c.lookup)
	}
	return c.found
}

type conditionCheck struct {
	declared map[string]int // condition type -> first entry that declares it
	found    []ConditionError
	entry    int
	parsed   *cel.Ast
}

// eachCall calls f for every runtime.name(...) with n arguments in an entry.
func (c *conditionCheck) eachCall(i int, entry *cel.Ast, name string, n int, f func(args []ast.Expr)) {
	if entry == nil {
		return
	}
	c.entry, c.parsed = i, entry
	ast.PreOrderVisit(entry.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.CallKind {
			return
		}
		call := e.AsCall()
		if call.FunctionName() == name && call.IsMemberFunction() && isIdent(call.Target(), RuntimeVar) && len(call.Args()) == n {
			f(call.Args())
		}
	}))
}

func (c *conditionCheck) declare(args []ast.Expr) {
	name, at, ok := literalEntry(args[0], "type")
	if !ok {
		return
	}
	first, dup := c.declared[name]
	switch {
	case !dup:
		c.declared[name] = c.entry
	case first != c.entry && !c.reported(name):
		c.add(at, first, "condition type %q is declared by another entry too", name)
	}
}

// reported keeps an entry that repeats a type from being reported per branch.
func (c *conditionCheck) reported(name string) bool {
	msg := fmt.Sprintf("condition type %q is declared by another entry too", name)
	for _, f := range c.found {
		if f.Entry == c.entry && f.Error.Message == msg {
			return true
		}
	}
	return false
}

func (c *conditionCheck) literals(args []ast.Expr) {
	if status, at, ok := literalEntry(args[0], "status"); ok && !isConditionStatus(status) {
		c.add(at, -1, "condition status must be True, False or Unknown, got %q", status)
	}
	if name, at, ok := literalEntry(args[0], "type"); ok && name == "" {
		c.add(at, -1, "condition type must not be empty")
	}
}

func (c *conditionCheck) lookup(args []ast.Expr) {
	name, ok := literalString(args[1])
	if !ok || !isIdent(args[0], "schema") {
		return
	}
	switch name {
	case "Ready", "InstanceManaged", "GraphResolved", "ResourcesReady":
		return
	}
	if _, own := c.declared[name]; own {
		c.add(args[1], -1, "condition %q is declared here too; conditions cannot refer to each other", name)
		return
	}
	c.add(args[1], -1, "unknown condition %q of schema, want Ready, InstanceManaged, GraphResolved or ResourcesReady", name)
}

func (c *conditionCheck) add(at ast.Expr, first int, format string, args ...any) {
	offset := 0
	if r, ok := c.parsed.NativeRep().SourceInfo().GetOffsetRange(at.ID()); ok {
		offset = runes(c.parsed.Source().Content(), int(r.Start))
	}
	c.found = append(c.found, ConditionError{Entry: c.entry, First: first,
		Error: Error{Kind: CheckError, Message: fmt.Sprintf(format, args...), Offset: offset}})
}

// literalEntry returns the text of a map literal's entry, when it is a literal.
func literalEntry(m ast.Expr, key string) (text string, at ast.Expr, ok bool) {
	if m.Kind() != ast.MapKind {
		return "", nil, false
	}
	for _, entry := range m.AsMap().Entries() {
		if k, ok := literalString(entry.AsMapEntry().Key()); ok && k == key {
			at = entry.AsMapEntry().Value()
			text, ok = literalString(at)
			return text, at, ok
		}
	}
	return "", nil, false
}

func literalString(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}
