package diag

// Clean keeps a text of a file on one line and its control characters off the
// terminal, as Print does.
func Clean(s string) string { return clean(s) }
