package cmp

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/limits"
	"github.com/krowave/krowave/render/project"
	"github.com/krowave/krowave/render/schema"
	"github.com/krowave/krowave/render/wave"
)

// settings are the options of one application, put together from what Argo CD
// says of the destination, krowave.yaml, the environment and the parameters,
// each over what stands before it.
type settings struct {
	options render.Options
	limits  limits.Limits
	request project.Request
	strict  bool

	bounds limits.Limits
	diags  diag.List
}

// setting is an option of the command line that an application may set.
type setting struct {
	name string
	set  func(s *settings, value string) error
}

// settingTable lists the settings under the names of their flags.
func settingTable() []setting {
	one := func(to func(*settings) *string, allowed ...string) func(*settings, string) error {
		return func(s *settings, value string) error {
			if len(allowed) > 0 && !slices.Contains(allowed, value) {
				return notOneOf(value, allowed)
			}
			*to(s) = value
			return nil
		}
	}
	list := func(to func(*settings) *[]string) func(*settings, string) error {
		return func(s *settings, value string) error {
			*to(s) = splitList(value)
			return nil
		}
	}
	flag := func(to func(*settings) *bool) func(*settings, string) error {
		return func(s *settings, value string) error {
			on, err := strconv.ParseBool(value)
			if err != nil {
				return fmt.Errorf("%q is not true or false", value)
			}
			*to(s) = on
			return nil
		}
	}
	out := []setting{
		{"runtime", one(func(s *settings) *string { return (*string)(&s.options.Runtime) }, runtimePolicies()...)},
		{"kubernetes-version", setKubernetesVersion},
		{"definitions", list(func(s *settings) *[]string { return &s.request.Definitions })},
		{"crds", list(func(s *settings) *[]string { return &s.request.CRDs })},
		{"observed", list(func(s *settings) *[]string { return &s.request.Observed })},
		{"instance", list(func(s *settings) *[]string { return &s.options.Instances })},
		{"namespace", one(func(s *settings) *string { return &s.options.Namespace })},
		{"server-defaults", one(func(s *settings) *string { return (*string)(&s.options.ServerDefaults) }, "schema", "none")},
		{"schema", setSchema},
		{"annotate", setAnnotate},
		{"waves", one(func(s *settings) *string { return (*string)(&s.options.WaveMode) }, string(wave.Levels), string(wave.Gated), string(wave.None))},
		{"emit", setEmit},
		{"feature-gates", setFeatureGates},
		{"strict", flag(func(s *settings) *bool { return &s.strict })},
		{"allow-empty", flag(func(s *settings) *bool { return &s.options.AllowEmpty })},
	}
	for i, l := range new(limits.Limits).Render() {
		out = append(out, setting{l.Name, func(s *settings, value string) error { return s.limit(i, value) }})
	}
	return out
}

// runtimePolicies are those that a hand-off may have.
func runtimePolicies() []string {
	return []string{string(render.Fail), string(render.Withhold), string(render.Delegate)}
}

func settingNames() []string {
	var out []string
	for _, s := range settingTable() {
		out = append(out, s.name)
	}
	return out
}

func notOneOf(value string, allowed []string) error {
	text := fmt.Sprintf("%q is not one of %s", value, strings.Join(allowed, ", "))
	if c := diag.Closest(value, allowed); c != "" {
		text += "; did you mean " + c + "?"
	}
	return fmt.Errorf("%s", text)
}

// splitList reads what a repeated flag would give: separated by commas or lines.
func splitList(value string) []string {
	var out []string
	for _, item := range strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == '\n' }) {
		if item = strings.TrimSpace(item); item != "" {
			out = append(out, item)
		}
	}
	return out
}

func setKubernetesVersion(s *settings, value string) error {
	parts := strings.Split(strings.TrimPrefix(value, "v"), ".")
	minor := strings.Join(parts[:min(2, len(parts))], ".")
	if len(parts) > 3 || !slices.Contains(schema.Versions(), minor) {
		return notOneOf(value, schema.Versions())
	}
	s.options.KubernetesVersion = minor
	return nil
}

func setSchema(s *settings, value string) error {
	if value != "strict" && value != "lenient" {
		return notOneOf(value, []string{"strict", "lenient"})
	}
	s.options.Lenient = value == "lenient"
	return nil
}

// words reads a list of words, none of them or "none".
func words(value string, to map[string]*bool, allowed ...string) error {
	for _, b := range to {
		*b = false
	}
	if value == "none" {
		return nil
	}
	for _, word := range splitList(value) {
		if to[word] == nil {
			return notOneOf(word, append([]string{"none"}, allowed...))
		}
		*to[word] = true
	}
	return nil
}

func setAnnotate(s *settings, value string) error {
	a := &s.options.Annotate
	return words(value, map[string]*bool{"waves": &a.Waves, "origin": &a.Origin}, "waves", "origin")
}

func setEmit(s *settings, value string) error {
	e := &s.options.Emit
	return words(value, map[string]*bool{"definitions": &e.Definitions, "instances": &e.Instances, "crds": &e.CRDs},
		"definitions", "instances", "crds")
}

