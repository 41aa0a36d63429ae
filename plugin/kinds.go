package plugin

import (
	"slices"
	"strings"

	"github.com/krowave/krowave/plugin/command/adopt"
	"github.com/krowave/krowave/plugin/command/argocd"
	"github.com/krowave/krowave/plugin/command/change"
	"github.com/krowave/krowave/plugin/command/inspect"
	"github.com/krowave/krowave/plugin/command/list"
	"github.com/krowave/krowave/plugin/command/publish"
	"github.com/krowave/krowave/plugin/command/render"
	"github.com/krowave/krowave/plugin/command/test"
	"github.com/krowave/krowave/plugin/command/tree"
	"github.com/krowave/krowave/plugin/command/upgrade"
	"github.com/krowave/krowave/plugin/command/validate"
	"github.com/krowave/krowave/plugin/report"
)

// Kinds lists the JSON documents that commands print, in the order of their
// names.
func Kinds() []report.Kind {
	all := slices.Concat(adopt.Kinds(), argocd.Kinds(), change.Kinds(), inspect.Kinds(), list.Kinds(), publish.Kinds(), render.Kinds(), test.Kinds(), tree.Kinds(), upgrade.Kinds(), validate.Kinds(),
		[]report.Kind{versionKind()})
	slices.SortFunc(all, func(a, b report.Kind) int { return strings.Compare(a.Name, b.Name) })
	return all
}
