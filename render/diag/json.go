package diag

import "encoding/json"

// MarshalJSON writes the machine form: severity, rule, file, line, column,
// message, and object, path, hint, fix, difference and related where there is something to say.
// A fix is written once Locate has found its places.
func (d Diagnostic) MarshalJSON() ([]byte, error) {
	fix := d.Fix
	if fix != nil && (len(fix.Edits) == 0 || fix.Edits[0].EndLine == 0) {
		fix = nil
	}
	return json.Marshal(struct {
		Severity Severity `json:"severity"`
		Rule     string   `json:"rule"`
		Position
		Message    string    `json:"message"`
		Object     string    `json:"object,omitempty"`
		Path       string    `json:"path,omitempty"`
		Hint       string    `json:"hint,omitempty"`
		Fix        *Fix      `json:"fix,omitempty"`
		Difference string    `json:"difference,omitempty"`
		Related    []Related `json:"related,omitempty"`
	}{d.Severity, d.Rule, d.Pos, d.Message, d.Object, d.Path, d.Hint, fix, d.Difference, d.Related})
}
