package inspect

import (
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/plugin/tree"
)

// Kinds lists the JSON documents that the commands print.
func Kinds() []report.Kind {
	return []report.Kind{explanationKind(), graphsKind(), tree.ListKind(), usesKind()}
}
