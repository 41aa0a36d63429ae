package settings_test

import (
	"testing"

	"github.com/spf13/pflag"

	"github.com/krowave/krowave/render/settings"
)

// TestTable holds every row to its surfaces: each has one answer for each of
// them, and no surface has two settings under one name.
func TestTable(t *testing.T) {
	seen := map[string]string{}
	unique := func(surface, name, setting string) {
		t.Helper()
		if other, ok := seen[surface+" "+name]; ok {
			t.Errorf("%s: %s and %s are both named %s", surface, other, setting, name)
		}
		seen[surface+" "+name] = setting
	}
	for _, s := range settings.Table() {
		if s.Name == "" || s.Help == "" || s.Type == "" {
			t.Errorf("%+v is not complete", s)
		}
		offered := 0
		for on, right := range s.Rights {
			switch {
			case right != settings.No && right != settings.Free && right != settings.Tighten:
				t.Errorf("%s: nothing is decided for %s", s.Name, settings.Surface(on))
			case right != settings.No:
				offered++
			}
		}
		for _, on := range []settings.Surface{settings.CommandLine, settings.Application, settings.RenderedSource} {
			if s.Rights[on] == settings.No && s.Elsewhere == "" {
				t.Errorf("%s cannot be set in %s, and the table does not say why", s.Name, on)
			}
		}
		if offered == 0 {
			t.Errorf("%s can be set nowhere", s.Name)
		}
		unique("flags", s.Name, s.Name)
		unique("krowave.yaml", s.Key(), s.Name)
		unique("variables", s.Variable(), s.Name)
		unique("parameters", s.ParameterName(), s.Name)
		unique("spec", s.SpecField(), s.Name)
		if s.Short != "" {
			unique("flags", s.Short, s.Name)
		}
		if s.Rights[settings.RenderedSource] == settings.Free && s.Limit || s.Rights[settings.Repository] == settings.Free && s.Limit {
			t.Errorf("%s: who is trusted less may raise a limit", s.Name)
		}
	}
}

// TestFlags binds the table to flags for each host.
func TestFlags(t *testing.T) {
	for _, host := range []settings.Surface{settings.CommandLine, settings.CMPServer, settings.FluxController} {
		set := pflag.NewFlagSet("", pflag.ContinueOnError)
		flags := settings.Bind(set, settings.Default(host), "max-depth")
		for _, s := range settings.Table() {
			want := s.Rights[host] != settings.No && s.Name != "max-depth"
			if got := set.Lookup(s.Name) != nil; got != want {
				t.Errorf("%s: --%s is there: %v, want %v", host, s.Name, got, want)
			}
		}
		if err := set.Parse([]string{"--strict", "--max-files=7", "--max-files=9"}); err != nil {
			t.Fatal(err)
		}
		values, diags := flags.Resolve()
		if len(diags) > 0 || !values.Strict || values.Files.Files != 9 {
			t.Errorf("%s: strict %v, %d files, %v", host, values.Strict, values.Files.Files, diags)
		}
		if err := set.Parse([]string{"--max-files=0"}); err == nil {
			t.Errorf("%s: no file at all is a limit", host)
		}
	}
}

// TestDefaults sets each setting to its own default.
func TestDefaults(t *testing.T) {
	for _, host := range []settings.Surface{settings.CommandLine, settings.CMPServer, settings.FluxController} {
		base := settings.Default(host)
		for _, s := range settings.Offered(host) {
			text := s.Text(&base)
			if text == "" {
				continue
			}
			l := settings.Layer{Surface: host, Values: []settings.Value{{Setting: s.Name, Texts: []string{text}}}}
			values, diags := settings.Resolve(base, l)
			if len(diags) > 0 || s.Text(&values) != text {
				t.Errorf("%s: --%s=%s gives %q, %v", host, s.Name, text, s.Text(&values), diags)
			}
		}
	}
}
