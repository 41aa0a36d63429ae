// Package settings contains every setting once: its name, type, default and help,
// and who may set it in which direction. It takes the values of the surfaces,
// such as flags, krowave.yaml or an Application's environment, and returns Values
// and findings about values that may not be set there.
//
//	base := settings.Default(settings.CMPServer)
//	values, findings := settings.Resolve(base, settings.File(krowaveYAML), application)
//
// The operator of a server is trusted most, then the Application or
// RenderedSource, then the repository. Who is trusted less may tighten what
// guards, and never loosen it. This package reads no file and no environment.
package settings

import (
	"strings"
	"unicode"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/repo"
)

// Surface is a place where settings are set.
type Surface int

// Surfaces.
const (
	CommandLine    Surface = iota // flags of the commands that people run
	CMPServer                     // flags of krowave argocd cmp-server and generate
	FluxController                // flags of krowave flux controller
	Application                   // ARGOCD_ENV_KROWAVE_ variables and plugin parameters
	RenderedSource                // spec of the RenderedSource
	Repository                    // krowave.yaml
	surfaces
)

// Right says what a surface may do with a setting. The zero value is not an answer:
// every row of the table has to give one for every surface.
type Right int

// Rights.
const (
	undecided Right = iota
	No              // it does not have the setting
	Free            // it may set any value
	Tighten         // it may only make the value stricter
)

// Type is the type of a setting's value.
type Type string

// Types.
const (
	Bool    Type = "bool"    // true or false
	Word    Type = "word"    // one of Words
	Words   Type = "words"   // several of Words, with commas, or none
	Count   Type = "count"   // an integer greater than 0
	List    Type = "list"    // of texts
	Gates   Type = "gates"   // NAME=true|false, with commas
	Version Type = "version" // of Kubernetes or kro
	Text    Type = "text"
)

// Setting is one row of the table.
type Setting struct {
	Name  string // as a flag: max-files
	Short string // as a flag of one letter
	Type  Type
	Help  string
	Words []string // that it may have, or that completion offers

	// PersonOnly are the words that only the command line may set.
	PersonOnly []string
	// Limit says that it is an upper bound, which krowave.yaml has below limits.
	Limit bool
	// Rights has one right for each surface.
	Rights [surfaces]Right
	// Parameter is the name as a plugin parameter where that differs: lists that
	// are announced have a plural.
	Parameter string
	// Spec is the field of the RenderedSource's spec where that differs.
	Spec string
	// Elsewhere says why a surface does not have the setting, or what it has
	// instead. It is required where a person, an Application or a RenderedSource
	// has none.
	Elsewhere string

	set    func(*Values, []string) error
	get    func(*Values) string
	looser func(v, bound *Values) bool // nil where no value is stricter than another
}

// Values are what all settings have. They are a value: a copy changes nothing.
type Values struct {
	Options render.Options // of the engine

	Definitions, CRDs, Observed, Policies, Exclude []string // places to look up, patterns to skip

	Strict        bool
	Root, Vendor  string
	Idioms        string // drop, keep, or "" for what the policy calls for
	Files         repo.Limits
	Archive       repo.TarLimits
	DownloadBytes int64

	host  Surface          // whose defaults these are
	given map[string]Value // what was set, by setting
}

// Given returns where a setting was set, or false when it has its default.
func (v *Values) Given(name string) (Value, bool) {
	value, ok := v.given[name]
	return value, ok
}

// Tree returns the limits of reading files.
func (v *Values) Tree() repo.Limits {
	out := v.Files
	out.FileBytes = int64(v.Options.Documents.FileBytes)
	return out
}

// Tar returns the limits of unpacking an archive.
func (v *Values) Tar() repo.TarLimits {
	out := v.Archive
	out.Kept, out.FileBytes = v.Files.TotalBytes, int64(v.Options.Documents.FileBytes)
	return out
}

// Key is the name of a setting in krowave.yaml: maxFiles.
func (s *Setting) Key() string { return camel(s.Name) }

// Variable is the name of a setting in an Application's environment.
func (s *Setting) Variable() string {
	return VariablePrefix + strings.ToUpper(strings.ReplaceAll(s.Name, "-", "_"))
}

// VariablePrefix begins the variables of an Application's plugin.env.
const VariablePrefix = "ARGOCD_ENV_KROWAVE_"

// ParameterName is the name of a setting as a plugin parameter.
func (s *Setting) ParameterName() string {
	if s.Parameter != "" {
		return s.Parameter
	}
	return s.Name
}

// SpecField is the name of a setting in the spec of a RenderedSource.
func (s *Setting) SpecField() string {
	if s.Spec != "" {
		return s.Spec
	}
	return camel(s.Name)
}

// because sets Elsewhere.
func (s Setting) because(reason string) Setting {
	s.Elsewhere = reason
	return s
}

// Text is the value of a setting as its flag spells it.
func (s *Setting) Text(v *Values) string { return s.get(v) }

// Offered lists the settings that a surface has, in the order of the table.
func Offered(on Surface) []Setting {
	var out []Setting
	for _, s := range table() {
		if s.Rights[on] != No {
			out = append(out, s)
		}
	}
	return out
}

// Find returns the setting of a name.
func Find(name string) (Setting, bool) {
	for _, s := range table() {
		if s.Name == name {
			return s, true
		}
	}
	return Setting{}, false
}

func camel(name string) string {
	words := strings.Split(name, "-")
	for i, w := range words[1:] {
		r := []rune(w)
		words[i+1] = string(unicode.ToUpper(r[0])) + string(r[1:])
	}
	return strings.Join(words, "")
}
