package work

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"compressor/internal/blob"
	"compressor/internal/blob/disk"
	"compressor/internal/job"
	"compressor/internal/problem"
)

// Desk takes jobs in and hands results out. It is safe for concurrent use.
type Desk struct {
	store  job.Store
	waiter *job.Waiter
	files  *disk.Store
	space  *disk.Space
	worker *Worker
	now    func() time.Time
	closed atomic.Bool // takes no more
}

// NewDesk puts a desk in front of worker. It takes nothing for which there is no space.
func NewDesk(store job.Store, waiter *job.Waiter, files *disk.Store, space *disk.Space, worker *Worker) *Desk {
	return &Desk{store: store, waiter: waiter, files: files, space: space, worker: worker, now: time.Now}
}

// Submission is one request.
type Submission struct {
	KeyID string
	Order Order
	Input *blob.Blob // nil: to be fetched from Order.Source
	Wait  bool       // a client waits: run at once, without the queue
	Once  job.Once   // of a request that may be sent again

	Notice json.RawMessage // opaque: whom to tell of the end; nil for nobody

	// ID is the id of the job, a UUID v4, where the request has given one out before. Then
	// one job comes of it, however often it is submitted, though not twice at a time.
	ID string
	// File is the input by its name among the stored files, instead of Input. It stays where
	// it is, so that nothing is lost should the process end meanwhile; the job has a link.
	File string
}

// Receipt is a submitted job.
type Receipt struct {
	Job      job.Job
	Large    <-chan struct{} // closed when a fetch turns out to be too large to wait for
	Repeated bool            // the job is that of an earlier request of the same Once
}

// Submit takes a job in. Once it returns, the job is not lost. A job that is waited for
// runs here at once, or as soon as a slot is free; any other goes through the queue.
// Errors: draining, storage-full, queue-full, key-busy, idempotency-conflict.
func (d *Desk) Submit(ctx context.Context, s Submission) (Receipt, error) {
	// A client that leaves at this very moment must not leave a row without input behind.
	ctx = context.WithoutCancel(ctx)
	if s.ID == "" {
		s.ID = uuid.NewString()
	} else if j, err := d.store.Get(ctx, s.ID); !problem.Has(err, problem.NotFound) {
		return Receipt{Job: j, Repeated: true}, err
	}
	need := s.Order.Uploaded
	if s.Input != nil {
		need = s.Input.Size
	}
	if err := d.accepts(need * (spaceFactor - 1)); err != nil { // of the input itself the disk knows already
		return Receipt{}, err
	}
	raw, err := json.Marshal(s.Order)
	if err != nil {
		return Receipt{}, err
	}
	j := job.Job{ID: s.ID, KeyID: s.KeyID, Request: raw, Tag: s.Order.Tag, Once: s.Once, Notice: s.Notice}
	if s.Input != nil {
		j.InputRef, j.InputSize = inputName(j.ID), s.Input.Size
		// What is waited for is made durable only if the client is sent away with a
		// promise: until then nobody was told anything. See Durable.
		if err := d.files.Keep(s.Input.Path(), j.InputRef, !s.Wait); err != nil {
			return Receipt{}, errors.Join(d.space.Note(err), d.files.Remove(j.InputRef))
		}
	}
	if s.File != "" {
		j.InputRef, j.InputSize = inputName(j.ID), s.Order.Uploaded
		if err := d.files.Link(s.File, j.InputRef); err != nil {
			return Receipt{}, errors.Join(d.space.Note(err), d.files.Remove(j.InputRef))
		}
	}
	r, err := d.insert(ctx, j, s.Wait)
	if err != nil && j.InputRef != "" {
		if failed := d.files.Remove(j.InputRef); failed != nil {
			return Receipt{}, errors.Join(err, failed)
		}
	}
	var repeated *job.Repeated
	if errors.As(err, &repeated) {
		return d.repeat(ctx, repeated)
	}
	return r, d.space.Note(err)
}

// repeat is what a request gets that was sent before: the job it made then.
func (d *Desk) repeat(ctx context.Context, r *job.Repeated) (Receipt, error) {
	if !r.Same {
		return Receipt{}, problem.New(problem.IdempotencyConflict)
	}
	j, err := d.store.Get(ctx, r.ID)
	return Receipt{Job: j, Repeated: true}, err
}

func inputName(id string) string { return "inputs/" + id }

func (d *Desk) insert(ctx context.Context, j job.Job, wait bool) (Receipt, error) {
	if wait && d.worker.waiting.take(j.KeyID) {
		held, err := d.store.InsertClaimed(ctx, j, d.worker.owner, d.worker.limits.Lease)
		if err == nil {
			large := make(chan struct{})
			go d.worker.runReserved(held, large)
			return Receipt{Job: held, Large: large}, nil
		}
		d.worker.waiting.give(j.KeyID)
		if !errors.Is(err, job.ErrCrowded) { // else it waits for its turn, as its client does for it
			return Receipt{}, err
		}
	}
	if wait && j.InputRef != "" {
		if err := d.files.Sync(j.InputRef); err != nil {
			return Receipt{}, err
		}
	}
	queued, err := d.store.Enqueue(ctx, j)
	return Receipt{Job: queued}, err
}

