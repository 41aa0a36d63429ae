// Package install generates the manifests that add the plugin to an installation
// of Argo CD: the files of a kustomize component with a patch of repo-server,
// settings, a network policy, health checks and examples. Check reads the
// manifests of an installation and reports the lines that lack something. The
// package never applies anything and never calls a cluster.
//
//	files, err := install.Files(install.Options{})
package install

import (
	"bytes"
	"embed"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/manifest"
)

//go:embed manifests
var manifests embed.FS

// Options say what is installed where. The zero value is the default.
type Options struct {
	ArgoCD    string         // "2.14" or "3"; default "3"
	Namespace string         // of Argo CD; default "argocd"
	Image     string         // of the plugin; default DefaultImage
	Size      string         // one of Sizes; default "small"
	Health    map[string]any // argocd-cm as a whole, with health checks; none when nil
}

// DefaultImage is the released image.
const DefaultImage = "ghcr.io/krowave/krowave:latest"

// File is a file of the component.
type File struct {
	Name string // relative, with slashes
	Data []byte
}

// hydratedExample needs drySource.plugin, which Argo CD 2.14 does not have.
const hydratedExample = "examples/application-hydrated.yaml"

// Files returns the component's files in the order of their use.
func Files(opts Options) ([]File, error) {
	opts, err := opts.complete()
	if err != nil {
		return nil, err
	}
	names := []string{
		"kustomization.yaml", "repo-server.yaml", "argocd-cmd-params-cm.yaml", "networkpolicy.yaml",
		"examples/application.yaml", "examples/application-definitions.yaml", "examples/applicationset.yaml",
	}
	if opts.ArgoCD != "2.14" {
		names = append(names, hydratedExample)
	}
	size, err := sizeOf(opts.Size)
	if err != nil {
		return nil, err
	}
	fill := strings.NewReplacer(append(size.fill(), "$(NAMESPACE)", opts.Namespace, "$(IMAGE)", opts.Image)...)
	var out []File
	for _, name := range names {
		text, err := manifests.ReadFile("manifests/" + name)
		if err != nil {
			return nil, fmt.Errorf("reading the embedded manifests: %w", err)
		}
		out = append(out, File{Name: name, Data: []byte(fill.Replace(string(text)))})
	}
	if opts.Health == nil {
		return out, nil
	}
	const patch = "  - path: argocd-cm.yaml\n    target: {kind: ConfigMap, name: argocd-cm}\n"
	out[0].Data = append(out[0].Data, patch...)
	var health bytes.Buffer
	health.WriteString("# Health checks that implement readyWhen; argocd health regenerates them.\n")
	if err := manifest.EncodeYAML(&health, []map[string]any{opts.Health}); err != nil {
		return nil, err
	}
	return slices.Insert(out, 3, File{Name: "argocd-cm.yaml", Data: health.Bytes()}), nil
}

// Names that Kubernetes and registries accept, and that need no quotes in YAML.
var (
	namespacePattern = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	imagePattern     = regexp.MustCompile(`^[A-Za-z0-9][-A-Za-z0-9._/:@]*$`)
)

func (o Options) complete() (Options, error) {
	if o.ArgoCD == "" {
		o.ArgoCD = "3"
	}
	if o.Namespace == "" {
		o.Namespace = "argocd"
	}
	if o.Image == "" {
		o.Image = DefaultImage
	}
	switch {
	case o.ArgoCD != "2.14" && o.ArgoCD != "3":
		return o, fmt.Errorf("no Argo CD version %q; use 2.14 or 3", o.ArgoCD)
	case !namespacePattern.MatchString(o.Namespace):
		return o, fmt.Errorf("%q is not a namespace", o.Namespace)
	case !imagePattern.MatchString(o.Image) || strings.HasSuffix(o.Image, ":"):
		return o, fmt.Errorf("%q is not an image; use NAME:TAG or NAME@DIGEST", o.Image)
	}
	return o, nil
}

// Text joins files to one stream of documents, each after its name.
func Text(files []File) []byte {
	var b bytes.Buffer
	for _, f := range files {
		fmt.Fprintf(&b, "---\n# %s\n", f.Name)
		b.Write(bytes.Replace(f.Data, []byte("\n---\n"), []byte("\n"), 1))
	}
	return b.Bytes()
}
