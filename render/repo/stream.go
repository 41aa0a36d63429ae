package repo

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
)

// descriptor matches a file that the caller has opened already: what a shell
// writes for <(command), and standard input by its name.
var descriptor = regexp.MustCompile(`^(/dev/fd/[0-9]{1,6}|/proc/self/fd/[0-9]{1,6}|/dev/stdin)$`)

// IsStream reports whether an argument is read once and to its end: "-", or an
// open descriptor. It has no directory.
func IsStream(arg string) bool { return arg == "-" || descriptor.MatchString(arg) }

// stream picks an argument that is a stream. A tree without standard input has
// none: there, somebody else than the caller names the paths.
func (s *selection) stream(arg string) error {
	if arg == "-" {
		switch {
		case s.stdin:
			return fmt.Errorf(`"-" is named twice, but standard input can be read only once`)
		case s.tree.Stdin == nil:
			return fmt.Errorf(`"-": there is no standard input here`)
		}
		s.stdin = true
	}
	s.pick(pick{name: arg, stream: true})
	return nil
}

// StreamName is the one name of a stream that has several.
func StreamName(arg string) string {
	switch arg {
	case "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0":
		return "-"
	}
	return strings.Replace(arg, "/proc/self/fd/", "/dev/fd/", 1)
}

// drain reads a stream, at most to the limit of all files together.
func (s *selection) drain(name string) error {
	kept := s.tree.Streams
	if kept == nil {
		kept = new(sync.Map)
	}
	if data, ok := kept.Load(StreamName(name)); ok {
		s.drained(name, data.([]byte))
		return nil
	}
	from, shown := s.tree.Stdin, "standard input"
	if name != "-" {
		shown = name
		file, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("%s: it is not open: name a file, or use <(...) in a shell that has it", name)
		}
		defer file.Close()
		if info, err := file.Stat(); err == nil && info.IsDir() {
			return fmt.Errorf("%s is a directory; name it by its path", name)
		}
		from = file
	}
	data, err := io.ReadAll(io.LimitReader(from, s.limits.TotalBytes-s.bytes+1))
	if err != nil {
		return fmt.Errorf("reading %s: %w", shown, err)
	}
	kept.Store(StreamName(name), data)
	s.drained(name, data)
	return nil
}

func (s *selection) drained(name string, data []byte) {
	if s.charge(name, int64(len(data))) {
		s.out.Files = append(s.out.Files, File{Name: name, Data: data})
	}
}
