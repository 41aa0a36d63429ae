package cli_test

import (
	"bytes"
	"context"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/render/progress"
)

// TestProgress looks at what a terminal gets.
func TestProgress(t *testing.T) {
	var terminal bytes.Buffer
	p := cli.NewProgress(&terminal)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	counter := progress.Of(p.Start(ctx))
	want := func(text string) {
		t.Helper()
		if diff := cmp.Diff(text, terminal.String()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		terminal.Reset()
	}
	counter.File()
	p.Tick(900 * time.Millisecond)
	want("") // of what is quick, nothing
	p.Tick(2 * time.Second)
	want("\r1 files read\x1b[K")
	p.Tick(3 * time.Second)
	want("") // nothing is new
	counter.Instance()
	counter.Instance()
	p.Tick(4 * time.Second)
	want("\r1 files read, 2 instances rendered\x1b[K")
	for range 10 {
		counter.Instance()
	}
	p.Tick(6 * time.Second) // the rate is that of rendering: 10 in two seconds
	want("\r1 files read, 12 instances rendered (5/s)\x1b[K")
	if _, err := io.WriteString(p.Before(&terminal), "result\n"); err != nil {
		t.Fatal(err)
	}
	want("\r\x1b[Kresult\n")
	counter.File()
	if p.Tick(7 * time.Second) {
		t.Error("there is more after the result")
	}
	want("")
}
