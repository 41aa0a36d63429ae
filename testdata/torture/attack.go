//go:build linux

// Package torture makes hostile repositories, one for each attack, with what has to be
// said of it. The tests beside it run them against the real command line and a real
// Argo CD sidecar, those of flux/controller against the Flux controller. SECURITY.md
// lists them.
//
//	for _, a := range torture.Trees() {
//		err := a.Build(dir) // then render dir
//	}
package torture

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Attack is one hostile repository.
type Attack struct {
	Name  string
	Build Build
	Args  []string // instead of render and validate
	Code  Outcome
	Says  string // regular expression of a message
	Local bool   // no archive holds it, or it is one of the command line
}

// Build writes a repository into an empty directory.
type Build func(dir string) error

// Outcome says how an attack ends.
type Outcome int

// The outcomes of an attack.
const (
	Refused Outcome = iota
	Either          // refused, or rendered within the bounds
)

// Files are a repository by name.
type Files map[string]string

// Write is a Build.
func (f Files) Write(dir string) error {
	for name, text := range f {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// Config is a plain object.
const Config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"

// Good is a repository that nothing is wrong with. It renders one object.
func Good() Files { return Files{"rgd.yaml": rgd("{}", node("x", "a")), "a.yaml": app} }

// Leak returns what a text has that no message or log may have.
func Leak(text string) string {
	for _, leak := range []string{"CANARY", "root:x:0", "panic:", "goroutine ", "runtime error", "\x1b", "\u202e"} {
		if strings.Contains(text, leak) {
			return leak
		}
	}
	return ""
}

// Archive packs a directory as Argo CD and Flux do.
func Archive(dir string) ([]byte, error) {
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	w := tar.NewWriter(zip)
	err := filepath.WalkDir(dir, func(file string, e fs.DirEntry, err error) error {
		if err != nil || file == dir {
			return err
		}
		return pack(w, dir, file, e)
	})
	if err := errors.Join(err, w.Close(), zip.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func pack(w *tar.Writer, dir, file string, e fs.DirEntry) error {
	info, err := e.Info()
	if err != nil {
		return err
	}
	target := ""
	if info.Mode()&fs.ModeSymlink != 0 {
		if target, err = os.Readlink(file); err != nil {
			return err
		}
	}
	h, err := tar.FileInfoHeader(info, target)
	if err != nil {
		return err
	}
	if h.Name, err = filepath.Rel(dir, file); err != nil {
		return err
	}
	if err := w.WriteHeader(h); err != nil || !info.Mode().IsRegular() {
		return err
	}
	data, err := os.ReadFile(file)
	if err == nil {
		_, err = w.Write(data)
	}
	return err
}

func of(f Files) Build { return f.Write }

// and does more after a build.
func (b Build) and(more Build) Build {
	return func(dir string) error { return errors.Join(b(dir), more(dir)) }
}

// sparse makes a file of 10 GiB that takes no room.
func sparse(name string) Build {
	return func(dir string) error {
		return errors.Join(Files{name: ""}.Write(dir), os.Truncate(filepath.Join(dir, name), 10<<30))
	}
}

func link(target, name string) Build {
	return func(dir string) error { return os.Symlink(target, filepath.Join(dir, name)) }
}
