// Package limits says what one render may cost when others than its user pay for
// it: the limits that servers have as flags and that krowave.yaml may lower, under
// one set of names, defaults and help texts.
//
//	l := limits.Default()
//	l.Apply(&options)
package limits

import (
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/repo"
)

// Limits are upper bounds. A limit of a render may be lowered by what is
// rendered, one of archives may not: it counts before anything is known.
type Limits struct {
	CollectionSize, CollectionDimensions, ChainDepth, CELCost int64
	FileBytes, Documents, Depth, Nodes                        int64
	Files, TotalBytes                                         int64

	// Of the archive that arrives.
	Entries, UnpackedBytes, OtherFileBytes, Ratio int64
}

// Default returns the limits of the command line, and of repo.ReadTar.
func Default() Limits {
	return Limits{
		CollectionSize: 1000, CollectionDimensions: 10, ChainDepth: 8, CELCost: expr.DefaultCostLimit,
		FileBytes: 32 << 20, Documents: 50_000, Depth: 200, Nodes: 1_000_000,
		Files: 50_000, TotalBytes: 512 << 20,
		Entries: 200_000, UnpackedBytes: 4 << 30, OtherFileBytes: 1 << 20, Ratio: 250,
	}
}

// Limit is one of Limits under the name of its flag.
type Limit struct {
	Name, Help string
	Value      *int64
}

// Render lists the limits that krowave.yaml may lower.
func (l *Limits) Render() []Limit {
	return []Limit{
		{"max-collection-size", "objects that one forEach may make", &l.CollectionSize},
		{"max-collection-dimensions", "iterators that one forEach may have", &l.CollectionDimensions},
		{"max-chain-depth", "instances that may chain into each other", &l.ChainDepth},
		{"cel-cost-limit", "steps that one evaluation may take", &l.CELCost},
		{"max-file-bytes", "bytes that one file may have", &l.FileBytes},
		{"max-documents", "objects that one file may have", &l.Documents},
		{"max-depth", "maps and lists that may be nested", &l.Depth},
		{"max-yaml-nodes", "values that one document may have after aliases are expanded", &l.Nodes},
		{"max-files", "files that may be read", &l.Files},
		{"max-total-bytes", "bytes that all files together may have", &l.TotalBytes},
	}
}

// Archive lists the limits of archives.
func (l *Limits) Archive() []Limit {
	return []Limit{
		{"max-entries", "files, directories and links that a repository may have", &l.Entries},
		{"max-unpacked-bytes", "bytes that a repository may have, files that are not read included", &l.UnpackedBytes},
		{"max-other-file-bytes", "bytes of a file that is no manifest, which only a kustomization can read", &l.OtherFileBytes},
		{"max-ratio", "times that a repository may be larger than its archive", &l.Ratio},
	}
}

// Apply sets the limits of the engine.
func (l *Limits) Apply(o *render.Options) {
	o.MaxCollectionSize = int(l.CollectionSize)
	o.MaxCollectionDimensions = int(l.CollectionDimensions)
	o.MaxChainDepth = int(l.ChainDepth)
	o.CELCostLimit = uint(l.CELCost)
	o.Documents = manifest.Limits{
		FileBytes: int(l.FileBytes), Documents: int(l.Documents), Depth: int(l.Depth), Nodes: int(l.Nodes),
	}
}

// Tree returns the limits of reading files.
func (l *Limits) Tree() repo.Limits {
	return repo.Limits{Files: int(l.Files), TotalBytes: l.TotalBytes}
}

// Tar returns the limits of unpacking an archive.
func (l *Limits) Tar() repo.TarLimits {
	return repo.TarLimits{
		Entries: int(l.Entries), Unpacked: l.UnpackedBytes, Kept: l.TotalBytes,
		FileBytes: l.FileBytes, OtherFile: l.OtherFileBytes, Ratio: l.Ratio,
	}
}
