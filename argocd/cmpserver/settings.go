package cmpserver

import (
	"io/fs"
	"strings"
	"time"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/project"
	table "github.com/krowave/krowave/render/settings"
)

// settings are the settings of one application: those of the operator, with what
// Argo CD says of the destination, krowave.yaml, the environment and the
// parameters.
type settings struct {
	options render.Options
	limits  table.Values
	request project.Request
	strict  bool

	diags diag.List
}

// source is the position of a value that stands in no file.
func source(name string) diag.Position { return diag.Position{File: name, Line: 1, Column: 1} }

// readSettings puts the settings of an application together.
func readSettings(fsys fs.FS, dir string, env Environment, base table.Values) *settings {
	base.Options.Namespace = env[appNamespace]
	base.Options.APIVersions = table.SplitList(env[kubeAPIs])
	base.Options.KubernetesVersion, _ = env.kubernetesVersion()
	file, diags := project.NearestSettings(fsys, dir)
	parameters, overrides := parameterLayer(env)
	values, found := table.Resolve(base, table.File(file), table.Environment(env), parameters)
	s := &settings{options: values.Options, limits: values, strict: values.Strict, diags: append(diags, found...)}
	s.options.Overrides, s.options.Today = overrides, values.Day(time.Now())
	s.request = project.Request{Paths: []string{dir}, Documents: values.Options.Documents,
		Lookups: project.Lookups{Definitions: values.Definitions, CRDs: values.CRDs, Observed: values.Observed, Policies: values.Policies}}
	return s
}

// parameterLayer reads the Application's parameters: settings by their name, and
// overrides of an instance, named KIND/NAME or KIND/NAMESPACE/NAME.
func parameterLayer(env Environment) (table.Layer, []render.Override) {
	l := table.Layer{Surface: table.Application}
	var overrides []render.Override
	list, err := env.parameters()
	if err != nil {
		l.Found.Errorf(source(appParameters), "setting", "%v", err)
	}
	for _, p := range list {
		pos := source("parameter " + p.Name)
		switch {
		case strings.Contains(p.Name, "/") && p.Map != nil:
			overrides = append(overrides, render.Override{Instance: p.Name, Values: p.Map, Position: pos})
		case strings.Contains(p.Name, "/"):
			l.Found.Errorf(pos, "setting", "overrides of an instance are a map from fields of its spec to values")
		case p.Map != nil:
			l.Found.Errorf(pos, "setting", "a map sets fields of an instance, so its name is KIND/NAME or KIND/NAMESPACE/NAME")
		case p.Array != nil:
			l.Parameter(p.Name, p.Array...)
		case p.String != nil && *p.String != "":
			l.Parameter(p.Name, *p.String)
		}
	}
	return l, overrides
}
