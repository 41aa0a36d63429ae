package inspect

import "github.com/krowave/krowave/plugin/report"

// Kinds lists the JSON documents that the commands print.
func Kinds() []report.Kind { return []report.Kind{explanationKind(), graphsKind(), usesKind()} }
