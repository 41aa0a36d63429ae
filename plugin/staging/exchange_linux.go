package staging

import (
	"os"

	"golang.org/x/sys/unix"
)

// exchange makes two names in a directory change places at once. It says no if one
// of them is not there, or if the file system cannot do it.
func exchange(root *os.Root, one, other string) bool {
	dir, err := root.Open(".")
	if err != nil {
		return false
	}
	defer dir.Close()
	at := int(dir.Fd())
	return unix.Renameat2(at, one, at, other, unix.RENAME_EXCHANGE) == nil
}
