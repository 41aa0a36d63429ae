package remote_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/plugin/remote"
	"github.com/krowave/krowave/render/project"
)

const (
	old    = "0123456789abcdef0123456789abcdef01234567"
	next   = "fedcba9876543210fedcba9876543210fedcba98"
	digits = "1234567890123456789012345678901234567890"
	power  = "1234567890123456789e01234567890123456789"
	sha    = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
)

func TestSetPins(t *testing.T) {
	for name, tt := range map[string]struct{ text, to, want string }{
		"replaced":         {"definitions:\n- git: https://a.example/x\n  commit: " + old + " # why\n  path: a\n", next, "definitions:\n- git: https://a.example/x\n  commit: " + next + " # why\n  path: a\n"},
		"quoted":           {"definitions: [{commit: '" + old + "', git: https://a.example/x}]\n", next, "definitions: [{commit: " + next + ", git: https://a.example/x}]\n"},
		"added to a block": {"definitions:\n  - path: a\n    git: 'https://a.example/x' # here\n\n# end\n", next, "definitions:\n  - path: a\n    git: 'https://a.example/x' # here\n    commit: " + next + "\n\n# end\n"},
		"no last line end": {"definitions:\n  - git: git@a.example:x", next, "definitions:\n  - git: git@a.example:x\n    commit: " + next},
		"CRLF":             {"definitions:\r\n  - git: https://a.example/x\r\n    path: a\r\n", next, "definitions:\r\n  - git: https://a.example/x\r\n    commit: " + next + "\r\n    path: a\r\n"},
		"added in braces":  {"# ä\ndefinitions: [{path: ä, git: \"https://a.example/x\"}, b]\n", next, "# ä\ndefinitions: [{path: ä, git: \"https://a.example/x\", commit: " + next + "}, b]\n"},
		"only digits":      {"definitions: [{git: https://a.example/x}]\n", digits, "definitions: [{git: https://a.example/x, commit: \"" + digits + "\"}]\n"},
		"a power of ten":   {"definitions: [{git: https://a.example/x}]\n", power, "definitions: [{git: https://a.example/x, commit: \"" + power + "\"}]\n"},
		"digest":           {"definitions:\n  - oci: oci://a.example/x\n", sha, "definitions:\n  - oci: oci://a.example/x\n    digest: " + sha + "\n"},
		"twice the same":   {"definitions:\n- {git: https://a.example/x, path: a}\n- {git: https://a.example/x, path: b, commit: " + old + "}\n", next, "definitions:\n- {git: https://a.example/x, commit: " + next + ", path: a}\n- {git: https://a.example/x, path: b, commit: " + next + "}\n"},
		"over two lines":   {"definitions:\n- git: >-\n    https://a.example/x\n", next, "krowave.yaml:2:3: commit: " + next + " cannot be written there; write it by hand"},
		"an alias":         {"definitions:\n- git: https://a.example/x\n  ref: &c '" + old + "'\n  commit: *c\n", next, "krowave.yaml:2:3: commit: " + next + " cannot be written there; write it by hand"},
	} {
		t.Run(name, func(t *testing.T) {
			settings, diags := project.ReadSettings("krowave.yaml", []byte(tt.text))
			if len(diags) > 0 {
				t.Fatal(diags)
			}
			var updates []remote.Update
			for _, r := range settings.Remotes {
				updates = append(updates, remote.Update{Remote: r, To: tt.to})
			}
			got, err := remote.SetPins("krowave.yaml", []byte(tt.text), updates)
			if err != nil {
				got = []byte(err.Error())
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestFolder makes sure that another pin or path is another directory, whose name
// is one element of a path.
func TestFolder(t *testing.T) {
	seen := map[string]string{}
	for _, r := range []project.Remote{
		{Git: "https://a.example/x.git", Commit: old, Path: "."}, {Git: "https://a.example/x.git", Commit: next, Path: "."},
		{Git: "https://a.example/x.git", Commit: old, Path: "a"}, {Git: "https://b.example/x", Commit: old, Path: "."},
		{OCI: "a.example/x", Digest: sha, Path: "."}, {Git: "git@a.example:../..", Commit: old, Path: "."},
	} {
		folder := r.Folder()
		if other, ok := seen[folder]; ok || strings.ContainsAny(folder, `/\:`) || strings.HasPrefix(folder, ".") {
			t.Errorf("%s is the folder of %s, and of %q", folder, r.Name(), other)
		}
		seen[folder] = r.Name()
	}
}
