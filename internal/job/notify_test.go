package job

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// table is a store of states in memory.
type table struct {
	mu    sync.Mutex
	rows  map[string]Job
	reads int
}

func (r *table) get(_ context.Context, id string) (Job, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reads++
	return r.rows[id], nil
}

func (r *table) set(id string, s State) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rows[id] = Job{ID: id, State: s}
}

func bench(s State) (*table, *Notifier, *Waiter) {
	r := &table{rows: map[string]Job{"j": {ID: "j", State: s}}}
	n := NewNotifier()
	return r, n, NewWaiter(n, r.get)
}

// TestWait: what each way of waiting returns, and after how long.
func TestWait(t *testing.T) {
	for _, c := range []struct {
		name  string
		from  State
		hold  time.Duration
		to    []State // one a second, each notified
		end   bool    // End instead of Change
		state State
		after time.Duration
	}{
		{"ended already", Completed, time.Minute, nil, false, Completed, 0},
		{"no wait asked", Enqueued, 0, []State{Completed}, false, Enqueued, 0},
		{"first change", Enqueued, time.Minute, []State{Processing, Completed}, false, Processing, time.Second},
		{"held is enqueued", Held, time.Minute, []State{Enqueued, Processing}, false, Processing, 2 * time.Second},
		{"back in the queue is a change", Processing, time.Minute, []State{Enqueued}, false, Enqueued, time.Second},
		{"nothing happens", Processing, 10 * time.Second, nil, false, Processing, 10 * time.Second},
		{"the end", Enqueued, time.Minute, []State{Processing, Enqueued, Processing, Failed}, true, Failed, 4 * time.Second},
		{"no end in time", Enqueued, 55 * time.Second, []State{Processing}, true, Processing, 55 * time.Second},
		{"no end, no wait", Enqueued, -time.Second, nil, true, Enqueued, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, n, w := bench(c.from)
				var writer sync.WaitGroup
				defer writer.Wait()
				writer.Go(func() {
					for _, s := range c.to {
						time.Sleep(time.Second)
						r.set("j", s)
						n.Notify("j")
					}
				})
				wait := func() (Job, error) { return w.Change(t.Context(), "j", c.from, c.hold) }
				if c.end {
					wait = func() (Job, error) { return w.End(t.Context(), "j", c.hold) }
				}
				start := time.Now()
				j, err := wait()
				if err != nil || j.State != c.state || time.Since(start) != c.after {
					t.Errorf("%s after %v, %v; want %s after %v", j.State, time.Since(start), err, c.state, c.after)
				}
			})
		})
	}
}

// TestReread: a change that another process made, of which nobody is told, is seen soon.
func TestReread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, w := bench(Processing)
		time.AfterFunc(100*time.Millisecond, func() { r.set("j", Completed) })
		start := time.Now()
		j, err := w.End(t.Context(), "j", time.Minute)
		if took := time.Since(start); err != nil || j.State != Completed || took > 2*time.Second {
			t.Errorf("%s after %v, %v", j.State, took, err)
		}
	})
}

// TestChangeMissed: a change between the client's look and its wait is no reason to wait.
func TestChangeMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, w := bench(Processing)
		start := time.Now()
		j, err := w.Change(t.Context(), "j", Enqueued, time.Minute)
		if took := time.Since(start); err != nil || j.State != Processing || took != 0 {
			t.Errorf("%s after %v, %v", j.State, took, err)
		}
	})
}

func TestWaitEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, n, w := bench(Processing)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := w.End(ctx, "j", time.Minute); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a client that went away: %v", err)
		}
		if len(n.waiting) != 0 {
			t.Errorf("%d subscriptions are left", len(n.waiting))
		}
	})
}

// TestNoLostWakeUp: writers commit and then notify, at any moment; no waiter misses the
// end. They use no fallback and no deadline, so a lost signal would hang the test.
func TestNoLostWakeUp(t *testing.T) {
	const jobs, waiters = 200, 3
	r, n := &table{rows: map[string]Job{}}, NewNotifier()
	var wg sync.WaitGroup
	for i := range jobs {
		id := "j" + string(rune('A'+i))
		r.set(id, Processing)
		for range waiters {
			wg.Go(func() {
				changed, end := n.Subscribe(id)
				defer end()
				for {
					if j, _ := r.get(t.Context(), id); j.State.Ended() {
						return
					}
					<-changed
				}
			})
		}
		wg.Go(func() {
			n.Notify(id) // progress, which changes no state
			r.set(id, Completed)
			n.Notify(id)
		})
	}
	wg.Wait()
	if len(n.waiting) != 0 {
		t.Errorf("%d subscriptions are left", len(n.waiting))
	}
}

// TestSignalsFold: many changes before a receive are one signal, and Notify never blocks.
func TestSignalsFold(t *testing.T) {
	n := NewNotifier()
	changed, end := n.Subscribe("j")
	other, endOther := n.Subscribe("other")
	defer endOther()
	for range 100 {
		n.Notify("j")
	}
	<-changed
	select {
	case <-changed:
		t.Error("a second signal")
	case <-other:
		t.Error("a signal for another job")
	default:
	}
	end()
	end() // harmless
	n.Notify("j")
	if len(n.waiting) != 1 {
		t.Errorf("%d jobs have subscribers, want the other one", len(n.waiting))
	}
}
