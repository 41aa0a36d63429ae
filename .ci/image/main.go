// Command image builds krowave's container image without a container engine, and
// writes it as an OCI layout, or pushes it. What the image holds is decided by the
// sources, the compiler and the list of CA certificates in go.sum: two builds give
// the same digest.
//
//	go run . -o dist/image
//	go run . -push ghcr.io/krowave/krowave:v1.0.0
//	go run . -tree /rootfs -binary krowave
//
// The last line of the output is the digest of the index of all platforms.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
)

type settings struct {
	source, layout, tree, binary, push string
	platforms                          []string
}

func main() {
	var s settings
	platforms := flag.String("platform", "linux/amd64,linux/arm64", "platforms, separated by commas")
	flag.StringVar(&s.source, "source", "../..", "directory of krowave's main package")
	flag.StringVar(&s.layout, "o", "", "directory to write the OCI layout to")
	flag.StringVar(&s.push, "push", "", "reference to push the image to")
	flag.StringVar(&s.tree, "tree", "", "directory to write the files of the image to, from -binary")
	flag.StringVar(&s.binary, "binary", "", "krowave, already built, for -tree")
	flag.Parse()
	s.platforms = strings.Split(*platforms, ",")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := s.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func (s *settings) run(ctx context.Context) error {
	if s.tree != "" {
		binary, err := os.ReadFile(s.binary)
		if err != nil {
			return err
		}
		return writeTree(s.tree, contents(binary))
	}
	if s.layout == "" && s.push == "" {
		return fmt.Errorf("one of -o, -push and -tree is needed")
	}
	revision := s.git(ctx, "rev-parse", "HEAD")
	version := s.git(ctx, "describe", "--tags", "--always", "--dirty")
	var images []platformImage
	for _, platform := range s.platforms {
		binary, err := s.build(ctx, platform)
		if err != nil {
			return err
		}
		image, err := imageOf(binary, platform, revision, version)
		if err != nil {
			return err
		}
		images = append(images, image)
	}
	index := indexOf(images)
	if s.layout != "" {
		if err := writeLayout(s.layout, index); err != nil {
			return err
		}
	}
	if s.push != "" {
		if err := pushIndex(ctx, s.push, index); err != nil {
			return err
		}
	}
	digest, err := index.Digest()
	if err != nil {
		return err
	}
	fmt.Println(digest)
	return nil
}

// git answers nothing where there is no repository: the image then has no label
// for it.
func (s *settings) git(ctx context.Context, args ...string) string {
	out, err := exec.CommandContext(ctx, "git", append([]string{"-C", s.source}, args...)...).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// build compiles krowave as the Dockerfile and releases do.
func (s *settings) build(ctx context.Context, platform string) ([]byte, error) {
	system, processor, ok := strings.Cut(platform, "/")
	if !ok {
		return nil, fmt.Errorf("platform %q is not SYSTEM/PROCESSOR", platform)
	}
	directory, err := os.MkdirTemp("", "krowave-image-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(directory)
	name := filepath.Join(directory, "krowave")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=true", "-tags=kustomize_disable_go_plugin_support", "-ldflags=-s -w -buildid=", "-o", name, ".")
	cmd.Dir, cmd.Stderr = s.source, os.Stderr
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+processor, "GOFLAGS=")
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("building for %s: %w", platform, err)
	}
	return os.ReadFile(name)
}