func setFeatureGates(s *settings, value string) error {
	for _, pair := range splitList(value) {
		name, text, _ := strings.Cut(pair, "=")
		on, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%q is not NAME=true or NAME=false", pair)
		}
		switch name {
		case "CELOmitFunction", "AllAlpha":
			s.options.CELOmitFunction = on
		case "AllBeta", "InstanceConditionEvents", "InstanceConditionMetrics": // of kro's controller only
		default:
			return notOneOf(name, []string{"CELOmitFunction", "InstanceConditionEvents", "InstanceConditionMetrics"})
		}
	}
	return nil
}

// limit lowers a limit.
func (s *settings) limit(i int, value string) error {
	l, bound := s.limits.Render()[i], *s.bounds.Render()[i].Value
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 1 {
		return fmt.Errorf("%q is not a number from 1 on", value)
	}
	if n > bound {
		return fmt.Errorf("%d is above the limit of this server, %d; whoever runs it can raise that with --%s", n, bound, l.Name)
	}
	*l.Value = n
	return nil
}

// set applies one value; what is wrong with it is a finding at pos.
func (s *settings) set(name, value string, pos diag.Position) {
	for _, known := range settingTable() {
		if known.name == name {
			if err := known.set(s, value); err != nil {
				s.diags.Errorf(pos, "setting", "%s: %v", name, err)
			}
			return
		}
	}
	if name == "jobs" {
		return // how much runs at once is the server's matter
	}
	d := diag.Diagnostic{Severity: diag.Error, Rule: "setting", Pos: pos, Message: fmt.Sprintf("there is no setting %s", name)}
	if c := diag.Closest(name, settingNames()); c != "" {
		d.Hint = "did you mean " + c + "?"
	} else {
		d.Hint = "there are " + strings.Join(settingNames(), ", ")
	}
	s.diags.Add(d)
}

// source is the position of a value that stands in no file.
func source(name string) diag.Position { return diag.Position{File: name, Line: 1, Column: 1} }

// readSettings puts the settings of an application together.
func readSettings(fsys fs.FS, dir string, env Environment, base settings) *settings {
	s := &base
	s.request.Paths = []string{dir}
	s.options.Namespace = env[appNamespace]
	s.options.APIVersions = splitList(env[kubeAPIs])
	s.options.KubernetesVersion, _ = env.kubernetesVersion()
	s.settingsFile(fsys, dir)
	for _, known := range settingTable() {
		if value := env[variable(known.name)]; value != "" {
			s.set(known.name, value, source(variable(known.name)))
		}
	}
	s.unknownVariables(env)
	s.parameters(env)
	s.limits.Apply(&s.options)
	s.request.Documents = s.options.Documents
	return s
}

func (s *settings) settingsFile(fsys fs.FS, dir string) {
	file, diags := project.NearestSettings(fsys, dir)
	s.diags = append(s.diags, diags...)
	if file == nil {
		return
	}
	for _, d := range file.Definitions {
		s.request.Definitions = append(s.request.Definitions, path.Join(file.Dir, d))
	}
	for _, o := range file.Observed {
		s.request.Observed = append(s.request.Observed, path.Join(file.Dir, o))
	}
	for _, v := range file.Values {
		s.set(v.Flag, v.Text, v.Position)
	}
}

// unknownVariables reports misspelt variables, which would do nothing.
func (s *settings) unknownVariables(env Environment) {
	known := Variables()
	var names []string
	for name := range env {
		if strings.HasPrefix(name, userPrefix) && !slices.Contains(known, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		d := diag.Diagnostic{Severity: diag.Error, Rule: "setting", Pos: source(name), Message: "there is no such setting"}
		if c := diag.Closest(name, known); c != "" {
			d.Hint = "did you mean " + c + "?"
		}
		s.diags.Add(d)
	}
}

// parameters applies the Application's parameters: settings by their name, and
// overrides of an instance, named KIND/NAME or KIND/NAMESPACE/NAME.
func (s *settings) parameters(env Environment) {
	list, err := env.parameters()
	if err != nil {
		s.diags.Errorf(source(appParameters), "setting", "%v", err)
		return
	}
	for _, p := range list {
		pos := source("parameter " + p.Name)
		switch {
		case strings.Contains(p.Name, "/") && p.Map != nil:
			s.options.Overrides = append(s.options.Overrides, render.Override{Instance: p.Name, Values: p.Map, Position: pos})
		case strings.Contains(p.Name, "/"):
			s.diags.Errorf(pos, "setting", "overrides of an instance are a map from fields of its spec to values")
		case p.Map != nil:
			s.diags.Errorf(pos, "setting", "a map sets fields of an instance, so its name is KIND/NAME or KIND/NAMESPACE/NAME")
		default:
			s.plainParameter(p, pos)
		}
	}
}

func (s *settings) plainParameter(p parameter, pos diag.Position) {
	name := p.Name
	if name == "instances" {
		name = "instance"
	}
	switch {
	case p.Array != nil:
		s.set(name, strings.Join(p.Array, "\n"), pos)
	case p.String != nil && *p.String != "":
		s.set(name, *p.String, pos)
	}
}
