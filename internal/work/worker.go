package work

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"compressor/internal/blob/disk"
	"compressor/internal/egress"
	"compressor/internal/format"
	"compressor/internal/job"
	"compressor/internal/jobprocess"
	"compressor/internal/problem"
	"compressor/internal/turns"
)

// Tools are what a worker works with.
type Tools struct {
	Store   job.Store
	Files   *disk.Store
	Space   *disk.Space
	Pool    *jobprocess.Pool
	Fetch   *egress.Client
	Stores  Stores
	Formats *format.Table
	Log     *slog.Logger
}

// Worker runs the jobs of one node. It is safe for concurrent use.
type Worker struct {
	store   job.Store
	files   *disk.Store
	space   *disk.Space
	pool    *jobprocess.Pool
	fetch   *egress.Client
	stores  Stores
	formats *format.Table
	log     *slog.Logger
	limits  Limits
	owner   string

	waiting places        // of jobs that are waited for
	buckets *turns.Slots  // places for jobs over whole buckets
	fetches *turns.Slots  // places for jobs of the queue whose input is still to be fetched
	leaving chan struct{} // closed by drain
	goOnce  sync.Once     // closes leaving

	mu      sync.Mutex
	running map[string]context.CancelFunc // by job id
	idle    *sync.Cond                    // of mu: running has become empty
	stopped bool                          // nothing is begun any more
}

// maxWaiting is how many jobs that are waited for one node holds at once, running or not.
// Beyond it they go through the queue, which is slower and has no bound but its own.
const maxWaiting = 256

// maxFetches is how many jobs of the queue fetch at once. It costs no processor to speak of,
// and one slow source must not hold up others.
const maxFetches = 64

// maxBuckets is how many jobs over whole buckets run at once. Each has a few objects in hand,
// for which it takes turns with all other jobs.
const maxBuckets = 16

// places are those of jobs that are waited for. A key gets another as long as it has fewer
// than are free, so that one key leaves half of them to others, two a third, and a key that
// has none finds one (Choudhury, Hahne: Dynamic Queue Length Thresholds, 1998).
type places struct {
	mu    sync.Mutex
	free  int
	byKey map[string]int
}

func (p *places) take(key string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byKey[key] >= p.free {
		return false
	}
	p.free--
	p.byKey[key]++
	return true
}

func (p *places) give(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free++
	if p.byKey[key]--; p.byKey[key] == 0 {
		delete(p.byKey, key)
	}
}

// NewWorker runs jobs as owner.
func NewWorker(t Tools, limits Limits, owner string) *Worker {
	w := &Worker{
		store: t.Store, files: t.Files, space: t.Space, pool: t.Pool, fetch: t.Fetch, stores: t.Stores, formats: t.Formats, log: t.Log,
		limits: limits, owner: owner,
		waiting: places{free: maxWaiting, byKey: map[string]int{}}, running: map[string]context.CancelFunc{},
		fetches: turns.New(maxFetches), buckets: turns.New(maxBuckets), leaving: make(chan struct{}),
	}
	w.idle = sync.NewCond(&w.mu)
	return w
}

// runReserved runs a job that was inserted as ours already.
func (w *Worker) runReserved(j job.Job, large chan<- struct{}) {
	defer w.waiting.give(j.KeyID)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if !w.enter(j.ID, cancel) {
		w.release(j.Ticket())
		return
	}
	defer w.leave(j.ID)
	w.hold(ctx, cancel, &task{Worker: w, job: j, large: large})
}

// Handle is the queue's side: it waits until it is the turn of a ticket's job, claims it and
// runs it. Until then the job is enqueued, to its client and to every limit. A ticket that
// holds nothing any more is done with.
func (w *Worker) Handle(ctx context.Context, t job.Ticket) error {
	j, err := w.store.Get(ctx, t.Job)
	if problem.Has(err, problem.NotFound) {
		return nil
	}
	if err != nil || j.State != job.Enqueued || j.Epoch != t.Epoch {
		return err
	}
	mine, cancel := context.WithCancel(ctx)
	defer cancel()
	if !w.enter(j.ID, cancel) {
		return nil // the next start finds the row
	}
	defer w.leave(j.ID)
	turn, err := w.await(mine, j)
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil: // canceled, or the node stops
		return nil
	}
	defer turn.end()
	if j, err = w.store.Claim(mine, t, w.owner, w.limits.Lease); err != nil {
		if errors.Is(err, job.ErrStale) {
			return nil
		}
		return err
	}
	w.hold(mine, cancel, &task{Worker: w, job: j, turn: turn})
	return nil
}

// hold runs a job that is ours until it has ended or is given back.
func (w *Worker) hold(ctx context.Context, cancel context.CancelFunc, t *task) {
	t.cancel, t.progress = cancel, t.job.Progress
	stop := t.keepLease(ctx)
	defer stop()
	t.run(ctx)
}

// enter notes a running job, unless the node is stopping.
func (w *Worker) enter(id string, cancel context.CancelFunc) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return false
	}
	w.running[id] = cancel
	return true
}

func (w *Worker) leave(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.running, id)
	if len(w.running) == 0 {
		w.idle.Broadcast()
	}
}

// interrupt ends the work on a job that was canceled, if it runs here.
func (w *Worker) interrupt(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if cancel := w.running[id]; cancel != nil {
		cancel()
	}
}

// drain waits for running jobs, and for those that somebody waits for, until ctx ends, then
// interrupts them, which gives them back to the queue. Jobs of the queue that have no slot
// yet go back at once.
func (w *Worker) drain(ctx context.Context) {
	w.pool.Drain()
	w.goOnce.Do(func() { close(w.leaving) })
	stop := context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.stopped = true
		for _, cancel := range w.running {
			cancel()
		}
	})
	defer stop()
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.running) > 0 {
		w.idle.Wait()
	}
	w.stopped = true
}

// redact forgets the source of a job that has ended.
func (w *Worker) redact(ctx context.Context, j job.Job) {
	raw, ok := w.redacted(j)
	if !ok {
		return
	}
	if err := w.store.Redact(ctx, map[string]json.RawMessage{j.ID: raw}); err != nil {
		w.log.Error("source of an ended job not forgotten", "job", j.ID, "error", err)
	}
}

// redacted is the request of a job without its source; false if it has none.
func (w *Worker) redacted(j job.Job) (json.RawMessage, bool) {
	order, err := ReadOrder(j.Request)
	if err != nil || order.Source == nil {
		return nil, false
	}
	raw, err := json.Marshal(order.redacted())
	if err != nil {
		w.log.Error("source of an ended job not forgotten", "job", j.ID, "error", err)
	}
	return raw, err == nil
}

// release gives a job back to the queue.
func (w *Worker) release(t job.Ticket) {
	ctx, cancel := context.WithTimeout(context.Background(), writeLimit)
	defer cancel()
	if _, err := w.store.Release(ctx, t); err != nil && !errors.Is(err, job.ErrStale) {
		w.log.Error("job not given back", "job", t.Job, "error", err)
	}
}

// writeLimit bounds a write of the row that must happen even though the work was ended.
const writeLimit = 10 * time.Second

// known says whether the problem is the client's or the file's, and so no news for the log.
func known(p *problem.Problem) bool {
	return p.Code != problem.Internal && p.Code != problem.WorkerDied && p.Code != problem.WorkerTimeout
}
