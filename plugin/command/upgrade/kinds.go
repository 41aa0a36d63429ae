package upgrade

import "github.com/krowave/krowave/plugin/report"

// Kinds lists the JSON documents that the command prints.
func Kinds() []report.Kind { return []report.Kind{kind()} }

func kind() report.Kind {
	return report.Kind{Name: "UpgradeCheck", Command: "upgrade-check -o json", Content: document{}}
}
