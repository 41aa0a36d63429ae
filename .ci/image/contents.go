package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"os"
	"path/filepath"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// file is a file or a directory of the image.
type file struct {
	name string
	mode int64
	data []byte // nil for a directory
}

func (f file) isDir() bool { return f.data == nil }

// contents lists what the image holds, parents first. Directories that servers use
// are there, so that a runtime can mount volumes on a root that is read-only.
func contents(binary []byte) []file {
	return []file{
		{name: "data", mode: 0o755},
		{name: "etc", mode: 0o755},
		{name: "etc/ssl", mode: 0o755},
		{name: "etc/ssl/certs", mode: 0o755},
		{name: "etc/ssl/certs/ca-certificates.crt", mode: 0o644, data: certificates()},
		{name: "home", mode: 0o755},
		{name: "home/argocd", mode: 0o755},
		{name: "home/argocd/cmp-server", mode: 0o755},
		{name: "home/argocd/cmp-server/config", mode: 0o755},
		{name: "home/argocd/cmp-server/plugins", mode: 0o755},
		{name: "tmp", mode: 0o1777},
		{name: "usr", mode: 0o755},
		{name: "usr/local", mode: 0o755},
		{name: "usr/local/bin", mode: 0o755},
		{name: "usr/local/bin/krowave", mode: 0o755, data: binary},
		{name: "var", mode: 0o755},
		{name: "var/run", mode: 0o755},
		{name: "var/run/argocd", mode: 0o755},
	}
}

// certificates are Mozilla's, in the version that go.sum pins. Those that Mozilla
// trusts under a constraint are left out, since a file of PEM cannot say it.
func certificates() []byte {
	var out bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate})
	}
	return out.Bytes()
}

// archive is the one layer: every file belongs to root and has no time.
func archive(files []file) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, f := range files {
		header := &tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.data)), Typeflag: tar.TypeReg, Format: tar.FormatUSTAR}
		if f.isDir() {
			header.Name, header.Typeflag = f.name+"/", tar.TypeDir
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// writeTree writes the files to a directory, for the Dockerfile.
func writeTree(directory string, files []file) error {
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	for _, f := range files {
		name := filepath.Join(directory, filepath.FromSlash(f.name))
		mode := os.FileMode(f.mode & 0o777)
		if f.mode&0o1000 != 0 {
			mode |= os.ModeSticky
		}
		var err error
		if f.isDir() {
			err = os.MkdirAll(name, mode)
		} else {
			err = os.WriteFile(name, f.data, mode)
		}
		if err != nil {
			return err
		}
		if err := os.Chmod(name, mode); err != nil {
			return err
		}
	}
	return nil
}
