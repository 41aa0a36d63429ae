package hydrate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render/diag"
)

// Names of the files beside the manifests, which are those of Argo CD's source
// hydrator.
const (
	metadataName = "hydrator.metadata"
	readmeName   = "README.md"
)

// Metadata is hydrator.metadata: the fields of Argo CD's source hydrator, in its
// order, and one of our own.
type Metadata struct {
	RepoURL    string      `json:"repoURL,omitempty"`
	DrySHA     string      `json:"drySha,omitempty"`
	Commands   []string    `json:"commands,omitempty"`
	Author     string      `json:"author,omitempty"`
	Date       string      `json:"date,omitempty"`
	Subject    string      `json:"subject,omitempty"`
	Body       string      `json:"body,omitempty"`
	References []Reference `json:"references,omitempty"`
	Krowave    *Mark       `json:"krowave,omitempty"`
}

// Mark says that krowave wrote a directory, and which run may replace it.
type Mark struct {
	Owner    string `json:"owner"`
	Instance string `json:"instance,omitempty"`
	Tool
}

// Reference is a commit that the author of the dry commit names in its message,
// such as that of the code that it brings.
type Reference struct {
	Commit *ReferencedCommit `json:"commit,omitempty"`
}

// ReferencedCommit is what the trailers Argocd-reference-commit-* say.
type ReferencedCommit struct {
	Author  string `json:"author,omitempty"`
	Date    string `json:"date,omitempty"`
	Subject string `json:"subject,omitempty"`
	Body    string `json:"body,omitempty"`
	SHA     string `json:"sha,omitempty"`
	RepoURL string `json:"repoUrl,omitempty"`
}

func (m *Metadata) encode() ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(m); err != nil {
		return nil, fmt.Errorf("writing %s: %w", metadataName, err)
	}
	return out.Bytes(), nil
}

// describe writes the metadata and the README of a directory. They are of the
// commit that changed its manifests last.
func (p *placing) describe(at *folder, d *Directory) error {
	src := p.content.Source
	m := Metadata{
		RepoURL: src.RepoURL, DrySHA: src.SHA, Commands: d.Commands,
		Krowave: &Mark{Owner: p.content.Owner, Instance: d.Instance, Tool: p.content.Tool},
	}
	data, err := m.encode()
	if err != nil {
		return err
	}
	if err := p.put(at, metadataName, data); err != nil {
		return err
	}
	return p.put(at, readmeName, []byte(readme(d, &m)))
}

// summary writes what the branch as a whole comes from.
func (p *placing) summary(base *folder) error {
	src := p.content.Source
	m := Metadata{
		RepoURL: src.RepoURL, DrySHA: src.SHA, Author: src.Author, Date: src.Date, Subject: src.Subject, Body: src.Body, References: src.References,
	}
	old, ok, err := p.read(base, metadataName)
	if err != nil {
		return err
	}
	if _, taken := base.entries[metadataName]; taken && (!ok || json.Unmarshal(old, new(Metadata)) != nil) {
		return Conflicts{fmt.Sprintf("%s is already in the branch and is not the metadata of a hydrator; remove it, or use another --path-prefix",
			path.Join(p.content.Prefix, metadataName))}
	}
	data, err := m.encode()
	if err != nil {
		return err
	}
	return p.put(base, metadataName, data)
}

// readme says how to render a directory again.
func readme(d *Directory, m *Metadata) string {
	var out strings.Builder
	title := d.Name
	if d.Instance != "" {
		title = d.Instance
	}
	fmt.Fprintf(&out, "# Manifests of %s\n\nkrowave %s wrote these files, expanding like kro %s. Changes made here are lost when the source changes.\n",
		report.Prose(diag.Name(title)), m.Krowave.Version, m.Krowave.Kro)
	if len(d.Commands) == 0 {
		return out.String()
	}
	var lines []string
	if m.RepoURL != "" {
		lines = append(lines, "git clone "+diag.Visible(m.RepoURL)+" source", "cd source")
	}
	if m.DrySHA != "" {
		lines = append(lines, "git checkout "+m.DrySHA)
	}
	for _, c := range d.Commands {
		lines = append(lines, diag.Visible(c))
	}
	out.WriteString("\nTo render them again:\n\n" + report.Fenced("shell", lines))
	return out.String()
}
