package controller

import (
	"errors"
	"time"

	"github.com/krowave/krowave/flux/api/v1alpha1"
	"github.com/krowave/krowave/flux/source"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/project"
	table "github.com/krowave/krowave/render/settings"
)

// settings are the settings of the operator.
func (o *Options) settings() (table.Values, error) {
	if o.Settings == nil {
		return table.Default(table.FluxController), nil
	}
	values, diags := o.Settings.Resolve()
	for _, d := range diags {
		return values, errors.New(d.Message)
	}
	return values, nil
}

// archives returns the limits of a download, and of the search for definitions in
// it.
func archives(v table.Values) source.Limits {
	return source.Limits{Download: v.DownloadBytes, Archive: v.Tar(), Files: v.Tree(), Documents: v.Options.Documents}
}

// settings are what krowave.yaml and the spec say together.
type settings struct {
	options  render.Options
	limits   table.Values
	request  project.Request
	observed []string // of krowave.yaml
	diags    diag.List
}

// newSettings puts a krowave.yaml, or nil, and the spec together.
func newSettings(operator table.Values, file *project.Settings, spec *v1alpha1.RenderedSourceSpec) *settings {
	values, diags := table.Resolve(operator, table.File(file), specLayer(spec))
	s := &settings{options: values.Options, limits: values, observed: values.Observed, diags: diags}
	s.options.Today = values.Day(time.Now())
	s.request.Definitions, s.request.CRDs, s.request.Policies = values.Definitions, values.CRDs, values.Policies
	return s
}

// specLayer is what the spec says, without its places: those may be in other
// sources.
func specLayer(spec *v1alpha1.RenderedSourceSpec) table.Layer {
	l := table.Layer{Surface: table.RenderedSource}
	add := func(name, field, text string) {
		if text != "" {
			l.Values = append(l.Values, table.Value{Setting: name, Texts: []string{text}, Spelled: field,
				Position: diag.Position{File: "spec." + field, Line: 1, Column: 1}})
		}
	}
	add("kro-version", "kroVersion", spec.KroVersion)
	if spec.WarnNext {
		add("warn-next", "warnNext", "true")
	}
	add("kubernetes-version", "kubernetesVersion", spec.KubernetesVersion)
	add("runtime", "runtime", string(spec.Runtime))
	add("residuals", "residuals", string(spec.Residuals))
	add("graphs", "graphs", string(spec.Graphs))
	if spec.Strict {
		add("strict", "strict", "true")
	}
	if spec.AllowEmpty {
		add("allow-empty", "allowEmpty", "true")
	}
	if k := spec.Kustomizations; k != nil {
		add("namespace", "kustomizations.targetNamespace", k.TargetNamespace)
	}
	return l
}
