package test

import (
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/plugin/rgdtest"
)

// Kinds lists the JSON documents that the commands print.
func Kinds() []report.Kind { return []report.Kind{rgdtest.ResultsKind()} }
