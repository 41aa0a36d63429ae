// Package lsp is a language server: it speaks the Language Server Protocol over
// a pair of streams, and answers from checks and renders of the project around
// each open file, with the texts of the editor in place of the files.
//
//	err := lsp.Serve(ctx, stdin, stdout, lsp.Options{Loader: load.New(cmd, streams, &flags)})
//
// It never writes a file. Whatever a file holds, the server goes on: a request
// that cannot be answered has an empty answer or an error.
package lsp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"runtime/debug"
	"sync"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/render"
)

// Options configure a server.
type Options struct {
	Loader  load.Loader // reads projects; its directory does not matter
	Version string      // of the program
	Log     io.Writer   // what went wrong in the server itself
}

// errNoShutdown is the end of a client that did not say goodbye.
var errNoShutdown = errors.New("the client sent exit without shutdown before it")

// Serve answers a client until it says exit, its stream ends or the context does.
func Serve(ctx context.Context, in io.Reader, out io.Writer, o Options) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	s := &server{
		base: ctx, options: o, log: log.New(o.Log, "krowave lsp: ", 0), end: stop, cache: render.NewCache(1 << 30),
		documents: map[string]*document{}, projects: map[string]*project{}, running: map[jsonrpc2.ID]context.CancelFunc{},
	}
	s.connected = make(chan struct{})
	s.conn = jsonrpc2.NewConn(ctx, jsonrpc2.NewBufferedStream(duplex{in, out}, jsonrpc2.VSCodeObjectCodec{}), s, jsonrpc2.SetLogger(s.log))
	close(s.connected)
	<-s.conn.DisconnectNotify()
	stop()
	s.work.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// duplex is one stream of two. Whoever made them closes them.
type duplex struct {
	io.Reader
	io.Writer
}

func (duplex) Close() error { return nil }

// state is where the conversation with a client is.
type state int

const (
	fresh state = iota
	initialized
	shutDown
)

// server is one conversation with a client.
type server struct {
	base    context.Context // of the conversation
	options Options
	log     *log.Logger
	conn    *jsonrpc2.Conn

	connected chan struct{} // closed when conn is set: messages come before

	cache *render.Cache
	end   context.CancelFunc
	work  sync.WaitGroup

	mu        sync.Mutex
	state     state
	ended     error
	folders   []string // absolute, of the workspace
	settings  clientSettings
	watches   bool                 // the client can tell of files that change
	documents map[string]*document // open ones, by URI
	projects  map[string]*project  // by root and directory
	revision  int                  // of all texts; grows with each change
	running   map[jsonrpc2.ID]context.CancelFunc
}

// Codes of the protocol beside those of JSON-RPC.
const (
	codeNotInitialized   = -32002
	codeRequestCancelled = -32800
	codeRequestFailed    = -32803
)

func failure(code int64, format string, args ...any) *jsonrpc2.Error {
	return &jsonrpc2.Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Handle implements jsonrpc2.Handler. Notifications are done in their order,
// requests beside each other: each sees the texts of the moment it came in.
func (s *server) Handle(ctx context.Context, _ *jsonrpc2.Conn, r *jsonrpc2.Request) {
	<-s.connected
	if r.Notif {
		if err := guard(s.log, r.Method, func() error { return s.notification(ctx, r) }); err != nil {
			s.log.Printf("%s: %v", r.Method, err)
		}
		return
	}
	answer, result, err := s.request(r)
	if err != nil || answer == nil {
		s.reply(ctx, r.ID, result, err)
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	s.mu.Lock()
	s.running[r.ID] = cancel
	s.mu.Unlock()
	s.work.Go(func() {
		defer func() {
			cancel()
			s.mu.Lock()
			delete(s.running, r.ID)
			s.mu.Unlock()
		}()
		var result any
		err := guard(s.log, r.Method, func() (err error) {
			result, err = answer(ctx)
			return err
		})
		if err != nil && ctx.Err() != nil {
			err = failure(codeRequestCancelled, "the request was cancelled")
		}
		s.reply(ctx, r.ID, result, err)
	})
}

// guard keeps a panic from the client: it is an error of one request.
func guard(to *log.Logger, method string, do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			to.Printf("%s: panic: %v\n%s", method, p, debug.Stack())
			err = failure(jsonrpc2.CodeInternalError, "internal error: %v", p)
		}
	}()
	return do()
}

func (s *server) reply(ctx context.Context, id jsonrpc2.ID, result any, err error) {
	ctx = context.WithoutCancel(ctx)
	if err == nil {
		err = s.conn.Reply(ctx, id, result)
	} else {
		var known *jsonrpc2.Error
		if !errors.As(err, &known) {
			known = failure(codeRequestFailed, "%v", err)
		}
		err = s.conn.ReplyWithError(ctx, id, known)
	}
	if err != nil && !errors.Is(err, jsonrpc2.ErrClosed) {
		s.log.Printf("writing an answer: %v", err)
	}
}

// answer is the work of a request.
type answer func(ctx context.Context) (any, error)

// request finds out what answers a request, or answers it at once.
func (s *server) request(r *jsonrpc2.Request) (answer, any, error) {
	s.mu.Lock()
	state := s.state
	s.mu.Unlock()
	switch {
	case r.Method == "initialize" && state == fresh:
		var p initializeParams
		if err := read(r, &p); err != nil {
			return nil, nil, err
		}
		return nil, s.initialize(p), nil // before the next message is looked at
	case r.Method == "initialize":
		return nil, nil, failure(jsonrpc2.CodeInvalidRequest, "initialize is sent once")
	case state == fresh:
		return nil, nil, failure(codeNotInitialized, "the first request has to be initialize")
	case state == shutDown:
		return nil, nil, failure(jsonrpc2.CodeInvalidRequest, "the server is shut down")
	case r.Method == "shutdown":
		s.mu.Lock()
		s.state = shutDown
		s.mu.Unlock()
		return nil, nil, nil
	}
	prepare := features()[r.Method]
	if prepare == nil {
		return nil, nil, failure(jsonrpc2.CodeMethodNotFound, "there is no method %s", r.Method)
	}
	do, err := prepare(s, r)
	return do, nil, err
}

// read decodes the parameters of a message.
func read(r *jsonrpc2.Request, into any) error {
	if r.Params == nil {
		return failure(jsonrpc2.CodeInvalidParams, "%s needs parameters", r.Method)
	}
	if err := json.Unmarshal(*r.Params, into); err != nil {
		return failure(jsonrpc2.CodeInvalidParams, "%s: %v", r.Method, err)
	}
	return nil
}

func (s *server) initialize(p initializeParams) initializeResult {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = initialized
	s.settings = p.InitializationOptions
	s.watches = p.Capabilities.Workspace.DidChangeWatchedFiles.DynamicRegistration
	for _, f := range p.WorkspaceFolders {
		s.addFolder(f.URI)
	}
	if len(p.WorkspaceFolders) == 0 {
		s.addFolder(p.RootURI)
	}
	return initializeResult{Capabilities: capabilities(), ServerInfo: serverInfo{"krowave", s.options.Version}}
}

func (s *server) addFolder(uri string) {
	if dir := pathOf(uri); dir != "" {
		s.folders = append(s.folders, dir)
	}
}
