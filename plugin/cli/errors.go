package cli

import (
	"errors"
	"fmt"
)

// Errors that end a command which has printed all that there is to say.
var (
	ErrFindings = errors.New("there are errors in the input")
	ErrDiffers  = errors.New("there are differences")
	ErrFailed   = errors.New("the new side cannot be rendered")
)

// usageError is a mistake in the command line.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// Usage marks an error as a mistake in the command line.
func Usage(err error) error { return usageError{err} }

// Usagef returns an error that is a mistake in the command line.
func Usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// IsUsage reports whether an error is a mistake in the command line.
func IsUsage(err error) bool { return errors.As(err, new(usageError)) }
