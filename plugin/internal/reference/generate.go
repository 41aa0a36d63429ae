package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/krowave/krowave/plugin"
	"github.com/krowave/krowave/plugin/report"
)

// generate returns the files below docs that are made from the code.
func generate(docs string) (map[string]string, error) {
	out := map[string]string{}
	root := plugin.Root(plugin.Streams{})
	root.DisableAutoGenTag = true
	if err := pages(root, out); err != nil {
		return nil, err
	}
	kinds := plugin.Kinds()
	for _, k := range kinds {
		text, err := json.MarshalIndent(schemaOf(k), "", "  ")
		if err != nil {
			return nil, err
		}
		out["schemas/"+schemaFile(k)] = string(text) + "\n"
	}
	page, err := os.ReadFile(filepath.Join(docs, "json.md"))
	if err != nil {
		return nil, err
	}
	out["json.md"] = withTable(string(page), kinds)
	return out, nil
}

// pages writes a page for a command and for each one below it.
func pages(cmd *cobra.Command, out map[string]string) error {
	for _, c := range cmd.Commands() {
		if !c.IsAvailableCommand() || c.IsAdditionalHelpTopicCommand() {
			continue
		}
		if err := pages(c, out); err != nil {
			return err
		}
	}
	var page bytes.Buffer
	if err := doc.GenMarkdown(cmd, &page); err != nil {
		return fmt.Errorf("describing %s: %w", cmd.CommandPath(), err)
	}
	out["cli/"+strings.ReplaceAll(cmd.CommandPath(), " ", "_")+".md"] = page.String()
	return nil
}

func schemaFile(k report.Kind) string { return strings.ToLower(k.Name) + ".schema.json" }

var table = regexp.MustCompile(`(?s)\| Kind \|.*?\n\n`)

// withTable puts the table of kinds in its place on the page.
func withTable(page string, kinds []report.Kind) string {
	var b strings.Builder
	b.WriteString("| Kind | Command | Schema |\n|---|---|---|\n")
	for _, k := range kinds {
		fmt.Fprintf(&b, "| `%s` | `krowave %s` | [%s](schemas/%s) |\n", k.Name, k.Command, schemaFile(k), schemaFile(k))
	}
	b.WriteString("\n")
	return table.ReplaceAllLiteralString(page, b.String())
}
