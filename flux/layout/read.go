package layout

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/krowave/krowave/render/manifest"
)

const wavePrefix = "wave-"

func waveName(i int) string { return wavePrefix + strconv.Itoa(i) }

func waveIndex(dir string) (int, bool) {
	i, err := strconv.Atoi(strings.TrimPrefix(dir, wavePrefix))
	return i, err == nil && i >= 0 && i < maxWaves && waveName(i) == dir
}

// maxWaves bounds what the path of a Kustomization can make of a plan.
const maxWaves = 10_000

// Read returns the plan of a published artifact from its files. What has to be
// ready is not in them.
func Read(files []File) (*Plan, error) {
	p := &Plan{}
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	for _, f := range files {
		dir, name, ok := strings.Cut(f.Path, "/")
		if !ok {
			continue
		}
		i, ok := waveIndex(dir)
		if !ok || i >= len(files) {
			return nil, fmt.Errorf("%s is in no wave", f.Path)
		}
		for len(p.Waves) <= i {
			p.Waves = append(p.Waves, Wave{Name: waveName(len(p.Waves)), Dir: waveName(len(p.Waves))})
		}
		if name == kustomizationFile {
			continue
		}
		documents, diags := manifest.Read(f.Path, f.Data, manifest.Limits{})
		if diags.HasErrors() || len(documents) != 1 {
			return nil, fmt.Errorf("%s holds %d objects, want 1", f.Path, len(documents))
		}
		e := Entry{ID: IDOf(documents[0].Object), Path: name, Data: f.Data, Handover: strings.HasPrefix(name, handoverDir)}
		w := &p.Waves[i]
		w.Entries = append(w.Entries, e)
		if !e.Handover {
			w.Objects++
		}
	}
	if len(p.Waves) == 0 {
		return nil, fmt.Errorf("the artifact has no %s", waveName(0))
	}
	return p, nil
}
