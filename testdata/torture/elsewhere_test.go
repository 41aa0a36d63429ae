//go:build linux

package torture_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// brought counts requests that had a password where none belongs.
var (
	brought atomic.Int64
	last    atomic.Value // request
)

func passwords() int64 { return brought.Load() }

// elsewhere is the address of a server that is another host than 127.0.0.1.
var elsewhere = sync.OnceValue(func() string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The server of a registry's tokens gets the registry's password, wherever it is: that is the protocol.
		token := r.URL.Path == "/token"
		if r.Header.Get("Authorization") != "" && !token || strings.Contains(r.URL.String(), "CANARY") {
			brought.Add(1)
			last.Store(r.Method + " " + r.URL.String())
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
		http.Error(w, "who is it", http.StatusUnauthorized)
	}))
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
})

// withPassword wants the password, and then does something with who has it.
func withPassword(then http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			http.Error(w, "who is it", http.StatusUnauthorized)
			return
		}
		then(w, r)
	}
}

func redirectElsewhere(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, elsewhere()+r.URL.String(), http.StatusTemporaryRedirect)
}

func tenSeconds() <-chan time.Time { return time.After(10 * time.Second) }
