package clitest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// Numbers of Linux that package syscall lacks.
const (
	filterTraced   = 0x7ff00000 // what a filter says about calls that the tracer is to see
	filterAllowed  = 0x7fff0000
	getSyscallInfo = 0x420e // of ptrace
	traceFilter    = 1 << 7
	exitKill       = 1 << 20
	eventFilter    = 7
	waitNoThread   = 1 << 29 // only children of this thread
	waitAll        = 1 << 30
	noNewPrivs     = 38 // of prctl
	seccomp        = 317
	setModeFilter  = 1
	allThreads     = 1
	renameat2      = 316
)

// writing are the system calls that may change something.
var writing = []uint64{
	syscall.SYS_OPENAT, syscall.SYS_WRITE, syscall.SYS_PWRITE64, syscall.SYS_WRITEV, syscall.SYS_FTRUNCATE,
	syscall.SYS_MKDIR, syscall.SYS_MKDIRAT, syscall.SYS_RENAME, syscall.SYS_RENAMEAT, renameat2, syscall.SYS_UNLINK, syscall.SYS_UNLINKAT, syscall.SYS_RMDIR,
	syscall.SYS_LINK, syscall.SYS_LINKAT, syscall.SYS_SYMLINK, syscall.SYS_SYMLINKAT, syscall.SYS_CHMOD, syscall.SYS_FCHMOD, syscall.SYS_FCHMODAT,
}

// asTraced is the variable that makes a krowave stop at each of these calls.
const asTraced = "KROWAVE_TEST_TRACED"

// traced makes this krowave stop at writing calls if it is to.
func traced() {
	if os.Getenv(asTraced) != "1" {
		return
	}
	if err := filter(); err != nil {
		panic(err)
	}
}

// filter has the kernel stop this program, which is traced, at its writing calls.
func filter() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	code := []syscall.SockFilter{{Code: syscall.BPF_LD | syscall.BPF_W | syscall.BPF_ABS, K: 0}} // the call's number
	for i, number := range writing {
		code = append(code, syscall.SockFilter{Code: syscall.BPF_JMP | syscall.BPF_JEQ | syscall.BPF_K, Jt: uint8(len(writing) - i), K: uint32(number)})
	}
	code = append(code, syscall.SockFilter{Code: syscall.BPF_RET, K: filterAllowed}, syscall.SockFilter{Code: syscall.BPF_RET, K: filterTraced})
	program := syscall.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	if _, _, err := syscall.Syscall6(syscall.SYS_PRCTL, noNewPrivs, 1, 0, 0, 0, 0); err != 0 {
		return err
	}
	if _, _, err := syscall.Syscall(seccomp, setModeFilter, allThreads, uintptr(unsafe.Pointer(&program))); err != 0 { //nolint:gosec // the kernel reads a structure
		return err
	}
	return nil
}

// Killed runs krowave as a program of its own in a directory, and ends it with
// SIGKILL before its n-th system call that writes: to a file, a directory or
// another program; 0 lets it end by itself. It waits for programs that krowave
// started, too, and returns how many writes there were.
func Killed(t *testing.T, dir string, n int, args ...string) int {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), append(GitEnvironment(), asKrowave+"=1", asTraced+"=1", "HOME="+dir)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	done := make(chan error, 1)
	var seen int
	go func() {
		runtime.LockOSThread() // a tracer is a thread; this one ends with the goroutine
		var err error
		seen, err = trace(cmd, n)
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatalf("krowave %s, killed at write %d: %v\n%s", strings.Join(args, " "), n, err, said.String())
	}
	return seen
}

// trace runs a program to its n-th write or its end.
func trace(cmd *exec.Cmd, n int) (seen int, err error) {
	if err := cmd.Start(); err != nil {
		return seen, err
	}
	main, code, killed := cmd.Process.Pid, 0, false
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(main, &status, 0, nil); err != nil {
		return seen, err
	}
	const options = syscall.PTRACE_O_TRACECLONE | syscall.PTRACE_O_TRACEFORK | syscall.PTRACE_O_TRACEVFORK | traceFilter | exitKill
	if err := errors.Join(syscall.PtraceSetOptions(main, options), syscall.PtraceCont(main, 0)); err != nil {
		return seen, err
	}
	for {
		pid, err := syscall.Wait4(-1, &status, waitAll|waitNoThread, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.ECHILD):
			_ = cmd.Wait() // which reads what is left of the output; the program is gone already
			if code != 0 && !killed {
				return seen, fmt.Errorf("exit code %d", code)
			}
			return seen, nil
		case err != nil:
			return seen, err
		case pid == main && status.Exited():
			code = status.ExitStatus()
			continue
		case !status.Stopped():
			continue
		}
		if status.TrapCause() == eventFilter && !killed && writes(main, pid) {
			if seen++; seen == n {
				killed = true
				if err := syscall.Kill(main, syscall.SIGKILL); err != nil {
					return seen, err
				}
				continue
			}
		}
		signal := int(status.StopSignal())
		if signal == int(syscall.SIGTRAP) || signal == int(syscall.SIGSTOP) { // of the tracing itself
			signal = 0
		}
		if err := syscall.PtraceCont(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return seen, err
		}
	}
}

// writes reports whether a stopped thread of a program is about to change
// something.
func writes(program, thread int) bool {
	if _, err := os.Stat(fmt.Sprintf("/proc/%d/task/%d", program, thread)); err != nil {
		return false // of a program that this one started
	}
	var info [88]byte
	_, _, failed := syscall.Syscall6(syscall.SYS_PTRACE, getSyscallInfo, uintptr(thread), uintptr(len(info)), uintptr(unsafe.Pointer(&info[0])), 0, 0) //nolint:gosec // the kernel reads a structure
	if failed != 0 {
		return false
	}
	number := binary.NativeEndian.Uint64(info[24:])
	argument := func(i int) uint64 { return binary.NativeEndian.Uint64(info[32+8*i:]) }
	switch number {
	case syscall.SYS_OPENAT:
		return argument(2)&(syscall.O_CREAT|syscall.O_TRUNC) != 0
	case syscall.SYS_WRITE, syscall.SYS_PWRITE64, syscall.SYS_WRITEV, syscall.SYS_FTRUNCATE:
		target, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", program, argument(0)))
		return err == nil && !strings.HasPrefix(target, "anon_inode:") && !strings.HasPrefix(target, "/dev/") && !strings.HasPrefix(target, "/proc/")
	}
	return slices.Contains(writing, number)
}
