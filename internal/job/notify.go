package job

import (
	"context"
	"sync"
	"time"
)

// Notifier tells those who wait, in this process, that a job's row has changed.
type Notifier struct {
	mu      sync.Mutex
	waiting map[string]map[chan struct{}]struct{}
}

// NewNotifier returns a notifier nobody waits on yet.
func NewNotifier() *Notifier {
	return &Notifier{waiting: make(map[string]map[chan struct{}]struct{})}
}

// Subscribe returns a channel that holds a signal whenever the row of job id has changed
// since the last receive, and a function that ends the subscription. Subscribe first and
// read the row then: a change in between is seen by the one or the other. Signals fold
// into one; a receiver must read the row to learn what happened.
func (n *Notifier) Subscribe(id string) (changed <-chan struct{}, end func()) {
	c := make(chan struct{}, 1)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.waiting[id] == nil {
		n.waiting[id] = make(map[chan struct{}]struct{})
	}
	n.waiting[id][c] = struct{}{}
	return c, func() { n.drop(id, c) }
}

func (n *Notifier) drop(id string, c chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.waiting[id], c)
	if len(n.waiting[id]) == 0 {
		delete(n.waiting, id)
	}
}

// Notify signals that the row of job id has changed. It never blocks. Call it after the
// commit, or those it wakes read the old row and sleep again.
func (n *Notifier) Notify(id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for c := range n.waiting[id] {
		select {
		case c <- struct{}{}:
		default: // one is waiting already
		}
	}
}

// reread is how often a waiter looks at the row although nobody told it to: another
// process may have changed it.
const reread = 1500 * time.Millisecond

// Waiter waits for jobs.
type Waiter struct {
	notifier *Notifier
	get      func(ctx context.Context, id string) (Job, error)
}

// NewWaiter returns a waiter that reads rows by get (Reader.Get) and is woken by n.
func NewWaiter(n *Notifier, get func(ctx context.Context, id string) (Job, error)) *Waiter {
	return &Waiter{notifier: n, get: get}
}

// Change waits at most d for the job's state to be another than seen, as a long poll does,
// and returns the row as it then stands. A job that has ended is returned at once, as is
// any job when d is 0. Errors are those of get, and of ctx.
func (w *Waiter) Change(ctx context.Context, id string, seen State, d time.Duration) (Job, error) {
	return w.until(ctx, id, d, func(j *Job) bool {
		return j.State.Ended() || j.State.Word() != seen.Word()
	})
}

// End waits at most d for the job to end, as a synchronous request does, and returns the
// row as it then stands, ended or not.
func (w *Waiter) End(ctx context.Context, id string, d time.Duration) (Job, error) {
	return w.until(ctx, id, d, func(j *Job) bool { return j.State.Ended() })
}

// Watch is Notifier.Subscribe, for those who follow a job to its end.
func (w *Waiter) Watch(id string) (changed <-chan struct{}, end func()) {
	return w.notifier.Subscribe(id)
}

func (w *Waiter) until(ctx context.Context, id string, d time.Duration, met func(*Job) bool) (Job, error) {
	changed, end := w.notifier.Subscribe(id)
	defer end()
	deadline := time.NewTimer(d)
	defer deadline.Stop()
	fallback := time.NewTicker(reread)
	defer fallback.Stop()
	for {
		j, err := w.get(ctx, id)
		if err != nil || d <= 0 || met(&j) {
			return j, err
		}
		select {
		case <-changed:
		case <-fallback.C:
		case <-deadline.C:
			return w.get(ctx, id)
		case <-ctx.Done():
			return j, ctx.Err()
		}
	}
}
