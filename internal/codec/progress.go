package codec

import "context"

// progressKey is the key of what WithProgress puts into a context.
type progressKey struct{}

// WithProgress gives a context for one long step, such as a Candidate's Encode: what the
// step tells of itself goes to tell. Most steps take no time worth telling, which is why
// this is no part of their signatures.
func WithProgress(ctx context.Context, tell func(share float64)) context.Context {
	return context.WithValue(ctx, progressKey{}, tell)
}

// Progress tells, from one goroutine at a time, which share of the step is done: 0 to 1.
// Where nobody listens it does nothing.
func Progress(ctx context.Context, share float64) {
	if tell, ok := ctx.Value(progressKey{}).(func(float64)); ok {
		tell(min(1, max(0, share)))
	}
}
