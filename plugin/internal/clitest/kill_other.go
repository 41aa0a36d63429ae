//go:build !linux || !amd64

package clitest

// traced does nothing: tests that need it are for Linux.
func traced() {}
