package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-git/go-git/v5/plumbing/transport/client"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
)

const (
	maxRefs    = 64 << 20         // bytes of a list of branches and tags
	maxSilence = 30 * time.Second // from one byte of a server to the next
)

// watched sends requests. It gives up on a server that sends nothing for a while or
// a list without end: neither go-git nor the client of registries does.
type watched struct {
	next    http.RoundTripper
	silence time.Duration
}

var errSilent = errors.New("the server stopped sending")

func (w *watched) RoundTrip(q *http.Request) (*http.Response, error) {
	if strings.HasSuffix(q.URL.Path, "/git-receive-pack") {
		return w.next.RoundTrip(q) // a push, which hooks of the server may hold up
	}
	ctx, cancel := context.WithCancelCause(q.Context())
	timer := time.AfterFunc(w.silence, func() { cancel(fmt.Errorf("%w: not a byte in %s", errSilent, w.silence)) })
	answer, err := w.next.RoundTrip(q.WithContext(ctx))
	timer.Stop()
	if err != nil {
		err = because(ctx, err)
		cancel(nil)
		return nil, err
	}
	body := &watchedBody{ReadCloser: answer.Body, ctx: ctx, cancel: cancel, timer: timer, silence: w.silence, left: -1}
	if strings.HasSuffix(q.URL.Path, "/info/refs") {
		body.left = maxRefs
	}
	answer.Body = body
	return answer, nil
}

// because is the reason that a request was ended for, if it was.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, errSilent) {
		return cause
	}
	return err
}

type watchedBody struct {
	io.ReadCloser
	ctx     context.Context
	cancel  context.CancelCauseFunc
	timer   *time.Timer
	silence time.Duration
	left    int64 // bytes; negative for no bound
}

func (b *watchedBody) Read(p []byte) (int, error) {
	b.timer.Reset(b.silence)
	n, err := b.ReadCloser.Read(p)
	b.timer.Stop()
	if err != nil && !errors.Is(err, io.EOF) {
		return n, because(b.ctx, err)
	}
	if b.left >= 0 {
		if b.left -= int64(n); b.left < 0 {
			return 0, fmt.Errorf("the server lists branches and tags without end: more than %d MiB", maxRefs>>20)
		}
	}
	return n, err
}

func (b *watchedBody) Close() error {
	b.timer.Stop()
	b.cancel(nil)
	return b.ReadCloser.Close()
}

// patient is the transport for servers that may be hostile.
var patient = sync.OnceValue(func() http.RoundTripper {
	w := &watched{next: http.DefaultTransport, silence: maxSilence}
	for _, protocol := range []string{"http", "https"} {
		client.InstallProtocol(protocol, githttp.NewClient(&http.Client{Transport: w}))
	}
	return w
})
