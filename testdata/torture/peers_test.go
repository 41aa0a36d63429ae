//go:build linux

package torture_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"crypto/sha1" //nolint:gosec // as Git
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/krowave/krowave/testdata/torture"
)

// peer is a server that lies, stalls, leads elsewhere or sends without end.
type peer struct {
	name string
	pin  string // commit or digest, if krowave.yaml has one
	says string
	code torture.Outcome
	http.HandlerFunc
}

var commitID = strings.Repeat("0123456789", 4)

// gitPeers are servers of Git. They are asked for what main stands for, or for a
// commit.
var gitPeers = []peer{
	{"a list of refs without end", "", `without end: more than 64 MiB`, torture.Refused, advertise(func(w io.Writer) {
		for i := 0; ; i++ {
			caps := ""
			if i == 0 {
				caps = "\x00ofs-delta"
			}
			if _, err := io.WriteString(w, packet(fmt.Sprintf("%s refs/heads/%d%s\n", commitID, i, caps))); err != nil {
				return
			}
		}
	})},
	{"silence", "", `stopped sending: not a byte in 30s`, torture.Refused, hang},
	{"silence in the middle of refs", "", `stopped sending: not a byte in 30s`, torture.Refused, advertise(func(w io.Writer) {
		_, _ = io.WriteString(w, packet(commitID+" HEAD\x00symref=HEAD:refs/heads/main\n"))
		w.(http.Flusher).Flush()
		<-ended
	})},
	{"a byte in a while", "", `deadline exceeded`, torture.Refused, drip},
	{"redirects in a circle", "", `redirect`, torture.Refused, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.String(), http.StatusFound) }},
	{"a redirect to a file", "", `redirect|unsupported protocol`, torture.Refused, redirect("file:///etc/passwd/info/refs")},
	{"a redirect to a program", "", `redirect|unsupported protocol`, torture.Refused, redirect("ext::sh -c touch% MARK/info/refs")},
	{"a redirect with the password", "", `.`, torture.Refused, withPassword(redirectElsewhere)},
	{"names that are commands", "", `malformed ref data|has no branch or tag main`, torture.Refused, advertise(refs("refs/heads/--upload-pack=touch MARK", "refs/heads/$(touch MARK)", "refs/heads/../../MARK"))},
	{"an answer that is an attack on the terminal", "", `fetching`, torture.Refused, advertise(func(w io.Writer) { _, _ = io.WriteString(w, packet("ERR \x1b]0;CLEAN\x07\u202e::error::x\n")) })},
	{"an answer of 1 GiB that is an error", "", `fetching`, torture.Refused, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		endless(w, 1<<30)
	}},
	{"a pack without end", commitID, `more than 1024 MiB`, torture.Refused, sendPack(func(w io.Writer) {
		_, _ = w.Write(packHeader(1 << 31))
		endless(w, 4<<30)
	})},
	{"silence in the middle of a pack", commitID, `stopped sending: not a byte in 30s`, torture.Refused, sendPack(func(w io.Writer) {
		_, _ = w.Write(packHeader(1))
		w.(http.Flusher).Flush()
		<-ended
	})},
	{"an object that says that it has 100 GiB", commitID, `an object of 102400 MiB, where`, torture.Refused, sendPack(func(w io.Writer) { _, _ = w.Write(packOf(object(3, 100<<30, zeros(1<<10)))) })},
	{"an object that says that it is small", commitID, `cannot be read`, torture.Refused, sendPack(func(w io.Writer) { _, _ = w.Write(packOf(object(3, 10, zeros(1<<30)))) })},
	{"a delta that makes 100 GiB", commitID, `an object of 102400 MiB, where`, torture.Refused, sendPack(func(w io.Writer) {
		base := object(3, 1<<20, zeros(1<<20))
		delta := binary.AppendUvarint(binary.AppendUvarint(nil, 1<<20), 100<<30)
		delta = append(delta, bytes.Repeat([]byte{0xf0, 0xff, 0xff, 0x0f}, 1<<16)...)
		_, _ = w.Write(packOf(base, refDelta(blobID(1<<20), delta)))
	})},
	{"a pack without the commit", commitID, `no branch or tag of|object not found|does not`, torture.Refused, sendPack(func(w io.Writer) { _, _ = w.Write(packOf(object(3, 4, strings.NewReader("lies")))) })},
	{"a pack that is none", commitID, `cannot be read`, torture.Refused, sendPack(func(w io.Writer) { endless(w, 1<<20) })},
}

