package settings

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/krowave/krowave/render/admission"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/policycheck"
)

// Layer is what one surface says.
type Layer struct {
	Surface Surface
	Values  []Value
	// Defaults are the rules of admission webhooks that a krowave.yaml adds.
	Defaults []admission.Rule
	Policies []policycheck.Rule // of a krowave.yaml
	Found    diag.List          // what was wrong before any setting was known
}

// Value is what a surface says of one setting.
type Value struct {
	Setting  string
	Texts    []string // one, or the items of a list
	Spelled  string   // as the surface names the setting: maxFiles
	Position diag.Position
}

// Resolve puts layers over the values of an operator, or the defaults. The order
// of layers matters between those that are trusted alike: later ones count. The
// Application is trusted more than the repository, so its values replace the
// repository's, except that of two limits the stricter one counts.
//
// A value that may not be set there or is invalid is a finding, and the render
// must not be used then. It can be called once for each project.
func Resolve(base Values, layers ...Layer) (Values, diag.List) {
	r := &resolver{rows: map[string]*Setting{}, bounds: base.clone()}
	for _, s := range Table() {
		r.rows[s.Name] = &s
	}
	for _, l := range layers {
		r.diags = append(r.diags, l.Found...)
	}
	levels := [3]map[string]Value{{}, {}, {}}
	for _, level := range []int{trusted, applications, repositories} {
		for _, l := range layers {
			if l.Surface.trust() == level {
				r.check(l, levels[level])
			}
		}
	}
	out := base.clone()
	for _, level := range []int{repositories, applications, trusted} {
		for _, name := range slices.Sorted(maps.Keys(levels[level])) {
			r.put(&out, levels[level][name], level)
		}
	}
	for _, l := range layers {
		out.Options.Defaults = append(out.Options.Defaults, l.Defaults...)
		out.Options.Policies = append(out.Options.Policies, l.Policies...)
	}
	out.Options.KeepIdioms = out.Idioms == "keep" || out.Idioms == "" && out.Options.Runtime.LeavesOut()
	return out, r.diags
}

// Levels of trust.
const (
	trusted = iota
	applications
	repositories
)

func (s Surface) trust() int {
	switch s {
	case Repository:
		return repositories
	case Application, RenderedSource:
		return applications
	}
	return trusted
}

type resolver struct {
	rows   map[string]*Setting
	bounds Values // base and what those say who are trusted most
	diags  diag.List
}

// check notes the values of a layer that may be set.
func (r *resolver) check(l Layer, into map[string]Value) {
	rule := "setting"
	if l.Surface == Repository {
		rule = "config"
	}
	for _, value := range l.Values {
		s := r.rows[value.Setting]
		if s == nil {
			continue // the adapter that made the layer has said so
		}
		if err := r.allowed(s, value, l.Surface); err != nil {
			r.diags.Add(refused(value, rule, err))
			continue
		}
		into[s.Name] = value
		if l.Surface.trust() == trusted {
			r.bounds.set(s, value)
		}
	}
}

// refused reports a value. What is meant instead of it is advice.
func refused(value Value, rule string, err error) diag.Diagnostic {
	d := diag.Diagnostic{Severity: diag.Error, Rule: rule, Pos: value.Position, Message: fmt.Sprintf("%s: %v", value.Spelled, err)}
	var unknown *diag.NotOneOf
	if errors.As(err, &unknown) {
		d.Message = value.Spelled + ": " + unknown.Message
		d = d.With(unknown.Remedy())
		if n, err := strconv.ParseFloat(unknown.Like, 64); err == nil && strconv.FormatFloat(n, 'f', -1, 64) != unknown.Like {
			d.Fix = nil // without quotes YAML reads 0.10 as 0.1
		}
	}
	return d
}

func (r *resolver) allowed(s *Setting, value Value, on Surface) error {
	right := s.Rights[on]
	if right == No {
		return fmt.Errorf("cannot be set in %s; %s", on, r.who(s, false))
	}
	probe := r.bounds.clone()
	if err := s.allow(&probe, value.Texts, on); err != nil {
		return err
	}
	if s.looser == nil || !s.looser(&probe, &r.bounds) {
		return nil
	}
	if _, given := r.bounds.given[s.Name]; right == Free && (!given || on.trust() == trusted) {
		return nil
	}
	if s.Limit {
		return fmt.Errorf("%s is above the limit of %s; %s", strings.Join(value.Texts, ","), s.get(&r.bounds), r.who(s, true))
	}
	return fmt.Errorf("%s would loosen %s=%s; %s", strings.Join(value.Texts, ","), s.Name, s.get(&r.bounds), r.who(s, true))
}

