//go:build linux

package torture_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
)

// trees are attacks on the reader of directories, archives and kustomizations.
var trees = []attack{
	{
		name: "60,000 files", build: of(many(60_000)),
		says: `50000|max-files`,
	},
	{
		name: "a directory 1,900 deep", build: func(dir string) error {
			return files{strings.Repeat("d/", 1_900) + "a.yaml": config}.write(dir)
		},
		says: `nested more than 100 deep`, local: true,
	},
	{
		name: "a sparse file of 10 GiB", build: of(files{"b.yaml": config}).and(sparse("a.yaml")),
		says: `max-file-bytes|limit`, local: true,
	},
	{
		name: "a krowave.yaml of 10 GiB", build: of(files{"a.yaml": config}).and(sparse("krowave.yaml")),
		says: `krowave.yaml cannot be read`, local: true,
	},
	{
		name: "a FIFO that nobody writes to", build: of(files{"b.yaml": config}).and(func(dir string) error { return syscall.Mkfifo(filepath.Join(dir, "a.yaml"), 0o600) }),
		code: either, local: true,
	},
	{
		name: "a link to a device without end", build: of(files{"b.yaml": config}).and(link("/dev/zero", "a.yaml")),
		says: `a.yaml`,
	},
	{
		name: "a link out of the repository", build: of(files{"b.yaml": config}).and(link("/etc/passwd", "a.yaml")),
		says: `a.yaml`,
	},
	{
		name: "links in a circle", build: of(files{"b.yaml": config}).and(link("c.yaml", "a.yaml")).and(link("a.yaml", "c.yaml")),
		says: `a.yaml|c.yaml`,
	},
	{
		name: "a directory that links to itself", build: of(files{"b.yaml": config}).and(link(".", "loop")),
		code: either,
	},
	{
		name: "names with control characters", build: of(files{"a\x1b[31m\u202e\n::error::x.yaml": config + "data: [\n"}),
		says: `error`,
	},
	{
		name: "names that differ only in case", build: of(files{"a.yaml": config, "A.yaml": config}),
		code: either,
	},
	{
		name: "a pattern of forty **", build: of(files{"krowave.yaml": "definitions: [\"" + strings.Repeat("**/a*/", 40) + "x.yaml\"]\n", "a.yaml": config, strings.Repeat("a/", 60) + "y.yaml": config}),
		code: either,
	},
	{
		name: "kustomizations in a circle", build: of(files{"kustomization.yaml": "resources: [b]\n", "b/kustomization.yaml": "resources: [../c]\n", "c/kustomization.yaml": "resources: [../b]\n"}),
		says: `kustomization`,
	},
	{
		name: "a kustomization that reads out of the repository", build: of(files{"kustomization.yaml": "resources: [../../../../../../etc/passwd]\n"}),
		says: `kustomization`,
	},
	{
		name: "a kustomization with a remote base", build: of(files{"kustomization.yaml": "resources: ['https://user:CANARY@127.0.0.1:1/x//base?ref=v1']\n"}),
		says: `remote`,
	},
	{
		name: "a kustomization that runs a program", build: of(files{
			"kustomization.yaml": "generators: [g.yaml]\n",
			"g.yaml":             "apiVersion: v1\nkind: G\nmetadata:\n  name: g\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {path: ./run.sh}\n",
			"run.sh":             "#!/bin/sh\ntouch MARK\n",
		}),
		says: `kustomization|g.yaml`,
	},
	{
		name: "a kustomization with a Helm chart", build: of(files{"kustomization.yaml": "helmCharts: [{name: x, repo: 'https://127.0.0.1:1'}]\n"}),
		says: `helm`,
	},
	{
		name: "2,000 kustomizations in a row", build: of(row(2_000)),
		code: either,
	},
	{
		name: "a kustomization that doubles on each of 20 levels", build: of(doubling(20)),
		says: `reads more than 10000 kustomizations`,
	},
}

// many are plain objects, a file each.
func many(n int) files {
	out := files{}
	for i := range n {
		out[fmt.Sprintf("d%d/f%d.yaml", i/1000, i)] = fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a%d}\n", i)
	}
	return out
}

// row are kustomizations each of which builds on the next.
func row(n int) files {
	out := files{}
	for i := range n {
		out[fmt.Sprintf("k%d/kustomization.yaml", i)] = fmt.Sprintf("resources: [../k%d]\n", i+1)
	}
	out["kustomization.yaml"], out[fmt.Sprintf("k%d/kustomization.yaml", n)] = "resources: [k0]\n", "resources: [a.yaml]\n"
	out[fmt.Sprintf("k%d/a.yaml", n)] = config
	return out
}

// doubling are kustomizations each of which builds twice on the next, under two
// prefixes.
func doubling(levels int) files {
	out := files{"kustomization.yaml": "resources: [k0/a, k0/b]\n"}
	for i := range levels {
		for _, side := range []string{"a", "b"} {
			below := fmt.Sprintf("resources: [../../k%d/a, ../../k%d/b]\n", i+1, i+1)
			if i == levels-1 {
				below = "resources: [a.yaml]\n"
				out[fmt.Sprintf("k%d/%s/a.yaml", i, side)] = config
			}
			out[fmt.Sprintf("k%d/%s/kustomization.yaml", i, side)] = fmt.Sprintf("namePrefix: %s%d-\n", side, i) + below
		}
	}
	return out
}
