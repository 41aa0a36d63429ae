package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"maps"
)

// shape says what a generated repository holds.
type shape struct {
	apps      int // directories apps/aNNNN, an Application each
	instances int // in each of them, a file each
	objects   int // of each instance
	others    int // files of about 2 kB that no Application reads
}

func app(i int) string { return fmt.Sprintf("apps/a%04d", i) }

// files returns the files of a repository by name; revision changes every instance.
func (s shape) files(revision int) map[string]string {
	out := map[string]string{"krowave.yaml": "definitions: [definitions]\n", "definitions/shop.yaml": s.rgd()}
	for a := range s.apps {
		for i := range s.instances {
			out[fmt.Sprintf("%s/shop-%04d.yaml", app(a), i)] = fmt.Sprintf(`apiVersion: kro.run/v1alpha1
kind: Shop
metadata:
  name: shop-%d-%d
  namespace: team-%d
spec:
  replicas: %d
  image: registry.example.com/team-%d/shop:1.%d.%d
`, a, i, a%50, 1+i%5, a%50, i, revision)
		}
	}
	for i := range s.others {
		out[fmt.Sprintf("other/%03d/settings-%05d.yaml", i%200, i)] = other(i)
	}
	return out
}

// rgd has Deployments, Services and ConfigMaps in turn; an object is about as long as what people write.
func (s shape) rgd() string {
	var b strings.Builder
	b.WriteString(`apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata:
  name: shop
spec:
  schema:
    apiVersion: v1alpha1
    kind: Shop
    spec:
      replicas: integer
      image: string
  resources:
`)
	for i := range s.objects {
		object := []string{`apps/v1
        kind: Deployment
        metadata:
          name: ${schema.metadata.name}-N
          labels:
            app: ${schema.metadata.name}
        spec:
          replicas: ${schema.spec.replicas}
          selector:
            matchLabels:
              app: ${schema.metadata.name}
          template:
            metadata:
              labels:
                app: ${schema.metadata.name}
            spec:
              containers:
                - name: shop
                  image: ${schema.spec.image}
                  ports:
                    - containerPort: 8080
                  resources:
                    requests:
                      cpu: 100m
                      memory: 128Mi
`, `v1
        kind: Service
        metadata:
          name: ${schema.metadata.name}-N
        spec:
          selector:
            app: ${schema.metadata.name}
          ports:
            - port: 80
              targetPort: 8080
`, `v1
        kind: ConfigMap
        metadata:
          name: ${schema.metadata.name}-N
        data:
          image: ${schema.spec.image}
          greeting: hello
`, `v1
        kind: ServiceAccount
        metadata:
          name: ${schema.metadata.name}-N
`}[i%4]
		fmt.Fprintf(&b, "    - id: object%d\n      template:\n        apiVersion: %s", i, strings.ReplaceAll(object, "-N\n", fmt.Sprintf("-%d\n", i)))
	}
	return b.String()
}

// other is about as long, and packs about as well, as what people write.
func other(i int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings-%d\ndata:\n", i)
	for line := range 20 {
		fmt.Fprintf(&b, "  setting-%d: \"the value of it is %x\"\n", line, sha256.Sum256([]byte(fmt.Sprint(i, line))))
	}
	return b.String()
}

func write(dir string, files map[string]string) error {
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// archive is what a server gets of a repository: a tar in gzip format.
type archive struct {
	data     []byte
	checksum string // SHA-256 of data, in hexadecimal
	unpacked int64  // bytes of the files
}

func pack(files map[string]string) (*archive, error) {
	var out bytes.Buffer
	a := &archive{}
	zip := gzip.NewWriter(&out)
	w := tar.NewWriter(zip)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		text := files[name]
		a.unpacked += int64(len(text))
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(text))}); err != nil {
			return nil, err
		}
		if _, err := w.Write([]byte(text)); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if err := zip.Close(); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(out.Bytes())
	a.data, a.checksum = out.Bytes(), hex.EncodeToString(sum[:])
	return a, nil
}
