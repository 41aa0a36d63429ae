//go:build ignore

package main

import (
	"os"
	"path/filepath"
)

// repository is a local Git repository.
type repository struct {
	w   *world
	dir string
}

// repository makes one from files.
func (w *world) repository(name string, files map[string]string) (*repository, error) {
	r := &repository{w, w.path(name)}
	if _, err := output(w.ctx, w.work, "git", "init", "-q", "-b", "main", r.dir); err != nil {
		return nil, err
	}
	return r, r.commit(files)
}

func (r *repository) url() string { return "file://" + r.dir }

// commit writes files, removes those without content, and commits all there is.
func (r *repository) commit(files map[string]string) error {
	for name, text := range files {
		file := filepath.Join(r.dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return err
		}
	}
	if _, err := output(r.w.ctx, r.dir, "git", "add", "-A"); err != nil {
		return err
	}
	_, err := output(r.w.ctx, r.dir, "git", "-c", "user.name=krowave", "-c", "user.email=krowave@example.com", "commit", "-q", "-m", "state")
	return err
}

func (r *repository) head() (string, error) {
	text, err := output(r.w.ctx, r.dir, "git", "rev-parse", "HEAD")
	if err != nil {
		return "", err
	}
	return text[:len(text)-1], nil
}

// copied returns the files below dir, under prefix.
func copied(dir, prefix string) (map[string]string, error) {
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		files[filepath.Join(prefix, rel)] = string(data)
		return err
	})
	return files, err
}
