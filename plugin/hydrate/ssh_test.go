package hydrate_test

import (
	"crypto/ed25519"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/krowave/krowave/plugin/hydrate"
)

// TestSSH pushes over SSH with a key, to a server that is known and to one that
// is not who it was.
func TestSSH(t *testing.T) {
	isolate(t)
	dir := bare(t)
	user, keyFile := key(t)
	host, _ := key(t)
	address := sshServer(t, host, user.PublicKey())
	known := filepath.Join(t.TempDir(), "known_hosts")
	t.Setenv("SSH_KNOWN_HOSTS", known)
	url := "ssh://git@" + address + dir
	auth, err := hydrate.Key(url, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	for i, tt := range []struct {
		host ssh.PublicKey
		want string
	}{{user.PublicKey(), "knownhosts: key mismatch"}, {host.PublicKey(), ""}} {
		line := fmt.Sprintf("[%s]:%s %s", strings.Split(address, ":")[0], strings.Split(address, ":")[1], ssh.MarshalAuthorizedKey(tt.host))
		if err := os.WriteFile(known, []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := hydrate.Run(t.Context(), &hydrate.Remote{URL: url, Auth: auth}, content("one", "1", "a"), options())
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("server %d: %v, want %q", i, err, tt.want)
		}
	}
	if got := strings.Join(files(t, dir), " "); !strings.Contains(got, "shop/a/wave-0") {
		t.Errorf("files: %s", got)
	}
}

// key makes a private key and a file with it.
func key(t *testing.T) (ssh.Signer, string) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "id_ed25519")
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer, file
}

// sshServer runs git's commands for whoever has the key.
func sshServer(t *testing.T, host ssh.Signer, user ssh.PublicKey) string {
	t.Helper()
	config := &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, k ssh.PublicKey) (*ssh.Permissions, error) {
		if string(k.Marshal()) != string(user.Marshal()) {
			return nil, fmt.Errorf("unknown key")
		}
		return nil, nil
	}}
	config.AddHostKey(host)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go session(conn, config)
		}
	}()
	return listener.Addr().String()
}

func session(conn net.Conn, config *ssh.ServerConfig) {
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for c := range channels {
		channel, requests, err := c.Accept()
		if err != nil {
			return
		}
		go func() {
			for r := range requests {
				_ = r.Reply(r.Type == "exec", nil)
				if r.Type == "exec" {
					go run(channel, string(r.Payload[4:]))
				}
			}
		}()
	}
}

func run(channel ssh.Channel, command string) {
	defer channel.Close()
	cmd := exec.Command("git", "shell", "-c", command)
	cmd.Stdout, cmd.Stderr = channel, channel.Stderr()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(stdin, channel)
		stdin.Close()
	}()
	status := struct{ Status uint32 }{}
	if cmd.Run() != nil {
		status.Status = 1
	}
	_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(status))
}
