//go:build unix

package staging

import (
	"errors"
	"os"
	"syscall"
)

// open locks a directory until the file is closed, also by the end of the
// program. It says whether nobody else has it locked; until share, nobody else
// gets as far as to make an area. File systems without locks have none.
func open(root *os.Root) (lock *os.File, alone bool) {
	dir, err := root.Open(".")
	if err != nil {
		return nil, false
	}
	if flock(dir, syscall.LOCK_EX|syscall.LOCK_NB) == nil {
		return dir, true
	}
	share(dir)
	return dir, false
}

// share lets other writers begin.
func share(lock *os.File) { _ = flock(lock, syscall.LOCK_SH) }

func flock(f *os.File, how int) error {
	for {
		err := syscall.Flock(int(f.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
