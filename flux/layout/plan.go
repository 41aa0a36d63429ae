// Package layout turns a render.Result into the files of one artifact and a Plan.
// The artifact has one directory per wave, and the Plan describes the
// Kustomizations that apply the waves one after the other.
//
//	files, plan, diags := layout.Files(res, layout.Options{})
//	next, done := layout.Next(published, settled, plan)
//	kustomizations := layout.Kustomizations(next, layout.Template{Name: "shop"})
//
// A new wave begins only after an object that has to be waited for: one whose
// node has readyWhen and dependents. Everything else shares a wave, so a render
// without gates is a single Kustomization. The result is to be rendered with
// wave.Gated.
//
// Each directory has a kustomization.yaml that lists its files, and so has the
// root: a Kustomization of the path ./ applies everything at once.
package layout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/apis/meta"
)

// File is a file of the artifact.
type File struct {
	Path string // relative, with slashes
	Data []byte
}

// ID tells an object from others in a cluster, whatever its version.
type ID struct{ Group, Kind, Namespace, Name string }

func (id ID) String() string {
	kind := id.Kind
	if id.Group != "" {
		kind += "." + id.Group
	}
	if id.Namespace == "" {
		return kind + " " + id.Name
	}
	return kind + " " + id.Namespace + "/" + id.Name
}

// Plan says which objects are in which wave.
type Plan struct {
	Waves []Wave // in the order of their application; at least one

	// ToKro are published objects that are in no wave because kro makes them
	// from now on. They are not to be deleted.
	ToKro map[ID]bool
}

// Wave is a directory of the artifact and what has to be ready before the next
// one is applied.
type Wave struct {
	Name    string // wave-0
	Dir     string // below the artifact's root
	Objects int    // in it, those that are handed over to another wave left out
	Gate    bool   // the next wave waits for the health checks

	HealthChecks     []meta.NamespacedObjectKindReference
	HealthCheckExprs []kustomize.CustomHealthCheck

	Entries []Entry // by path
}

// Entry is an object in a wave.
type Entry struct {
	ID
	Path string // of its file, in the wave's directory
	Data []byte

	// Handover marks an object that another wave takes over. Until that has
	// happened its old wave keeps it, and leaves it as it is.
	Handover bool
}

const kustomizationFile = "kustomization.yaml"

// Files returns the artifact's files, sorted by path.
func (p *Plan) Files() []File {
	var out []File
	var all []string
	for _, w := range p.Waves {
		var names []string
		for _, e := range w.Entries {
			out = append(out, File{w.Dir + "/" + e.Path, e.Data})
			names = append(names, e.Path)
			if !e.Handover {
				all = append(all, w.Dir+"/"+e.Path)
			}
		}
		out = append(out, File{w.Dir + "/" + kustomizationFile, listing(names)})
	}
	out = append(out, File{kustomizationFile, listing(all)})
	slices.SortFunc(out, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return out
}

// listing is a kustomization.yaml with these files and nothing else.
func listing(names []string) []byte {
	var b strings.Builder
	b.WriteString("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n")
	if len(names) == 0 {
		b.WriteString("resources: []\n")
		return []byte(b.String())
	}
	b.WriteString("resources:\n")
	for _, name := range names {
		fmt.Fprintf(&b, "- %q\n", name)
	}
	return []byte(b.String())
}
