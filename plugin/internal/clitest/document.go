package clitest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/krowave/krowave/plugin/report"
)

// Check holds a JSON document of krowave to its published schema. Other output
// passes. It returns the document's kind.
func Check(stdout string) (kind string, err error) {
	var head struct{ APIVersion, Kind string }
	if !strings.HasPrefix(stdout, "{") || json.Unmarshal([]byte(stdout), &head) != nil || head.APIVersion != report.APIVersion {
		return "", nil
	}
	schema, err := schemaFor(strings.ToLower(head.Kind))
	if err != nil {
		return "", err
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(stdout))
	if err != nil {
		return "", err
	}
	return head.Kind, schema.Validate(document)
}

// compiled are schemas by the name of their file.
var compiled sync.Map

func schemaFor(kind string) (*jsonschema.Schema, error) {
	if s, ok := compiled.Load(kind); ok {
		return s.(*jsonschema.Schema), nil
	}
	dir, err := moduleDir()
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(filepath.Join(dir, "docs", "schemas", kind+".schema.json"))
	if err != nil {
		return nil, err
	}
	text, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", text); err != nil {
		return nil, err
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		return nil, err
	}
	compiled.Store(kind, s)
	return s, nil
}

// moduleDir is the directory of go.mod.
func moduleDir() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(dir, "go.mod")); missing == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			return "", os.ErrNotExist
		}
		dir = filepath.Dir(dir)
	}
	return dir, err
}
