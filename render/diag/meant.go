package diag

// NotOneOf is the error of a text that is none of some words.
type NotOneOf struct {
	Text    string
	Message string // what is wrong, without the word that is meant
	Like    string // that word; "" when none is near
}

func (e *NotOneOf) Error() string {
	if e.Like == "" {
		return e.Message
	}
	return e.Message + "; did you mean " + e.Like + "?"
}

// Remedy is the advice to write the word that is meant.
func (e *NotOneOf) Remedy() Remedy {
	if e.Like == "" {
		return Remedy{}
	}
	return Remedy{Hint: "did you mean " + e.Like + "?", Fix: Replace(e.Text, e.Like)}
}
