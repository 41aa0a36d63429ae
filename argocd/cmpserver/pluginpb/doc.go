// Package pluginpb is the wire format of Argo CD's config management plugins:
// generated code, from the two .proto files beside it.
//
// To generate it again, with protoc on the path:
//
//	go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12
//	go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.1
//	go generate ./argocd/cmpserver/pluginpb
package pluginpb

//go:generate protoc --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative plugin.proto repository.proto
