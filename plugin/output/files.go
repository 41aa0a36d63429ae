package output

import "github.com/krowave/krowave/plugin/staging"

// File is a file to write.
type File struct {
	Name string // relative, with slashes
	Data []byte
}

// Files writes files below a directory as Dir does.
func Files(dir string, files []File) error {
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.Name
	}
	if err := usable(dir); err != nil {
		return err
	}
	return staging.Overwrite(dir, names, func(i int) ([]byte, error) { return files[i].Data, nil })
}
