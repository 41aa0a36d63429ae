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
	base    Values
	without map[string]bool
}

// Bind adds the settings of a surface to flags, except those left out, and
// returns where they end up.
func Bind(flags *pflag.FlagSet, base Values, leaveOut ...string) *Flags {
	f := &Flags{Layer: Layer{Surface: base.host}, base: base, without: map[string]bool{}}
	for _, name := range leaveOut {
		f.without[name] = true
	}
	for _, s := range Offered(base.host) {
		if !f.without[s.Name] {
			f.bind(flags, s)
		}
	}
	return f
}

// Resolve puts layers and the flags over the base. Settings that were left out
// keep their base, whatever layers say of them.
func (f *Flags) Resolve(layers ...Layer) (Values, diag.List) {
	_, found := Resolve(f.base, append(slices.Clone(layers), f.Layer)...)
	kept := []Layer{f.Layer}
	for _, l := range layers {
		l.Values = slices.DeleteFunc(slices.Clone(l.Values), func(v Value) bool { return f.without[v.Setting] })
		kept = append(kept, l)
	}
	values, _ := Resolve(f.base, kept...)
	return values, found
}

func (f *Flags) bind(flags *pflag.FlagSet, s Setting) {
	var value pflag.Value = &flagValue{flags: f, setting: s}
	if s.Type == List {
		value = &listValue{flagValue{flags: f, setting: s}}
	}
	flag := flags.VarPF(value, s.Name, s.Short, s.Help)
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

// Set notes a value. An invalid value is refused at once.
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

// listValue is the pflag.SliceValue of a list.
type listValue struct{ flagValue }

// Append adds an item.
func (v *listValue) Append(text string) error { return v.Set(text) }

// Replace sets all items.
func (v *listValue) Replace(texts []string) error {
	v.flags.Values = slices.DeleteFunc(v.flags.Values, func(value Value) bool { return value.Setting == v.setting.Name })
	for _, text := range texts {
		if err := v.Set(text); err != nil {
			return err
		}
	}
	return nil
}

// GetSlice returns the items.
func (v *listValue) GetSlice() []string {
	for _, value := range v.flags.Values {
		if value.Setting == v.setting.Name {
			return value.Texts
		}
	}
	return nil
}
