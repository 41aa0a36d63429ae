package faults_test

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

// What a system call does to files.
var (
	writing = []uint64{syscall.SYS_WRITE, syscall.SYS_PWRITE64, syscall.SYS_WRITEV, syscall.SYS_FTRUNCATE}
	// growing need room on the disk beside those.
	growing = []uint64{
		syscall.SYS_MKDIR, syscall.SYS_MKDIRAT, syscall.SYS_RENAME, syscall.SYS_RENAMEAT, renameat2, syscall.SYS_LINK, syscall.SYS_LINKAT,
		syscall.SYS_SYMLINK, syscall.SYS_SYMLINKAT,
	}
	changing = []uint64{syscall.SYS_UNLINK, syscall.SYS_UNLINKAT, syscall.SYS_RMDIR, syscall.SYS_CHMOD, syscall.SYS_FCHMOD, syscall.SYS_FCHMODAT}
	watched  = slices.Concat([]uint64{syscall.SYS_OPENAT}, writing, growing, changing)
)

// fault is what happens at a write, and after it.
type fault int

const (
	nothing  fault = iota
	kill           // the program is killed before the write
	full           // the disk has no room for this write and later ones
	readOnly       // this change of a file and all later ones fail
)

func (f fault) String() string { return []string{"nothing", "kill -9", "disk full", "read-only"}[f] }

// errno is what a call fails with.
func (f fault) errno() syscall.Errno {
	if f == full {
		return syscall.ENOSPC
	}
	return syscall.EROFS
}

// filter has the kernel stop this program, which is traced, at calls that write. A
// program that takes its place, or that it starts, inherits the filter.
func filter() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	code := []syscall.SockFilter{{Code: syscall.BPF_LD | syscall.BPF_W | syscall.BPF_ABS, K: 0}} // the call's number
	for i, number := range watched {
		code = append(code, syscall.SockFilter{Code: syscall.BPF_JMP | syscall.BPF_JEQ | syscall.BPF_K, Jt: uint8(len(watched) - i), K: uint32(number)})
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

// asTraced is the variable that makes a test binary become a program whose writes
// are seen.
const asTraced = "KROWAVE_TEST_TRACED"

// become replaces this program, if it was started to be traced.
func become() {
	program := os.Getenv(asTraced)
	if program == "" {
		return
	}
	env := slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, asTraced+"=") })
	err := filter()
	if err == nil {
		err = syscall.Exec(program, append([]string{program}, os.Args[1:]...), env)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(70)
}

// outcome is how a program ended.
type outcome struct {
	writes int
	code   int
	output string
}

// run runs a command with a fault at its n-th write, and waits for all programs
// that it started. A kill counts its writes to files, directories and other
// programs; the others count changes of files, those by programs that it starts
// among them.
func (f fault) run(cmd *exec.Cmd, n int) (outcome, error) {
	self, err := os.Executable()
	if err != nil {
		return outcome{}, err
	}
	cmd.Env = append(cmd.Env, asTraced+"="+cmd.Path)
	cmd.Path = self
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	t := tracer{fault: f, at: n}
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // a tracer is a thread; this one ends with the goroutine
		done <- t.trace(cmd)
	}()
	err = <-done
	return outcome{t.seen, t.code, said.String()}, err
}

// tracer follows one program.
type tracer struct {
	fault
	at, seen int
	main     int // process
	code     int
	killed   bool
}

func (t *tracer) trace(cmd *exec.Cmd) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	t.main = cmd.Process.Pid
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(t.main, &status, 0, nil); err != nil {
		return err
	}
	const options = syscall.PTRACE_O_TRACECLONE | syscall.PTRACE_O_TRACEFORK | syscall.PTRACE_O_TRACEVFORK | traceFilter | exitKill
	if err := errors.Join(syscall.PtraceSetOptions(t.main, options), syscall.PtraceCont(t.main, 0)); err != nil {
		return err
	}
	for {
		thread, err := syscall.Wait4(-1, &status, waitAll|waitNoThread, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.ECHILD):
			_ = cmd.Wait() // which reads what is left of the output; the program is gone already
			return nil
		case err != nil:
			return err
		case thread == t.main && status.Exited():
			t.code = status.ExitStatus()
			continue
		case !status.Stopped():
			continue
		}
		if status.TrapCause() == eventFilter {
			if err := t.stopped(thread); err != nil {
				return err
			}
		}
		signal := int(status.StopSignal())
		if signal == int(syscall.SIGTRAP) || signal == int(syscall.SIGSTOP) { // of the tracing itself
			signal = 0
		}
		if err := syscall.PtraceCont(thread, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
}

// stopped does what is to be done to a thread that is about to make a call.
func (t *tracer) stopped(thread int) error {
	c, ok := read(thread)
	switch {
	case !ok || t.killed:
		return nil
	case t.fault == full && !c.grows() || t.fault == readOnly && !c.changes():
		return nil
	case t.fault <= kill && (!t.own(thread) || !c.writes() && !c.changes()):
		return nil
	}
	t.seen++
	switch {
	case t.fault == kill && t.seen == t.at:
		t.killed = true
		return syscall.Kill(t.main, syscall.SIGKILL)
	case t.fault > kill && t.at > 0 && t.seen >= t.at:
		var regs syscall.PtraceRegs
		if err := syscall.PtraceGetRegs(thread, &regs); err != nil {
			return err
		}
		regs.Orig_rax, regs.Rax = ^uint64(0), uint64(-int64(t.errno())) // no call, and its result
		return syscall.PtraceSetRegs(thread, &regs)
	}
	return nil
}

// own reports whether a thread is the program's, and not of one that it started.
func (t *tracer) own(thread int) bool {
	_, err := os.Stat(fmt.Sprintf("/proc/%d/task/%d", t.main, thread))
	return err == nil
}

// call is a system call.
type call struct {
	number uint64
	args   [6]uint64
	thread int
}

func read(thread int) (c call, ok bool) {
	var info [88]byte
	_, _, failed := syscall.Syscall6(syscall.SYS_PTRACE, getSyscallInfo, uintptr(thread), uintptr(len(info)), uintptr(unsafe.Pointer(&info[0])), 0, 0) //nolint:gosec // the kernel reads a structure
	c.number, c.thread = binary.NativeEndian.Uint64(info[24:]), thread
	for i := range c.args {
		c.args[i] = binary.NativeEndian.Uint64(info[32+8*i:])
	}
	return c, failed == 0
}

// target is the file that a call writes to.
func (c call) target() string {
	target, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", c.thread, c.args[0]))
	if err != nil {
		return ""
	}
	return target
}

// writes reports whether a call writes to a file or to another program.
func (c call) writes() bool {
	target := c.target()
	return slices.Contains(writing, c.number) && target != "" && !strings.HasPrefix(target, "anon_inode:") && !strings.HasPrefix(target, "/dev/") && !strings.HasPrefix(target, "/proc/")
}

// creates reports whether a call opens a file to make it or to empty it.
func (c call) creates() bool {
	return c.number == syscall.SYS_OPENAT && c.args[2]&(syscall.O_CREAT|syscall.O_TRUNC) != 0
}

// grows reports whether a call needs room on a disk.
func (c call) grows() bool {
	return c.creates() || slices.Contains(growing, c.number) || c.writes() && strings.HasPrefix(c.target(), "/")
}

// changes reports whether a call changes files.
func (c call) changes() bool { return c.grows() || slices.Contains(changing, c.number) }
