//go:build ignore

package main

import (
	"errors"
	"io"
	"net"

	"google.golang.org/grpc"

	"github.com/argoproj/argo-cd/v2/cmpserver/apiclient"
)

// sink is a plugin server that reads what it is sent and does nothing: what a
// request to it takes is the transfer.
type sink struct {
	apiclient.UnimplementedConfigManagementPluginServiceServer
}

func startSink(socket string) error {
	l, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	apiclient.RegisterConfigManagementPluginServiceServer(server, &sink{})
	go func() { _ = server.Serve(l) }() // until the driver ends
	return nil
}

// GenerateManifest answers with no manifests.
func (*sink) GenerateManifest(stream apiclient.ConfigManagementPluginService_GenerateManifestServer) error {
	for {
		if _, err := stream.Recv(); errors.Is(err, io.EOF) {
			return stream.SendAndClose(&apiclient.ManifestResponse{})
		} else if err != nil {
			return err
		}
	}
}
