package diag

import "encoding/json"

// MarshalJSON writes the machine form: severity, rule, file, line, column,
// message, and object, path, hint, difference and related where there is something to say.
func (d Diagnostic) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Severity Severity `json:"severity"`
		Rule     string   `json:"rule"`
		Position
		Message    string    `json:"message"`
		Object     string    `json:"object,omitempty"`
		Path       string    `json:"path,omitempty"`
		Hint       string    `json:"hint,omitempty"`
		Difference string    `json:"difference,omitempty"`
		Related    []Related `json:"related,omitempty"`
	}{d.Severity, d.Rule, d.Pos, d.Message, d.Object, d.Path, d.Hint, d.Difference, d.Related})
}
