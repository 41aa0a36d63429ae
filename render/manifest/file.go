package manifest

// File is the text of a file with the name that positions give it.
type File struct {
	Name string // relative to the tree, with slashes, or "-"
	Data []byte
}