// registries are OCI registries that are asked for a tag, or for a digest.
var registries = []peer{
	{"a manifest without end", "", `fetching`, torture.Refused, manifest(func(w io.Writer) { endless(w, 4<<30) })},
	{"silence instead of a manifest", "", `stopped sending: not a byte in 30s`, torture.Refused, hang},
	{"a manifest, a byte in a while", "", `deadline exceeded`, torture.Refused, drip},
	{"redirects in a circle", "", `redirect`, torture.Refused, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.String(), http.StatusFound) }},
	{"a realm elsewhere that wants the password", "", `.`, torture.Refused, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+elsewhere()+`/token",service="x"`)
		http.Error(w, "who is it", http.StatusUnauthorized)
	}},
	{"a redirect with the password", "", `.`, torture.Refused, withPassword(redirectElsewhere)},
	{"an error that is an attack on the terminal", "", `fetching`, torture.Refused, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"errors":[{"code":"X","message":"\u001b]0;x\u0007\u202e\n::error::x`+strings.Repeat("x", 1<<19)+`"}]}`)
	}},
	{"a digest that is another's", digest("x"), `different manifest|digest`, torture.Refused, manifest(func(w io.Writer) { _, _ = io.WriteString(w, "{}") })},
	layer("a layer without end", "x", `more than 256 MiB|more bytes|size`, func(w io.Writer) { endless(w, 4<<30) }),
	layer("a layer that is another's", "x", `different layer|verif`, func(w io.Writer) { _, _ = io.WriteString(w, "y") }),
	layer("a layer that is none", "x", `gzip|archive|unexpected EOF`, func(w io.Writer) { _, _ = io.WriteString(w, "x") }),
	layer("a layer that unpacks to 2 GiB", archive("big.yaml", 2<<30), `limit|ratio|more than`, nil),
	layer("a layer with names that lead out", archive("../../../MARK", 4), `.`, nil),
}

// TestPeers asks each of these servers with update and, where krowave.yaml has a
// pin, with vendor. All are asked at once: most of them are silent.
func TestPeers(t *testing.T) {
	t.Cleanup(func() { close(ended) })
	var all sync.WaitGroup
	busy := make(chan struct{}, 2) // those that send without end
	ask := func(p *peer, key, path, pin string) {
		all.Go(func() {
			if p.code == torture.Refused && !strings.Contains(p.says, "stopped") && !strings.Contains(p.says, "deadline") {
				busy <- struct{}{}
				defer func() { <-busy }()
			}
			p.ask(t, key, path, pin)
		})
	}
	for i := range gitPeers {
		ask(&gitPeers[i], "git", "http://%s/platform", "commit")
	}
	for i := range registries {
		ask(&registries[i], "oci", "%s/platform", "digest")
	}
	all.Wait()
	if got := passwords(); got > 0 {
		t.Errorf("%d requests brought the password to another host, the last of them %v", got, last.Load())
	}
}

func (p *peer) ask(t *testing.T, key, path, pin string) {
	server := httptest.NewUnstartedServer(p.HandlerFunc)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	defer server.CloseClientConnections()
	dir, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		t.Error(err)
		return
	}
	host := server.Listener.Addr().String()
	settings, args := fmt.Sprintf("definitions:\n- %s: %q\n", key, fmt.Sprintf(path, host)), []string{"update"}
	if p.pin != "" {
		settings, args = settings+fmt.Sprintf("  %s: %q\n", pin, p.pin), []string{"vendor", "--cache-dir", "cache"}
	} else if key == "git" {
		settings += "  ref: main\n"
	}
	password := base64.StdEncoding.EncodeToString([]byte("a:CANARY"))
	err = torture.Files{
		"krowave.yaml": settings, ".netrc": "machine 127.0.0.1 login a password CANARY\n",
		".docker/config.json": fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, host, password),
	}.Write(dir)
	if err != nil {
		t.Error(err)
		return
	}
	a := torture.Attack{Name: p.name, Code: p.code, Says: p.says}
	run(t, a, dir, args...)
	if left, _ := filepath.Glob(filepath.Join(dir, "cache", ".krowave-*")); len(left) > 0 {
		t.Errorf("%s: %v is left over", p.name, left)
	}
	if _, err := os.Stat(filepath.Join(dir, "vendor")); err == nil {
		t.Errorf("%s: copies were written", p.name)
	}
}

var ended = make(chan struct{})

func hang(_ http.ResponseWriter, r *http.Request) {
	select {
	case <-ended:
	case <-r.Context().Done():
	}
}

// endless writes what looks like noise.
func endless(w io.Writer, n int) {
	piece := make([]byte, 1<<20)
	for i := range piece {
		piece[i] = byte(i*i>>3 + i)
	}
	for ; n > 0; n -= len(piece) {
		if _, err := w.Write(piece); err != nil {
			return
		}
	}
}

// drip sends a byte every ten seconds.
func drip(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
	for text := "fff0"; ; text = "x" {
		_, _ = io.WriteString(w, text)
		w.(http.Flusher).Flush()
		select {
		case <-ended:
			return
		case <-r.Context().Done():
			return
		case <-tenSeconds():
		}
	}
}

func redirect(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusFound)
	}
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// manifest is a registry whose manifests are something else.
func manifest(send func(io.Writer)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/" {
			return
		}
		w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
		send(w)
	}
}

// layer is a registry with an artifact whose layer should be a text, and is that
// or something else.
func layer(name, text, says string, send func(io.Writer)) peer {
	const kind = "application/vnd.cncf.flux.content.v1.tar+gzip"
	raw := fmt.Sprintf(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.cncf.flux.config.v1+json","digest":%q,"size":2},"layers":[{"mediaType":%q,"digest":%q,"size":%d}]}`,
		digest("{}"), kind, digest(text), len(text))
	return peer{name, digest(raw), says, torture.Refused, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "/manifests/"):
			w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
			_, _ = io.WriteString(w, raw)
		case strings.Contains(r.URL.Path, "/blobs/") && send != nil:
			send(w)
		case strings.Contains(r.URL.Path, "/blobs/"):
			_, _ = io.WriteString(w, text)
		}
	}}
}

