// Package admission knows what well-known admission webhooks set in objects: a
// field that every cluster with the operator sets to the same value is known from
// Git. It takes rules (the bundled ones, and those of krowave.yaml) and an
// object, and returns the object as other nodes see it after admission. The
// printed object never changes.
//
//	rules, diags := admission.Compile(admission.Bundled())
//	seen := rules.Apply(ctx, kind, obj)
//
// A rule sets one field, and only where it is absent, null or "", as such
// webhooks do. It asks no webhook and no cluster.
package admission

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
)

// Rule is what a webhook does to the objects of some kinds.
type Rule struct {
	Group  string   // API group
	Kinds  []string // of the group; empty means all of them
	Field  []string // the field that it sets, such as spec, azureName
	Value  string   // CEL over object, whose result the field gets
	Source string   // where the rule is from: a module and its version, or a link

	Position diag.Position // of a rule in krowave.yaml, for findings

	bundled bool
}

// Rules are compiled rules. A nil *Rules has none. It is immutable and safe for
// concurrent use.
type Rules struct {
	byGroup map[string][]rule
	digest  string
}

type rule struct {
	Rule
	program func() (*expr.Program, error) // compiled at its first use
}

// Compile checks and compiles rules; of two for one field, the first counts.
// Rules with mistakes are findings and left out.
func Compile(rules []Rule) (*Rules, diag.List) {
	var diags diag.List
	out := &Rules{byGroup: map[string][]rule{}}
	hash := sha256.New()
	programs := map[string]func() (*expr.Program, error){}
	for _, r := range rules {
		program := programs[r.Value]
		if program == nil {
			program = sync.OnceValues(func() (*expr.Program, error) { return compile(r.Value) })
			programs[r.Value] = program
		}
		if !r.bundled {
			if _, err := program(); err != nil {
				diags.Errorf(r.Position, "admission-default", "value %q of field %s is not a CEL expression over object: %v",
					r.Value, strings.Join(r.Field, "."), err)
				continue
			}
		}
		out.byGroup[r.Group] = append(out.byGroup[r.Group], rule{r, program})
		fmt.Fprintf(hash, "%q %q %q %q\n", r.Group, r.Kinds, r.Field, r.Value)
	}
	out.digest = hex.EncodeToString(hash.Sum(nil))
	return out, diags
}

func compile(text string) (*expr.Program, error) {
	env, err := expr.Typed(nil, map[string]*cel.Type{"object": cel.DynType})
	if err != nil {
		return nil, err
	}
	ast, issues := env.Parse(text)
	if issues.Err() != nil {
		return nil, issues.Err()
	}
	checked, errs := expr.Check(env, ast)
	if len(errs) > 0 {
		return nil, errs[0]
	}
	return expr.NewProgram(env, checked, expr.ProgramOptions{Text: text})
}

// Digest identifies the rules, for caches. It is empty for a nil *Rules.
func (r *Rules) Digest() string {
	if r == nil {
		return ""
	}
	return r.digest
}

// String is the digest, so that a printed option is the same in every process.
func (r *Rules) String() string { return r.Digest() }

// Sets returns the rule that sets a field of objects of a kind.
func (r *Rules) Sets(kind schema.GroupKind, field []string) (Rule, bool) {
	for _, rule := range r.of(kind) {
		if slices.Equal(rule.Field, field) {
			return rule.Rule, true
		}
	}
	return Rule{}, false
}

// of lists the rules of a kind.
func (r *Rules) of(kind schema.GroupKind) []rule {
	if r == nil {
		return nil
	}
	var out []rule
	for _, rule := range r.byGroup[kind.Group] {
		if len(rule.Kinds) == 0 || slices.Contains(rule.Kinds, kind.Kind) {
			out = append(out, rule)
		}
	}
	return out
}

// Apply returns an object with what the rules of its kind set. obj is not
// changed; without anything to set, it is returned as it is. A rule whose value
// cannot be evaluated sets nothing.
func (r *Rules) Apply(ctx context.Context, kind schema.GroupKind, obj map[string]any) map[string]any {
	for _, rule := range r.of(kind) {
		if isSet(obj, rule.Field) {
			continue
		}
		program, err := rule.program()
		if err != nil {
			continue // of a bundled rule; a test compiles them all
		}
		value, err := program.Eval(ctx, map[string]any{"object": obj})
		if err != nil {
			continue // what it reads is not there, so a webhook would not find it either
		}
		obj = with(obj, rule.Field, value)
	}
	return obj
}

// isSet reports whether a field has a value that a webhook would leave alone, or
// cannot be set, since something else than a map is above it.
func isSet(obj map[string]any, field []string) bool {
	at := obj
	for _, step := range field[:len(field)-1] {
		switch v := at[step].(type) {
		case nil:
			return false
		case map[string]any:
			at = v
		default:
			return true
		}
	}
	v := at[field[len(field)-1]]
	return v != nil && v != ""
}

// with returns a copy of obj in which a field has a value.
func with(obj map[string]any, field []string, value any) map[string]any {
	out := maps.Clone(obj)
	if out == nil {
		out = map[string]any{}
	}
	if len(field) == 1 {
		out[field[0]] = value
		return out
	}
	below, _ := out[field[0]].(map[string]any)
	out[field[0]] = with(below, field[1:], value)
	return out
}
