package preview

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// guard decides which requests are answered: those with the cookie, for this
// Host, of no other Origin.
type guard struct {
	token   string // in the first address
	session string // the value of the cookie
	cookie  string // its name: cookies of one host are shared between ports
	port    string
	hosts   map[string]bool // nil for any

	mu   sync.Mutex
	once map[string]bool // tokens that open the page one time
}

func newGuard(address *net.TCPAddr, remote bool) *guard {
	_, port, _ := net.SplitHostPort(address.String())
	g := &guard{token: secret(), session: secret(), port: port, cookie: "krowave-preview-" + port, once: map[string]bool{}}
	if !remote {
		g.hosts = map[string]bool{"127.0.0.1:" + port: true, "localhost:" + port: true, "[::1]:" + port: true}
	}
	return g
}

// secret is 256 bits that nobody guesses.
func secret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// oneTime returns a token that opens the page once: the command line of a
// browser is there to be read for every user of a machine.
func (g *guard) oneTime() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	t := secret()
	g.once[t] = true
	return t
}

// opens reports whether a token opens the page.
func (g *guard) opens(token string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.once[token] {
		delete(g.once, token)
		return true
	}
	return same(token, g.token)
}

func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// refusal says why a request is not answered.
type refusal struct {
	status  int
	message string
}

// check looks at everything but the cookie.
func (g *guard) check(r *http.Request) *refusal {
	if g.hosts != nil && !g.hosts[r.Host] {
		return &refusal{http.StatusMisdirectedRequest, "this preview is at http://127.0.0.1:" + g.port + ", not at the Host of this request"}
	}
	if origin := r.Header.Get("Origin"); origin != "" || r.Method == http.MethodPost {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "http" || u.Host != r.Host {
			return &refusal{http.StatusForbidden, "requests of other pages are refused"}
		}
	}
	switch site := r.Header.Get("Sec-Fetch-Site"); {
	case site == "cross-site", site == "same-site":
		if r.Header.Get("Sec-Fetch-Mode") != "navigate" || r.Method != http.MethodGet {
			return &refusal{http.StatusForbidden, "requests of other pages are refused"}
		}
	}
	switch {
	case r.Method == http.MethodGet, r.Method == http.MethodHead:
	case r.Method == http.MethodPost && r.URL.Path == tryPath:
	default:
		return &refusal{http.StatusMethodNotAllowed, "the preview is read-only"}
	}
	return nil
}

// knows reports whether a request has the cookie.
func (g *guard) knows(r *http.Request) bool {
	c, err := r.Cookie(g.cookie)
	return err == nil && same(c.Value, g.session)
}

// enter answers a request with a token: the cookie, and the same address without
// it.
func (g *guard) enter(w http.ResponseWriter, r *http.Request, token string) {
	if !g.opens(token) {
		http.Error(w, "this token belongs to another run; open the address that krowave preview printed in the terminal", http.StatusForbidden)
		return
	}
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure would need TLS, which a loopback address has no use for
		Name: g.cookie, Value: g.session, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	rest := r.URL.Query()
	rest.Del("token")
	to := url.URL{Path: "/" + strings.TrimLeft(r.URL.Path, `/\`), RawQuery: rest.Encode()}
	// A page of ours follows, not a redirect: after one from another site, browsers
	// leave a strict cookie out.
	w.Header().Set("Refresh", "0; url="+to.String())
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("opening the preview\n"))
}
