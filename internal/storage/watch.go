package storage

import (
	"context"
	"time"
)

// Watcher is told of what happens within one call of a Bucket. Its functions may be called by
// several goroutines at once; nil ones are not.
type Watcher struct {
	// Failed: a try has failed, counted from 1, and is repeated after wait, which is 0 where
	// nobody can tell. That of the last one is the error of the call, and not told.
	Failed func(f *Fault, try int, wait time.Duration)

	// Sent: the store has taken so many bytes more of a large object, or has lost them again
	// where they are less than 0.
	Sent func(bytes int64)
}

type watcher struct{}

// Watch makes w the watcher of the calls with this context.
func Watch(ctx context.Context, w Watcher) context.Context {
	return context.WithValue(ctx, watcher{}, w)
}

// TellFailed tells the watcher of ctx, if it has one.
func TellFailed(ctx context.Context, f *Fault, try int, wait time.Duration) {
	if w, _ := ctx.Value(watcher{}).(Watcher); w.Failed != nil {
		w.Failed(f, try, wait)
	}
}

// TellSent tells the watcher of ctx, if it has one.
func TellSent(ctx context.Context, bytes int64) {
	if w, _ := ctx.Value(watcher{}).(Watcher); w.Sent != nil {
		w.Sent(bytes)
	}
}
