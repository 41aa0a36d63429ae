//go:build linux

package torture_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/krowave/krowave/argocd/cmpserver/pluginpb"
	"github.com/krowave/krowave/testdata/torture"
)

// TestSidecar sends each attack that an archive can hold to one server, as
// repo-server does. After each, the server renders a good application as before.
func TestSidecar(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, "krowave.sock")
	server := exec.Command(krowave, "argocd", "cmp-server", "--socket", socket)
	log, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 1<<20)
	if !lines.Scan() {
		t.Fatal("the server did not start")
	}
	go func() {
		for lines.Scan() {
			if leak := torture.Leak(lines.Text()); leak != "" {
				t.Errorf("the log has %q: %.500q", leak, lines.Text())
			}
		}
	}()
	conn, err := grpc.NewClient("unix:"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(100<<20)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	client := pluginpb.NewConfigManagementPluginServiceClient(conn)

	good := t.TempDir()
	if err := torture.Good().Write(good); err != nil {
		t.Fatal(err)
	}
	want, err := generate(t, client, pack(t, good))
	if err != nil || len(want) != 1 {
		t.Fatalf("a good application: %v, %v", want, err)
	}
	for _, a := range slices.Concat(torture.Documents(), torture.Graphs(), torture.Trees()) {
		if a.Local {
			continue
		}
		t.Run(a.Name, func(t *testing.T) {
			dir := t.TempDir()
			if err := a.Build(dir); err != nil {
				t.Fatal(err)
			}
			manifests, err := generate(t, client, pack(t, dir))
			said := status.Convert(err).Message()
			t.Logf("%d manifests, %d MiB at most, %d bytes of message: %.200q", len(manifests), peak(t, server.Process.Pid), len(said), said)
			switch {
			case err == nil && a.Code == torture.Refused:
				t.Errorf("%d manifests, and no error", len(manifests))
			case err != nil && a.Code == torture.Refused && !regexp.MustCompile(a.Says).MatchString(said):
				t.Errorf("the server does not say %q:\n%.2000s", a.Says, said)
			case len(said) > mostBytes:
				t.Errorf("a message of %d bytes", len(said))
			}
			harmless(t, dir, said)
			if got, err := generate(t, client, pack(t, good)); err != nil || !slices.Equal(got, want) {
				t.Fatalf("after it, a good application: %v, %v", got, err)
			}
		})
	}
	if mib := peak(t, server.Process.Pid); mib > mostMiB {
		t.Errorf("the server had %d MiB", mib)
	}
}

// generate asks for the manifests of an archive's root.
func generate(t *testing.T, client pluginpb.ConfigManagementPluginServiceClient, archive []byte) ([]string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	stream, err := client.GenerateManifest(ctx)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(archive)
	requests := []*pluginpb.AppStreamRequest{{Request: &pluginpb.AppStreamRequest_Metadata{Metadata: &pluginpb.ManifestRequestMetadata{
		AppName: "a", AppRelPath: ".", Checksum: hex.EncodeToString(sum[:]), Size: int64(len(archive)),
		Env: []*pluginpb.EnvEntry{{Name: "ARGOCD_APP_NAMESPACE", Value: "n"}},
	}}}}
	for piece := range slices.Chunk(archive, 64<<10) {
		requests = append(requests, &pluginpb.AppStreamRequest{Request: &pluginpb.AppStreamRequest_File{File: &pluginpb.File{Chunk: piece}}})
	}
	for _, r := range requests {
		if stream.Send(r) != nil {
			break // the answer says why
		}
	}
	answer, err := stream.CloseAndRecv()
	if ctx.Err() != nil {
		t.Fatal("no answer")
	}
	return answer.GetManifests(), err
}

func pack(t *testing.T, dir string) []byte {
	t.Helper()
	data, err := torture.Archive(dir)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// peak is the largest resident memory of a process until now, in MiB.
func peak(t *testing.T, pid int) int {
	t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), "VmHWM:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kib >> 10
}
