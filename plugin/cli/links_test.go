package cli_test

import (
	"bytes"
	"testing"

	"github.com/krowave/krowave/plugin/cli"
)

func TestLinks(t *testing.T) {
	for name, c := range map[string]struct {
		env  map[string]string
		when string
		want string // "" for no links
	}{
		"no terminal":           {map[string]string{"TERM_PROGRAM": "WezTerm"}, cli.ColorAuto, ""},
		"an unknown terminal":   {nil, cli.ColorAlways, ""},
		"a terminal with links": {map[string]string{"TERM_PROGRAM": "WezTerm"}, cli.ColorAlways, "file:///repo/a%20b.yaml"},
		"an old VTE":            {map[string]string{"VTE_VERSION": "4800"}, cli.ColorAlways, ""},
		"a new VTE":             {map[string]string{"VTE_VERSION": "7600"}, cli.ColorAlways, "file:///repo/a%20b.yaml"},
		"forced":                {map[string]string{"FORCE_HYPERLINK": "1"}, cli.ColorAlways, "file:///repo/a%20b.yaml"},
		"refused":               {map[string]string{"TERM_PROGRAM": "WezTerm", "FORCE_HYPERLINK": "0"}, cli.ColorAlways, ""},
		"no colours":            {map[string]string{"TERM_PROGRAM": "WezTerm"}, cli.ColorNever, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := cli.Streams{Dir: "/repo", Getenv: func(name string) string { return c.env[name] }, Colors: &cli.Colors{When: c.when}}
			link := s.Links(&bytes.Buffer{})
			if (link != nil) != (c.want != "") {
				t.Fatalf("links: %v", link != nil)
			}
			if link == nil {
				return
			}
			if got := link("a b.yaml"); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if got := link("-") + link("../outside.yaml"); got != "" {
				t.Errorf("links to %s", got)
			}
		})
	}
}
