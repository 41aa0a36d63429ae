package staging

import (
	"fmt"
	"os"
	"path"
	"syscall"
)

// Overwrite writes files below a directory, which is made when it is not there.
// Names are relative, with slashes, and data makes the content of each. All are
// written beside first, so that nothing changes when one cannot be made. Then each
// takes its place at once: who reads it sees what it was before or what it is now,
// never a part. Other files are left alone.
func Overwrite(dir string, names []string, data func(i int) ([]byte, error)) (err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the output directory: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("opening the output directory: %w", err)
	}
	defer root.Close()
	if len(names) == 0 {
		return Clean(dir)
	}
	area, err := Begin(root)
	if err != nil {
		return fmt.Errorf("writing the output: %w", err)
	}
	defer area.End()
	for i, name := range names {
		text, err := data(i)
		if err != nil {
			return err
		}
		fresh := path.Join(area.Name, name)
		if err = root.MkdirAll(path.Dir(fresh), 0o755); err == nil {
			err = root.WriteFile(fresh, text, 0o644)
		}
		if err != nil {
			return fmt.Errorf("writing the output: %w", about(name, err))
		}
	}
	if err := prepare(root, names); err != nil {
		return fmt.Errorf("writing the output: %w", err)
	}
	for _, name := range names {
		if err := root.Rename(path.Join(area.Name, name), name); err != nil {
			return fmt.Errorf("writing the output: %w", about(name, err))
		}
	}
	return nil
}

// prepare makes the directories, and finds what would stop a rename before the
// first one.
func prepare(root *os.Root, names []string) error {
	for _, name := range names {
		if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
			return about(path.Dir(name), err)
		}
		if info, err := root.Stat(name); err == nil && info.IsDir() {
			return fmt.Errorf("%s: %w", name, syscall.EISDIR)
		}
	}
	return nil
}
