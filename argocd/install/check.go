package install

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
)

// rule is the rule of every finding about an installation.
const rule = "argocd-install"

// socketDir is where repo-server looks for plugins.
const socketDir = "/home/argocd/cmp-server/plugins"

// Check says what an installation lacks: documents are the Deployments,
// ConfigMaps and, where they are exported too, Applications of Argo CD's namespace. file names their source, for findings
// about what is not there at all.
func Check(file string, documents []*manifest.Document, opts Options) diag.List {
	c := &checker{start: diag.Position{File: file, Line: 1, Column: 1}}
	if d := find(documents, isRepoServer); d != nil {
		c.repoServer(d)
	} else {
		c.lackf(nil, nil, "there is no Deployment of repo-server; export with kubectl get deployments,configmaps,applications -n argocd -o yaml")
	}
	c.settings(find(documents, named("ConfigMap", "argocd-cmd-params-cm")))
	if opts.Health != nil {
		c.health(find(documents, named("ConfigMap", "argocd-cm")), object.Map(opts.Health, "data"))
	}
	for _, d := range documents {
		if d.Kind() == "Application" {
			c.application(d)
		}
	}
	return c.found.Sorted()
}

// application looks for a definition for kro that several Applications own.
func (c *checker) application(d *manifest.Document) {
	conditions, _ := object.Map(d.Object, "status")["conditions"].([]any)
	for i, condition := range conditions {
		said, _ := condition.(map[string]any)
		message, _ := said["message"].(string)
		if said["type"] == "SharedResourceWarning" && strings.HasPrefix(message, "ResourceGraphDefinition/") {
			c.lackf(d, diag.Path{"status", "conditions", i}, "%s: let one Application own the definitions (residuals: definitions), and set residuals: instances for the others", message)
		}
	}
}

type checker struct {
	start diag.Position
	found diag.List
}

// lackf reports what is missing at a path of a document.
func (c *checker) lackf(d *manifest.Document, path diag.Path, format string, args ...any) {
	out := diag.Diagnostic{Severity: diag.Error, Rule: rule, Pos: c.start, Message: fmt.Sprintf(format, args...)}
	if d != nil {
		out.Pos, out.Object, out.Path = d.Position(path), d.Title(), path.String()
	}
	c.found.Add(out)
}

func find(documents []*manifest.Document, is func(*manifest.Document) bool) *manifest.Document {
	if i := slices.IndexFunc(documents, is); i >= 0 {
		return documents[i]
	}
	return nil
}

func named(kind, name string) func(*manifest.Document) bool {
	return func(d *manifest.Document) bool { return d.Kind() == kind && d.Name() == name }
}

// isRepoServer also knows the names that the Helm chart gives.
func isRepoServer(d *manifest.Document) bool {
	labels := object.Map(object.Map(d.Object, "metadata"), "labels")
	return d.Kind() == "Deployment" &&
		(d.Name() == "argocd-repo-server" || labels["app.kubernetes.io/component"] == "repo-server" && labels["app.kubernetes.io/part-of"] == "argocd")
}

// settings checks argocd-cmd-params-cm.
func (c *checker) settings(d *manifest.Document) {
	if d == nil {
		c.lackf(nil, nil, "there is no ConfigMap argocd-cmd-params-cm; it has settings that keep uploads to the plugin small")
		return
	}
	data := object.Map(d.Object, "data")
	const exclusions, paths = "reposerver.plugin.tar.exclusions", "reposerver.plugin.use.manifest.generate.paths"
	excluded, _ := data[exclusions].(string)
	if !slices.Contains(strings.FieldsFunc(excluded, func(r rune) bool { return r == ';' }), ".git") {
		c.lackf(d, diag.Path{"data", exclusions}, "%s has no .git, so the history of the repository is part of every upload", exclusions)
	}
	if data[paths] != "true" {
		c.lackf(d, diag.Path{"data", paths}, "%s is not \"true\", so the whole repository is uploaded for every application", paths)
	}
}

// health compares the health checks in argocd-cm.
func (c *checker) health(d *manifest.Document, want map[string]any) {
	if d == nil {
		c.lackf(nil, nil, "there is no ConfigMap argocd-cm; it holds the health checks that readyWhen needs")
		return
	}
	data := object.Map(d.Object, "data")
	for _, key := range slices.Sorted(maps.Keys(want)) {
		switch data[key] {
		case want[key]:
		case nil:
			c.lackf(d, diag.Path{"data"}, "there is no %s, so waves do not wait for readyWhen of this kind", key)
		default:
			c.lackf(d, diag.Path{"data", key}, "%s is not what krowave argocd health writes now", key)
		}
	}
}
