package output

import (
	"fmt"
	"os"
	"path"
)

// File is a file to write.
type File struct {
	Name string // relative, with slashes
	Data []byte
}

// Files writes files below a directory, which is made when it is not there.
func Files(dir string, files []File) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the output directory: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("opening the output directory: %w", err)
	}
	defer root.Close()
	for _, f := range files {
		if err := writeFile(root, f.Name, f.Data); err != nil {
			return err
		}
	}
	return nil
}

func writeFile(root *os.Root, name string, data []byte) error {
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return fmt.Errorf("writing the output: %w", err)
	}
	if err := root.WriteFile(name, data, 0o644); err != nil {
		return fmt.Errorf("writing the output: %w", err)
	}
	return nil
}
