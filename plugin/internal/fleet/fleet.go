// Package fleet generates the files of a large repository: RGDs, instances of
// them and a krowave.yaml. The same numbers give the same files. Tests and
// benchmarks write them to a directory, commit them with git, and edit them.
//
//	files := fleet.Files(200, 10_000)
//	err := fleet.Write(dir, files)
//
// An instance renders to ten objects. One tenth of the instances are of the
// first RGD. Every tenth RGD builds on the one before it.
package fleet

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/krowave/krowave/render/repo"
)

// Files returns the files of a fleet, in the order of their names by directory.
func Files(rgds, instances int) []repo.File {
	files := []repo.File{{Name: "krowave.yaml", Data: []byte("definitions: [definitions]\n")}}
	for r := range rgds {
		files = append(files, repo.File{Name: DefinitionName(r), Data: []byte(definition(r))})
	}
	for i := range instances {
		files = append(files, repo.File{Name: InstanceName(i), Data: []byte(instance(i, rgds))})
	}
	return files
}

// DefinitionName is the file of an RGD.
func DefinitionName(r int) string { return fmt.Sprintf("definitions/rgd-%04d.yaml", r) }

// InstanceName is the file of an instance.
func InstanceName(i int) string { return fmt.Sprintf("apps/team-%03d/app-%06d.yaml", i/50, i) }

// Kind is the kind that an RGD defines.
func Kind(r int) string { return fmt.Sprintf("App%04d", r) }

// Write writes files below a directory.
func Write(dir string, files []repo.File) error {
	for _, f := range files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return fmt.Errorf("writing a fleet: %w", err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			return fmt.Errorf("writing a fleet: %w", err)
		}
	}
	return nil
}

// kindOf spreads instances over RGDs.
func kindOf(i, rgds int) int {
	if rgds == 1 || i%10 == 0 {
		return 0
	}
	return 1 + i%(rgds-1)
}

func instance(i, rgds int) string {
	return fmt.Sprintf(`apiVersion: kro.run/v1alpha1
kind: %s
metadata:
  name: app-%06d
  namespace: team-%03d
spec:
  image: registry.example.com/team-%03d/app:1.%d.%d
  replicas: %d
  env:
    LOG_LEVEL: info
    CATALOG_URL: http://catalog.team-%03d.svc:8080
  labels:
    team: team-%03d
    tier: frontend
`, Kind(kindOf(i, rgds)), i, i/50, i/50, i%7, i%13, 1+i%5, i/50, i/50)
}

// definition is an RGD with ten objects, all of them from another RGD where it
// builds on one.
func definition(r int) string {
	text := header
	names := []string{"account", "config", "deployment", "service", "autoscaler", "budget", "policy", "role", "binding", "ingress"}
	if r%10 == 9 {
		names = []string{"inner"}
	}
	for _, name := range names {
		text += resources[name]
	}
	return strings.NewReplacer("APP", Kind(r), "INNER", Kind(r-1), "RGD", fmt.Sprintf("app-%04d", r), "PORT", fmt.Sprint(8000+r)).Replace(text)
}
