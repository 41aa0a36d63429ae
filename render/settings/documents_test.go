package settings_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/flux/api/v1alpha1"
	"github.com/krowave/krowave/render/settings"
)

var update = flag.Bool("update", false, "rewrite the documents that are made from the table")

// TestDocuments holds the documents to the table. -update rewrites them.
func TestDocuments(t *testing.T) {
	const begin, end = "<!-- table of settings: go test ./render/settings -update -->\n", "<!-- end of the table -->\n"
	const page = "../../docs/settings.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", page)
	}
	same(t, page, []byte(before+begin+markdown()+end+after))
	same(t, "../../docs/schemas/krowave.yaml.json", schema(t))
}

func same(t *testing.T, name string, want []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is not what the table says (-want +got); go test ./render/settings -update rewrites it:\n%s", name, diff)
	}
}

// markdown is the table of the settings with a column for each surface.
func markdown() string {
	var b strings.Builder
	b.WriteString("| setting | value | default | command line | cmp-server | flux controller | Application | RenderedSource | krowave.yaml | meaning |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|---|\n")
	base := settings.Default(settings.CommandLine)
	for _, s := range settings.Table() {
		value := string(s.Type)
		if s.Type == settings.Word || s.Type == settings.Words {
			value = strings.Join(s.Words, ", ")
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |", s.Name, value, s.Text(&base))
		for on, right := range s.Rights {
			b.WriteString(" " + cell(s, settings.Surface(on), right) + " |")
		}
		meaning := s.Help
		if s.Elsewhere != "" {
			meaning += " (–: " + s.Elsewhere + ")"
		}
		fmt.Fprintf(&b, " %s |\n", strings.ReplaceAll(meaning, "|", "\\|"))
	}
	return b.String()
}

func cell(s settings.Setting, on settings.Surface, right settings.Right) string {
	if right == settings.No {
		return "–"
	}
	name := "yes"
	switch {
	case on == settings.Application && s.Parameter != "":
		name = "yes, parameter `" + s.Parameter + "`"
	case on == settings.RenderedSource:
		name = "`" + s.SpecField() + "`"
	case on == settings.Repository && s.Limit:
		name = "`limits." + s.Key() + "`"
	case on == settings.Repository:
		name = "`" + s.Key() + "`"
	}
	if right == settings.Tighten {
		name += ", stricter only"
	}
	return name
}

// schema is the JSON schema of krowave.yaml, for editors.
func schema(t *testing.T) []byte {
	t.Helper()
	top, limits := map[string]any{}, map[string]any{}
	base := settings.Default(settings.CommandLine)
	for _, s := range settings.Offered(settings.Repository) {
		p := map[string]any{"description": s.Help}
		switch s.Type {
		case settings.Bool:
			p["type"] = "boolean"
		case settings.Count:
			p["type"], p["minimum"], p["default"] = "integer", 1, json.RawMessage(s.Text(&base))
			p["maximum"] = json.RawMessage(s.Text(&base))
			p["description"] = s.Help + "; krowave.yaml can only lower it, and the command line and the operator of a server can raise it"
		case settings.Version:
			p["type"], p["examples"] = []string{"string", "number"}, s.Words
		case settings.Word:
			p["enum"] = s.WordsOn(settings.Repository)
		case settings.List:
			p["type"], p["items"] = "array", map[string]any{"type": "string"}
		default:
			p["type"] = "string"
		}
		if s.Name == "definitions" {
			p["items"] = map[string]any{"oneOf": []any{map[string]any{"type": "string"}, remote("git", "ref", "commit"), remote("oci", "tag", "digest")}}
		}
		if s.Limit {
			delete(p, "maximum") // a server may be started with another
			limits[s.Key()] = p
			continue
		}
		top[s.Key()] = p
	}
	top["limits"] = map[string]any{"type": "object", "additionalProperties": false, "properties": limits,
		"description": "upper bounds of what one render may cost"}
	text := map[string]any{"type": "string"}
	top["defaults"] = map[string]any{"type": "array", "description": "what admission webhooks of your clusters set, so that references know it",
		"items": map[string]any{"type": "object", "required": []string{"group", "field", "value"}, "additionalProperties": false,
			"properties": map[string]any{"group": text, "kind": text, "field": text, "value": text, "source": text}}}
	top["policies"].(map[string]any)["items"] = map[string]any{"oneOf": []any{text, policy()}}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "krowave.yaml",
		"description": "Settings of a project: the directory of the file and everything below it.",
		"type":        "object", "additionalProperties": false, "properties": top,
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// policy is the schema of a rule over objects and changes.
func policy() map[string]any {
	text := map[string]any{"type": "string"}
	texts := map[string]any{"type": "array", "items": text}
	object := func(required []string, properties map[string]any) map[string]any {
		return map[string]any{"type": "object", "required": required, "additionalProperties": false, "properties": properties}
	}
	return object([]string{"name", "expression"}, map[string]any{
		"name": text, "kinds": texts, "when": text, "expression": text, "message": text, "messageExpression": text,
		"severity":   map[string]any{"enum": []string{"error", "warning"}},
		"operations": map[string]any{"type": "array", "items": map[string]any{"enum": []string{"CREATE", "UPDATE", "DELETE"}}},
		"params":     map[string]any{"type": "object"},
		"exceptions": map[string]any{"type": "array", "items": object([]string{"object", "reason"},
			map[string]any{"object": text, "reason": text, "until": map[string]any{"type": "string", "format": "date"}})},
	})
}

// remote is the schema of definitions in another place.
func remote(kind, name, pin string) map[string]any {
	text := map[string]any{"type": "string"}
	return map[string]any{"type": "object", "required": []string{kind}, "additionalProperties": false,
		"properties": map[string]any{kind: text, name: text, pin: text, "path": text}}
}

// TestRenderedSource walks the spec of a RenderedSource and the table.
func TestRenderedSource(t *testing.T) {
	// Of the object itself, not of what is rendered.
	own := map[string]bool{"sourceRef": true, "path": true, "allowSecrets": true, "serviceAccountName": true, "kustomizations": true,
		"interval": true, "timeout": true, "suspend": true}
	fields := map[string]bool{"kustomizations.targetNamespace": true}
	spec := reflect.TypeFor[v1alpha1.RenderedSourceSpec]()
	for i := range spec.NumField() {
		name, _, _ := strings.Cut(spec.Field(i).Tag.Get("json"), ",")
		if !own[name] {
			fields[name] = true
		}
	}
	for _, s := range settings.Offered(settings.RenderedSource) {
		if !fields[s.SpecField()] {
			t.Errorf("the table offers spec.%s, which no RenderedSource has", s.SpecField())
		}
		delete(fields, s.SpecField())
	}
	for name := range fields {
		t.Errorf("spec.%s is in no row of the table", name)
	}
}
