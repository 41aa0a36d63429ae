package hydrate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	gitssh "github.com/go-git/go-git/v5/plumbing/transport/ssh"
)

// Environment is where credentials are looked for.
type Environment struct {
	Dir    string // in which git is asked, for its configuration
	Getenv func(string) string
}

// Basic is a user name and a password.
func Basic(username, password string) transport.AuthMethod {
	return &githttp.BasicAuth{Username: username, Password: password}
}

// Key is a private key for an SSH URL.
func Key(address, file string) (transport.AuthMethod, error) {
	endpoint, err := transport.NewEndpoint(address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Public(address), err)
	}
	user := endpoint.User
	if user == "" {
		user = gitssh.DefaultUsername
	}
	keys, err := gitssh.NewPublicKeysFromFile(user, file, "")
	if err != nil {
		return nil, fmt.Errorf("reading the key %s: %w", file, err)
	}
	return keys, nil
}

// Logins are the places that credentials for an HTTP URL come from, in the order
// in which they are tried. Others have none.
func (e Environment) Logins(address string) []Login {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return nil
	}
	return []Login{
		func(context.Context) (transport.AuthMethod, error) { return e.variables(), nil },
		func(ctx context.Context) (transport.AuthMethod, error) { return e.header(ctx, u) },
		func(context.Context) (transport.AuthMethod, error) { return e.netrc(u) },
		func(ctx context.Context) (transport.AuthMethod, error) { return e.helper(ctx, u) },
	}
}

// variables are KROWAVE_GIT_USERNAME and KROWAVE_GIT_PASSWORD.
func (e Environment) variables() transport.AuthMethod {
	user, password := e.Getenv("KROWAVE_GIT_USERNAME"), e.Getenv("KROWAVE_GIT_PASSWORD")
	if password == "" {
		return nil
	}
	if user == "" {
		user = gitssh.DefaultUsername // servers that take tokens look at the password alone
	}
	return Basic(user, password)
}

// headers are sent as they are.
type headers []string

func (h headers) Name() string   { return "http-extra-header" }
func (h headers) String() string { return h.Name() }

// SetAuth adds the headers to a request.
func (h headers) SetAuth(r *http.Request) {
	for _, line := range h {
		if key, value, ok := strings.Cut(line, ":"); ok {
			r.Header.Set(strings.TrimSpace(key), strings.TrimSpace(value))
		}
	}
}

// header is git's http.extraHeader, where CI systems put the token of a job.
func (e Environment) header(ctx context.Context, u *url.URL) (transport.AuthMethod, error) {
	bare := *u
	bare.User = nil
	out, err := e.git(ctx, "", "config", "--get-urlmatch", "http.extraHeader", bare.String())
	if err != nil || out == "" {
		return nil, err
	}
	return headers{out}, nil
}

// helper asks git's credential helpers and GIT_ASKPASS, and never the terminal.
func (e Environment) helper(ctx context.Context, u *url.URL) (transport.AuthMethod, error) {
	question := fmt.Sprintf("protocol=%s\nhost=%s\npath=%s\n", u.Scheme, u.Host, strings.TrimPrefix(u.Path, "/"))
	if user := u.User.Username(); user != "" {
		question += "username=" + user + "\n"
	}
	if strings.ContainsAny(u.Host+u.Path+u.User.Username(), "\n\r\x00") {
		return nil, nil
	}
	out, err := e.git(ctx, question+"\n", "credential", "fill")
	if err != nil {
		return nil, err
	}
	answer := map[string]string{}
	for _, line := range strings.Split(out, "\n") {
		key, value, _ := strings.Cut(line, "=")
		answer[key] = value
	}
	if answer["password"] == "" {
		return nil, nil
	}
	return Basic(answer["username"], answer["password"]), nil
}

// git runs git, when it is installed. One that fails has no answer.
func (e Environment) git(ctx context.Context, stdin string, args ...string) (string, error) {
	program, err := exec.LookPath("git")
	if err != nil {
		return "", nil
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = e.Dir
	cmd.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0")
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return "", fmt.Errorf("asking git for credentials: %w", ctx.Err())
	}
	if err != nil {
		return "", nil
	}
	return string(bytes.TrimSpace(out)), nil
}

// netrc reads the file that curl, and so git, reads.
func (e Environment) netrc(u *url.URL) (transport.AuthMethod, error) {
	name := e.Getenv("NETRC")
	if name == "" {
		home := e.Getenv("HOME")
		if home == "" {
			return nil, nil
		}
		name = filepath.Join(home, ".netrc")
	}
	data, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading credentials: %w", err)
	}
	user, password := findNetrc(string(data), u.Hostname())
	if password == "" {
		return nil, nil
	}
	return Basic(user, password), nil
}

// findNetrc returns the first entry for a host, or the default one.
func findNetrc(text, host string) (user, password string) {
	words := strings.Fields(text)
	here := false
	for i := 0; i < len(words); i++ {
		next := ""
		if i+1 < len(words) {
			next = words[i+1]
		}
		switch words[i] {
		case "machine", "default":
			if here && password != "" {
				return user, password
			}
			user, password = "", ""
			if here = words[i] == "default" || next == host; words[i] == "default" {
				continue
			}
		case "login":
			if here {
				user = next
			}
		case "password":
			if here {
				password = next
			}
		case "account":
		default:
			continue
		}
		i++
	}
	if !here {
		return "", ""
	}
	return user, password
}
