package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestActionDownload runs the script with which the action takes a release: only
// an archive with the right checksum is installed, and only what is not a release is
// left to go install.
func TestActionDownload(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is not installed")
	}
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed")
	}
	data := tarball(t, "krowave", "#!/bin/sh\necho released\n")
	sum := sha256.Sum256(data)
	digest := hex.EncodeToString(sum[:])
	good := map[string]string{
		"/download/v1.2.3/" + archive("1.2.3"): string(data),
		"/download/v1.2.3/checksums.txt":       strings.Repeat("0", 64) + "  other.tar.gz\n" + digest + "  " + archive("1.2.3") + "\n",
		"/tag/v1.2.3":                          "",
		"/download/v1.2.6/checksums.txt":       strings.Repeat("0", 64) + "  " + archive("1.2.6") + "\n",
		"/download/v1.2.7/checksums.txt":       digest + "  other.tar.gz\n",
		"/download/v1.2.6/" + archive("1.2.6"): string(data),
		"/download/v1.2.7/" + archive("1.2.7"): string(data),
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := good[r.URL.Path]
		switch {
		case r.URL.Path == "/latest":
			http.Redirect(w, r, "/tag/v1.2.3", http.StatusFound)
		case strings.Contains(r.URL.Path, "v5.0.0"):
			http.Error(w, "down", http.StatusServiceUnavailable)
		case !ok:
			http.NotFound(w, r)
		default:
			_, _ = w.Write([]byte(text))
		}
	}))
	defer server.Close()
	script := actionScript(t, "Download the release")
	for _, test := range []struct {
		name, version, checksum, arch string
		found, fails                  string
	}{
		{name: "release", version: "v1.2.3", found: "true"},
		{name: "latest", version: "latest", found: "true"},
		{name: "pinned", version: "v1.2.3", checksum: digest, found: "true"},
		{name: "pinned to something else", version: "v1.2.3", checksum: strings.Repeat("1", 64), fails: "has the SHA-256"},
		{name: "branch", version: "main", found: "false"},
		{name: "pinned branch", version: "main", checksum: digest, fails: "is no release"},
		{name: "other checksum", version: "v1.2.6", fails: "has the SHA-256"},
		{name: "no checksum", version: "v1.2.7", fails: "one in checksums.txt"},
		{name: "server is down", version: "v5.0.0", fails: "HTTP status 503"},
		{name: "other processor", version: "v1.2.3", arch: "RISCV64", found: "false"},
	} {
		t.Run(test.name, func(t *testing.T) {
			temp := t.TempDir()
			if test.arch == "" {
				test.arch = "X64"
			}
			cmd := exec.Command(bash, "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
			cmd.Env = append(os.Environ(), "VERSION="+test.version, "CHECKSUM="+test.checksum, "RELEASES="+server.URL, "RUNNER_OS=Linux",
				"RUNNER_ARCH="+test.arch, "RUNNER_TEMP="+temp, "GITHUB_OUTPUT="+filepath.Join(temp, "output"), "GITHUB_PATH="+filepath.Join(temp, "path"))
			out, err := cmd.CombinedOutput()
			if test.fails != "" {
				if err == nil || !strings.Contains(string(out), "::error::") || !strings.Contains(string(out), test.fails) {
					t.Fatalf("want a failure that says %q, got %v\n%s", test.fails, err, out)
				}
			} else if got, _ := os.ReadFile(filepath.Join(temp, "output")); err != nil || string(got) != "found="+test.found+"\n" {
				t.Fatalf("%v, output %q, want found=%s\n%s", err, got, test.found, out)
			}
			path, err := os.ReadFile(filepath.Join(temp, "path"))
			if err != nil {
				t.Fatal(err)
			}
			answer, err := exec.Command(filepath.Join(strings.TrimSpace(string(path)), "krowave")).Output()
			if installed := err == nil; installed != (test.found == "true") || installed && string(answer) != "released\n" {
				t.Errorf("the program answers %q, %v", answer, err)
			}
		})
	}
}

func archive(version string) string { return "krowave_" + version + "_linux_amd64.tar.gz" }

// actionScript returns what a step of action.yml runs.
func actionScript(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var action struct {
		Runs struct {
			Steps []struct{ Name, Run string }
		}
	}
	if err := yaml.Unmarshal(text, &action); err != nil {
		t.Fatal(err)
	}
	for _, step := range action.Runs.Steps {
		if step.Name == name {
			return step.Run
		}
	}
	t.Fatalf("action.yml has no step %q", name)
	return ""
}

func tarball(t *testing.T, name, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	tw := tar.NewWriter(zip)
	if err := tw.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(text))}); err != nil {
		t.Fatal(err)
	}
	if _, err := tw.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := tw.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
