//go:build linux

package torture

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
)

// Trees are attacks on the reader of directories, archives and kustomizations.
func Trees() []Attack {
	return []Attack{
		{
			Name: "60,000 files", Build: of(many(60_000)),
			Says: `50000|max-files`,
		},
		{
			Name: "a directory 1,900 deep", Build: func(dir string) error {
				return Files{strings.Repeat("d/", 1_900) + "a.yaml": Config}.Write(dir)
			},
			Says: `nested more than 100 deep`, Local: true,
		},
		{
			Name: "a sparse file of 10 GiB", Build: of(Files{"b.yaml": Config}).and(sparse("a.yaml")),
			Says: `max-file-bytes|limit`, Local: true,
		},
		{
			Name: "a krowave.yaml of 10 GiB", Build: of(Files{"a.yaml": Config}).and(sparse("krowave.yaml")),
			Says: `krowave.yaml cannot be read`, Local: true,
		},
		{
			Name: "a FIFO that nobody writes to", Build: of(Files{"b.yaml": Config}).and(func(dir string) error { return syscall.Mkfifo(filepath.Join(dir, "a.yaml"), 0o600) }),
			Code: Either, Local: true,
		},
		{
			Name: "a link to a device without end", Build: of(Files{"b.yaml": Config}).and(link("/dev/zero", "a.yaml")),
			Says: `a.yaml`,
		},
		{
			Name: "a link out of the repository", Build: of(Files{"b.yaml": Config}).and(link("/etc/passwd", "a.yaml")),
			Says: `a.yaml`,
		},
		{
			Name: "links in a circle", Build: of(Files{"b.yaml": Config}).and(link("c.yaml", "a.yaml")).and(link("a.yaml", "c.yaml")),
			Says: `a.yaml|c.yaml`,
		},
		{
			Name: "a directory that links to itself", Build: of(Files{"b.yaml": Config}).and(link(".", "loop")),
			Code: Either,
		},
		{
			Name: "names with control characters", Build: of(Files{"a\x1b[31m\u202e\n::error::x.yaml": Config + "data: [\n"}),
			Says: `error`,
		},
		{
			Name: "names that differ only in case", Build: of(Files{"a.yaml": Config, "A.yaml": Config}),
			Code: Either,
		},
		{
			Name: "a pattern of forty **", Build: of(Files{"krowave.yaml": "definitions: [\"" + strings.Repeat("**/a*/", 40) + "x.yaml\"]\n", "a.yaml": Config, strings.Repeat("a/", 60) + "y.yaml": Config}),
			Code: Either,
		},
		{
			Name: "kustomizations in a circle", Build: of(Files{"kustomization.yaml": "resources: [b]\n", "b/kustomization.yaml": "resources: [../c]\n", "c/kustomization.yaml": "resources: [../b]\n"}),
			Says: `kustomization`,
		},
		{
			Name: "a kustomization that reads out of the repository", Build: of(Files{"kustomization.yaml": "resources: [../../../../../../etc/passwd]\n"}),
			Says: `kustomization`,
		},
		{
			Name: "a kustomization with a remote base", Build: of(Files{"kustomization.yaml": "resources: ['https://user:CANARY@127.0.0.1:1/x//base?ref=v1']\n"}),
			Says: `remote`,
		},
		{
			Name: "a kustomization that runs a program", Build: of(Files{
				"kustomization.yaml": "generators: [g.yaml]\n",
				"g.yaml":             "apiVersion: v1\nkind: G\nmetadata:\n  name: g\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {path: ./run.sh}\n",
				"run.sh":             "#!/bin/sh\ntouch MARK\n",
			}),
			Says: `kustomization|g.yaml`,
		},
		{
			Name: "a kustomization with a Helm chart", Build: of(Files{"kustomization.yaml": "helmCharts: [{name: x, repo: 'https://127.0.0.1:1'}]\n"}),
			Says: `helm`,
		},
		{
			Name: "2,000 kustomizations in a row", Build: of(row(2_000)),
			Code: Either,
		},
		{
			Name: "a kustomization that doubles on each of 20 levels", Build: of(doubling(20)),
			Says: `reads more than 10000 kustomizations`,
		},
	}
}

// many are plain objects, a file each.
func many(n int) Files {
	out := Files{}
	for i := range n {
		out[fmt.Sprintf("d%d/f%d.yaml", i/1000, i)] = fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a%d}\n", i)
	}
	return out
}

// row are kustomizations each of which builds on the next.
func row(n int) Files {
	out := Files{}
	for i := range n {
		out[fmt.Sprintf("k%d/kustomization.yaml", i)] = fmt.Sprintf("resources: [../k%d]\n", i+1)
	}
	out["kustomization.yaml"], out[fmt.Sprintf("k%d/kustomization.yaml", n)] = "resources: [k0]\n", "resources: [a.yaml]\n"
	out[fmt.Sprintf("k%d/a.yaml", n)] = Config
	return out
}

// doubling are kustomizations each of which builds twice on the next, under two
// prefixes.
func doubling(levels int) Files {
	out := Files{"kustomization.yaml": "resources: [k0/a, k0/b]\n"}
	for i := range levels {
		for _, side := range []string{"a", "b"} {
			below := fmt.Sprintf("resources: [../../k%d/a, ../../k%d/b]\n", i+1, i+1)
			if i == levels-1 {
				below = "resources: [a.yaml]\n"
				out[fmt.Sprintf("k%d/%s/a.yaml", i, side)] = Config
			}
			out[fmt.Sprintf("k%d/%s/kustomization.yaml", i, side)] = fmt.Sprintf("namePrefix: %s%d-\n", side, i) + below
		}
	}
	return out
}
