package repo_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render/repo"
)

// entry is one entry of an archive: a file, or a link to a target.
type entry struct {
	name, text, link string
	kind             byte
}

func archive(t testing.TB, entries ...entry) *bytes.Buffer {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	w := tar.NewWriter(zip)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Mode: 0o644, Size: int64(len(e.text)), Linkname: e.link, Typeflag: tar.TypeReg}
		switch {
		case e.kind != 0:
			h.Typeflag = e.kind
		case e.link != "":
			h.Typeflag = tar.TypeSymlink
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(e.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return &out
}

func readTar(t testing.TB, entries ...entry) *repo.Memory {
	t.Helper()
	m, err := repo.ReadTar(archive(t, entries...), repo.TarLimits{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// content lists what every file and link of a file system gives when it is read.
func content(t testing.TB, fsys fs.FS) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		out[name] = string(data)
		if err != nil {
			out[name] = "error: " + err.Error()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestReadTar(t *testing.T) {
	m := readTar(t,
		entry{name: "./", kind: tar.TypeDir},
		entry{name: ".git/", kind: tar.TypeDir},
		entry{name: ".git/config.yaml", text: "secret: x"},
		entry{name: "sub/.git/a.yaml", text: "a: 1"},
		entry{name: "apps/web.yaml", text: "a: 1"},
		entry{name: "apps/logo.png", text: "png"},
		entry{name: "kust/app.properties", text: "a=b"},
		entry{name: "kust/kustomization.yaml", text: "resources: []"},
		entry{name: "kust/sub/motd", text: "hello"},
		entry{name: "in.yaml", link: "apps/web.yaml"},
		entry{name: "up/out.yaml", link: "../../etc/passwd"},
		entry{name: "up/absolute.yaml", link: "/etc/passwd"},
		entry{name: "up/back.yaml", link: "../linked/web.yaml"},
		entry{name: "linked", link: "./apps"},
		entry{name: "loop", link: "loop"},
		entry{name: "dev", kind: tar.TypeChar},
	)
	want := map[string]string{
		"apps/logo.png":           "error: open apps/logo.png: the file was left out: it is not a .yaml, .yml or .json file, and no kustomization is above it",
		"apps/web.yaml":           "a: 1",
		"kust/app.properties":     "a=b",
		"kust/kustomization.yaml": "resources: []",
		"kust/sub/motd":           "hello",
		"in.yaml":                 "a: 1",
		"up/out.yaml":             "error: open up/out.yaml: the symlink points outside the repository",
		"up/absolute.yaml":        "error: open up/absolute.yaml: the symlink points outside the repository",
		"up/back.yaml":            "a: 1",
		"linked":                  "error: read linked: is a directory",
		"loop":                    "error: open loop: too many symlinks",
		"dev":                     "error: open dev: the file was left out: it is neither a file, a directory nor a symlink",
	}
	if diff := cmp.Diff(want, content(t, m)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMemoryIsAFileSystem(t *testing.T) {
	m := readTar(t, entry{name: "a/b.yaml", text: "a: 1"}, entry{name: "a/c/d.json", text: "{}"}, entry{name: "e", link: "a/c"})
	if err := fstest.TestFS(m, "a/b.yaml", "a/c/d.json", "e"); err != nil {
		t.Error(err)
	}
}

func TestMemorySelect(t *testing.T) {
	m := readTar(t,
		entry{name: "base/kustomization.yaml", text: "configMapGenerator:\n- name: motd\n  files: [motd]\n"},
		entry{name: "base/motd", text: "hello"},
		entry{name: "app/kustomization.yaml", text: "resources: [../shared]\n"},
		entry{name: "shared", link: "base"},
	)
	files, found, err := repo.FS(m).Select([]string{"app"})
	if err != nil || len(found) > 0 || len(files) != 1 || !strings.Contains(string(files[0].Data), "motd: hello") {
		t.Fatalf("Select: %v %v %v", files, found, err)
	}
}

func TestReadTarRefuses(t *testing.T) {
	big := strings.Repeat("a: b\n", 10_000)
	bomb := entry{name: "b.yaml", text: strings.Repeat(" ", 17<<20)}
	tests := []struct {
		name    string
		limits  repo.TarLimits
		entries []entry
		want    string
	}{
		{"entry above the root", repo.TarLimits{}, []entry{{name: "a/../../b.yaml"}}, `the archive has an entry "a/../../b.yaml", which is outside the archive`},
		{"absolute entry", repo.TarLimits{}, []entry{{name: "/b.yaml"}}, `the archive has an entry "/b.yaml", which is outside the archive`},
		{"twice", repo.TarLimits{}, []entry{{name: "b.yaml"}, {name: "./b.yaml"}}, `the archive has two entries named "b.yaml"`},
		{"below a link", repo.TarLimits{}, []entry{{name: "a", link: "/etc"}, {name: "a/passwd"}}, `the archive has an entry "a/passwd" below an entry that is not a directory`},
		{"entries", repo.TarLimits{Entries: 1}, []entry{{name: "a.yaml"}, {name: "b.yaml"}}, "the archive has more than 1 files and directories (--max-entries)"},
		{"kept", repo.TarLimits{Kept: 10}, []entry{{name: "a.yaml", text: big}}, "the manifests of the archive have more than 10 bytes together (--max-total-bytes)"},
		{"unpacked", repo.TarLimits{Unpacked: 10}, []entry{{name: "a.bin", text: big}}, "the archive has more than 10 bytes when it is unpacked (--max-unpacked-bytes)"},
		{"ratio", repo.TarLimits{}, []entry{bomb}, "the archive unpacks to more than 250 times its size (--max-ratio)"},
		{"ratio of a skipped file", repo.TarLimits{}, []entry{{name: ".git/pack", text: bomb.text}}, "the archive unpacks to more than 250 times its size (--max-ratio)"},
		{"long name", repo.TarLimits{}, []entry{{name: strings.Repeat("a/", 3000) + "b.yaml"}}, "the archive has an entry whose name is longer than 4096 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := repo.ReadTar(archive(t, tt.entries...), tt.limits)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	for name, data := range map[string]string{
		"not gzip": "text", "cut short": archive(t, entry{name: "a.yaml", text: big}).String()[:60],
	} {
		if m, err := repo.ReadTar(strings.NewReader(data), repo.TarLimits{}); err == nil {
			t.Errorf("%s: %v, want an error", name, m)
		}
	}
}

func TestReadTarLeavesOut(t *testing.T) {
	m, err := repo.ReadTar(archive(t,
		entry{name: "big.yaml", text: "a: 123456789"},
		entry{name: "kustomization.yaml", text: "{}"},
		entry{name: "big.txt", text: "123456789"},
	), repo.TarLimits{FileBytes: 10, OtherFile: 5})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"big.yaml":           "error: open big.yaml: the file was left out: it has more than 10 bytes (--max-file-bytes)",
		"big.txt":            "error: open big.txt: the file was left out: it is not a manifest and has more than 5 bytes (--max-other-file-bytes)",
		"kustomization.yaml": "{}",
	}
	if diff := cmp.Diff(want, content(t, m)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// FuzzReadTar reads hostile archives: no panic, and no file that is not inside.
func FuzzReadTar(f *testing.F) {
	f.Add(archive(f, entry{name: "a.yaml", text: "a: 1"}, entry{name: "b", link: "../a.yaml"}).Bytes())
	f.Add([]byte("text"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := repo.ReadTar(bytes.NewReader(data), repo.TarLimits{Entries: 1000, Unpacked: 1 << 20})
		if err != nil {
			return
		}
		_ = fs.WalkDir(m, ".", func(name string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				_, _ = fs.ReadFile(m, name)
			}
			return err
		})
	})
}
