// Package cmpserver implements a config management plugin for Argo CD. repo-
// server calls it over a socket with the files of an application's repository,
// the application's path and its environment. It returns manifests with sync
// waves, or findings that are short enough for a condition of the Application.
//
// A Renderer does that for one application and knows no gRPC. Serve puts it
// behind Argo CD's protocol: the tree arrives as a stream, is read into memory
// and never written anywhere. What requests have in common is remembered by the
// digest of its content.
package cmpserver
