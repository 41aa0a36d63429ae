// Package cmpserver is the hand-off to Argo CD: a config management plugin that
// repo-server talks to over a socket. In comes the tree of an application's
// repository, its path in it and the environment that Argo CD gives; out come
// manifests with sync waves, or findings, short enough for the condition that
// Argo CD shows them in.
//
// A Renderer does that for one application and knows no gRPC. Serve puts it
// behind Argo CD's protocol: the tree arrives as a stream, is read into memory
// and never written anywhere. What requests have in common is remembered by the
// digest of its content.
package cmpserver
