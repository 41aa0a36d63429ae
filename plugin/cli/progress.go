package cli

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/krowave/krowave/render/progress"
)

// When progress is shown: not of what is quick, and not of what has come to a halt.
const (
	progressAfter = time.Second
	progressEvery = 200 * time.Millisecond
)

// Progress shows on a terminal how far a command is, until the command prints
// something or ends.
type Progress struct {
	counter *progress.Counter
	to      io.Writer

	mu    sync.Mutex
	shown bool // the line is on the terminal
	over  bool
	last  int64         // of files and instances together
	from  time.Duration // when the first instances were seen
	first int64         // how many those were
}

// NewProgress returns the progress of what runs under the context that Start makes,
// for a terminal.
func NewProgress(terminal io.Writer) *Progress {
	return &Progress{counter: &progress.Counter{}, to: terminal}
}

// Start returns the context to work under. Progress ends with it.
func (p *Progress) Start(ctx context.Context) context.Context {
	begin := time.Now()
	go func() {
		ticks := time.NewTicker(progressEvery)
		defer ticks.Stop()
		for {
			select {
			case <-ctx.Done():
				p.End()
				return
			case now := <-ticks.C:
				if !p.Tick(now.Sub(begin)) {
					return
				}
			}
		}
	}()
	return progress.With(ctx, p.counter)
}

// Tick shows the state after some time, and reports whether there may be more.
func (p *Progress) Tick(since time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	files, instances := p.counter.Counts()
	if p.over || since < progressAfter || files+instances == p.last {
		return !p.over
	}
	p.last, p.shown = files+instances, true
	line := fmt.Sprintf("%d files read", files)
	switch {
	case instances == 0:
	case p.first == 0:
		p.from, p.first = since, instances
		line += fmt.Sprintf(", %d instances rendered", instances)
	default:
		line += fmt.Sprintf(", %d instances rendered (%.0f/s)", instances, float64(instances-p.first)/(since-p.from).Seconds())
	}
	fmt.Fprintf(p.to, "\r%s\x1b[K", line)
	return true
}

// End takes the line off the terminal, for good.
func (p *Progress) End() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		fmt.Fprint(p.to, "\r\x1b[K")
	}
	p.shown, p.over = false, true
}

// Before returns a writer that ends the progress before it writes.
func (p *Progress) Before(w io.Writer) io.Writer { return &after{p, w} }

// Handed returns a stream as it is handed to another program, which may look whether
// it is a terminal. Progress ends.
func Handed(w io.Writer) io.Writer {
	if a, ok := w.(*after); ok {
		a.p.End()
		return a.Writer
	}
	return w
}

// after is a writer before which progress ends.
type after struct {
	p *Progress
	io.Writer
}

func (a *after) Write(data []byte) (int, error) {
	a.p.End()
	return a.Writer.Write(data)
}