// archive is a layer with one file of zeros.
func archive(name string, size int64) string {
	var out bytes.Buffer
	zip, _ := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	w := tar.NewWriter(zip)
	_ = w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644})
	_, _ = io.Copy(w, zeros(size))
	_, _ = w.Close(), zip.Close()
	return out.String()
}

func zeros(n int64) io.Reader { return io.LimitReader(zero{}, n) }

type zero struct{}

func (zero) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// packet is a line of Git's protocol.
func packet(line string) string { return fmt.Sprintf("%04x%s", len(line)+4, line) }

// advertise is a server of Git that answers what it has.
func advertise(send func(io.Writer)) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
		_, _ = io.WriteString(w, packet("# service=git-upload-pack\n")+"0000")
		send(w)
	}
}

func refs(names ...string) func(io.Writer) {
	return func(w io.Writer) {
		for i, name := range names {
			if i == 0 {
				name += "\x00ofs-delta shallow allow-reachable-sha1-in-want"
			}
			_, _ = io.WriteString(w, packet(commitID+" "+name+"\n"))
		}
		_, _ = io.WriteString(w, "0000")
	}
}

// sendPack is a server of Git that sends a pack to who asks for a commit.
func sendPack(send func(io.Writer)) http.HandlerFunc {
	list := advertise(refs("HEAD", "refs/heads/main"))
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/info/refs") {
			list(w, r)
			return
		}
		body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		w.Header().Set("Content-Type", "application/x-git-upload-pack-result")
		if bytes.Contains(body, []byte("deepen")) {
			_, _ = io.WriteString(w, packet("shallow "+commitID)+"0000")
		}
		_, _ = io.WriteString(w, packet("NAK\n"))
		send(w)
	}
}

func packHeader(objects uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte("PACK\x00\x00\x00\x02"), objects)
}

func packOf(objects ...[]byte) []byte {
	out := packHeader(uint32(len(objects))) //nolint:gosec // few
	for _, o := range objects {
		out = append(out, o...)
	}
	sum := sha1.Sum(out) //nolint:gosec // as Git
	return append(out, sum[:]...)
}

// object is one of a pack, with the size that it says.
func object(kind byte, size uint64, data io.Reader) []byte {
	var out bytes.Buffer
	out.Write(objectHeader(kind, size))
	zip, _ := zlib.NewWriterLevel(&out, zlib.BestSpeed)
	_, _ = io.Copy(zip, data)
	_ = zip.Close()
	return out.Bytes()
}

func objectHeader(kind byte, size uint64) []byte {
	out := []byte{kind<<4 | byte(size&15)}
	for size >>= 4; size > 0; size >>= 7 {
		out[len(out)-1] |= 0x80
		out = append(out, byte(size&127))
	}
	return out
}

func refDelta(base []byte, delta []byte) []byte {
	o := object(7, uint64(len(delta)), bytes.NewReader(delta))
	n := len(objectHeader(7, uint64(len(delta))))
	return append(append(bytes.Clone(o[:n]), base...), o[n:]...)
}

// blobID is the id of a blob of zeros.
func blobID(size int64) []byte {
	h := sha1.New() //nolint:gosec // as Git
	fmt.Fprintf(h, "blob %d\x00", size)
	_, _ = io.Copy(h, zeros(size))
	return h.Sum(nil)
}
