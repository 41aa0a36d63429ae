package need

import (
	"context"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/manifest"
)

// Reader reads what a render needs. It returns the objects to render with next,
// and false once there is nothing new among them.
type Reader func(ctx context.Context, res *render.Result) (observed []manifest.File, again bool, err error)

// Settle renders, reads what the render needs, and renders again with that, until
// nothing new is read: what is found first may be what names the next. settled is
// false when that was not so after a number of renders; the Result is that of the
// last one.
func Settle(ctx context.Context, in render.Input, opts render.Options, renders int, read Reader) (res *render.Result, settled bool, err error) {
	for range renders {
		if res, err = render.Render(ctx, in, opts); err != nil {
			return nil, false, err
		}
		observed, again, err := read(ctx, res)
		if err != nil || !again {
			return res, err == nil, err
		}
		in.Observed = observed
	}
	return res, false, nil
}
