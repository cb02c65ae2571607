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
	InsertClaimed(ctx context.Context, j Job, owner string, lease time.Duration) (Job, error)

	// Durable makes the row of a job survive a power failure.
	Durable(ctx context.Context, id string) error

	// Enqueue adds a job for whoever comes first, with its ticket in the same
	// transaction; or held, without one, when its key has enough in the queue. Errors:
	// queue-full, key-busy.
	Enqueue(ctx context.Context, j Job) (Job, error)

	// Cancel ends a job for its client. One that waits or runs becomes failed with code
	// canceled, and its holder's ticket stale. One that has ended keeps its state, and
	// its result may no longer be downloaded: Expires is now. Returns the row as it then
	// stands. Errors: not-found.
	Cancel(ctx context.Context, id string) (Job, error)
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

	// SetInput records where the input is stored, once it was fetched.
	SetInput(ctx context.Context, t Ticket, ref string) error

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

	// MarkResultGone records that the stored result was removed. Remove the file first.
	MarkResultGone(ctx context.Context, id string) error

	// Redact replaces the request of a job that has ended, so that what only the work needed,
	// such as the credentials of a source, does not stay. A job that goes on is left alone.
	Redact(ctx context.Context, id string, request json.RawMessage) error

	// ForgetOnce forgets each Once that has had its time. Returns how many.
	ForgetOnce(ctx context.Context) (int, error)

	// DeleteOld removes the records of jobs that ended before the given time, keep no result
	// any more and have no notice under way. Returns how many.
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
