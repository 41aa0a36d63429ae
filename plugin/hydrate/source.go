package hydrate

import (
	"encoding/json"
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// Source is the dry commit: that which was rendered. Without a SHA it is not
// known.
type Source struct {
	RepoURL, SHA, Author, Date string
	Subject, Body              string // of its message, the body without references
	References                 []Reference
}

// ReadSource reads the dry commit of a repository, whose work tree or Git
// directory is dir.
func ReadSource(dir, sha string) (Source, error) {
	store, err := local(dir)
	if err != nil {
		return Source{}, err
	}
	defer store.Close()
	c, err := object.GetCommit(store, plumbing.NewHash(sha))
	if err != nil {
		return Source{}, fmt.Errorf("reading commit %s: %w", sha, err)
	}
	src := Source{SHA: sha, Author: fmt.Sprintf("%s <%s>", c.Author.Name, c.Author.Email), Date: c.Author.When.UTC().Format(time.RFC3339)}
	message := strings.TrimSpace(strings.ReplaceAll(c.Message, "\r\n", "\n"))
	subject, body, _ := strings.Cut(message, "\n\n")
	src.Subject = strings.ReplaceAll(subject, "\n", " ")
	src.Body, src.References = references(body)
	return src, nil
}

const trailerPrefix = "Argocd-reference-commit-"

var shaText = regexp.MustCompile(`^[0-9a-f]{5,40}$`)

// references takes the lines Argocd-reference-commit-* out of a message, as Argo
// CD does. Those that are malformed stay in it.
func references(body string) (rest string, found []Reference) {
	var c ReferencedCommit
	var kept []string
	for _, line := range strings.Split(body, "\n") {
		key, value, ok := strings.Cut(line, ": ")
		field, ours := strings.CutPrefix(key, trailerPrefix)
		if !ok || !ours || !c.set(field, value) {
			kept = append(kept, line)
		}
	}
	if c != (ReferencedCommit{}) {
		found = []Reference{{Commit: &c}}
	}
	return strings.TrimSpace(strings.Join(kept, "\n")), found
}

// set takes one trailer, when it is well-formed.
func (c *ReferencedCommit) set(field, value string) bool {
	switch field {
	case "repourl":
		if _, err := url.Parse(value); err != nil {
			return false
		}
		c.RepoURL = value
	case "author":
		address, err := mail.ParseAddress(value)
		if err != nil {
			return false
		}
		c.Author = address.String()
	case "date":
		t, err := time.Parse(time.RFC3339, value)
		if err != nil {
			return false
		}
		c.Date = t.Format(time.RFC3339)
	case "subject":
		c.Subject = value
	case "body":
		var text string
		if json.Unmarshal([]byte(value), &text) != nil {
			return false
		}
		c.Body = text
	case "sha":
		if !shaText.MatchString(value) {
			return false
		}
		c.SHA = value
	default:
		return false
	}
	return true
}

// message is the message of the commit: a text, or what the dry commit says, and
// trailers with which Argo CD shows the dry commit beside ours.
func (s *Source) message(text string) string {
	if text = strings.TrimSpace(text); text == "" {
		text = s.defaultText()
	}
	var trailers []string
	add := func(field, value string) {
		if value = strings.Join(strings.Fields(value), " "); value != "" {
			trailers = append(trailers, trailerPrefix+field+": "+value)
		}
	}
	if s.SHA != "" {
		add("repourl", s.RepoURL)
		add("author", s.Author)
		add("date", s.Date)
		add("subject", s.Subject)
		add("sha", s.SHA)
	}
	if len(trailers) == 0 {
		return text + "\n"
	}
	return text + "\n\n" + strings.Join(trailers, "\n") + "\n"
}

func (s *Source) defaultText() string {
	if s.SHA == "" {
		return "Hydrate manifests"
	}
	text := fmt.Sprintf("%.7s: %s", s.SHA, s.Subject)
	if s.Body != "" {
		text += "\n\n" + s.Body
	}
	return text
}
