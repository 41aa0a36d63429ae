// Package faults holds tests of krowave's command line in a world that fails: kill -9
// at every write, a disk that is full, files that cannot be changed, and peers that
// are gone in the middle of an answer. What a command writes is then as it was or
// as it should be, never anything else; the exit code and the message tell, and the
// next run continues.
//
//	make faults
//
// A program is stopped at its system calls by ptrace and seccomp, which need no root
// and no tool. Linux on amd64 has the tests.
package faults
