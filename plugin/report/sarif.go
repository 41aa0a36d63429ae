package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/render/diag"
)

// A log of SARIF 2.1.0, with the properties that code scanning reads.
type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool       sarifTool     `json:"tool"`
	ColumnKind string        `json:"columnKind"`
	Results    []sarifResult `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name           string      `json:"name"`
	Version        string      `json:"version"`
	InformationURI string      `json:"informationUri"`
	Rules          []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID               string    `json:"id"`
	ShortDescription sarifText `json:"shortDescription"`
	FullDescription  sarifText `json:"fullDescription"`
	Help             sarifText `json:"help"`
	HelpURI          string    `json:"helpUri"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifResult struct {
	RuleID              string            `json:"ruleId"`
	RuleIndex           int               `json:"ruleIndex"`
	Level               string            `json:"level"`
	Message             sarifText         `json:"message"`
	Locations           []sarifLocation   `json:"locations"`
	RelatedLocations    []sarifLocation   `json:"relatedLocations,omitempty"`
	PartialFingerprints map[string]string `json:"partialFingerprints"`
	Fixes               []sarifFix        `json:"fixes,omitempty"`
}

type sarifFix struct {
	Description     sarifText     `json:"description"`
	ArtifactChanges []sarifChange `json:"artifactChanges"`
}

type sarifChange struct {
	ArtifactLocation sarifArtifact      `json:"artifactLocation"`
	Replacements     []sarifReplacement `json:"replacements"`
}

type sarifReplacement struct {
	DeletedRegion   sarifRange `json:"deletedRegion"`
	InsertedContent sarifText  `json:"insertedContent"`
}

type sarifRange struct {
	sarifRegion
	EndLine   int `json:"endLine"`
	EndColumn int `json:"endColumn"`
}

type sarifLocation struct {
	PhysicalLocation sarifPhysical  `json:"physicalLocation"`
	LogicalLocations []sarifLogical `json:"logicalLocations,omitempty"`
	Message          *sarifText     `json:"message,omitempty"`
}

type sarifPhysical struct {
	ArtifactLocation sarifArtifact `json:"artifactLocation"`
	Region           *sarifRegion  `json:"region,omitempty"` // none for a value that a build made
}

type sarifArtifact struct {
	URI       string `json:"uri"`
	URIBaseID string `json:"uriBaseId"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn"`
}

type sarifLogical struct {
	FullyQualifiedName string `json:"fullyQualifiedName"`
}

const (
	sarifSchema = "https://json.schemastore.org/sarif-2.1.0.json"
	homepage    = "https://github.com/krowave/krowave"
)

// RuleURI is where a rule is described.
func RuleURI(rule string) string { return homepage + "/blob/main/docs/diagnostics.md#" + rule }

// sarif prints the findings as SARIF 2.1.0.
func (r *Report) sarif(w io.Writer) error {
	used := map[string]bool{}
	for _, d := range r.Diags {
		used[d.Rule] = true
	}
	ids := slices.Sorted(maps.Keys(used))
	run := sarifRun{
		Tool: sarifTool{sarifDriver{
			Name: "krowave", Version: cli.CurrentBuild().Version, InformationURI: homepage, Rules: []sarifRule{},
		}},
		ColumnKind: "unicodeCodePoints", Results: []sarifResult{},
	}
	for _, id := range ids {
		uri := RuleURI(id)
		text := sarifText{strings.ReplaceAll(id, "-", " ")}
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{
			ID: id, ShortDescription: text, FullDescription: text, Help: sarifText{"What it means and what to do: " + uri}, HelpURI: uri,
		})
	}
	for _, d := range r.Located() {
		run.Results = append(run.Results, sarifResultOf(d, slices.Index(ids, d.Rule)))
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}}); err != nil {
		return fmt.Errorf("encoding the log: %w", err)
	}
	_, err := w.Write(diag.EscapeJSON(out.Bytes()))
	return err
}

func sarifResultOf(d diag.Diagnostic, rule int) sarifResult {
	mark := fingerprint(d)
	d = d.Inert()
	message := d.Message
	if d.Hint != "" {
		message += "\n" + d.Hint
	}
	out := sarifResult{
		RuleID: d.Rule, RuleIndex: rule, Message: sarifText{unlinked(message)},
		Level:               map[diag.Severity]string{diag.Error: "error", diag.Warning: "warning", diag.Info: "note"}[d.Severity],
		Locations:           []sarifLocation{sarifPlace(d.Pos)},
		PartialFingerprints: map[string]string{"krowave/v1": mark},
	}
	if d.Object != "" {
		out.Locations[0].LogicalLocations = []sarifLogical{{FullyQualifiedName: strings.TrimSuffix(d.Object+": "+d.Path, ": ")}}
	}
	for _, r := range d.Related {
		at := sarifPlace(r.Position)
		at.Message = &sarifText{unlinked(r.Message)}
		out.RelatedLocations = append(out.RelatedLocations, at)
	}
	if d.Fix != nil {
		out.Fixes = []sarifFix{sarifFixOf(d.Fix)}
	}
	return out
}

// sarifFixOf has one change for each file.
func sarifFixOf(f *diag.Fix) sarifFix {
	out := sarifFix{Description: sarifText{unlinked(f.Title)}}
	for _, e := range f.Edits {
		at := sarifPlace(e.Position).PhysicalLocation.ArtifactLocation
		n := slices.IndexFunc(out.ArtifactChanges, func(c sarifChange) bool { return c.ArtifactLocation == at })
		if n < 0 {
			n = len(out.ArtifactChanges)
			out.ArtifactChanges = append(out.ArtifactChanges, sarifChange{ArtifactLocation: at})
		}
		out.ArtifactChanges[n].Replacements = append(out.ArtifactChanges[n].Replacements, sarifReplacement{
			DeletedRegion:   sarifRange{sarifRegion{e.Line, e.Column}, e.EndLine, e.EndColumn},
			InsertedContent: sarifText{e.Text},
		})
	}
	return out
}

// unlinked keeps a viewer from reading [text](destination) as a link.
func unlinked(s string) string { return strings.ReplaceAll(s, "](", "] (") }

func sarifPlace(p diag.Position) sarifLocation {
	name := p.File
	if name == "-" {
		name = "stdin"
	}
	out := sarifLocation{PhysicalLocation: sarifPhysical{ArtifactLocation: sarifArtifact{URI: (&url.URL{Path: name}).String(), URIBaseID: "%SRCROOT%"}}}
	if p.Line > 0 || p.Built == "" {
		out.PhysicalLocation.Region = &sarifRegion{max(p.Line, 1), max(p.Column, 1)}
	}
	return out
}

// fingerprint tells a finding from others although lines move.
func fingerprint(d diag.Diagnostic) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{d.Rule, d.Pos.File, d.Object, d.Path, d.Message}, "\x00")))
	return hex.EncodeToString(sum[:16])
}