// allow sets a setting, unless the surface may not have the word.
func (s *Setting) allow(v *Values, texts []string, on Surface) error {
	if on != CommandLine && len(texts) == 1 && slices.Contains(s.PersonOnly, texts[0]) {
		return fmt.Errorf("%q is only for previews and cannot be used in %s; use one of %s", texts[0], on, strings.Join(s.WordsOn(on), ", "))
	}
	if s.PersonOnly != nil && on != CommandLine && len(texts) == 1 {
		if err := OneOf(texts[0], s.WordsOn(on)); err != nil {
			return err
		}
	}
	return s.set(v, texts)
}

// WordsOn lists the words that a surface may set.
func (s *Setting) WordsOn(on Surface) []string {
	if on == CommandLine {
		return s.Words
	}
	return slices.DeleteFunc(slices.Clone(s.Words), func(w string) bool { return slices.Contains(s.PersonOnly, w) })
}

// put sets a value that was checked. Of two values that guard, the stricter
// counts, except that a person's own flag always does.
func (r *resolver) put(out *Values, value Value, level int) {
	s := r.rows[value.Setting]
	next := out.clone()
	next.set(s, value)
	if s.looser != nil && level == applications && s.looser(&next, out) {
		if _, given := out.given[s.Name]; given {
			return
		}
	}
	*out = next
}

func (v *Values) set(s *Setting, value Value) {
	if err := s.set(v, value.Texts); err == nil {
		v.given[s.Name] = value
	}
}

func (v *Values) clone() Values {
	out := *v
	out.given = maps.Clone(v.given)
	if out.given == nil {
		out.given = map[string]Value{}
	}
	return out
}

// who says who can set a setting, or loosen it.
func (r *resolver) who(s *Setting, loosen bool) string {
	var places []string
	for on := range surfaces {
		right := s.Rights[on]
		if right == No || loosen && right == Tighten || !on.meets(r.bounds.host) {
			continue
		}
		if _, given := r.bounds.given[s.Name]; loosen && given && on.trust() != trusted {
			continue
		}
		places = append(places, on.place(s))
	}
	verb := "set"
	switch {
	case loosen && s.Limit:
		verb = "raise"
	case loosen:
		verb = "change"
	}
	switch {
	case len(places) > 0:
		return fmt.Sprintf("%s it with %s", verb, strings.Join(places, " or "))
	case s.Elsewhere != "":
		return s.Elsewhere
	}
	return "it cannot be set here"
}

// meets reports whether a surface counts where the host does.
func (s Surface) meets(host Surface) bool {
	switch host {
	case CMPServer:
		return s == CMPServer || s == Application || s == Repository
	case FluxController:
		return s == FluxController || s == RenderedSource || s == Repository
	}
	return s == CommandLine || s == Repository
}

// place says how a setting is spelled on a surface.
func (s Surface) place(row *Setting) string {
	switch s {
	case CMPServer:
		return "--" + row.Name + " of krowave argocd cmp-server"
	case FluxController:
		return "--" + row.Name + " of krowave flux controller"
	case Application:
		return row.Variable() + " of the Application"
	case RenderedSource:
		return "spec." + row.SpecField() + " of the RenderedSource"
	case Repository:
		return row.Key() + " in krowave.yaml"
	}
	return "--" + row.Name
}

// String names a surface in a sentence.
func (s Surface) String() string {
	switch s {
	case CMPServer:
		return "the flags of krowave argocd cmp-server"
	case FluxController:
		return "the flags of krowave flux controller"
	case Application:
		return "an Application"
	case RenderedSource:
		return "a RenderedSource"
	case Repository:
		return "krowave.yaml"
	}
	return "the flags of this command"
}

// Day is the day of a time in UTC if something depends on it, which exceptions
// from policies do, and zero otherwise.
func (v *Values) Day(now time.Time) time.Time {
	if len(v.Options.Policies) == 0 {
		return time.Time{}
	}
	return now.UTC().Truncate(24 * time.Hour)
}
