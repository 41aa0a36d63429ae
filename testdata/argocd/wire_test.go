// Package argocd_test holds krowave's plugin server to Argo CD's own types and
// client code, which cannot be compiled beside the product.
package argocd_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	_ "github.com/argoproj/argo-cd/v2/cmpserver/apiclient" // registers its descriptors
	gogo "github.com/gogo/protobuf/proto"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	reflection "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

// messages are what the plugin protocol uses of each proto package.
var messages = []string{
	"plugin.AppStreamRequest", "plugin.ManifestRequestMetadata", "plugin.EnvEntry", "plugin.ManifestResponse", "plugin.RepositoryResponse",
	"plugin.ParametersAnnouncementResponse", "plugin.File", "plugin.CheckPluginConfigurationResponse",
	"repository.ParameterAnnouncement", "repository.ParameterAnnouncement.MapEntry",
}

// wire lists everything of some files that is visible on the wire: methods, and
// fields with number, type and cardinality.
func wire(files []*descriptorpb.FileDescriptorProto) []string {
	var out []string
	var message func(prefix string, m *descriptorpb.DescriptorProto)
	message = func(prefix string, m *descriptorpb.DescriptorProto) {
		name := prefix + "." + m.GetName()
		if slices.Contains(messages, name) {
			for _, f := range m.GetField() {
				oneof := ""
				if f.OneofIndex != nil {
					oneof = " of " + m.GetOneofDecl()[f.GetOneofIndex()].GetName()
				}
				out = append(out, fmt.Sprintf("%s.%s = %d %s %s %s%s", name, f.GetName(), f.GetNumber(), f.GetLabel(), f.GetType(), f.GetTypeName(), oneof))
			}
		}
		for _, inner := range m.GetNestedType() {
			message(name, inner)
		}
	}
	for _, file := range files {
		for _, m := range file.GetMessageType() {
			message(file.GetPackage(), m)
		}
		for _, s := range file.GetService() {
			for _, m := range s.GetMethod() {
				out = append(out, fmt.Sprintf("/%s.%s/%s(%s, stream %v) %s, stream %v", file.GetPackage(), s.GetName(), m.GetName(),
					m.GetInputType(), m.GetClientStreaming(), m.GetOutputType(), m.GetServerStreaming()))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// registered returns the descriptor that Argo CD's generated code carries.
func registered(t *testing.T, name string) *descriptorpb.FileDescriptorProto {
	t.Helper()
	zip, err := gzip.NewReader(bytes.NewReader(gogo.FileDescriptor(name)))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	raw, err := io.ReadAll(zip)
	if err != nil {
		t.Fatal(err)
	}
	file := &descriptorpb.FileDescriptorProto{}
	if err := proto.Unmarshal(raw, file); err != nil {
		t.Fatal(err)
	}
	return file
}

// served asks the running server for the descriptors that it was built with.
func served(t *testing.T, socket string, symbols ...string) []*descriptorpb.FileDescriptorProto {
	t.Helper()
	conn, err := grpc.NewClient("unix:"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	stream, err := reflection.NewServerReflectionClient(conn).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var out []*descriptorpb.FileDescriptorProto
	for _, symbol := range symbols {
		err := stream.Send(&reflection.ServerReflectionRequest{
			MessageRequest: &reflection.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: symbol},
		})
		if err != nil {
			t.Fatal(err)
		}
		answer, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		for _, raw := range answer.GetFileDescriptorResponse().GetFileDescriptorProto() {
			file := &descriptorpb.FileDescriptorProto{}
			if err := proto.Unmarshal(raw, file); err != nil {
				t.Fatal(err)
			}
			out = append(out, file)
		}
	}
	return out
}

func TestWireFormat(t *testing.T) {
	want := wire([]*descriptorpb.FileDescriptorProto{
		registered(t, "cmpserver/plugin/plugin.proto"), registered(t, "reposerver/repository/repository.proto"),
	})
	want = slices.DeleteFunc(want, func(line string) bool {
		return strings.HasPrefix(line, "/repository.") // repo-server's own service
	})
	if len(want) != 32 {
		t.Fatalf("%d fields and methods in Argo CD's descriptors, want 32:\n%s", len(want), strings.Join(want, "\n"))
	}
	socket := startServer(t)
	got := wire(served(t, socket, "plugin.ConfigManagementPluginService", "repository.ParameterAnnouncement"))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-argo-cd +krowave):\n%s", diff)
	}
}

// TestWireFormatOfVersion3 compares the text of the protocol between versions:
// argo-cd/v3 cannot be compiled with the Go version of this module.
func TestWireFormatOfVersion3(t *testing.T) {
	old, current := moduleDir(t, "github.com/argoproj/argo-cd/v2@v2.14.21"), moduleDir(t, "github.com/argoproj/argo-cd/v3@v3.6.1")
	if diff := cmp.Diff(protoText(t, old, "cmpserver/plugin/plugin.proto"), protoText(t, current, "cmpserver/plugin/plugin.proto")); diff != "" {
		t.Errorf("plugin.proto (-v2 +v3):\n%s", diff)
	}
	announcement := regexp.MustCompile(`(?s)message ParameterAnnouncement \{.*?\n\}`)
	of := func(dir string) string {
		text := announcement.FindString(protoText(t, dir, "reposerver/repository/repository.proto"))
		if text == "" {
			t.Errorf("no ParameterAnnouncement in %s", filepath.Base(dir))
		}
		return text
	}
	if diff := cmp.Diff(of(old), of(current)); diff != "" {
		t.Errorf("ParameterAnnouncement (-v2 +v3):\n%s", diff)
	}
}

// protoText is a .proto file without comments, blank lines and Go paths.
func protoText(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`//.*`).ReplaceAllString(strings.ReplaceAll(string(data), "argo-cd/v3/", "argo-cd/v2/"), "")
	var out []string
	for _, line := range strings.Split(text, "\n") {
		if line = strings.TrimRight(line, " \t"); line != "" {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

// moduleDir downloads a module; without the network the test is skipped.
func moduleDir(t *testing.T, module string) string {
	t.Helper()
	cmd := exec.Command("go", "mod", "download", "-json", module)
	cmd.Dir = t.TempDir()
	out, err := cmd.Output()
	var info struct{ Dir, Error string }
	if json.Unmarshal(out, &info) != nil || err != nil || info.Dir == "" {
		t.Skipf("%s cannot be had: %v %s", module, err, info.Error)
	}
	return info.Dir
}
