package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDockerfile holds the image to its promises: static, reproducible, for
// amd64 and arm64, and with nothing in it but the program, which is not root.
func TestDockerfile(t *testing.T) {
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	stages := stagesOf(string(text))
	if len(stages) < 2 {
		t.Fatalf("%d stages, want a build and an image", len(stages))
	}
	first, last := stages[0], stages[len(stages)-1]
	if from := first.all("FROM")[0]; !strings.Contains(from, "--platform=$BUILDPLATFORM") {
		t.Errorf("FROM %s: the compiler would be emulated for other platforms", from)
	}
	if !regexp.MustCompile(`(?m)^ARG GO_VERSION=1\.\d+\.\d+$`).Match(text) || !strings.Contains(first.all("FROM")[0], "golang:${GO_VERSION}") {
		t.Error("the compiler's version is not pinned")
	}
	build := regexp.MustCompile(`go build .*`).FindString(strings.Join(first.all("RUN"), "\n"))
	for _, flag := range []string{"-trimpath", "-buildvcs=true", "-s -w -buildid="} {
		if !strings.Contains(build, flag) {
			t.Errorf("%q lacks %s", build, flag)
		}
	}
	run := strings.Join(first.all("RUN"), "\n")
	for _, setting := range []string{"CGO_ENABLED=0", "GOARCH=$TARGETARCH", "GOOS=$TARGETOS"} {
		if !strings.Contains(run, setting) {
			t.Errorf("the build lacks %s", setting)
		}
	}
	for _, arg := range []string{"TARGETARCH", "TARGETOS"} {
		if !slices.ContainsFunc(first.all("ARG"), func(s string) bool { return strings.HasPrefix(s, arg) }) {
			t.Errorf("ARG %s is missing, so the variable is empty", arg)
		}
	}
	if from := strings.Fields(last.all("FROM")[0])[0]; from != "scratch" && !strings.Contains(from, "distroless/static") {
		t.Errorf("the image is built on %s, want scratch or distroless/static", from)
	}
	if run := last.all("RUN"); len(run) > 0 {
		t.Errorf("the image runs %q", run)
	}
	// uid 999 is repo-server's; a name would need /etc/passwd.
	if user := last.all("USER"); !slices.Equal(user, []string{"999:999"}) {
		t.Errorf("USER %q, want 999:999", user)
	}
	entry := last.all("ENTRYPOINT")
	if !slices.Equal(entry, []string{`["/usr/local/bin/krowave"]`}) {
		t.Errorf("ENTRYPOINT %q", entry)
	}
	// What .ci/image puts into the image that needs no container engine.
	if copied := last.all("COPY"); !slices.Equal(copied, []string{"--from=build /rootfs/ /"}) || !strings.Contains(run, "-tree /rootfs -binary /krowave") {
		t.Errorf("COPY %q does not bring the files that .ci/image lists", copied)
	}
	for _, c := range append(last.all("COPY"), last.all("ADD")...) {
		if !strings.HasPrefix(c, "--from=") {
			t.Errorf("COPY %s brings files of the checkout into the image", c)
		}
	}
}

// stage is one FROM with its instructions.
type stage []instruction

type instruction struct{ word, rest string }

func (s stage) all(word string) []string {
	var out []string
	for _, i := range s {
		if i.word == word {
			out = append(out, i.rest)
		}
	}
	return out
}

// stagesOf parses a Dockerfile: comments, continued lines, instructions.
func stagesOf(text string) []stage {
	text = regexp.MustCompile(`(?m)^\s*#.*\n`).ReplaceAllString(text, "")
	text = regexp.MustCompile(`\\\s*\n\s*`).ReplaceAllString(text, " ")
	var out []stage
	for _, line := range strings.Split(text, "\n") {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if word = strings.ToUpper(word); word == "FROM" {
			out = append(out, nil)
		}
		if word != "" && len(out) > 0 {
			out[len(out)-1] = append(out[len(out)-1], instruction{word, strings.TrimSpace(rest)})
		}
	}
	return out
}

// TestBuildsLackGoPlugins holds every recipe of a binary to one build tag: with
// kustomize's Go plugins, the linker keeps every exported method.
func TestBuildsLackGoPlugins(t *testing.T) {
	for _, name := range []string{"Makefile", "Dockerfile", ".goreleaser.yaml", "action.yml", ".ci/image/main.go"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "kustomize_disable_go_plugin_support") {
			t.Errorf("%s builds with kustomize's Go plugins", name)
		}
	}
}
