package settings

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/krowave/krowave/render/diag"
)

// Flags is the layer of flags. It is filled while they are parsed.
type Flags struct {
	Layer
	base Values
}

// Bind adds the settings of a surface to flags, except those left out, and
// returns where they end up.
func Bind(flags *pflag.FlagSet, base Values, leaveOut ...string) *Flags {
	f := &Flags{Layer: Layer{Surface: base.host}, base: base}
	for _, s := range Offered(base.host) {
		if !slices.Contains(leaveOut, s.Name) {
			f.bind(flags, s)
		}
	}
	return f
}

// Values are the base that the flags were bound with, and the flags.
func (f *Flags) Resolve() (Values, diag.List) { return Resolve(f.base, f.Layer) }

func (f *Flags) bind(flags *pflag.FlagSet, s Setting) {
	flag := flags.VarPF(&flagValue{flags: f, setting: s}, s.Name, s.Short, s.Help)
	if s.Type == Bool {
		flag.NoOptDefVal = "true"
	}
}

// flagValue is the pflag.Value of a setting.
type flagValue struct {
	flags   *Flags
	setting Setting
}

// String is the default, or what was set.
func (v *flagValue) String() string {
	if v.flags == nil {
		return "" // pflag asks a zero value
	}
	for _, value := range v.flags.Values {
		if value.Setting == v.setting.Name {
			return strings.Join(value.Texts, ",")
		}
	}
	return v.setting.get(&v.flags.base)
}

// Type names the values in the help.
func (v *flagValue) Type() string {
	switch s := &v.setting; s.Type {
	case Bool:
		return "bool"
	case Word:
		return strings.Join(s.WordsOn(v.flags.Surface), "|")
	case Version:
		return strings.Join(s.Words, "|")
	case Words:
		return strings.Join(s.Words, ",")
	case Gates:
		return "NAME=true|false,..."
	case Count:
		return "N"
	case List:
		return "stringArray"
	}
	return "string"
}

// Set notes a value. What is none is refused at once.
func (v *flagValue) Set(text string) error {
	probe := v.flags.base.clone()
	if err := v.setting.allow(&probe, []string{text}, v.flags.Surface); err != nil {
		return err
	}
	for i := range v.flags.Values {
		if value := &v.flags.Values[i]; value.Setting == v.setting.Name {
			switch v.setting.Type {
			case List, Gates:
				value.Texts = append(value.Texts, text)
			default:
				value.Texts = []string{text}
			}
			return nil
		}
	}
	v.flags.Values = append(v.flags.Values, Value{
		Setting: v.setting.Name, Texts: []string{text}, Spelled: "--" + v.setting.Name, Position: source("--" + v.setting.Name),
	})
	return nil
}
