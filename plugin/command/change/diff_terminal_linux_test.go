package change_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/krowave/krowave/plugin"
	"github.com/krowave/krowave/plugin/internal/clitest"
)

// terminal returns the two ends of a pseudo-terminal.
func terminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no pseudo-terminal:", err)
	}
	var unlock, number int32
	for request, value := range map[uintptr]*int32{syscall.TIOCSPTLCK: &unlock, syscall.TIOCGPTN: &number} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, master.Fd(), request, uintptr(unsafe.Pointer(value))); errno != 0 {
			t.Skip("no pseudo-terminal:", errno)
		}
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminal:", err)
	}
	return master, slave
}

// TestColor shows that colours are for terminals that want them.
func TestColor(t *testing.T) {
	dir := clitest.Repository(t, map[string]string{"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: apple}\n"})
	clitest.WriteTree(t, dir, map[string]string{"b.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: pear}\n"})
	for _, tt := range []struct {
		env    map[string]string
		args   []string
		colour bool
	}{
		{nil, nil, true},
		{map[string]string{"NO_COLOR": "1"}, nil, false},
		{map[string]string{"TERM": "dumb"}, nil, false},
		{nil, []string{"-o", "markdown"}, false},
	} {
		master, slave := terminal(t)
		var shown bytes.Buffer
		done := make(chan error)
		go func() {
			_, err := io.Copy(&shown, master)
			done <- err
		}()
		code := plugin.Main(t.Context(), plugin.Streams{Out: slave, Err: io.Discard, Dir: dir, Getenv: func(name string) string { return tt.env[name] }},
			append([]string{"diff", "--base", "HEAD"}, tt.args...))
		if err := slave.Close(); err != nil {
			t.Fatal(err)
		}
		<-done // the master ends with an error once nobody has the other end
		if got := strings.Contains(shown.String(), "\x1b["); code != 1 || got != tt.colour {
			t.Errorf("%v %v: exit code %d, colours %v, want %v\n%s", tt.env, tt.args, code, got, tt.colour, shown.String())
		}
		if err := master.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
