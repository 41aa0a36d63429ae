//go:build ignore

package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// process is a program that runs beside the driver; its output is in a file.
type process struct {
	name, log string
	cmd       *exec.Cmd
	done      chan struct{}
	err       error
}

// start runs a program in an environment of its own.
func (w *world) start(name string, env []string, program string, args ...string) (*process, error) {
	p := &process{name: name, log: w.path("log", name+".log"), done: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.cmd = exec.CommandContext(w.ctx, program, args...)
	p.cmd.Env = env
	p.cmd.Dir = w.path("home")
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.done)
		p.err = p.cmd.Wait()
	}()
	w.processes = append(w.processes, p)
	return p, nil
}

// stop asks the program to end, and makes it after a while. It reports whether
// it ended by itself.
func (p *process) stop() bool {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-p.done:
		return true
	case <-time.After(10 * time.Second):
		p.kill()
		return false
	}
}

// kill ends the program without a chance to clean up.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.done
}

// failure is the end of the log, for a program that does not come up.
func (p *process) failure() error {
	data, _ := os.ReadFile(p.log) // what there is
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return fmt.Errorf("%s did not come up: %s", p.name, strings.Join(lines[max(0, len(lines)-5):], "\n"))
}

// ready waits until condition holds or the program ends.
func (p *process) ready(condition func() bool) error {
	if eventually(60*time.Second, func() bool {
		select {
		case <-p.done:
			return true
		default:
			return condition()
		}
	}) && condition() {
		return nil
	}
	return p.failure()
}

// eventually asks until the answer is yes.
func eventually(limit time.Duration, condition func() bool) bool {
	for end := time.Now().Add(limit); ; time.Sleep(50 * time.Millisecond) {
		if condition() {
			return true
		}
		if time.Now().After(end) {
			return false
		}
	}
}

// address is a free one on loopback.
func address() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func dials(network, addr string) func() bool {
	return func() bool {
		conn, err := net.DialTimeout(network, addr, time.Second)
		if err != nil {
			return false
		}
		_ = conn.Close()
		return true
	}
}

func port(addr string) string {
	_, p, _ := net.SplitHostPort(addr)
	return p
}

// output runs a program to its end and returns what it printed.
func output(ctx context.Context, dir, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		text := err.Error()
		if exit, ok := err.(*exec.ExitError); ok {
			text += ": " + string(exit.Stderr)
		}
		return "", fmt.Errorf("%s %s: %s", program, strings.Join(args, " "), text)
	}
	return string(out), nil
}
