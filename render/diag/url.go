package diag

import "regexp"

var users = regexp.MustCompile(`://[^/?#\s"]*@`)

// WithoutUsers takes the user and password out of each URL of a text, since no
// message may have credentials.
func WithoutUsers(text string) string { return users.ReplaceAllString(text, "://") }
