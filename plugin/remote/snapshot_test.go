package remote

import (
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/memory"
	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render/project"
)

// maker makes commits that git itself would refuse to make.
type maker struct {
	*testing.T
	store *memory.Storage
}

func (m maker) object(kind plumbing.ObjectType, encode func(plumbing.EncodedObject) error) plumbing.Hash {
	o := &plumbing.MemoryObject{}
	o.SetType(kind)
	if err := encode(o); err != nil {
		m.Fatal(err)
	}
	id, err := m.store.SetEncodedObject(o)
	if err != nil {
		m.Fatal(err)
	}
	return id
}

func (m maker) blob(text string) plumbing.Hash {
	return m.object(plumbing.BlobObject, func(o plumbing.EncodedObject) error {
		w, err := o.Writer()
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		return err
	})
}

// tree writes entries as git does, without go-git's check of their names.
func (m maker) tree(entries ...object.TreeEntry) plumbing.Hash {
	return m.object(plumbing.TreeObject, func(o plumbing.EncodedObject) error {
		w, err := o.Writer()
		for _, e := range entries {
			if err == nil {
				_, err = w.Write([]byte(strings.TrimLeft(e.Mode.String(), "0") + " " + e.Name + "\x00" + string(e.Hash[:])))
			}
		}
		return err
	})
}

func (m maker) commit(tree plumbing.Hash) string {
	return m.object(plumbing.CommitObject, (&object.Commit{TreeHash: tree, Message: "x"}).Encode).String()
}

func TestTake(t *testing.T) {
	m := maker{t, memory.NewStorage()}
	a, up := m.blob("a: 1\n"), m.blob("../outside.yaml")
	dir := m.tree(
		object.TreeEntry{Name: "a.yaml", Mode: filemode.Regular, Hash: a}, object.TreeEntry{Name: "link.yaml", Mode: filemode.Symlink, Hash: m.blob("a.yaml")},
		object.TreeEntry{Name: "up.yaml", Mode: filemode.Symlink, Hash: up}, object.TreeEntry{Name: "sub", Mode: filemode.Submodule, Hash: a})
	id := m.commit(m.tree(object.TreeEntry{Name: "defs", Mode: filemode.Dir, Hash: dir}, object.TreeEntry{Name: "outside.yaml", Mode: filemode.Regular, Hash: m.blob("b: 2\n")}))
	objects, _, err := take(m.store, id, "defs")
	if err != nil {
		t.Fatal(err)
	}
	data, err := encodeObjects(objects)
	if err != nil {
		t.Fatal(err)
	}
	again, err := decodeObjects(data)
	if err != nil {
		t.Fatal(err)
	}
	_, files, err := take(again, id, "defs")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, name := range []string{"defs/a.yaml", "defs/link.yaml", "defs/up.yaml", "outside.yaml", "defs/sub"} {
		text, err := fs.ReadFile(files, name)
		got = append(got, name+": "+strings.TrimSpace(string(text)))
		if (err == nil) != (len(text) > 0) {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	if diff := cmp.Diff([]string{"defs/a.yaml: a: 1", "defs/link.yaml: a: 1", "defs/up.yaml: ", "outside.yaml: ", "defs/sub: "}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTakeRefuses(t *testing.T) {
	m := maker{t, memory.NewStorage()}
	file := m.blob("a: 1\n")
	trees := map[string]struct {
		tree plumbing.Hash
		want string
	}{
		"up":       {m.tree(object.TreeEntry{Name: "..", Mode: filemode.Regular, Hash: file}), "has an entry named"},
		"slash":    {m.tree(object.TreeEntry{Name: "a/b.yaml", Mode: filemode.Regular, Hash: file}), "has an entry named"},
		"LFS":      {m.tree(object.TreeEntry{Name: "a.yaml", Mode: filemode.Regular, Hash: m.blob("version https://git-lfs.github.com/spec/v1\n")}), "Git LFS"},
		"missing":  {m.tree(object.TreeEntry{Name: "a.yaml", Mode: filemode.Regular, Hash: plumbing.NewHash(strings.Repeat("1", 40))}), "object not found"},
		"a commit": {m.tree(object.TreeEntry{Name: "a", Mode: filemode.Dir, Hash: file}), "object not found"},
	}
	deep := m.tree(object.TreeEntry{Name: "a.yaml", Mode: filemode.Regular, Hash: file})
	for range 2 * maxDepth {
		deep = m.tree(object.TreeEntry{Name: "d", Mode: filemode.Dir, Hash: deep})
	}
	wide := m.tree(object.TreeEntry{Name: "a.yaml", Mode: filemode.Regular, Hash: file})
	for range 20 { // 10 to the power of 20 files in 21 trees
		var entries []object.TreeEntry
		for _, name := range "0123456789" {
			entries = append(entries, object.TreeEntry{Name: string(name), Mode: filemode.Dir, Hash: wide})
		}
		wide = m.tree(entries...)
	}
	for name, tree := range map[string]plumbing.Hash{"deep": deep, "wide": wide} {
		trees[name] = struct {
			tree plumbing.Hash
			want string
		}{tree, "narrow them with path"}
	}
	for _, name := range slices.Sorted(maps.Keys(trees)) {
		tt := trees[name]
		if _, _, err := take(m.store, m.commit(tt.tree), "."); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}

func TestPick(t *testing.T) {
	one, two := plumbing.NewHash(strings.Repeat("1", 40)), plumbing.NewHash(strings.Repeat("2", 40))
	refs := map[string]plumbing.Hash{
		"HEAD": one, "refs/heads/main": one, "refs/tags/v1": one, "refs/tags/v1^{}": two, "refs/heads/both": one, "refs/tags/both": two,
		"refs/heads/same": two, "refs/tags/same": two,
	}
	for ref, want := range map[string]string{
		"": one.String(), "main": one.String(), "v1": two.String(), "refs/tags/both": two.String(), "same": two.String(),
		"both": "x has a branch and a tag named both that differ; write refs/heads/both or refs/tags/both",
		"nope": "x has no branch or tag nope", "v1^{}": two.String(),
	} {
		got, err := pick(refs, project.Remote{Git: "x", Ref: ref})
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s is %s, want %s", ref, got, want)
		}
	}
}

func TestLayerOf(t *testing.T) {
	const digest = `"digest":"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"`
	flux := `{"mediaType":"application/vnd.cncf.flux.content.v1.tar+gzip","size":9,` + digest + `}`
	for text, want := range map[string]string{
		`{"layers":[` + flux + `]}`: "",
		`{"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","size":9,` + digest + `}]}`: "",
		`{"layers":[{"mediaType":"text/plain","size":9,` + digest + `},` + flux + `]}`:                     "",
		`{"layers":[{"mediaType":"text/plain","size":9,` + digest + `}]}`:                                  "tar archive in gzip format",
		`{"layers":[]}`: "not an artifact with a layer",
		`[]`:            "cannot be read",
		`{"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}`:                                       "not an artifact with a layer",
		`{"layers":[{"mediaType":"application/vnd.cncf.flux.content.v1.tar+gzip","size":99999999999,` + digest + `}]}`: "more than 256 MiB",
	} {
		_, err := layerOf([]byte(text))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
