package preview

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/krowave/krowave/plugin/preview/view"
	"github.com/krowave/krowave/render/diag"
)

// tryPath is the only path with a method that is not GET.
const tryPath = "/api/try"

// maxAttempt is the size of what somebody may try, in bytes.
const maxAttempt = 1 << 20

func (s *Server) routes() {
	s.mux.HandleFunc("GET /api/state", func(w http.ResponseWriter, _ *http.Request) {
		state, _, _, _ := s.live.get()
		write(w, state, nil)
	})
	s.mux.HandleFunc("GET /api/events", s.events)
	s.view("GET /api/instances", func(v *view.View, r *http.Request) (any, error) {
		q, err := query(r.URL.Query())
		return v.Instances(q), err
	})
	s.view("GET /api/definitions", func(v *view.View, r *http.Request) (any, error) {
		q, err := query(r.URL.Query())
		return v.Definitions(q), err
	})
	s.view("GET /api/objects", func(v *view.View, r *http.Request) (any, error) {
		q, err := query(r.URL.Query())
		if err != nil {
			return nil, err
		}
		return v.Objects(q)
	})
	s.view("GET /api/findings", func(v *view.View, r *http.Request) (any, error) {
		q, err := query(r.URL.Query())
		return v.Findings(q), err
	})
	s.view("GET /api/search", func(v *view.View, r *http.Request) (any, error) { return v.Search(r.URL.Query().Get("q")), nil })
	s.view("GET /api/object", func(v *view.View, r *http.Request) (any, error) {
		return v.Manifest(r.Context(), r.URL.Query().Get("id"))
	})
	s.view("GET /api/explain", func(v *view.View, r *http.Request) (any, error) {
		path, err := pathOf(r.URL.Query().Get("path"))
		if err != nil {
			return nil, err
		}
		return v.Explain(r.Context(), r.URL.Query().Get("id"), path)
	})
	s.view("GET /api/graph", func(v *view.View, r *http.Request) (any, error) {
		if id := r.URL.Query().Get("instance"); id != "" {
			return v.InstanceGraph(r.Context(), id)
		}
		return v.DefinitionGraph(r.URL.Query().Get("definition"))
	})
	s.view("GET /api/instance", func(v *view.View, r *http.Request) (any, error) { return v.Instance(r.URL.Query().Get("id")) })
	s.view("GET /api/definition", func(v *view.View, r *http.Request) (any, error) {
		return v.Definition(r.URL.Query().Get("id"))
	})
	s.view("GET /api/form", func(v *view.View, r *http.Request) (any, error) {
		return v.Form(r.URL.Query().Get("definition"), r.URL.Query().Get("instance"))
	})
	s.view("POST "+tryPath, func(v *view.View, r *http.Request) (any, error) {
		var a view.Attempt
		if err := body(r, &a); err != nil {
			return nil, err
		}
		return v.Try(r.Context(), a)
	})
	s.changes("GET /api/changes", func(c *view.Changes, _ *http.Request) (any, error) { return c.Summary(), nil })
	s.changes("GET /api/changes/instances", func(c *view.Changes, r *http.Request) (any, error) {
		q, err := query(r.URL.Query())
		return c.List(q), err
	})
	s.changes("GET /api/change", func(c *view.Changes, r *http.Request) (any, error) { return c.Change(r.URL.Query().Get("id")) })
}

// badRequest is a mistake in a request.
type badRequest struct{ error }

// view answers with something of the newest render.
func (s *Server) view(pattern string, answer func(*view.View, *http.Request) (any, error)) {
	handle(s, pattern, "the first render is not done", answer, func() *view.View { _, v, _, _ := s.live.get(); return v })
}

// changes answers with something of the newest comparison.
func (s *Server) changes(pattern string, answer func(*view.Changes, *http.Request) (any, error)) {
	handle(s, pattern, "there is no comparison", answer, func() *view.Changes { _, _, c, _ := s.live.get(); return c })
}

// handle answers with something of the newest T; without one, it says what is missing.
func handle[T any](s *Server, pattern, missing string, answer func(*T, *http.Request) (any, error), newest func() *T) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		from := newest()
		if from == nil {
			http.Error(w, missing, http.StatusServiceUnavailable)
			return
		}
		content, err := answer(from, r)
		write(w, content, err)
	})
}

// write answers with JSON, or says what is wrong.
func write(w http.ResponseWriter, content any, err error) {
	switch {
	case err == nil:
	case errors.Is(err, view.ErrUnknown):
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	case errors.As(err, new(badRequest)):
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	default:
		http.Error(w, message(err), http.StatusInternalServerError)
		return
	}
	text, err := json.Marshal(content)
	if err != nil {
		http.Error(w, message(err), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = w.Write(text) // who is gone needs no answer
}

// query reads what selects a part of a list.
func query(values url.Values) (view.Query, error) {
	q := view.Query{
		Text: values.Get("q"), Kind: values.Get("kind"), Status: values.Get("status"),
		Definition: values.Get("definition"), Instance: values.Get("instance"),
	}
	if values.Has("namespace") {
		text := values.Get("namespace")
		q.Namespace = &text
	}
	if values.Has("project") {
		text := values.Get("project")
		q.Project = &text
	}
	for name, to := range map[string]*int{"offset": &q.Offset, "limit": &q.Limit} {
		if err := number(values, name, to); err != nil {
			return q, err
		}
	}
	if values.Has("wave") {
		q.Wave = new(int)
		return q, number(values, "wave", q.Wave)
	}
	return q, nil
}

func number(values url.Values, name string, to *int) error {
	if !values.Has(name) {
		return nil
	}
	n, err := strconv.Atoi(values.Get(name))
	if err != nil {
		return badRequest{fmt.Errorf("%s is not a number", name)}
	}
	*to = n
	return nil
}

// pathOf reads the path of a field: a JSON array of keys and indices.
func pathOf(text string) (diag.Path, error) {
	var steps []any
	if err := json.Unmarshal([]byte(text), &steps); err != nil {
		return nil, badRequest{fmt.Errorf("path is not a JSON array: %w", err)}
	}
	var out diag.Path
	for _, step := range steps {
		switch step := step.(type) {
		case string:
			out = append(out, step)
		case float64:
			out = append(out, int(step))
		default:
			return nil, badRequest{errors.New("a step of path is neither a key nor an index")}
		}
	}
	return out, nil
}

// body decodes the JSON of a request. The type of its content is one that no form
// of another page can send.
func body(r *http.Request, to any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return badRequest{errors.New("the content has to be application/json")}
	}
	if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxAttempt)).Decode(to); err != nil {
		return badRequest{fmt.Errorf("reading the request: %w", err)}
	}
	return nil
}

// alive is how often a page that hears nothing is told that the server is there.
const alive = 15 * time.Second

// events tells a page about every new state, until it leaves.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	control := http.NewResponseController(w)
	tick := time.NewTicker(alive)
	defer tick.Stop()
	for {
		state, _, _, changed := s.live.get()
		text, err := json.Marshal(state)
		if err != nil {
			return
		}
		if _, err := fmt.Fprintf(w, "event: state\ndata: %s\n\n", text); err != nil || control.Flush() != nil {
			return
		}
		select {
		case <-changed:
		case <-tick.C:
		case <-r.Context().Done():
			return
		}
	}
}
