// Package preview serves what a repository renders to on this machine, for a
// browser, and again whenever a file changes. It takes a function that renders,
// and serves until its context ends.
//
//	s, err := preview.New(ctx, preview.Options{Render: render, Changes: changes})
//	err = s.Serve(ctx, listener)
//
// It has no route that writes, runs a program, or reads a file that the render
// did not read. A request needs the cookie that the token of the first address
// gives, this Host, and no other Origin.
package preview

import (
	"context"
	"sync"

	"github.com/krowave/krowave/plugin/compare"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/preview/view"
)

// Options configure a Server.
type Options struct {
	// Render reads and renders what is shown. An error is shown on the page.
	Render func(ctx context.Context) (*load.Run, error)
	// Changes compares it with the base; nil when nothing is compared.
	Changes func(ctx context.Context) (*compare.Report, error)
	// NoChanges says why nothing is compared.
	NoChanges string
	// Next waits for the next change of a file; nil for none.
	Next func(ctx context.Context) error

	Title  string // of the page: the directory
	Editor string // whose links findings have: vscode, idea or none
	Dir    string // absolute, for these links
	Remote bool   // Host may be any, since the address is not of this machine alone
}

// State is what every page shows: how the render is, and which one it is.
type State struct {
	Revision  int    `json:"revision"`  // of the render; grows with each
	Rendering bool   `json:"rendering"` // a newer one is being made
	Comparing bool   `json:"comparing"`
	Problem   string `json:"problem,omitempty"` // why there is no newer one
	Compared  int    `json:"compared"`          // the revision that changes are of; 0 for none
	NoChanges string `json:"noChanges,omitempty"`
	Title     string `json:"title"`
	Editor    string `json:"editor"`
	Dir       string `json:"dir"`

	Overview *view.Overview       `json:"overview,omitempty"`
	Changes  *view.ChangesSummary `json:"-"`
}

// live is the newest render and who waits for the next.
type live struct {
	mu      sync.Mutex
	state   State
	view    *view.View
	changes *view.Changes
	changed chan struct{} // closed when the state is another
}

func newLive(o Options) *live {
	return &live{
		state:   State{Rendering: true, NoChanges: o.NoChanges, Title: o.Title, Editor: o.Editor, Dir: o.Dir},
		changed: make(chan struct{}),
	}
}

// get returns the newest render, and a channel that is closed when there is a newer one.
func (l *live) get() (State, *view.View, *view.Changes, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state, l.view, l.changes, l.changed
}

// set changes the state.
func (l *live) set(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
	close(l.changed)
	l.changed = make(chan struct{})
}

// run renders, and again after each change, until the context ends.
func (l *live) run(ctx context.Context, o Options) {
	for {
		l.render(ctx, o)
		if o.Next == nil {
			return
		}
		if o.Next(ctx) != nil {
			return
		}
		l.set(func() { l.state.Rendering = true })
	}
}

// render makes one render and one comparison. When it cannot, what there is
// stays, and the state says why.
func (l *live) render(ctx context.Context, o Options) {
	run, err := o.Render(ctx)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		l.set(func() { l.state.Rendering, l.state.Problem = false, message(err) })
		return
	}
	_, last, _, _ := l.get()
	v := view.New(run, last)
	overview := v.Overview()
	l.set(func() {
		l.view, l.state.Overview = v, &overview
		l.state.Revision++
		l.state.Rendering, l.state.Problem, l.state.Comparing = false, "", o.Changes != nil
	})
	if o.Changes == nil {
		return
	}
	report, err := o.Changes(ctx)
	if ctx.Err() != nil {
		return
	}
	l.set(func() {
		l.state.Comparing = false
		if err != nil {
			l.changes, l.state.NoChanges, l.state.Compared = nil, message(err), 0
			return
		}
		l.changes = view.NewChanges(report)
		l.state.NoChanges, l.state.Compared = "", l.state.Revision
	})
}
