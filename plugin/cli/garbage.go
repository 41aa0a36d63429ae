package cli

import (
	"runtime"
	"runtime/debug"
	"sync"
)

// garbage is when the process collects garbage.
var garbage struct {
	sync.Mutex
	stays bool
}

// PutOffCollection is for a process that ends soon: the heap grows to 32 MiB before
// garbage is collected for the first time, which most runs never reach. From then
// on it may grow by half between collections: memory that is touched for the first
// time costs more than a collection of what is there. GOGC in the environment
// overrides it.
func PutOffCollection(getenv func(string) string) {
	const first, later = 800, 50 // percent, of 4 MiB and of what is in use
	if getenv("GOGC") != "" {
		return
	}
	debug.SetGCPercent(first)
	runtime.AddCleanup(new([64]byte), func(percent int) {
		garbage.Lock()
		defer garbage.Unlock()
		if !garbage.stays {
			debug.SetGCPercent(percent)
		}
	}, later)
}

// Stay is for a process that serves until it is stopped: percent is how much the
// heap grows between collections. GOGC in the environment overrides it.
func Stay(getenv func(string) string, percent int) {
	if getenv == nil || getenv("GOGC") != "" {
		return
	}
	garbage.Lock()
	defer garbage.Unlock()
	garbage.stays = true
	debug.SetGCPercent(percent)
}
