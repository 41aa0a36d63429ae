package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/krowave/krowave/render/diag"
)

// APIVersion is the version of every JSON document that a command prints.
const APIVersion = "krowave.dev/v1alpha1"

// Kind is a kind of JSON document.
type Kind struct {
	Name    string
	Command string // that prints it
	Content any    // zero value of what the document holds beside apiVersion and kind
}

// Write prints a document: apiVersion, kind, and the fields of its content.
func (k Kind) Write(w io.Writer, content any) error {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(content); err != nil {
		return fmt.Errorf("encoding a %s: %w", k.Name, err)
	}
	fields := bytes.TrimPrefix(bytes.TrimSpace(body.Bytes()), []byte("{"))
	if len(fields) == body.Len() {
		return fmt.Errorf("encoding a %s: its content is not a JSON object", k.Name)
	}
	comma := ","
	if string(fields) == "}" {
		comma = ""
	}
	head := fmt.Sprintf(`{"apiVersion":%q,"kind":%q%s`, APIVersion, k.Name, comma)
	var out bytes.Buffer
	if err := json.Indent(&out, append([]byte(head), fields...), "", "  "); err != nil {
		return fmt.Errorf("encoding a %s: %w", k.Name, err)
	}
	out.WriteByte('\n')
	_, err := w.Write(diag.EscapeJSON(out.Bytes()))
	return err
}
