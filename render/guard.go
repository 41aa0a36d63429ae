package render

import (
	"fmt"
	"runtime/debug"
)

// Crash is the error of a Render in which code panicked. Stack is for a log;
// it names no value of the input.
type Crash struct {
	Value string
	Stack []byte
}

func (c *Crash) Error() string { return "internal error: " + c.Value }

// guarded turns a panic into a *Crash: one in a goroutine would otherwise end
// the process, and with it the renders of others.
func guarded(work func() error) func() error {
	return func() (err error) {
		defer func() {
			if v := recover(); v != nil {
				err = &Crash{Value: fmt.Sprint(v), Stack: debug.Stack()}
			}
		}()
		return work()
	}
}