// spaceFactor is how much space a file needs, in its own size: it is kept, tried and kept
// again, in the worst case as large as it came.
const spaceFactor = 3

// accepts says whether new work is taken that needs so many bytes of space.
func (d *Desk) accepts(need int64) error {
	if d.closed.Load() {
		return problem.New(problem.Draining)
	}
	return d.space.Room(need)
}

// Room says whether a file of size bytes would be taken. Errors: draining, storage-full.
func (d *Desk) Room(size int64) error { return d.accepts(max(0, size) * spaceFactor) }

// Ready says whether work is taken, or why not.
func (d *Desk) Ready(ctx context.Context) error {
	if err := d.accepts(0); err != nil {
		return err
	}
	_, err := d.store.Counts(ctx)
	return err
}

// Durable makes a job that was waited for survive a power failure, and its input. It is
// called before its client is told to come back later.
func (d *Desk) Durable(ctx context.Context, id string) error {
	j, err := d.store.Get(ctx, id)
	if err != nil || j.State.Ended() {
		return err
	}
	if j.InputRef == "" { // still being fetched
		return d.store.Durable(ctx, id)
	}
	if err := d.files.Sync(j.InputRef); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return d.store.Durable(ctx, id)
}

// Wait waits at most max for the job to end, and returns it as it then stands.
func (d *Desk) Wait(ctx context.Context, id string, max time.Duration) (job.Job, error) {
	return d.waiter.End(ctx, id, max)
}

// WaitChange waits at most max for the job's state to be another than seen.
func (d *Desk) WaitChange(ctx context.Context, id string, seen job.State, max time.Duration) (job.Job, error) {
	return d.waiter.Change(ctx, id, seen, max)
}

// Watch returns a channel that holds a signal once the job has changed, and a function that
// ends the watch. Watch first and Get then: a change in between is seen by the one or the
// other. A change that another process makes is not signalled.
func (d *Desk) Watch(id string) (changed <-chan struct{}, end func()) { return d.waiter.Watch(id) }

// Get reads a job. Error: not-found.
func (d *Desk) Get(ctx context.Context, id string) (job.Job, error) { return d.store.Get(ctx, id) }

// List calls each with the jobs of q, newest first; more says that there are others after
// them.
func (d *Desk) List(ctx context.Context, q job.Query, each func(job.Job) error) (more bool, err error) {
	return d.store.List(ctx, q, each)
}

// Cancel ends a job that has not ended, and removes the result of one that has.
func (d *Desk) Cancel(ctx context.Context, id string) (job.Job, error) {
	j, err := d.store.Cancel(ctx, id)
	if err != nil {
		return job.Job{}, err
	}
	if j.Batch.Total > 0 {
		err = d.clear(ctx, j)
		if j.Canceled && j.Output.Path != "" { // it stands for those of the items
			err = errors.Join(err, d.store.MarkResultGone(ctx, id))
		}
		return j, err
	}
	d.worker.interrupt(id)
	d.worker.redact(ctx, j)
	if j.InputRef != "" && j.State.Ended() {
		err = d.files.Remove(j.InputRef)
	}
	if j.Output.Path != "" {
		err = errors.Join(err, d.files.Remove(j.Output.Path), d.store.MarkResultGone(ctx, id))
	}
	return j, err
}

// Readmit is called when the limits of a key have changed: what waited for more room goes on.
func (d *Desk) Readmit(ctx context.Context, keyID string) error { return d.store.Readmit(ctx, keyID) }

// OpenResult opens a result by the secret id of its link. There is no file for a batch,
// whose results are those of its items. Errors: not-found, and
// link-expired for what was there once.
func (d *Desk) OpenResult(ctx context.Context, linkID string) (job.Job, *os.File, error) {
	j, err := d.store.GetByLink(ctx, linkID)
	if err != nil {
		return job.Job{}, nil, err
	}
	if !j.Available(d.now()) {
		if d.now().Sub(j.Expires) > expiredKnown {
			return job.Job{}, nil, problem.New(problem.NotFound)
		}
		return job.Job{}, nil, problem.New(problem.LinkExpired)
	}
	if j.Batch.Total > 0 {
		return j, nil, nil
	}
	f, err := d.files.Open(j.Output.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return job.Job{}, nil, problem.New(problem.LinkExpired)
	}
	return j, f, err
}

// expiredKnown is how long a link past its time answers "expired" rather than "not found".
const expiredKnown = 24 * time.Hour

// Close takes no more work and waits for what runs, until ctx ends; then what still runs
// goes back to the queue.
func (d *Desk) Close(ctx context.Context) {
	d.closed.Store(true)
	d.worker.drain(ctx)
}
