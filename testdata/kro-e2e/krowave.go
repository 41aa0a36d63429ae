package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// krowave is the binary under test.
type krowave struct{ binary, work string }

// rendering is what krowave makes of a case.
type rendering struct {
	objects []*unstructured.Unstructured
	refused string // what it says when it exits with 1
}

// render runs `krowave render` on the case as kro gets it: one instance, no readyWhen.
func (k krowave) render(c *testCase, args ...string) (rendering, error) {
	dir := filepath.Join(k.work, "cases", c.name)
	if err := writeObjects(filepath.Join(dir, "rgd.yaml"), c.rgds); err != nil {
		return rendering{}, err
	}
	if err := writeObjects(filepath.Join(dir, "instance.yaml"), []*unstructured.Unstructured{c.instance}); err != nil {
		return rendering{}, err
	}
	flags := []string{"render", "rgd.yaml", "instance.yaml", "--allow-empty", "-o", "json", "--kubernetes-version", "1.36"}
	folder := func(flag, name string) error {
		path, err := filepath.Abs(filepath.Join(c.dir, name))
		if err != nil {
			return err
		}
		if _, err := os.Stat(path); err != nil {
			return nil
		}
		if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(path)); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
		flags = append(flags, flag, name)
		return nil
	}
	if err := errors.Join(folder("--crds", "crds"), folder("--observed", "cluster")); err != nil {
		return rendering{}, err
	}
	if c.gates != "" {
		flags = append(flags, "--feature-gates", c.gates)
	}
	command := exec.Command(k.binary, append(flags, args...)...)
	command.Dir = dir
	var stderr strings.Builder
	command.Stderr = &stderr
	out, err := command.Output()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.ExitCode() == 1:
		return rendering{refused: stderr.String()}, nil
	case err != nil:
		return rendering{}, fmt.Errorf("krowave %s: %w\n%s", strings.Join(flags, " "), err, stderr.String())
	}
	list := &unstructured.UnstructuredList{}
	if len(strings.TrimSpace(string(out))) == 0 {
		return rendering{}, nil
	}
	if err := list.UnmarshalJSON(out); err != nil {
		return rendering{}, fmt.Errorf("krowave render -o json: %w", err)
	}
	var r rendering
	for i := range list.Items {
		r.objects = append(r.objects, &list.Items[i])
	}
	return r, nil
}

func writeObjects(name string, objects []*unstructured.Unstructured) error {
	var text []byte
	for _, object := range objects {
		raw, err := json.Marshal(object.Object)
		if err == nil {
			raw, err = yaml.JSONToYAML(raw)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		text = append(append(text, "---\n"...), raw...)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, text, 0o644)
}
