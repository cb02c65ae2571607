package job

import (
	"context"
	"encoding/json"
	"time"

	"compressor/internal/problem"
)

// The store of jobs, by who needs what of it. Each method is one short transaction, safe
// for concurrent use by several processes; an error other than those named is the
// database's. A write rings the Notifier once it is committed.

// Submitter puts new jobs in. ID, State, Epoch, Attempts and the times of the given job
// are the store's to set; an empty ID becomes a new UUID v4.
// A job with a Once is written together with it, or not at all: *Repeated when there is one
// of that name already.
type Submitter interface {
	// InsertClaimed adds a job that owner works on at once, without the queue. Should
	// owner end, the reaper enqueues it. A power failure may lose the row until Durable
	// was called or the job has ended: its client still waits, and was promised nothing.
	// Errors: ErrCrowded, and then Enqueue is for it; key-busy, file-too-large.
	InsertClaimed(ctx context.Context, j Job, owner string, lease time.Duration) (Job, error)

	// Durable makes the row of a job survive a power failure.
	Durable(ctx context.Context, id string) error

	// Enqueue adds a job for whoever comes first, with its ticket in the same
	// transaction; or held, without one, when its key has enough in the queue. Errors:
	// queue-full, key-busy; file-too-large for one that its key may never have.
	Enqueue(ctx context.Context, j Job) (Job, error)

	// EnqueueBatch adds a batch and its items, at least one, all or nothing. The items are
	// admitted like other jobs of the key and count as such; IDs that are given are kept.
	// The result of an item stays until the batch has ended, its notice is over and the
	// life of a result has passed. Errors: queue-full, key-busy; options-invalid for more items
	// than the queue, or its key's part of it, may ever hold; *Repeated for the Once of the
	// batch, since items have none.
	EnqueueBatch(ctx context.Context, batch Job, items []Job) (Job, error)

	// Cancel ends a job for its client. A batch is canceled with all its items that have not
	// ended, and all results of one that has ended may no longer be downloaded. One that waits or runs becomes failed with code
	// canceled, and its holder's ticket stale. One that has ended keeps its state, and
	// its result may no longer be downloaded: Expires is now. Returns the row as it then
	// stands. Errors: not-found.
	Cancel(ctx context.Context, id string) (Job, error)

	// Readmit is called when the limits of a key have changed: held jobs for which there is
	// room now are enqueued.
	Readmit(ctx context.Context, keyID string) error
}

// Holder is what a worker needs. Every method but Claim answers ErrStale, and changes
// nothing, when t no longer holds the job.
type Holder interface {
	// Claim takes an enqueued job for owner. ErrStale says that the ticket is void:
	// claimed by another, superseded, canceled or unknown. Drop it then.
	Claim(ctx context.Context, t Ticket, owner string, lease time.Duration) (Job, error)

	// Renew keeps the hold for another lease and records progress. ErrCanceled when the
	// client canceled meanwhile.
	Renew(ctx context.Context, t Ticket, lease time.Duration, p Progress) error

	// SetInput records where the input is stored and its size in bytes, once it was fetched.
	SetInput(ctx context.Context, t Ticket, ref string, size int64) error

	// Finish ends the job, completed or failed, exactly once.
	Finish(ctx context.Context, t Ticket, o Outcome) (Job, error)

	// Fail is Finish with a problem and nothing else.
	Fail(ctx context.Context, t Ticket, p *problem.Problem) (Job, error)

	// Again goes on under a new ticket after the job process died: the same owner, one
	// more in Attempts, a fresh lease.
	Again(ctx context.Context, t Ticket, lease time.Duration) (Job, error)

	// Release gives the job back to the queue, as a server that drains does. It counts as
	// no attempt.
	Release(ctx context.Context, t Ticket) (Job, error)
}

// Reader looks jobs up. Errors: not-found.
type Reader interface {
	Get(ctx context.Context, id string) (Job, error)
	GetByLink(ctx context.Context, linkID string) (Job, error)

	// List calls each with the jobs of q, newest first, one at a time, since what a job
	// holds may be large. more says that the list goes on after them. An error of each
	// ends it.
	List(ctx context.Context, q Query, each func(Job) error) (more bool, err error)

	// Items calls each with the items of a batch, in order, one at a time. An error of each
	// ends it.
	Items(ctx context.Context, id string, each func(Job) error) error

	// Counts and CountsOf count what waits and runs, and so no batches.
	Counts(ctx context.Context) (Counts, error)
	CountsOf(ctx context.Context, keyID string) (Counts, error)
}

// Keeper is what the housekeeping of a server needs.
type Keeper interface {
	// Recover is called once at the start of a server, before it takes work, by the one
	// process that may serve as node. Jobs which an earlier process of node held go back
	// to the queue at once, and every waiting job gets a fresh ticket: its old one may
	// have been in the hands of that process. Returns how many jobs were held.
	Recover(ctx context.Context, node string) (int, error)

	// Reap gives jobs whose lease ran out, on any node, back to the queue, and admits
	// held jobs. Returns how many were reaped. A server's death is no attempt.
	Reap(ctx context.Context) (int, error)

	// Expired lists at most limit stored results that may be removed now: their time has
	// come, and no notice of them is under way.
	Expired(ctx context.Context, limit int) ([]Leftover, error)

	// MarkResultGone records that the stored results of these jobs were removed. Remove the
	// files first.
	MarkResultGone(ctx context.Context, ids ...string) error

	// Redact replaces the requests of jobs that have ended, by their ids, so that what only
	// the work needed, such as the credentials of a source, does not stay. A job that goes on
	// is left alone.
	Redact(ctx context.Context, requests map[string]json.RawMessage) error

	// ForgetOnce forgets each Once that has had its time. Returns how many.
	ForgetOnce(ctx context.Context) (int, error)

	// DeleteOld removes the records of jobs that ended before the given time, keep no result
	// any more and have no notice under way. Items go with their batch. Returns how many.
	DeleteOld(ctx context.Context, before time.Time) (int, error)

	// References names all that is in use: inputs of jobs that have not ended and results
	// that are kept. Stored files that it does not name, and that are older than the
	// longest job, are orphans.
	References(ctx context.Context) (inputs, results []string, err error)
}

// Store is all of it. Nobody should need it whole but the wiring.
type Store interface {
	Submitter
	Holder
	Reader
	Keeper
}
