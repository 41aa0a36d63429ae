package controlplane

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Process is a program that runs beside the test; its output is in a file.
type Process struct {
	name, log string
	command   *exec.Cmd
	done      chan struct{}
}

func startProcess(name, log string, env []string, program string, args ...string) (*Process, error) {
	file, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	p := &Process{name: name, log: log, command: exec.Command(program, args...), done: make(chan struct{})}
	p.command.Env, p.command.Stdout, p.command.Stderr = env, file, file
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.done)
		_ = p.command.Wait() // the log says how it ended
	}()
	return p, nil
}

// Stop asks the program to end, and makes it after a while.
func (p *Process) Stop() {
	_ = p.command.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-p.done:
	case <-time.After(10 * time.Second):
		_ = p.command.Process.Kill()
		<-p.done
	}
}

// waitFor waits until the program is ready; one that ends or takes too long is an error, with the end
// of its log.
func (p *Process) waitFor(ready func() bool) error {
	retry := time.NewTicker(50 * time.Millisecond)
	defer retry.Stop()
	limit := time.After(startLimit)
	for !ready() {
		select {
		case <-retry.C:
		case <-p.done:
			return fmt.Errorf("%s ended: %s", p.name, p.lastLines())
		case <-limit:
			return fmt.Errorf("%s is not ready after %s: %s", p.name, startLimit, p.lastLines())
		}
	}
	return nil
}

func (p *Process) lastLines() string {
	raw, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	return strings.Join(lines[max(0, len(lines)-8):], "\n")
}

// FreeAddress returns an address on loopback that nothing listens on.
func FreeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

func port(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}
